/*
 * console/DOMID.log and DOMID.serial.log of a recording: what a guest wrote to its console and its
 * serial ports, line by line, each with the TSC at which its first byte was seen.
 */
#ifndef XPH_ANALYZER_TIMELINE_CONSOLE_LOG_H
#define XPH_ANALYZER_TIMELINE_CONSOLE_LOG_H

#include "recording/error.h"
#include "recording/files.h"

/* Points into the file. */
struct xph_console_line {
    uint64_t tsc;
    uint16_t domid;
    const char *text; /* printable ASCII and tabs in a sound file; not terminated */
    size_t bytes;
};

struct xph_console_log {
    uint16_t domid;
    struct xph_mapped_file file;
    size_t at;                    /* offset of the next line */
    struct xph_console_line next; /* valid if `more` */
    bool more;
    uint64_t damaged; /* lines without a TSC, which are left out */
};

/* All of a recording. */
struct xph_console_logs {
    struct xph_console_log *logs; /* owned */
    size_t count;
    uint64_t left_out; /* files beyond what is kept open */
};

/* No consoles are no error. */
bool xph_console_logs_open(struct xph_console_logs *consoles, int dirfd, struct xph_error *err);
void xph_console_logs_close(struct xph_console_logs *consoles);

/* The earliest line of all that has not been taken yet; NULL at the end. */
struct xph_console_log *xph_console_logs_first(const struct xph_console_logs *consoles);
/* Goes on to the log's next line. */
void xph_console_log_advance(struct xph_console_log *console);

#endif
