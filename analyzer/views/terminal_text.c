#include "analyzer/views/terminal_text.h"

#include <string.h>

void xph_print_bytes(FILE *out, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte < 0x20 || byte >= 0x7f)
            fprintf(out, "\\x%02x", byte);
        else
            fputc(byte, out);
    }
}

void xph_print_text(FILE *out, const char *text)
{
    xph_print_bytes(out, text, strlen(text));
}
