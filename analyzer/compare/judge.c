/* What the values of both sides say. */
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/compare/compare.h"

static bool is_phase(const struct xph_compared_series *series)
{
    return *series->phase != '\0' && *series->layer == '\0';
}

bool xph_group_is_compared(const struct xph_compared_group *group)
{
    return group->count[0] > 0 && group->count[1] > 0 && group->series_count > 0;
}

static bool compare_values(const struct xph_compared_group *group, const struct xph_bootstrap *how,
                           struct xph_compared_series *series, struct xph_error *err)
{
    const struct xph_sample sides[2] = {{series->values[0], group->count[0]},
                                        {series->values[1], group->count[1]}};

    if (*series->layer == '\0')
        return xph_comparison_make(how, sides, &series->comparison, err);
    for (size_t s = 0; s < 2; s++)
        series->comparison.mean[s] = gsl_stats_mean(sides[s].values, 1, sides[s].count);
    series->comparison.difference = series->comparison.mean[1] - series->comparison.mean[0];
    return true;
}

static void tell_differences(struct xph_compared_group *group)
{
    double level = XPH_LEVEL_PHASE_ALONE;

    for (size_t i = 0; i < group->series_count; i++) {
        struct xph_compared_series *series = &group->series[i];

        if (*series->phase == '\0' && *series->layer == '\0') {
            series->different = series->corrected_p < XPH_LEVEL_WHOLE;
            level = series->different ? XPH_LEVEL_PHASE : XPH_LEVEL_PHASE_ALONE;
        }
    }
    for (size_t i = 0; i < group->series_count; i++) {
        struct xph_compared_series *series = &group->series[i];

        if (is_phase(series))
            series->different = series->corrected_p < level;
    }
}

/* Of all phases of a group, as of any of them it is asked whether it changed. */
static bool correct(struct xph_compared_group *group, struct xph_error *err)
{
    double *p = calloc(2 * group->series_count + 1, sizeof(*p)), *corrected;
    double sum = 0;
    size_t count = 0;
    bool ok = p != NULL || xph_fail(err, "out of memory");

    if (!ok)
        return false;
    corrected = p + group->series_count;
    for (size_t i = 0; i < group->series_count; i++) {
        if (!is_phase(&group->series[i]))
            continue;
        p[count++] = group->series[i].comparison.test.p;
        sum += fabs(group->series[i].comparison.difference);
    }
    group->phases = count;
    ok = xph_holm(p, count, corrected, err);
    count = 0;
    for (size_t i = 0; ok && i < group->series_count; i++) {
        struct xph_compared_series *series = &group->series[i];

        if (*series->phase == '\0') {
            series->corrected_p = series->comparison.test.p;
        } else if (is_phase(series)) {
            series->corrected_p = corrected[count++];
            series->part = sum > 0 ? fabs(series->comparison.difference) / sum : 0;
        }
    }
    free(p);
    tell_differences(group);
    return ok;
}

static double phase_change(const struct xph_compared_group *group, const char *phase)
{
    for (size_t i = 0; i < group->series_count; i++) {
        if (is_phase(&group->series[i]) && strcmp(group->series[i].phase, phase) == 0)
            return fabs(group->series[i].comparison.difference);
    }
    return 0;
}

/* The whole first, then phases and in each its layers by how much they changed. */
static int order_series(const void *left, const void *right, void *context)
{
    const struct xph_compared_series *a = left, *b = right;
    double a_change, b_change;
    int phases = strcmp(a->phase, b->phase);

    if (phases == 0) {
        if ((*a->layer == '\0') != (*b->layer == '\0'))
            return *a->layer == '\0' ? -1 : 1;
        a_change = fabs(a->comparison.difference);
        b_change = fabs(b->comparison.difference);
    } else if (*a->phase == '\0' || *b->phase == '\0') {
        return *a->phase == '\0' ? -1 : 1;
    } else {
        a_change = phase_change(context, a->phase);
        b_change = phase_change(context, b->phase);
    }
    if (a_change != b_change)
        return a_change > b_change ? -1 : 1;
    return phases != 0 ? phases : strcmp(a->layer, b->layer);
}

/* qsort_r() moves what phase_change() reads, so the order is made beside it. */
static bool sort_series(struct xph_compared_group *group, struct xph_error *err)
{
    size_t bytes = group->series_count * sizeof(*group->series);
    struct xph_compared_series *sorted = malloc(bytes + 1);

    if (!sorted)
        return xph_fail(err, "out of memory");
    memcpy(sorted, group->series, bytes);
    qsort_r(sorted, group->series_count, sizeof(*sorted), order_series, group);
    free(group->series);
    group->series = sorted;
    return true;
}

static bool warn(struct xph_compared_group *group, struct xph_error *err)
{
    bool ok = true;

    for (size_t s = 0; ok && s < 2; s++) {
        const double *values = group->series[0].values[s];
        double *sorted = calloc(group->count[s], sizeof(*sorted));

        if (!sorted)
            return xph_fail(err, "out of memory");
        memcpy(sorted, values, group->count[s] * sizeof(*sorted));
        gsl_sort(sorted, 1, group->count[s]);
        ok = xph_warnings_find(values, sorted, group->count[s], &group->warnings[s], err);
        free(sorted);
    }
    return ok;
}

bool xph_compared_judge(struct xph_compared *compared, const struct xph_bootstrap *how,
                        struct xph_error *err)
{
    bool ok = true;

    for (size_t g = 0; ok && g < compared->count; g++) {
        struct xph_compared_group *group = &compared->groups[g];

        if (!xph_group_is_compared(group))
            continue;
        for (size_t i = 0; ok && i < group->series_count; i++)
            ok = compare_values(group, how, &group->series[i], err);
        ok = ok && correct(group, err) && sort_series(group, err) && warn(group, err);
    }
    return ok;
}

bool xph_fact_is_mixed(const struct xph_compared_fact *fact, size_t side)
{
    size_t values = 0;

    for (size_t i = 0; i < fact->count; i++)
        values += fact->values[i].runs[side] > 0;
    return values > 1;
}

bool xph_fact_differs(const struct xph_compared_fact *fact)
{
    for (size_t i = 0; i < fact->count; i++) {
        if ((fact->values[i].runs[0] > 0) != (fact->values[i].runs[1] > 0))
            return true;
    }
    return false;
}

static void doubt_group(struct xph_compared *compared, const struct xph_compared_group *group)
{
    static const struct {
        enum xph_fact fact;
        const char *name;
    } mixed[] = {{XPH_FACT_HOST, "hosts"},
                 {XPH_FACT_XEN, "Xens"},
                 {XPH_FACT_KERNEL, "dom0 kernels"},
                 {XPH_FACT_PCPUS, "numbers of pCPUs"},
                 {XPH_FACT_EMULATION, "kinds of emulation"}};
    const char *operation = group->facts[XPH_FACT_OPERATION].values[0].text;

    for (size_t i = 0; i < sizeof(mixed) / sizeof(mixed[0]); i++) {
        for (size_t side = 0; side < 2; side++) {
            if (xph_fact_is_mixed(&group->facts[mixed[i].fact], side))
                xph_doubt(&compared->doubts, "%s: %c has runs of several %s", operation,
                          (int)("AB"[side]), mixed[i].name);
        }
    }
    if (xph_fact_differs(&group->facts[XPH_FACT_HOST]))
        xph_doubt(&compared->doubts, "%s: A and B are of different hosts", operation);
    if (xph_fact_differs(&group->facts[XPH_FACT_EMULATION]))
        xph_doubt(&compared->doubts,
                  "%s: A and B were not emulated alike: their times have nothing in common",
                  operation);
}

static void doubt_lone_group(struct xph_compared *compared, const struct xph_compared_group *group)
{
    const char *texts[XPH_CONDITIONS];

    for (size_t i = 0; i < XPH_CONDITIONS; i++)
        texts[i] = group->facts[i].values[0].text;
    xph_doubt(&compared->doubts,
              "only %c has %s of %s, %s vCPUs, %lld MiB, ended by %s%s: not compared",
              (int)("AB"[group->count[0] == 0]), texts[XPH_FACT_OPERATION], texts[XPH_FACT_TYPE],
              texts[XPH_FACT_VCPUS], atoll(texts[XPH_FACT_MEMORY]) / 1024, texts[XPH_FACT_ENDED_BY],
              *texts[XPH_FACT_LAYERED] == '0' ? ", without layers" : "");
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void doubt_overlap(struct xph_compared *compared)
{
    size_t both = 0;

    for (size_t i = 0; compared->identity_count[1] > 0 && i < compared->identity_count[0]; i++)
        both += bsearch(&compared->identities[0][i], compared->identities[1],
                        compared->identity_count[1], sizeof(char *), compare_texts) != NULL;
    if (both > 0)
        xph_doubt(&compared->doubts,
                  "%zu recordings are in A and in B: the tests count them as if they were others",
                  both);
}

bool xph_compared_doubt(struct xph_compared *compared, bool mix_hosts, struct xph_error *err)
{
    for (size_t g = 0; g < compared->count; g++) {
        const struct xph_compared_group *group = &compared->groups[g];
        const struct xph_compared_fact *hosts = &group->facts[XPH_FACT_HOST];

        if (!xph_group_is_compared(group)) {
            doubt_lone_group(compared, group);
            continue;
        }
        if (hosts->count > 1 && !mix_hosts)
            return xph_fail(err,
                            "the runs of %s are of several hosts (%s, %s%s): choose one with "
                            "--both host=NAME, or compare hosts with --mix-hosts",
                            group->facts[XPH_FACT_OPERATION].values[0].text, hosts->values[0].text,
                            hosts->values[1].text, hosts->count > 2 ? ", ..." : "");
        doubt_group(compared, group);
    }
    doubt_overlap(compared);
    return true;
}
