/*
 * What a trace holds, counted: records by class, for each vCPU its run states and its entries into
 * Xen.
 */
#ifndef XPH_ANALYZER_VIEWS_SUMMARY_TEXT_H
#define XPH_ANALYZER_VIEWS_SUMMARY_TEXT_H

#include <stdio.h>

#include "analyzer/machine/tally.h"
#include "analyzer/timeline/timeline.h"

void xph_summary_text(FILE *out, const struct xph_timeline *timeline,
                      const struct xph_machine *machine, const struct xph_tally *tally);

#endif
