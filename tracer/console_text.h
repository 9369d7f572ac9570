/*
 * Makes the lines of console/DOMID.log from what a guest writes, as described in
 * docs/format/recording.md.
 */
#ifndef XPH_TRACER_CONSOLE_TEXT_H
#define XPH_TRACER_CONSOLE_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum {
    CONSOLE_TEXT_BYTES = 2048, /* that can be added at once */
    CONSOLE_LINE_BYTES = 1024, /* of a guest; a longer line is cut into several */
    CONSOLE_NOTE_BYTES = 64,
    CONSOLE_STAMP_BYTES = 21, /* a TSC and a space */
    CONSOLE_ESCAPED_BYTES = 4 /* \xNN */
};

/* A line that has no end yet. */
struct console_text {
    uint64_t line_tsc; /* of its first byte */
    size_t line_bytes;
    char line[CONSOLE_LINE_BYTES * CONSOLE_ESCAPED_BYTES];
};

/* Whole lines, to be written in one piece. There is room for what one call of each function below
 * can make, if every line is a single character. */
struct console_lines {
    size_t size;
    char bytes[(CONSOLE_TEXT_BYTES / 2 + 4) * (CONSOLE_STAMP_BYTES + 1) +
               (CONSOLE_TEXT_BYTES + CONSOLE_LINE_BYTES) * CONSOLE_ESCAPED_BYTES +
               2 * (CONSOLE_STAMP_BYTES + CONSOLE_NOTE_BYTES + 1)];
};

/* Appends what the guest wrote (at most CONSOLE_TEXT_BYTES), seen at `tsc`. */
void console_text_add(struct console_text *text, const char *bytes, size_t count, uint64_t tsc,
                      struct console_lines *out);

/* Ends the line, if one has begun. */
void console_text_end(struct console_text *text, struct console_lines *out);

/* Adds a line of our own of less than CONSOLE_NOTE_BYTES, which no guest can write: it begins with
 * a backslash, and a guest's is escaped. */
void console_text_note(struct console_text *text, const char *note, uint64_t tsc,
                       struct console_lines *out);

#endif
