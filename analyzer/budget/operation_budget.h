/*
 * Whose the time of an operation is: its critical path, walked back from its end, owned piece by
 * piece and divided among its phases.
 */
#ifndef XPH_ANALYZER_BUDGET_OPERATION_BUDGET_H
#define XPH_ANALYZER_BUDGET_OPERATION_BUDGET_H

#include "analyzer/budget/path_budget.h"
#include "analyzer/path/evidence.h"
#include "recording/manifest.h"

struct xph_operation_budget {
    const char *unknown; /* why there is none; else NULL */
    struct xph_owned_path path;
    struct xph_budget budget;
    struct xph_budget downtime; /* of the operation's downtime, as of one phase; else empty */
};

/* `evidence` may be NULL: dom0's kernel told nothing. The caller closes `budget`. */
bool xph_operation_budget_make(const struct xph_operation *operation,
                               const struct xph_evidence *evidence,
                               const struct xph_manifest *manifest,
                               struct xph_operation_budget *budget, struct xph_error *err);
void xph_operation_budget_close(struct xph_operation_budget *budget);

#endif
