/*
 * Two samples of the same thing beside each other: B less A.
 */
#ifndef XPH_ANALYZER_STATISTICS_COMPARISON_H
#define XPH_ANALYZER_STATISTICS_COMPARISON_H

#include "analyzer/statistics/bootstrap.h"
#include "analyzer/statistics/permutation.h"

#define XPH_EFFECT_METHOD     "Cliff's delta"
#define XPH_CORRECTION_METHOD "Holm"

struct xph_sample {
    const double *values; /* finite; the caller's */
    size_t count;         /* > 0 */
};

/* In the unit of the values. */
struct xph_comparison {
    double mean[2], median[2];          /* of A, of B */
    double difference;                  /* of the means */
    bool has_interval;                  /* both have two runs or more */
    struct xph_interval interval;       /* of the difference */
    bool has_ratio;                     /* A's mean is not 0, nor that of any resample */
    double ratio;                       /* the difference as a part of A's mean */
    struct xph_interval ratio_interval; /* where there is `has_interval`, too */
    double delta; /* Cliff's: how much more often a run of B is above one of A than below, from -1
                     to 1 */
    struct xph_permutation test;
};

/* The bootstrap's seed is the test's, too. False without memory. */
bool xph_comparison_make(const struct xph_bootstrap *how, const struct xph_sample sides[2],
                         struct xph_comparison *comparison, struct xph_error *err);

/* Holm's step-down (A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal
 * of Statistics 6, 1979): `corrected` gets what each of `count` p-values is among all of them.
 * False without memory. */
bool xph_holm(const double *p, size_t count, double *corrected, struct xph_error *err);

#endif
