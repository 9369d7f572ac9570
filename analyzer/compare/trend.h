/*
 * How the phases of like operations depend on a factor: time against memory, say.
 */
#ifndef XPH_ANALYZER_COMPARE_TREND_H
#define XPH_ANALYZER_COMPARE_TREND_H

#include "analyzer/compare/compare.h"
#include "analyzer/statistics/trend.h"

struct xph_factor {
    const char *name; /* on the command line */
    enum xph_fact fact;
    const char *unit; /* of the trend's slope: a ns for each of them */
    double scale;     /* how many of the fact's own unit that is */
};

/* NULL if there is none of that name. */
const struct xph_factor *xph_factor_find(const char *name);

struct xph_trend_series {
    const char *phase; /* "" for the whole; the group's */
    struct xph_trend trend;
};

/* Of a group whose runs are all in A: the whole first, then phases by how steep they are; the
 * caller frees `series`. NULL without memory. */
struct xph_trend_series *xph_trends_of_group(const struct xph_compared_group *group,
                                             const struct xph_factor *factor, size_t *count,
                                             struct xph_error *err);
/* Adds what can be doubted. False if there are several hosts and `mix_hosts` does not allow it, or
 * the factor is the same everywhere. */
bool xph_trends_doubt(struct xph_compared *compared, const struct xph_factor *factor,
                      bool mix_hosts, struct xph_error *err);

#endif
