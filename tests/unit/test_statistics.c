/* Statistics of runs: equal to numpy's and scipy's, and each warning where its rule has it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/statistics/statistics.h"

enum { MOST_RUNS = 201, NUMBERS = 15 };

static const struct vector {
    const char *name;
    size_t count;
    double values[MOST_RUNS];
    /* mean, deviation, median, min, max, p95, p99, the mean's interval, the median's, S, p, the
     * modes' share, the worst score */
    double numbers[NUMBERS];
    size_t low_count, outliers;
} vectors[] = {
#include "tests/unit/statistics_vectors.inc"
};

enum { VECTOR_COUNT = sizeof(vectors) / sizeof(vectors[0]) };

static const struct xph_bootstrap how = {XPH_BOOTSTRAP_SEED, XPH_BOOTSTRAP_RESAMPLES};

static struct xph_statistics make(const double *values, size_t count)
{
    struct xph_statistics statistics;
    struct xph_error err = {0};

    assert_true(xph_statistics_make(&how, values, count, &statistics, &err));
    return statistics;
}

static bool is_near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

static void test_statistics_agree_with_scipy_to_1e_9(void **state)
{
    (void)state;
    for (size_t v = 0; v < VECTOR_COUNT; v++) {
        const struct vector *vector = &vectors[v];
        const struct xph_statistics s = make(vector->values, vector->count);
        const double numbers[NUMBERS] = {
            s.mean,
            s.deviation,
            s.median,
            s.min,
            s.max,
            s.p95.value,
            s.p99.value,
            s.mean_interval.low,
            s.mean_interval.high,
            s.median_interval.low,
            s.median_interval.high,
            s.warnings.drift.trend,
            s.warnings.drift.p,
            s.warnings.modes.share,
            s.warnings.outliers.worst_score,
        };

        for (size_t i = 0; i < NUMBERS; i++) {
            if (!is_near(numbers[i], vector->numbers[i]))
                fail_msg("%s: number %zu is %.17g, not %.17g", vector->name, i, numbers[i],
                         vector->numbers[i]);
        }
        assert_int_equal(s.warnings.modes.low_count, vector->low_count);
        assert_int_equal(s.warnings.outliers.count, vector->outliers);
    }
}

static void test_percentile_is_maximum_in_effect_below_its_number_of_runs(void **state)
{
    double values[120];

    (void)state;
    for (size_t i = 0; i < 120; i++)
        values[i] = (double)i;
    for (size_t count = 1; count <= 120; count++) {
        const struct xph_statistics s = make(values, count);

        assert_int_equal(s.p95.is_maximum, count < 20);
        assert_int_equal(s.p99.is_maximum, count < 100);
        assert_true(!s.p95.is_maximum || s.p95.value == s.max);
        assert_int_equal(s.has_deviation, count > 1);
    }
}

static const struct vector *find_vector(const char *name)
{
    size_t v = 0;

    while (strcmp(vectors[v].name, name) != 0)
        v++;
    return &vectors[v];
}

static struct xph_warnings warnings_of(const char *name)
{
    const struct vector *vector = find_vector(name);

    return make(vector->values, vector->count).warnings;
}

static void test_warnings_are_where_their_rules_have_them(void **state)
{
    struct xph_warnings warnings = warnings_of("five_rising");

    (void)state;
    assert_true(warnings.drift.found && warnings.drift.trend == 10);
    assert_true(warnings_of("falling_ties").drift.found);
    assert_true(warnings_of("falling_ties").drift.trend < 0);
    warnings = warnings_of("ten_two_modes");
    assert_true(warnings.modes.found && !warnings.drift.found);
    assert_int_equal(warnings.modes.low_count, 6);
    assert_true(is_near(warnings.modes.low_mean, 6.1e9 / 6));
    assert_true(is_near(warnings.modes.high_mean, 3.125e9));
    warnings = warnings_of("six_with_outlier");
    assert_int_equal(warnings.outliers.count, 1);
    assert_int_equal(warnings.outliers.worst, 3);
    warnings = warnings_of("five_equal");
    assert_false(warnings.drift.found || warnings.modes.found || warnings.outliers.count);
    warnings = warnings_of("twenty");
    assert_false(warnings.drift.found || warnings.modes.found || warnings.outliers.count);
}

static void test_same_seed_gives_same_intervals(void **state)
{
    const struct vector *vector = find_vector("nineteen");
    const struct xph_bootstrap other = {2, XPH_BOOTSTRAP_RESAMPLES};
    const struct xph_statistics first = make(vector->values, vector->count);
    const struct xph_statistics second = make(vector->values, vector->count);
    struct xph_statistics third;
    struct xph_error err = {0};

    (void)state;
    assert_true(xph_statistics_make(&other, vector->values, vector->count, &third, &err));
    assert_true(first.mean_interval.low == second.mean_interval.low);
    assert_true(first.mean_interval.low != third.mean_interval.low);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statistics_agree_with_scipy_to_1e_9),
        cmocka_unit_test(test_percentile_is_maximum_in_effect_below_its_number_of_runs),
        cmocka_unit_test(test_warnings_are_where_their_rules_have_them),
        cmocka_unit_test(test_same_seed_gives_same_intervals),
    };

    return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
