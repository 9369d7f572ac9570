/* What the records contradict of the machine, and of its pCPUs' one clock, in sentences. */
#ifndef XPH_ANALYZER_MACHINE_CONTRADICTIONS_H
#define XPH_ANALYZER_MACHINE_CONTRADICTIONS_H

#include "analyzer/machine/machine.h"
#include "analyzer/machine/skew.h"
#include "analyzer/timeline/doubts.h"

void xph_doubts_of_machine(struct xph_doubts *doubts,
                           const struct xph_finding contradictions[static XPH_CONTRADICTIONS]);

/* That pCPUs' TSCs are proven to differ, by how much, and what that does to times. */
void xph_doubts_of_skew(struct xph_doubts *doubts, const struct xph_skew_offsets *offsets,
                        uint64_t khz);

#endif
