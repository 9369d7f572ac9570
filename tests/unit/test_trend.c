/* Trends: equal to scipy's, over the right factor, and none where there can be none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/compare/trend.h"

enum { MOST_RUNS = 20, NUMBERS = 5, RUNS = 3 };

static const struct vector {
    const char *name;
    size_t count;
    double x[MOST_RUNS], y[MOST_RUNS];
    double numbers[NUMBERS]; /* slope, intercept, the slope's interval, what is explained */
} vectors[] = {
#include "tests/unit/trend_vectors.inc"
};

static struct xph_error err;

static void test_trends_agree_with_scipy_to_1e_9(void **state)
{
    (void)state;
    for (size_t v = 0; v < sizeof(vectors) / sizeof(vectors[0]); v++) {
        const struct vector *vector = &vectors[v];
        const struct xph_trend trend = xph_trend_make(vector->x, vector->y, vector->count);
        const double numbers[NUMBERS] = {trend.slope, trend.intercept, trend.interval.low,
                                         trend.interval.high, trend.explained};

        assert_true(trend.known && trend.has_interval);
        for (size_t i = 0; i < NUMBERS; i++) {
            if (fabs(numbers[i] - vector->numbers[i]) > 1e-9 * fabs(vector->numbers[i]))
                fail_msg("%s: number %zu is %.17g, not %.17g", vector->name, i, numbers[i],
                         vector->numbers[i]);
        }
    }
}

static void test_no_line_goes_through_one_number(void **state)
{
    static const double x[] = {2, 2, 2}, y[] = {1, 2, 3}, more[] = {2, 4};

    (void)state;
    assert_false(xph_trend_make(x, y, 3).known);
    assert_false(xph_trend_make(x, y, 1).known);
    assert_false(xph_trend_make(x, y, 0).known);
    assert_true(xph_trend_make(more, y, 2).known);
    assert_false(xph_trend_make(more, y, 2).has_interval);
    assert_true(xph_trend_make(more, x, 2).slope == 0);
}

/* One group of each size; domain kill takes 2 s a GiB, device teardown always the same. */
static void add_size(struct xph_compared *compared, long long gib, const char *host)
{
    const struct xph_series_group group = {
        .operation = "destroy",
        .ended_by = "command",
        .domain_type = "PV",
        .host = host,
        .xen = "4.17",
        .kernel = "6.1",
        .emulation = "",
        .plan = "",
        .memory_kib = gib << 20,
        .count = RUNS,
    };
    struct xph_collector collector = {.compared = compared, .side = 0};
    const struct xph_series_visitor visitor = xph_collector_visitor(&collector);
    static const char *const phases[] = {"", "device teardown", "domain kill"};
    const double values[] = {1e9 + 2e9 * (double)gib, 1e9, 2e9 * (double)gib};

    assert_true(visitor.group(visitor.context, &group, &err));
    for (size_t i = 0; i < 3; i++) {
        double same[RUNS] = {values[i], values[i], values[i]};
        const struct xph_series series = {.phase = phases[i], .layer = "", .values = same};

        assert_true(visitor.series(visitor.context, &group, &series, &err));
    }
}

static void test_phase_that_grows_with_memory_is_named_first(void **state)
{
    const struct xph_factor *memory = xph_factor_find("memory");
    struct xph_compared compared = {.has_factor = true, .factor = memory->fact};
    struct xph_trend_series *series;
    size_t count;

    (void)state;
    compared.free_facts[memory->fact] = true;
    for (long long gib = 2; gib <= 8; gib += 2)
        add_size(&compared, gib, "host");
    assert_int_equal(compared.count, 1);
    assert_int_equal(compared.groups[0].count[0], 4 * RUNS);
    assert_true(xph_trends_doubt(&compared, memory, false, &err));
    assert_int_equal(compared.doubts.count, 0);
    series = xph_trends_of_group(&compared.groups[0], memory, &count, &err);
    assert_non_null(series);
    assert_int_equal(count, 3);
    assert_string_equal(series[0].phase, "");
    assert_string_equal(series[1].phase, "domain kill");
    assert_true(fabs(series[1].trend.slope - 2e9) < 1 && fabs(series[0].trend.slope - 2e9) < 1);
    assert_true(fabs(series[0].trend.intercept - 1e9) < 10);
    assert_true(fabs(series[2].trend.slope) < 1);
    free(series);
    add_size(&compared, 10, "other");
    assert_false(xph_trends_doubt(&compared, memory, false, &err));
    assert_true(xph_trends_doubt(&compared, memory, true, &err));
    assert_int_equal(compared.doubts.count, 1);
    xph_compared_free(&compared);
}

static void test_runs_of_one_size_have_no_trend(void **state)
{
    const struct xph_factor *memory = xph_factor_find("memory");
    struct xph_compared compared = {.has_factor = true, .factor = memory->fact};

    (void)state;
    assert_null(xph_factor_find("kernel"));
    compared.free_facts[memory->fact] = true;
    add_size(&compared, 2, "host");
    assert_false(xph_trends_doubt(&compared, memory, false, &err));
    xph_compared_free(&compared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trends_agree_with_scipy_to_1e_9),
        cmocka_unit_test(test_no_line_goes_through_one_number),
        cmocka_unit_test(test_phase_that_grows_with_memory_is_named_first),
        cmocka_unit_test(test_runs_of_one_size_have_no_trend),
    };

    return cmocka_run_group_tests_name("trend", tests, NULL, NULL);
}
