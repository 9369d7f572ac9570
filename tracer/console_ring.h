/*
 * The last text of guests' consoles, where only the end of a recording is kept (--ring).
 *
 * A console's text goes to NAME.log. When that is an eighth of what is kept it becomes
 * NAME.before.log, in place of an older one, and NAME.log begins anew. Beyond what is kept of all
 * consoles together, the text goes first of the one that has been silent for longest.
 */
#ifndef XPH_TRACER_CONSOLE_RING_H
#define XPH_TRACER_CONSOLE_RING_H

#include <stddef.h>
#include <stdint.h>

#include "recording/error.h"

enum { CONSOLE_NAME_BYTES = 32 };

struct console_ring {
    uint64_t keep_bytes; /* of all consoles; 0: this is not used */
    uint64_t bytes;      /* that are there */
    uint64_t turn;       /* counts what is appended */
    struct kept_console *list;
    size_t count;
};

/* Appends whole lines to the file `name`, "....log", in `dirfd`, and lets go of older text for
 * them. */
bool console_ring_append(struct console_ring *ring, int dirfd, const char *name, const char *lines,
                         size_t size, struct xph_error *err);

void console_ring_free(struct console_ring *ring);

#endif
