/*
 * What changed from A to B: text, or JSON (docs/format/compare-json.md).
 */
#ifndef XPH_ANALYZER_VIEWS_COMPARE_H
#define XPH_ANALYZER_VIEWS_COMPARE_H

#include <jansson.h>
#include <stdio.h>

#include "analyzer/compare/limit.h"
#include "analyzer/compare/trend.h"

void xph_compare_text(FILE *out, const struct xph_compared *compared,
                      const struct xph_limit_results *limits, const struct xph_bootstrap *how);
/* NULL without memory. */
json_t *xph_compare_json(const struct xph_compared *compared,
                         const struct xph_limit_results *limits, const struct xph_bootstrap *how);

/* Which operation, of what guest; what else is known of its runs. */
void xph_compare_head_text(FILE *out, const struct xph_compared_group *group);
json_t *xph_compare_facts_json(const struct xph_compared_group *group);

/* How a group's phases depend on a factor. */
void xph_trend_text(FILE *out, const struct xph_compared_group *group,
                    const struct xph_factor *factor, const struct xph_trend_series *series,
                    size_t count);
void xph_trend_methods_text(FILE *out);
json_t *xph_trend_group_json(const struct xph_compared_group *group,
                             const struct xph_trend_series *series, size_t count);
/* Takes over `groups`. */
json_t *xph_trend_json(json_t *groups, const struct xph_compared *compared,
                       const struct xph_factor *factor);

#endif
