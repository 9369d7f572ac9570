/*
 * The differences of TSCs that put a sample of run state records in an order in which each vCPU's
 * states follow on each other.
 */
#ifndef XPH_ANALYZER_MACHINE_SKEW_SEARCH_H
#define XPH_ANALYZER_MACHINE_SKEW_SEARCH_H

#include "analyzer/machine/skew.h"

/* The contradictions in the sample: by its records' own times, and in the order that was found. */
struct xph_skew_search {
    uint64_t before, after;
    bool whole; /* enough of the sample has all pCPUs' records in that order */
};

/*
 * Fills `ahead` with the cycles by which the pCPUs' TSCs are ahead of a common one, and tells
 * `ordered`, which is empty, of the gaps in the order that these make, in that one's cycles:
 * `ahead` is by position there. The work is bounded: of some hundreds of pCPUs it may not find all.
 * False only without memory.
 */
bool xph_skew_search(const struct xph_skew *skew, struct xph_skew_search *result,
                     int64_t ahead[static XPH_SKEW_PCPUS], struct xph_skew *ordered,
                     struct xph_error *err);

#endif
