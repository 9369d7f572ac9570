#include "analyzer/statistics/trend.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#define HIGH_QUANTILE 0.975

struct xph_trend xph_trend_make(const double *x, const double *y, size_t count)
{
    struct xph_trend trend = {.known = false};
    double cov00, cov01, cov11, squares, total, margin;

    for (size_t i = 1; i < count; i++)
        trend.known = trend.known || x[i] != x[0];
    if (!trend.known)
        return trend;
    gsl_fit_linear(x, 1, y, 1, count, &trend.intercept, &trend.slope, &cov00, &cov01, &cov11,
                   &squares);
    total = gsl_stats_tss(y, 1, count);
    trend.explained = total > 0 ? fmax(0, 1 - squares / total) : 0;
    trend.has_interval = count > 2;
    if (trend.has_interval) {
        margin = gsl_cdf_tdist_Pinv(HIGH_QUANTILE, (double)(count - 2)) * sqrt(fmax(0, cov11));
        trend.interval = (struct xph_interval){trend.slope - margin, trend.slope + margin};
    }
    return trend;
}
