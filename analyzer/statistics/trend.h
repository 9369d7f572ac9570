/*
 * How a time depends on a number: a straight line by least squares.
 */
#ifndef XPH_ANALYZER_STATISTICS_TREND_H
#define XPH_ANALYZER_STATISTICS_TREND_H

#include <stdbool.h>
#include <stddef.h>

#include "analyzer/statistics/bootstrap.h"

#define XPH_TREND_METHOD "least squares, interval of the slope by Student's t with n - 2"

struct xph_trend {
    bool known; /* there are two different numbers or more; else nothing below is */
    double slope, intercept;
    bool has_interval;            /* three runs or more */
    struct xph_interval interval; /* of the slope */
    double explained;             /* of the variance, by the line, from 0 to 1 */
};

/* `count` pairs of finite values. */
struct xph_trend xph_trend_make(const double *x, const double *y, size_t count);

#endif
