#include "analyzer/statistics/warnings.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "analyzer/statistics/drift.h"
#include "analyzer/statistics/quantile.h"

enum { LEAST_SHARE_OF_RUNS = 5 }; /* a mode has a fifth of them */

/* 0.75 quantile of the normal distribution: what makes a MAD comparable to a standard deviation. */
#define MAD_SCALE 0.674489750196081743

static void find_modes(const double *sorted, size_t count, struct xph_modes *modes)
{
    double mean = gsl_stats_mean(sorted, 1, count), below = 0;
    double squares = gsl_stats_tss_m(sorted, 1, count, mean);
    size_t least = (count + LEAST_SHARE_OF_RUNS - 1) / LEAST_SHARE_OF_RUNS;

    *modes = (struct xph_modes){0};
    if (count < XPH_MODES_RUNS || !(squares > 0))
        return;
    for (size_t low = 1; low + least <= count; low++) {
        double parts = (double)low * (double)(count - low) / (double)count, share;

        below += sorted[low - 1] - mean;
        share = below * below / parts / squares;
        if (low >= least && share > modes->share)
            *modes = (struct xph_modes){
                .share = share,
                .low_count = low,
                .low_mean = mean + below / (double)low,
                .high_mean = mean - below / (double)(count - low),
            };
    }
    modes->found = modes->share >= XPH_MODES_SHARE;
}

static void find_outliers(const double *values, double median, double mad, size_t count,
                          struct xph_outliers *outliers)
{
    *outliers = (struct xph_outliers){0};
    if (count < XPH_OUTLIER_RUNS || !(mad > 0))
        return;
    for (size_t i = 0; i < count; i++) {
        double score = MAD_SCALE * fabs(values[i] - median) / mad;

        outliers->count += score > XPH_OUTLIER_SCORE;
        if (score > outliers->worst_score) {
            outliers->worst_score = score;
            outliers->worst = i;
        }
    }
}

bool xph_warnings_find(const double *values, const double *sorted, size_t count,
                       struct xph_warnings *warnings, struct xph_error *err)
{
    double median = xph_quantile(sorted, count, 500).value;
    double *room = calloc(count, sizeof(*room));

    if (!room)
        return xph_fail(err, "out of memory for %zu runs", count);
    find_modes(sorted, count, &warnings->modes);
    find_outliers(values, median, gsl_stats_mad0(sorted, 1, count, room), count,
                  &warnings->outliers);
    free(room);
    return xph_drift_find(values, sorted, count, &warnings->drift, err);
}
