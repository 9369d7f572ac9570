/*
 * Intervals by the percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap,
 * 1993, chapter 13): as many runs as there are, drawn from them with replacement, again and again;
 * between the 2.5 % and the 97.5 % quantile of what that gives lies the interval.
 */
#ifndef XPH_ANALYZER_STATISTICS_BOOTSTRAP_H
#define XPH_ANALYZER_STATISTICS_BOOTSTRAP_H

#include <stddef.h>

#include "recording/error.h"

#define XPH_BOOTSTRAP_METHOD "percentile bootstrap"

enum {
    XPH_BOOTSTRAP_RESAMPLES = 10000,
    XPH_BOOTSTRAP_SEED = 1,
    /* With fewer runs an interval is too narrow: of the mean's 95 % intervals of normal samples,
     * 84 % hold the true one with 5 runs, 91 % with 10, 92 % with 20
     * (tests/unit/make-statistics-vectors --rates). */
    XPH_BOOTSTRAP_FEW_RUNS = 20,
};

struct xph_bootstrap {
    unsigned long seed; /* of GSL's mt19937; the same seed gives the same intervals */
    size_t resamples;   /* at least 40, so that there is something beyond the interval's ends */
};

/* Holds 95 %. */
struct xph_interval {
    double low, high;
};

/* `sorted` has `count` > 0 values. False without memory. */
bool xph_bootstrap_intervals(const struct xph_bootstrap *how, const double *sorted, size_t count,
                             struct xph_interval *mean, struct xph_interval *median,
                             struct xph_error *err);

struct xph_bootstrap_difference {
    struct xph_interval difference; /* of the means, B less A */
    bool has_ratio;                 /* no resample of A has the mean 0 */
    struct xph_interval ratio;      /* that difference as a part of A's mean */
};

/* Each side is resampled by itself, A first. `a` and `b` are sorted and have more than 0 values.
 * False without memory. */
bool xph_bootstrap_difference(const struct xph_bootstrap *how, const double *a, size_t a_count,
                              const double *b, size_t b_count,
                              struct xph_bootstrap_difference *found, struct xph_error *err);

#endif
