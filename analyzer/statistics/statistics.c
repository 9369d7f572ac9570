#include "analyzer/statistics/statistics.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <stdlib.h>
#include <string.h>

static void describe(const double *sorted, size_t count, struct xph_statistics *statistics)
{
    *statistics = (struct xph_statistics){
        .count = count,
        .mean = gsl_stats_mean(sorted, 1, count),
        .has_deviation = count > 1,
        .median = xph_quantile(sorted, count, 500).value,
        .min = sorted[0],
        .max = sorted[count - 1],
        .p95 = xph_quantile(sorted, count, 950),
        .p99 = xph_quantile(sorted, count, 990),
    };
    if (statistics->has_deviation)
        statistics->deviation = gsl_stats_sd(sorted, 1, count);
}

bool xph_statistics_make(const struct xph_bootstrap *how, const double *values, size_t count,
                         struct xph_statistics *statistics, struct xph_error *err)
{
    double *sorted = calloc(count, sizeof(*sorted));
    bool ok;

    if (!sorted)
        return xph_fail(err, "out of memory for %zu runs", count);
    memcpy(sorted, values, count * sizeof(*sorted));
    gsl_sort(sorted, 1, count);
    describe(sorted, count, statistics);
    ok = xph_bootstrap_intervals(how, sorted, count, &statistics->mean_interval,
                                 &statistics->median_interval, err) &&
         xph_warnings_find(values, sorted, count, &statistics->warnings, err);
    free(sorted);
    return ok;
}
