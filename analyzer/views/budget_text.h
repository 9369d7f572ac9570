/*
 * Whose the time was, for people: in one line, and phase by phase.
 */
#ifndef XPH_ANALYZER_VIEWS_BUDGET_TEXT_H
#define XPH_ANALYZER_VIEWS_BUDGET_TEXT_H

#include <stdio.h>

#include "analyzer/budget/operation_budget.h"

/* As "4.910 s = toolstack prepare 0.410 + ... ; unexplained 0.010". */
void xph_budget_line_text(FILE *out, const struct xph_operation *operation,
                          const struct xph_operation_budget *budget);

/* As "migrate of domain 3 to domain 4". */
void xph_operation_title_text(FILE *out, const struct xph_operation *operation);

/* The downtime's entries that matter; nothing without one. */
void xph_downtime_text(FILE *out, const struct xph_operation *operation,
                       const struct xph_operation_budget *budget);

/* The entries of each phase that matter; the rest of a phase in one line. */
void xph_budget_text(FILE *out, const struct xph_operation *operation,
                     const struct xph_operation_budget *budget);

#endif
