/*
 * A report: the operations of a recording with all that is known of them and all that can be
 * doubted.
 */
#ifndef XPH_ANALYZER_REPORT_REPORT_H
#define XPH_ANALYZER_REPORT_REPORT_H

#include "analyzer/budget/cpu_share.h"
#include "analyzer/budget/operation_budget.h"
#include "analyzer/operation/operation.h"
#include "analyzer/timeline/doubts.h"

struct xph_report {
    const struct xph_manifest *manifest; /* the recording's */
    const struct xph_clock *clock;
    struct xph_operation *operations;     /* owned */
    struct xph_cpu_share *shares;         /* one for each; owned */
    struct xph_operation_budget *budgets; /* one for each; owned */
    size_t count;
    struct xph_doubts doubts;
};

/* Reads the whole recording and finds what happened in it; `recording` must outlive `report`, which
 * the caller frees even after a failure. To be called while the process has one thread. */
bool xph_report_make(struct xph_report *report, const struct xph_recording *recording,
                     struct xph_error *err);
void xph_report_free(struct xph_report *report);

#endif
