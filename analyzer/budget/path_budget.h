/*
 * The budget of an operation: how much of each phase is whose. The entries of a phase add up to its
 * length, because the critical path has no gap.
 */
#ifndef XPH_ANALYZER_BUDGET_PATH_BUDGET_H
#define XPH_ANALYZER_BUDGET_PATH_BUDGET_H

#include "analyzer/operation/operation.h"
#include "analyzer/path/owner.h"

struct xph_budget_entry {
    size_t phase;   /* position in the operation's phases */
    uint32_t owner; /* position in the path's owners */
    uint64_t ns;
    size_t pieces; /* of the critical path, that make it up */
};

struct xph_budget {
    struct xph_budget_entry *entries; /* by phase, in each the largest first; owned */
    size_t count, capacity;
};

/* Divides the path among the operation's phases. The caller closes `budget`. */
bool xph_budget_make(const struct xph_operation *operation, const struct xph_owned_path *path,
                     struct xph_budget *budget, struct xph_error *err);
void xph_budget_close(struct xph_budget *budget);

/* What a layer has in a phase, or in all (`phase` is XPH_MAX_PHASES). */
uint64_t xph_budget_layer_ns(const struct xph_budget *budget, const struct xph_owned_path *path,
                             size_t phase, enum xph_layer layer);

#endif
