/*
 * dom0.head: what the data of a trace.dat file means, read from tracefs.
 */
#ifndef XPH_TRACER_KERNEL_HEAD_H
#define XPH_TRACER_KERNEL_HEAD_H

#include <stddef.h>

#include "recording/error.h"

/* An event that is recorded. */
struct kernel_event {
    char *system, *name; /* owned */
};

/*
 * Writes dom0.head in `dirfd` with the formats of `events`, which must exist in the tracefs mounted
 * at `tracefs`. Format: trace-cmd.dat.v6(5). The addresses of kernel functions are left out: no
 * event of ours needs them, and there are megabytes of them.
 */
bool kernel_head_write(int dirfd, const char *tracefs, const struct kernel_event *events,
                       size_t count, struct xph_error *err);

#endif
