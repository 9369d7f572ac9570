/*
 * What several runs of the same thing say: one value a run, as the runs are what is independent of
 * each other, not what was measured within one.
 */
#ifndef XPH_ANALYZER_STATISTICS_STATISTICS_H
#define XPH_ANALYZER_STATISTICS_STATISTICS_H

#include "analyzer/statistics/bootstrap.h"
#include "analyzer/statistics/quantile.h"
#include "analyzer/statistics/warnings.h"

/* In the unit of the values. */
struct xph_statistics {
    size_t count; /* of runs */
    double mean;
    bool has_deviation; /* two runs or more */
    double deviation;   /* by count - 1 */
    double median, min, max;
    struct xph_quantile p95, p99;
    struct xph_interval mean_interval, median_interval;
    struct xph_warnings warnings;
};

/* `values` are in the order of runs, `count` > 0 of them, all finite. False without memory. */
bool xph_statistics_make(const struct xph_bootstrap *how, const double *values, size_t count,
                         struct xph_statistics *statistics, struct xph_error *err);

#endif
