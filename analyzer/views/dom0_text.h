/*
 * What dom0 did, added up: the sources and how well they fit, CPU time by program, hypercalls,
 * processes that began or ended.
 */
#ifndef XPH_ANALYZER_VIEWS_DOM0_TEXT_H
#define XPH_ANALYZER_VIEWS_DOM0_TEXT_H

#include <stdio.h>

#include "analyzer/machine/dom0_tally.h"
#include "analyzer/timeline/joint.h"

/* `rows`: of each table, 0 for all. False without memory. Sorts the tally. */
bool xph_dom0_text(FILE *out, const struct xph_joint *joint, const struct xph_dom0_tasks *tasks,
                   struct xph_dom0_tally *tally, size_t rows, struct xph_error *err);

/* CPU time by thread, the longest first. False without memory. */
bool xph_dom0_threads_text(FILE *out, const struct xph_clock *clock,
                           const struct xph_task_table *table, size_t rows, struct xph_error *err);

#endif
