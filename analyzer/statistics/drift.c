#include "analyzer/statistics/drift.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Merges two sorted halves and counts the pairs in which the left value is larger. */
static double merge(double *values, size_t half, size_t count, double *spare)
{
    size_t left = 0, right = half;
    double inversions = 0;

    for (size_t i = 0; i < count; i++) {
        if (right == count || (left < half && values[left] <= values[right])) {
            spare[i] = values[left++];
        } else {
            inversions += (double)(half - left);
            spare[i] = values[right++];
        }
    }
    memcpy(values, spare, count * sizeof(*values));
    return inversions;
}

/* Sorts the values, as in a merge sort from the smallest pieces up, and counts inversions. */
static double count_inversions(double *values, size_t count, double *spare)
{
    double inversions = 0;

    for (size_t half = 1; half < count; half *= 2) {
        for (size_t at = 0; at + half < count; at += 2 * half)
            inversions +=
                merge(values + at, half, count - at < 2 * half ? count - at : 2 * half, spare);
    }
    return inversions;
}

/* Pairs of equal values, and what they take from the variance of S. */
static double count_ties(const double *sorted, size_t count, double *from_variance)
{
    double pairs = 0;

    *from_variance = 0;
    for (size_t i = 0, end; i < count; i = end) {
        double equal;

        for (end = i + 1; end < count && sorted[end] == sorted[i];)
            end++;
        equal = (double)(end - i);
        pairs += equal * (equal - 1) / 2;
        *from_variance += equal * (equal - 1) * (2 * equal + 5);
    }
    return pairs;
}

bool xph_drift_find(const double *values, const double *sorted, size_t count,
                    struct xph_drift *drift, struct xph_error *err)
{
    double *copy = calloc(count + 1, 2 * sizeof(*copy));
    double n = (double)count, tied, from_variance, variance;

    *drift = (struct xph_drift){.p = 1};
    if (!copy)
        return xph_fail(err, "out of memory for %zu runs", count);
    memcpy(copy, values, count * sizeof(*copy));
    tied = count_ties(sorted, count, &from_variance);
    drift->trend = n * (n - 1) / 2 - tied - 2 * count_inversions(copy, count, copy + count);
    free(copy);
    variance = (n * (n - 1) * (2 * n + 5) - from_variance) / 18;
    if (count >= XPH_DRIFT_RUNS && variance > 0)
        drift->p = 2 * gsl_cdf_ugaussian_Q(fabs(drift->trend) / sqrt(variance));
    drift->found = drift->p < XPH_DRIFT_LEVEL;
    return true;
}
