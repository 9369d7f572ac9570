/* What the machine's records contradict, in sentences. */
#ifndef XPH_ANALYZER_MACHINE_CONTRADICTIONS_H
#define XPH_ANALYZER_MACHINE_CONTRADICTIONS_H

#include "analyzer/machine/machine.h"
#include "analyzer/timeline/doubts.h"

void xph_doubts_of_machine(struct xph_doubts *doubts,
                           const struct xph_finding contradictions[static XPH_CONTRADICTIONS]);

#endif
