/*
 * Quantiles of a few runs, by type 2 of Hyndman and Fan (Sample Quantiles in Statistical Packages,
 * The American Statistician 50, 1996): the least value that at least that part of the runs do not
 * exceed, or the mean of two where both are that. It gives the usual median, and no percentile that
 * lies between two runs without a reason in the runs.
 */
#ifndef XPH_ANALYZER_STATISTICS_QUANTILE_H
#define XPH_ANALYZER_STATISTICS_QUANTILE_H

#include <stdbool.h>
#include <stddef.h>

#define XPH_QUANTILE_METHOD "Hyndman-Fan type 2"

struct xph_quantile {
    double value;
    bool is_maximum; /* in effect: there are so few runs that none is beyond it */
};

/* `sorted` is ascending and has `count` > 0 values; `per_mille` is from 1 to 999. */
struct xph_quantile xph_quantile(const double *sorted, size_t count, unsigned per_mille);

#endif
