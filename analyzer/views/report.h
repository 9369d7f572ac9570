/*
 * A report: the operations of a recording with all that a view shows of them.
 */
#ifndef XPH_ANALYZER_VIEWS_REPORT_H
#define XPH_ANALYZER_VIEWS_REPORT_H

#include <stdio.h>

#include "analyzer/budget/cpu_share.h"
#include "analyzer/budget/operation_budget.h"
#include "analyzer/operation/operation.h"
#include "analyzer/timeline/doubts.h"

struct xph_report {
    const struct xph_manifest *manifest;
    const struct xph_clock *clock;
    struct xph_operation *operations;     /* owned */
    struct xph_cpu_share *shares;         /* one for each; owned */
    struct xph_operation_budget *budgets; /* one for each; owned */
    size_t count;
    struct xph_doubts doubts;
};

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
