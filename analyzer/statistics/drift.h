/* Kendall's S of a series: pairs in which the later value is larger, less those in which it is
 * smaller. */
#ifndef XPH_ANALYZER_STATISTICS_DRIFT_H
#define XPH_ANALYZER_STATISTICS_DRIFT_H

#include "analyzer/statistics/warnings.h"

/* `values` are in the order of runs, `sorted` are the same ones ascending. False without memory. */
bool xph_drift_find(const double *values, const double *sorted, size_t count,
                    struct xph_drift *drift, struct xph_error *err);

#endif
