/*
 * How dom0's TSC and the one that Xen stamps its records with correspond: measured, not assumed.
 *
 * dom0 asks Xen to yield, a number of times at irregular intervals, and reads its own TSC before
 * and after. Xen traces each yield, at a moment between the two. So each one bounds the difference
 * of the clocks, and all together bound it to less than the shortest hypercall took. In a PV dom0
 * the difference is 0; Xen can give a PVH dom0 a TSC with an offset.
 */
#ifndef XPH_TRACER_CLOCK_CHECK_H
#define XPH_TRACER_CLOCK_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "recording/manifest.h"

enum { CLOCK_CHECK_YIELDS = 24 };

/* When dom0 made its yields, by its own TSC. */
struct clock_check {
    struct clock_yield {
        uint64_t before, after;
    } yields[CLOCK_CHECK_YIELDS];
    size_t count; /* those that Xen took */
};

/* The correspondence, from Xen's TSC at each yield of dom0 (`count`, in any order, which may be
 * others' yields, too). `matched` is false where they do not fit. Sorts the check's yields. */
struct xph_clock_pair clock_check_solve(struct clock_check *check, const uint64_t *xen_tsc,
                                        size_t count);

#endif
