/*
 * Is Xen's tracing still on? Xen switches it off by itself when it finds a ring's indices
 * nonsensical, another program can switch it off or change its event mask, and no call tells
 * whether it is on. But dom0 itself leaves records whenever it runs, so silence is suspicious.
 */
#ifndef XPH_TRACER_TRACE_ALIVE_H
#define XPH_TRACER_TRACE_ALIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "recording/manifest.h"

struct trace_watch;

enum { TRACE_ALIVE_SECONDS = 1 }; /* of silence, and between two looks at the event mask */

struct trace_alive {
    struct xph_instant heard; /* when records came last, or the mask was right */
    uint64_t bytes;           /* recorded by then */
    uint64_t looked_ns;
    uint32_t count; /* how often tracing was found off, or its mask changed */
    uint64_t off_ns;
};

enum trace_alive_advice {
    TRACE_ALIVE_FINE,
    TRACE_ALIVE_CHECK_MASK, /* a second has passed */
    TRACE_ALIVE_SILENT,     /* nothing came for a second: switch tracing on anew */
};

void trace_alive_begin(struct trace_alive *alive, struct xph_instant now, uint64_t bytes);

/* After each drain; `bytes` is what was recorded so far. */
enum trace_alive_advice trace_alive_look(struct trace_alive *alive, struct xph_instant now,
                                         uint64_t bytes);

/* Tracing was off, or had another mask, since records came last: each pCPU gets a gap of unknown
 * many records, as far as the watch has room. */
void trace_alive_was_off(struct trace_alive *alive, struct xph_instant now, uint64_t bytes,
                         struct trace_watch *watch);

#endif
