/* Two sets of runs beside each other: what changed is named first, and what did not is not named.
 */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/compare/limit.h"

enum { PHASES = 7, POOL = 40, RESAMPLINGS = 100, PLANTED_NS = 300000000 };

/* Phases of a creation, in ms: as long as those of the emulated host, with a spread like theirs. */
static const struct {
    const char *name;
    double mean, deviation;
} phases[PHASES] = {
    {"toolstack prepare", 301, 12},     {"domain object", 386, 15},
    {"kernel image", 2198, 60},         {"memory and image copy", 342, 9},
    {"xenstore and devices", 1593, 80}, {"unpause", 1, 0.1},
    {"guest boot", 9605, 150},
};

struct runs {
    size_t count;
    double phase[PHASES][POOL]; /* ns */
};

static const struct xph_bootstrap how = {XPH_BOOTSTRAP_SEED, 1000};
static struct xph_error err;

static void make_runs(gsl_rng *random, size_t count, struct runs *runs)
{
    runs->count = count;
    for (size_t i = 0; i < count; i++) {
        for (size_t p = 0; p < PHASES; p++)
            runs->phase[p][i] =
                round(1e6 * (phases[p].mean + gsl_ran_gaussian(random, phases[p].deviation)));
    }
}

static void give(const struct xph_series_visitor *visitor, const struct xph_series_group *group,
                 const char *phase, const double *values)
{
    double copy[POOL];
    const struct xph_series series = {.phase = phase, .layer = "", .values = copy};

    memcpy(copy, values, group->count * sizeof(*copy));
    assert_true(visitor->series(visitor->context, group, &series, &err));
}

static void add_runs(struct xph_compared *compared, size_t side, const struct runs *runs,
                     const char *host, const char *kernel)
{
    const struct xph_series_group group = {
        .operation = "create",
        .ended_by = "idle",
        .domain_type = "PV",
        .host = host,
        .xen = "4.17",
        .kernel = kernel,
        .emulation = "",
        .plan = "",
        .vcpus = 2,
        .memory_kib = 262144,
        .pcpus = 3,
        .layered = true,
        .operations = runs->count,
        .count = runs->count,
    };
    struct xph_collector collector = {.compared = compared, .side = side};
    const struct xph_series_visitor visitor = xph_collector_visitor(&collector);
    double whole[POOL] = {0};

    assert_true(visitor.group(visitor.context, &group, &err));
    for (size_t p = 0; p < PHASES; p++) {
        for (size_t i = 0; i < runs->count; i++)
            whole[i] += runs->phase[p][i];
    }
    give(&visitor, &group, "", whole);
    for (size_t p = 0; p < PHASES; p++)
        give(&visitor, &group, phases[p].name, runs->phase[p]);
}

static void judge(struct xph_compared *compared, const struct runs *a, const struct runs *b)
{
    *compared = (struct xph_compared){.count = 0};
    add_runs(compared, 0, a, "host", "6.1");
    add_runs(compared, 1, b, "host", "6.12");
    assert_true(xph_compared_judge(compared, &how, &err));
    assert_int_equal(compared->count, 1);
    assert_int_equal(compared->groups[0].phases, PHASES);
    assert_string_equal(compared->groups[0].series[0].phase, "");
}

static size_t count_differences(const struct xph_compared *compared)
{
    size_t count = 0;

    for (size_t i = 0; i < compared->groups[0].series_count; i++)
        count += compared->groups[0].series[i].different;
    return count;
}

static void draw_runs(gsl_rng *random, const struct runs *pool, size_t count, struct runs *runs)
{
    runs->count = count;
    for (size_t i = 0; i < count; i++) {
        size_t drawn = gsl_rng_uniform_int(random, pool->count);

        for (size_t p = 0; p < PHASES; p++)
            runs->phase[p][i] = pool->phase[p][drawn];
    }
}

/* How many of `resamplings` of one set of runs against another of the same are told to differ. */
static size_t count_false_alarms(gsl_rng *random, size_t count, size_t resamplings)
{
    struct runs pool, a, b;
    size_t alarms = 0;

    make_runs(random, POOL, &pool);
    for (size_t r = 0; r < resamplings; r++) {
        struct xph_compared compared;

        draw_runs(random, &pool, count, &a);
        draw_runs(random, &pool, count, &b);
        judge(&compared, &a, &b);
        alarms += count_differences(&compared) > 0;
        xph_compared_free(&compared);
    }
    return alarms;
}

static gsl_rng *start_random(void)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);

    gsl_rng_set(random, 1);
    return random;
}

static void test_a_against_a_is_no_difference(void **state)
{
    static const size_t counts[] = {5, 8, 10};
    gsl_rng *random = start_random();
    const char *more = getenv("RESAMPLINGS");
    size_t resamplings = more ? strtoul(more, NULL, 10) : RESAMPLINGS;

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        size_t alarms = count_false_alarms(random, counts[i], resamplings);

        print_message("# %zu against %zu runs: %zu of %zu\n", counts[i], counts[i], alarms,
                      resamplings);
        assert_true(alarms * 20 <= resamplings);
    }
    gsl_rng_free(random);
}

/* Runs of which B's have 300 ms more in one phase. */
static void judge_planted(gsl_rng *random, size_t count, size_t phase,
                          struct xph_compared *compared)
{
    struct runs a, b;

    make_runs(random, count, &a);
    make_runs(random, count, &b);
    for (size_t i = 0; i < count; i++)
        b.phase[phase][i] += PLANTED_NS;
    judge(compared, &a, &b);
}

static void test_planted_difference_is_named_first(void **state)
{
    gsl_rng *random = start_random();

    (void)state;
    for (size_t p = 0; p < PHASES; p++) {
        for (size_t count = 5; count <= 8; count += 3) {
            struct xph_compared compared;
            const struct xph_compared_series *first;

            judge_planted(random, count, p, &compared);
            first = &compared.groups[0].series[1];
            assert_string_equal(first->phase, phases[p].name);
            assert_true(fabs(first->comparison.difference - PLANTED_NS) < 0.7 * PLANTED_NS);
            for (size_t i = 2; i <= PHASES; i++)
                assert_true(first->part > compared.groups[0].series[i].part);
            xph_compared_free(&compared);
        }
    }
    gsl_rng_free(random);
}

/* Seven phases: 5 against 5 runs cannot tell of any, 8 against 8 can, and tell of no other. */
static void test_planted_difference_is_told_from_chance_where_runs_suffice(void **state)
{
    gsl_rng *random = start_random();
    struct xph_compared compared;

    (void)state;
    judge_planted(random, 5, 2, &compared);
    assert_false(compared.groups[0].series[1].different);
    assert_true(compared.groups[0].series[1].comparison.test.least_p * PHASES > XPH_LEVEL_PHASE);
    xph_compared_free(&compared);
    judge_planted(random, 8, 2, &compared);
    assert_true(compared.groups[0].series[1].different);
    assert_true(compared.groups[0].series[1].corrected_p <= PHASES * 4.0 / 12870);
    for (size_t i = 2; i <= PHASES; i++)
        assert_false(compared.groups[0].series[i].different);
    xph_compared_free(&compared);
    gsl_rng_free(random);
}

/* 300 ms from one phase to another: the whole is the same, and both are named. */
static void test_phases_that_make_up_for_each_other_are_named(void **state)
{
    gsl_rng *random = start_random();
    struct xph_compared compared;
    struct runs a, b;

    (void)state;
    make_runs(random, 10, &a);
    b = a;
    for (size_t i = 0; i < b.count; i++) {
        b.phase[0][i] += PLANTED_NS;
        b.phase[4][i] -= PLANTED_NS;
    }
    judge(&compared, &a, &b);
    assert_false(compared.groups[0].series[0].different);
    assert_int_equal(count_differences(&compared), 2);
    assert_true(compared.groups[0].series[1].different && compared.groups[0].series[2].different);
    assert_true(fabs(compared.groups[0].series[1].part - 0.5) < 1e-9);
    xph_compared_free(&compared);
    gsl_rng_free(random);
}

static void test_phase_that_one_side_has_not_took_no_time_there(void **state)
{
    const double zeros[POOL] = {0};
    gsl_rng *random = start_random();
    struct xph_compared compared = {.count = 0};
    struct xph_compared_group *group;
    struct runs runs;

    (void)state;
    make_runs(random, 5, &runs);
    add_runs(&compared, 0, &runs, "host", "6.1");
    add_runs(&compared, 0, &runs, "host", "6.2");
    group = &compared.groups[0];
    assert_int_equal(compared.count, 1);
    assert_int_equal(group->count[0], 10);
    assert_int_equal(group->series_count, PHASES + 1);
    add_runs(&compared, 1, &runs, "host", "6.12");
    /* One more phase in the last fragment of B. */
    {
        struct xph_collector collector = {.compared = &compared, .side = 1};
        const struct xph_series_visitor visitor = xph_collector_visitor(&collector);
        const struct xph_series_group more = {.count = 5};

        give(&visitor, &more, "rounds", runs.phase[0]);
    }
    assert_true(xph_compared_judge(&compared, &how, &err));
    group = &compared.groups[0];
    assert_string_equal(group->series[1].phase, "rounds");
    assert_int_equal(group->series[1].absent[0], 10);
    assert_int_equal(group->series[1].absent[1], 0);
    assert_memory_equal(group->series[1].values[0], zeros, 10 * sizeof(double));
    assert_false(group->series[1].comparison.has_ratio);
    assert_true(xph_fact_is_mixed(&group->facts[XPH_FACT_KERNEL], 0));
    assert_false(xph_fact_is_mixed(&group->facts[XPH_FACT_KERNEL], 1));
    assert_true(xph_fact_differs(&group->facts[XPH_FACT_KERNEL]));
    assert_false(xph_fact_differs(&group->facts[XPH_FACT_HOST]));
    xph_compared_free(&compared);
    gsl_rng_free(random);
}

static void test_hosts_are_mixed_only_if_wanted(void **state)
{
    gsl_rng *random = start_random();
    struct xph_compared compared = {.count = 0};
    struct runs runs;

    (void)state;
    make_runs(random, 5, &runs);
    add_runs(&compared, 0, &runs, "one", "6.1");
    add_runs(&compared, 1, &runs, "other", "6.1");
    assert_false(xph_compared_doubt(&compared, false, &err));
    assert_int_equal(compared.doubts.count, 0);
    assert_true(xph_compared_doubt(&compared, true, &err));
    assert_int_equal(compared.doubts.count, 1);
    xph_compared_free(&compared);
    gsl_rng_free(random);
}

static void test_limits_are_parsed(void **state)
{
    static const char *const wrong[] = {"",         "total",      ">5%",        "total>",
                                        "total>5",  "total>%",    "total>nan%", "total>5%x",
                                        "save.>1s", "total>inf s"};
    struct xph_limit limit = {.by = XPH_LIMIT_BY_ESTIMATE};

    (void)state;
    assert_true(xph_limit_parse("create.kernel image > 2.5 ms", &limit, &err));
    assert_int_equal(limit.operation_length, strlen("create"));
    assert_int_equal(limit.phase_length, strlen("kernel image"));
    assert_memory_equal(limit.phase, "kernel image", limit.phase_length);
    assert_true(limit.most == 2.5e6 && !limit.is_ratio && limit.by == XPH_LIMIT_BY_ESTIMATE);
    assert_true(xph_limit_parse("total>-3%", &limit, &err));
    assert_true(limit.operation == NULL && limit.phase_length == 0);
    assert_true(fabs(limit.most + 0.03) < 1e-15 && limit.is_ratio);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(xph_limit_parse(wrong[i], &limit, &err));
}

static bool check(const struct xph_compared *compared, const char *text, enum xph_limit_by by,
                  bool *exceeded)
{
    struct xph_limit limit = {.by = by};
    struct xph_limit_results results;
    bool ok;

    assert_true(xph_limit_parse(text, &limit, &err));
    ok = xph_limits_check(&limit, 1, compared, &results, &err);
    *exceeded = results.exceeded;
    free(results.results);
    return ok;
}

static void test_limits_are_checked_by_interval_or_estimate(void **state)
{
    gsl_rng *random = start_random();
    struct xph_compared compared;
    const struct xph_comparison *image;
    char between[64];
    bool exceeded;

    (void)state;
    judge_planted(random, 8, 2, &compared);
    image = &compared.groups[0].series[1].comparison;
    snprintf(between, sizeof(between), "kernel image>%.0fms",
             (image->interval.low + image->difference) / 2e6);
    assert_true(check(&compared, between, XPH_LIMIT_BY_INTERVAL, &exceeded) && !exceeded);
    assert_true(check(&compared, between, XPH_LIMIT_BY_ESTIMATE, &exceeded) && exceeded);
    assert_true(check(&compared, "create.kernel image>0%", XPH_LIMIT_BY_INTERVAL, &exceeded));
    assert_true(exceeded);
    assert_false(check(&compared, "destroy.total>0%", XPH_LIMIT_BY_INTERVAL, &exceeded));
    assert_false(check(&compared, "kernel>0%", XPH_LIMIT_BY_INTERVAL, &exceeded));
    xph_compared_free(&compared);
    gsl_rng_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_against_a_is_no_difference),
        cmocka_unit_test(test_planted_difference_is_named_first),
        cmocka_unit_test(test_planted_difference_is_told_from_chance_where_runs_suffice),
        cmocka_unit_test(test_phases_that_make_up_for_each_other_are_named),
        cmocka_unit_test(test_phase_that_one_side_has_not_took_no_time_there),
        cmocka_unit_test(test_hosts_are_mixed_only_if_wanted),
        cmocka_unit_test(test_limits_are_parsed),
        cmocka_unit_test(test_limits_are_checked_by_interval_or_estimate),
    };

    return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
