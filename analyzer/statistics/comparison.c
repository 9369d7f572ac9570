#include "analyzer/statistics/comparison.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/statistics/quantile.h"

static double *sorted_copy(const struct xph_sample *sample)
{
    double *sorted = calloc(sample->count, sizeof(*sorted));

    if (!sorted)
        return NULL;
    memcpy(sorted, sample->values, sample->count * sizeof(*sorted));
    gsl_sort(sorted, 1, sample->count);
    return sorted;
}

/* Of each run of B, the runs of A below it less those above it. */
static double cliffs_delta(const double *a, size_t a_count, const double *b, size_t b_count)
{
    double pairs = (double)a_count * (double)b_count, sum = 0;
    size_t below = 0, not_above = 0;

    for (size_t i = 0; i < b_count; i++) {
        while (below < a_count && a[below] < b[i])
            below++;
        while (not_above < a_count && a[not_above] <= b[i])
            not_above++;
        sum += (double)below - (double)(a_count - not_above);
    }
    return sum / pairs;
}

static bool describe(const struct xph_bootstrap *how, const struct xph_sample sides[2],
                     double *const sorted[2], struct xph_comparison *comparison,
                     struct xph_error *err)
{
    struct xph_bootstrap_difference found;

    for (size_t s = 0; s < 2; s++) {
        comparison->mean[s] = gsl_stats_mean(sorted[s], 1, sides[s].count);
        comparison->median[s] = xph_quantile(sorted[s], sides[s].count, 500).value;
    }
    comparison->difference = comparison->mean[1] - comparison->mean[0];
    comparison->has_interval = sides[0].count > 1 && sides[1].count > 1;
    comparison->delta = cliffs_delta(sorted[0], sides[0].count, sorted[1], sides[1].count);
    if (!xph_bootstrap_difference(how, sorted[0], sides[0].count, sorted[1], sides[1].count, &found,
                                  err))
        return false;
    comparison->interval = found.difference;
    comparison->ratio_interval = found.ratio;
    comparison->has_ratio = found.has_ratio;
    if (found.has_ratio)
        comparison->ratio = comparison->difference / comparison->mean[0];
    return xph_permutation_test(sorted[0], sides[0].count, sorted[1], sides[1].count, how->seed,
                                &comparison->test, err);
}

bool xph_comparison_make(const struct xph_bootstrap *how, const struct xph_sample sides[2],
                         struct xph_comparison *comparison, struct xph_error *err)
{
    double *sorted[2] = {sorted_copy(&sides[0]), sorted_copy(&sides[1])};
    bool ok;

    *comparison = (struct xph_comparison){0};
    ok = sorted[0] && sorted[1]
             ? describe(how, sides, sorted, comparison, err)
             : xph_fail(err, "out of memory for %zu runs", sides[0].count + sides[1].count);
    free(sorted[0]);
    free(sorted[1]);
    return ok;
}

bool xph_holm(const double *p, size_t count, double *corrected, struct xph_error *err)
{
    size_t *order = calloc(count + 1, sizeof(*order));
    double largest = 0;

    if (!order)
        return xph_fail(err, "out of memory for %zu tests", count);
    gsl_sort_index(order, p, 1, count);
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fmin(1, (double)(count - i) * p[order[i]]));
        corrected[order[i]] = largest;
    }
    free(order);
    return true;
}
