/*
 * Statistics of a store's series, as they are made: text, or JSON (docs/format/stats-json.md).
 */
#ifndef XPH_ANALYZER_VIEWS_STATS_H
#define XPH_ANALYZER_VIEWS_STATS_H

#include <jansson.h>
#include <stdio.h>

#include "analyzer/statistics/statistics.h"
#include "analyzer/store/series.h"

void xph_stats_group_text(FILE *out, const struct xph_series_group *group);
void xph_stats_series_text(FILE *out, const struct xph_series_group *group,
                           const struct xph_series *series,
                           const struct xph_statistics *statistics);
/* How the numbers were made, once at the end. */
void xph_stats_methods_text(FILE *out, const struct xph_bootstrap *how);

/* NULL without memory. */
json_t *xph_stats_group_json(const struct xph_series_group *group);
json_t *xph_stats_series_json(const struct xph_series_group *group, const struct xph_series *series,
                              const struct xph_statistics *statistics);
json_t *xph_stats_methods_json(const struct xph_bootstrap *how);

#endif
