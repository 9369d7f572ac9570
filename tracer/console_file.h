/*
 * The files in console/ that guests' text goes to, and how much of it is kept.
 */
#ifndef XPH_TRACER_CONSOLE_FILE_H
#define XPH_TRACER_CONSOLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/error.h"
#include "tracer/console_ring.h"
#include "tracer/console_text.h"

/* All of one kind in a recording. */
struct console_files {
    int dirfd;                /* of console/ in the recording, -1 while closed */
    uint64_t file_bytes;      /* written for all guests, the stamps included */
    uint64_t bytes;           /* of text kept */
    uint64_t lost_bytes;      /* of text that was gone before it was read */
    struct console_ring ring; /* in use where only the last text is kept */
};

/* One. Its name is begun anew by {.fd = -1}, and gone on with by one of the same name later. */
struct console_file {
    char name[CONSOLE_NAME_BYTES];
    int fd;              /* -1 until there is text, and in a ring */
    uint64_t file_bytes; /* written, the stamps included */
    bool full;           /* no more is kept */
    struct console_text text;
};

/* What was seen of a guest's text at once. */
struct console_look {
    const char *bytes;
    size_t count;  /* CONSOLE_TEXT_BYTES at most */
    uint64_t lost; /* bytes before these that were gone */
    uint64_t tsc;
    bool ends; /* nothing more is to come: the last line ends */
};

/* Opens the directory console/ in `dirfd`, which is made if it is not there. Of the text the last
 * `keep_bytes` are kept; 0: all, up to a limit. */
bool console_files_open(struct console_files *files, int dirfd, uint64_t keep_bytes,
                        struct xph_error *err);

/* What was counted stays. */
void console_files_close(struct console_files *files);

/* Keeps what was seen, if there is room for it. */
bool console_file_add(struct console_files *files, struct console_file *file,
                      const struct console_look *look, struct xph_error *err);

void console_file_close(struct console_file *file);

#endif
