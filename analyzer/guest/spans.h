/*
 * What a guest says of its own past: marks whose value begins with two moments of its
 * CLOCK_MONOTONIC in ns ("START END TEXT"), put on the host's time line. xenphase-mark --boot and
 * --tick send such.
 */
#ifndef XPH_ANALYZER_GUEST_SPANS_H
#define XPH_ANALYZER_GUEST_SPANS_H

#include "analyzer/guest/guest_clock.h"

struct xph_guest_span {
    const struct xph_guest_mark *mark; /* its name says of what */
    const char *text;                  /* what follows the moments: of a unit its name */
    uint32_t text_bytes;
    int64_t guest_start_ns, guest_end_ns;
    bool placed; /* where not, the rest means nothing */
    int64_t start_ns, end_ns;
    uint64_t start_error_ns, end_error_ns;
};

/* False if the mark tells of no span. `clock` is that of its domain; both must outlive `span`. */
bool xph_guest_span_read(const struct xph_guest_mark *mark, const struct xph_guest_clock *clock,
                         struct xph_guest_span *span);

#endif
