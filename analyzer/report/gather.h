/*
 * All that a report needs to be read of a recording, in one pass over its sources.
 */
#ifndef XPH_ANALYZER_REPORT_GATHER_H
#define XPH_ANALYZER_REPORT_GATHER_H

#include "analyzer/machine/run_log.h"
#include "analyzer/operation/domain_life.h"
#include "analyzer/path/evidence.h"

struct xph_gathered {
    struct xph_clock clock;
    struct xph_evidence evidence;
    struct xph_domain_lives lives;
    struct xph_run_log runs; /* given up where it would take too much memory */
};

/* `doubts` gets what can be doubted in what was read. On failure there is nothing to free. */
bool xph_gather(struct xph_gathered *gathered, const struct xph_recording *recording,
                struct xph_doubts *doubts, struct xph_error *err);
void xph_gathered_free(struct xph_gathered *gathered);

#endif
