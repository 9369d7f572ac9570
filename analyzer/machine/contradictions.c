#include "analyzer/machine/contradictions.h"

#include <inttypes.h>
#include <stdio.h>

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

/* How far from 0 the interval is. */
static uint64_t proven_cycles(const struct xph_skew_offset *offset)
{
    if (!xph_skew_is_proven(offset))
        return 0;
    return offset->bounded_below && offset->least > 0 ? (uint64_t)offset->least
                                                      : (uint64_t)-offset->most;
}

/* "ahead of" or "behind" is told beside it, so both bounds are told without a sign. */
static void tell_bounds(const struct xph_skew_offset *offset, uint64_t khz, char *text, size_t size)
{
    bool ahead = offset->bounded_below && offset->least > 0;
    bool bounded = ahead ? offset->bounded_above : offset->bounded_below;
    double least = (double)proven_cycles(offset) * 1000 / (double)khz;
    double most = (double)(ahead ? offset->most : -offset->least) * 1000 / (double)khz;

    if (bounded)
        snprintf(text, size, "%.3f to %.3f us", least, most);
    else
        snprintf(text, size, "%.3f us at least", least);
}

void xph_doubts_of_skew(struct xph_doubts *doubts, const struct xph_skew_offsets *offsets,
                        uint64_t khz)
{
    const struct xph_skew_offset *worst = NULL;
    size_t proven = 0;
    char bounds[80], more[80] = "";

    if (offsets->verdict == XPH_SKEW_UNEXPLAINED)
        xph_doubt(doubts, "run states contradict each other across pCPUs, and no difference of "
                          "their TSCs puts the records in order");
    for (size_t i = 0; i < offsets->count; i++) {
        const struct xph_skew_offset *offset = &offsets->list[i];

        proven += xph_skew_is_proven(offset);
        if (proven_cycles(offset) > (worst ? proven_cycles(worst) : 0))
            worst = offset;
    }
    if (!worst)
        return;
    tell_bounds(worst, khz, bounds, sizeof(bounds));
    if (proven > 1)
        snprintf(more, sizeof(more), ", and those of %zu pCPUs more differ", proven - 1);
    xph_doubt(doubts,
              "the TSC of pCPU %u is %s pCPU %u's by %s%s: times from a moment on one pCPU to one "
              "on another are as much too long or short, and run states contradict each other",
              worst->pcpu, worst->bounded_below && worst->least > 0 ? "ahead of" : "behind",
              offsets->reference, bounds, more);
}
