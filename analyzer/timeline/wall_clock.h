/*
 * dom0's CLOCK_MONOTONIC along a recording: another clock than the TSC, by which the sum of the
 * phases can be checked. The recorder read both together at times; between two such readings it is
 * interpolated.
 */
#ifndef XPH_ANALYZER_TIMELINE_WALL_CLOCK_H
#define XPH_ANALYZER_TIMELINE_WALL_CLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "recording/manifest.h"

struct xph_wall_clock {
    struct xph_instant
        *readings; /* ascending by TSC once xph_wall_clock_sort() was called; owned */
    size_t count, capacity;
};

/* Takes the manifest's own readings. The caller closes it, even on failure. */
bool xph_wall_clock_open(struct xph_wall_clock *clock, const struct xph_manifest *manifest,
                         struct xph_error *err);
void xph_wall_clock_close(struct xph_wall_clock *clock);

bool xph_wall_clock_add(struct xph_wall_clock *clock, uint64_t tsc, uint64_t monotonic_ns,
                        struct xph_error *err);
void xph_wall_clock_sort(struct xph_wall_clock *clock);

/* What the clock showed at dom0's TSC `tsc`; false before the first and after the last reading. */
bool xph_wall_clock_at(const struct xph_wall_clock *clock, uint64_t tsc, uint64_t *monotonic_ns);

#endif
