#include "analyzer/machine/contradictions.h"

void xph_doubts_of_machine(struct xph_doubts *doubts,
                           const struct xph_finding contradictions[static XPH_CONTRADICTIONS])
{
    static const char *const what[XPH_CONTRADICTIONS] = {
        [XPH_CONTRADICTION_STATE] = "records of a vCPU that was in another run state by those "
                                    "before",
        [XPH_CONTRADICTION_PLACE] = "records of a running vCPU on another pCPU than its own",
        [XPH_CONTRADICTION_TWO] = "records of a vCPU that runs where another one does",
        [XPH_CONTRADICTION_IDLE] = "records of an idle vCPU on another pCPU than its own",
        [XPH_CONTRADICTION_VCPU] = "records of vCPUs that Xen cannot have",
        [XPH_CONTRADICTION_VCPUS] = "records of more vCPUs than are followed",
        [XPH_CONTRADICTION_LOSS] = "records of losses that begin after them",
    };

    for (unsigned i = 0; i < XPH_CONTRADICTIONS; i++)
        xph_doubt_finding(doubts, &contradictions[i], what[i]);
}
