/*
 * The views of a report.
 */
#ifndef XPH_ANALYZER_VIEWS_REPORT_H
#define XPH_ANALYZER_VIEWS_REPORT_H

#include <stdio.h>

#include "analyzer/report/report.h"

/* `width` is the terminal's; `colour` allows escape sequences. */
void xph_report_text(FILE *out, const struct xph_report *report, unsigned width, bool colour);

/* Of each operation its critical path, piece by piece. */
void xph_critical_path_text(FILE *out, const struct xph_report *report);

/* Budgets as folded stacks for flame graphs: operation;phase;layer;actor;activity, then
 * microseconds. */
void xph_folded_stacks_text(FILE *out, const struct xph_report *report);

/* The same as JSON, described in docs/format/report-json.md. False without memory. */
bool xph_report_json(FILE *out, const struct xph_report *report, struct xph_error *err);

#endif
