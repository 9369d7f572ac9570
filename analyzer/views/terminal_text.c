#include "analyzer/views/terminal_text.h"

#include <stdbool.h>
#include <string.h>

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7f;
}

void xph_print_bytes(FILE *out, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (is_plain(byte))
            fputc(byte, out);
        else
            fprintf(out, "\\x%02x", byte);
    }
}

void xph_print_text(FILE *out, const char *text)
{
    xph_print_bytes(out, text, strlen(text));
}

int xph_text_width(const char *text)
{
    int width = 0;

    for (; *text != '\0'; text++)
        width += is_plain((unsigned char)*text) ? 1 : 4;
    return width;
}

void xph_print_padded_text(FILE *out, const char *text, int width)
{
    width -= xph_text_width(text);
    xph_print_text(out, text);
    fprintf(out, "%*s", width > 0 ? width : 0, "");
}
