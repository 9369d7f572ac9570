#include "tracer/console_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_line(struct console_lines *out, uint64_t tsc, const char *line, size_t bytes)
{
    char stamp[CONSOLE_STAMP_BYTES + 1];
    size_t stamp_bytes = (size_t)snprintf(stamp, sizeof(stamp), "%" PRIu64 " ", tsc);

    if (stamp_bytes + bytes + 1 > sizeof(out->bytes) - out->size)
        return;
    memcpy(out->bytes + out->size, stamp, stamp_bytes);
    memcpy(out->bytes + out->size + stamp_bytes, line, bytes);
    out->size += stamp_bytes + bytes;
    out->bytes[out->size++] = '\n';
}

void console_text_end(struct console_text *text, struct console_lines *out)
{
    if (text->line_bytes > 0)
        put_line(out, text->line_tsc, text->line, text->line_bytes);
    text->line_bytes = 0;
}

/* A guest's text goes to terminals later: all but printable ASCII is written as \xNN. */
static void add_to_line(struct console_text *text, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    char *at = text->line + text->line_bytes;

    if ((byte >= ' ' && byte < 0x7f && byte != '\\') || byte == '\t') {
        *at = (char)byte;
        text->line_bytes++;
        return;
    }
    at[0] = '\\';
    at[1] = 'x';
    at[2] = digits[byte >> 4];
    at[3] = digits[byte & 15];
    text->line_bytes += CONSOLE_ESCAPED_BYTES;
}

void console_text_add(struct console_text *text, const char *bytes, size_t count, uint64_t tsc,
                      struct console_lines *out)
{
    for (size_t i = 0; i < count; i++) {
        if (text->line_bytes == 0)
            text->line_tsc = tsc;
        if (bytes[i] != '\n' && bytes[i] != '\r')
            add_to_line(text, (unsigned char)bytes[i]);
        if (bytes[i] == '\n' || text->line_bytes + CONSOLE_ESCAPED_BYTES > sizeof(text->line))
            console_text_end(text, out);
    }
}

void console_text_note(struct console_text *text, const char *note, uint64_t tsc,
                       struct console_lines *out)
{
    console_text_end(text, out);
    put_line(out, tsc, note, strlen(note));
}
