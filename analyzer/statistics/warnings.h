/*
 * What makes a mean doubtful: each has its rule, which is printed with it. The rules look at few
 * runs, so they are wrong now and then: how often is beside each.
 */
#ifndef XPH_ANALYZER_STATISTICS_WARNINGS_H
#define XPH_ANALYZER_STATISTICS_WARNINGS_H

#include <stddef.h>

#include "recording/error.h"

/* Mann-Kendall: Kendall's S of the values over the order of runs, with the variance for ties and
 * the normal approximation, both sides (Kendall, Rank Correlation Methods, 1975, chapter 4). One in
 * twenty series without a drift has one by this rule. */
#define XPH_DRIFT_LEVEL 0.05
#define XPH_DRIFT_RULE  "Mann-Kendall test over the order of runs, p < 0.05, 5 runs or more"

/* The best division of the values into two (Otsu, A Threshold Selection Method from Gray-Level
 * Histograms, 1979: the share of the variance that it explains), each with a fifth of the runs or
 * more. Of 8 normal ones 4 % have two modes by this rule, of 10 1 %, of 20 none; of values that are
 * spread evenly or have a long tail three times as many and more. */
#define XPH_MODES_SHARE 0.9
#define XPH_MODES_RULE                                                                             \
    "two parts, a fifth of the runs or more in each, explain 90 % of the variance (Otsu), 8 runs " \
    "or more"

/* Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993: 0.6745 (x - median) / MAD. Of 5
 * normal values 22 % have one by this rule, of 20 9 %; of values with a long tail a third and
 * more. */
#define XPH_OUTLIER_SCORE 3.5
#define XPH_OUTLIER_RULE  "modified z-score by the MAD beyond 3.5 (Iglewicz-Hoaglin), 5 runs or more"

enum { XPH_DRIFT_RUNS = 5, XPH_MODES_RUNS = 8, XPH_OUTLIER_RUNS = 5 };

struct xph_drift {
    bool found;
    double p;     /* of no drift; 1 where there are too few runs or all are equal */
    double trend; /* Kendall's S: above 0 where later runs take longer */
};

struct xph_modes {
    bool found;
    double share; /* of the variance, that the best division explains; 0 where there is none */
    size_t low_count;
    double low_mean, high_mean;
};

struct xph_outliers {
    size_t count;
    size_t worst;       /* in the order of runs, from 0 */
    double worst_score; /* without its sign; 0 where the MAD is 0 or runs are too few */
};

struct xph_warnings {
    struct xph_drift drift;
    struct xph_modes modes;
    struct xph_outliers outliers;
};

/* `values` are in the order of runs, `sorted` are the same ones ascending. False without memory. */
bool xph_warnings_find(const double *values, const double *sorted, size_t count,
                       struct xph_warnings *warnings, struct xph_error *err);

#endif
