/*
 * What changed from A to B: text, or JSON (docs/format/compare-json.md).
 */
#ifndef XPH_ANALYZER_VIEWS_COMPARE_H
#define XPH_ANALYZER_VIEWS_COMPARE_H

#include <jansson.h>
#include <stdio.h>

#include "analyzer/compare/limit.h"

void xph_compare_text(FILE *out, const struct xph_compared *compared,
                      const struct xph_limit_results *limits, const struct xph_bootstrap *how);
/* NULL without memory. */
json_t *xph_compare_json(const struct xph_compared *compared,
                         const struct xph_limit_results *limits, const struct xph_bootstrap *how);

#endif
