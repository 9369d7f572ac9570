/*
 * How dom0's TSC and the one of Xen's trace records correspond. All that dom0 stamps in a recording
 * (samples, changes in xenstore, console lines, kernel events, the manifest's instants) has dom0's;
 * with `xen_minus_dom0` added it stands on Xen's. In a PV dom0 they are the same; Xen gives a PVH
 * dom0 one with an offset.
 */
#ifndef XPH_RECORDING_CLOCK_PAIR_H
#define XPH_RECORDING_CLOCK_PAIR_H

#include <stdbool.h>
#include <stdint.h>

/* What is to be added to dom0's TSC to have the TSC of Xen's trace records, in cycles. */
struct xph_clock_pair {
    bool tried;   /* false: by a recorder that did not measure it */
    bool matched; /* false: it could not be measured, Xen did not trace what it should have */
    int64_t xen_minus_dom0;
    uint64_t error; /* the true difference is at most this far away */
};

/* Whether no difference fits both. */
bool xph_clock_pairs_contradict(const struct xph_clock_pair *first,
                                const struct xph_clock_pair *second);

/* The difference that holds for a recording, by what was measured at its start and its end: 0 where
 * that fits, else what fits both; where nothing does, something between with an error that covers
 * both. Not matched if neither is. */
struct xph_clock_pair xph_clock_pair_combine(const struct xph_clock_pair *start,
                                             const struct xph_clock_pair *end);

#endif
