#include "analyzer/statistics/bootstrap.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/statistics/quantile.h"

enum { LOW_PER_MILLE = 25, HIGH_PER_MILLE = 975 };

struct resampling {
    gsl_rng *random;
    size_t *drawn;           /* how often each value was, of one resample */
    double *means, *medians; /* of each resample */
};

/* The `rank`th of the drawn values, from 0. */
static double drawn_value(const size_t *drawn, const double *sorted, size_t rank)
{
    size_t i = 0;

    for (; drawn[i] <= rank; i++)
        rank -= drawn[i];
    return sorted[i];
}

/* The median by the same type of quantile as everywhere. */
static double drawn_median(const size_t *drawn, const double *sorted, size_t count)
{
    double high = drawn_value(drawn, sorted, count / 2);

    if (count % 2 == 1)
        return high;
    return (drawn_value(drawn, sorted, count / 2 - 1) + high) / 2;
}

static void resample(struct resampling *resampling, const double *sorted, size_t count, size_t r)
{
    double sum = 0;

    memset(resampling->drawn, 0, count * sizeof(*resampling->drawn));
    for (size_t i = 0; i < count; i++) {
        size_t position = gsl_rng_uniform_int(resampling->random, count);

        resampling->drawn[position]++;
        sum += sorted[position];
    }
    resampling->means[r] = sum / (double)count;
    resampling->medians[r] = drawn_median(resampling->drawn, sorted, count);
}

static struct xph_interval interval_of(double *values, size_t count)
{
    gsl_sort(values, 1, count);
    return (struct xph_interval){xph_quantile(values, count, LOW_PER_MILLE).value,
                                 xph_quantile(values, count, HIGH_PER_MILLE).value};
}

bool xph_bootstrap_intervals(const struct xph_bootstrap *how, const double *sorted, size_t count,
                             struct xph_interval *mean, struct xph_interval *median,
                             struct xph_error *err)
{
    /* GSL's own handler would end the program for want of memory. */
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    struct resampling resampling = {
        .random = gsl_rng_alloc(gsl_rng_mt19937),
        .drawn = calloc(count, sizeof(*resampling.drawn)),
        .means = calloc(how->resamples, sizeof(*resampling.means)),
        .medians = calloc(how->resamples, sizeof(*resampling.medians)),
    };
    bool ok = resampling.random && resampling.drawn && resampling.means && resampling.medians;

    gsl_set_error_handler(handler);
    if (ok) {
        gsl_rng_set(resampling.random, how->seed);
        for (size_t r = 0; r < how->resamples; r++)
            resample(&resampling, sorted, count, r);
        *mean = interval_of(resampling.means, how->resamples);
        *median = interval_of(resampling.medians, how->resamples);
    }
    if (resampling.random)
        gsl_rng_free(resampling.random);
    free(resampling.drawn);
    free(resampling.means);
    free(resampling.medians);
    return ok || xph_fail(err, "out of memory for a bootstrap of %zu runs", count);
}

static double resampled_mean(gsl_rng *random, const double *values, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += values[gsl_rng_uniform_int(random, count)];
    return sum / (double)count;
}

bool xph_bootstrap_difference(const struct xph_bootstrap *how, const double *a, size_t a_count,
                              const double *b, size_t b_count,
                              struct xph_bootstrap_difference *found, struct xph_error *err)
{
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    double *differences = calloc(how->resamples, sizeof(*differences));
    double *ratios = calloc(how->resamples, sizeof(*ratios));
    bool ok = random && differences && ratios;

    gsl_set_error_handler(handler);
    *found = (struct xph_bootstrap_difference){.has_ratio = true};
    if (ok) {
        gsl_rng_set(random, how->seed);
        for (size_t r = 0; r < how->resamples; r++) {
            double a_mean = resampled_mean(random, a, a_count);

            differences[r] = resampled_mean(random, b, b_count) - a_mean;
            found->has_ratio = found->has_ratio && a_mean != 0;
            ratios[r] = found->has_ratio ? differences[r] / a_mean : 0;
        }
        found->difference = interval_of(differences, how->resamples);
        found->ratio = interval_of(ratios, how->resamples);
    }
    if (random)
        gsl_rng_free(random);
    free(differences);
    free(ratios);
    return ok || xph_fail(err, "out of memory for a bootstrap of %zu runs", a_count + b_count);
}
