#include "analyzer/compare/trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct xph_factor factors[] = {
    {"memory", XPH_FACT_MEMORY, "GiB", 1024 * 1024},
    {"vcpus", XPH_FACT_VCPUS, "vCPU", 1},
    {"pcpus", XPH_FACT_PCPUS, "pCPU", 1},
};

const struct xph_factor *xph_factor_find(const char *name)
{
    for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
        if (strcmp(factors[i].name, name) == 0)
            return &factors[i];
    }
    return NULL;
}

static int order_trends(const void *left, const void *right)
{
    const struct xph_trend_series *a = left, *b = right;
    double a_slope = fabs(a->trend.slope), b_slope = fabs(b->trend.slope);

    if ((*a->phase == '\0') != (*b->phase == '\0'))
        return *a->phase == '\0' ? -1 : 1;
    if (a_slope != b_slope)
        return a_slope > b_slope ? -1 : 1;
    return strcmp(a->phase, b->phase);
}

struct xph_trend_series *xph_trends_of_group(const struct xph_compared_group *group,
                                             const struct xph_factor *factor, size_t *count,
                                             struct xph_error *err)
{
    struct xph_trend_series *series = calloc(group->series_count + 1, sizeof(*series));
    double *x = calloc(group->count[0] + 1, sizeof(*x));

    *count = 0;
    if (!series || !x) {
        free(series);
        free(x);
        xph_fail(err, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < group->count[0]; i++)
        x[i] = group->factor[i] / factor->scale;
    for (size_t i = 0; i < group->series_count; i++) {
        const struct xph_compared_series *from = &group->series[i];

        if (*from->layer == '\0')
            series[(*count)++] = (struct xph_trend_series){
                from->phase, xph_trend_make(x, from->values[0], group->count[0])};
    }
    free(x);
    qsort(series, *count, sizeof(*series), order_trends);
    return series;
}

bool xph_trends_doubt(struct xph_compared *compared, const struct xph_factor *factor,
                      bool mix_hosts, struct xph_error *err)
{
    bool varies = false;

    for (size_t g = 0; g < compared->count; g++) {
        const struct xph_compared_group *group = &compared->groups[g];
        const char *operation = group->facts[XPH_FACT_OPERATION].values[0].text;

        varies = varies || group->facts[factor->fact].count > 1;
        if (group->facts[XPH_FACT_HOST].count > 1 && !mix_hosts)
            return xph_fail(err,
                            "the runs of %s are of several hosts: choose one with --both "
                            "host=NAME, or take them together with --mix-hosts",
                            operation);
        for (size_t i = XPH_CONDITIONS; i < XPH_FACTS; i++) {
            if (i != XPH_FACT_PLAN && i != factor->fact && xph_fact_is_mixed(&group->facts[i], 0))
                xph_doubt(&compared->doubts, "%s: the runs are not all of the same %s", operation,
                          xph_fact_names[i]);
        }
    }
    return varies ||
           xph_fail(err, "all like runs are of the same %s: it has no trend", factor->name);
}
