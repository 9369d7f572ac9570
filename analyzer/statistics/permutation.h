/*
 * A permutation test of two samples: how often would a division of all runs into two, by chance and
 * of the same sizes, part their means at least as far as they are? (Good, Permutation, Parametric
 * and Bootstrap Tests of Hypotheses, 2005, chapter 3.) It needs no distribution, only that the runs
 * could have stood on either side.
 */
#ifndef XPH_ANALYZER_STATISTICS_PERMUTATION_H
#define XPH_ANALYZER_STATISTICS_PERMUTATION_H

#include <stddef.h>

#include "recording/error.h"

#define XPH_PERMUTATION_METHOD "permutation test of the difference of means, both sides"

enum {
    /* All divisions are tried if there are no more: 11 against 11 runs. */
    XPH_PERMUTATIONS_EXACT = 1000000,
    XPH_PERMUTATIONS_RANDOM = 100000,
};

struct xph_permutation {
    double p;
    double least_p; /* that so many runs can give at all */
    bool exact;     /* every division was tried; else XPH_PERMUTATIONS_RANDOM by chance */
    double divisions;
};

/* `a` and `b` have `a_count` > 0 and `b_count` > 0 values, all finite. `seed` is of GSL's mt19937.
 * False without memory. */
bool xph_permutation_test(const double *a, size_t a_count, const double *b, size_t b_count,
                          unsigned long seed, struct xph_permutation *result,
                          struct xph_error *err);
/* The least p of a test of that many against that many runs. */
double xph_permutation_least_p(size_t a_count, size_t b_count);

#endif
