/* Two samples beside each other: equal to numpy's and scipy's, exact where few divisions allow it,
 * and corrected for their number. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/statistics/comparison.h"

enum { MOST_RUNS = 20, NUMBERS = 12, P = NUMBERS - 1 };

static const struct vector {
    const char *name;
    size_t count[2];
    double values[2][MOST_RUNS];
    /* the means, the medians, the difference and its interval, the ratio and its interval, delta,
     * the exact p */
    double numbers[NUMBERS];
} vectors[] = {
#include "tests/unit/comparison_vectors.inc"
};

enum { VECTOR_COUNT = sizeof(vectors) / sizeof(vectors[0]) };

static const struct xph_bootstrap how = {XPH_BOOTSTRAP_SEED, XPH_BOOTSTRAP_RESAMPLES};

static struct xph_comparison compare(const struct vector *vector)
{
    const struct xph_sample sides[2] = {{vector->values[0], vector->count[0]},
                                        {vector->values[1], vector->count[1]}};
    struct xph_comparison comparison;
    struct xph_error err = {0};

    assert_true(xph_comparison_make(&how, sides, &comparison, &err));
    return comparison;
}

/* Differences have the rounding of what they are differences of. */
static bool is_near(double a, double b, double scale)
{
    return fabs(a - b) <= 1e-9 * fmax(fmax(fabs(a), fabs(b)), 1e-6 * scale);
}

static void test_comparisons_agree_with_scipy_to_1e_9(void **state)
{
    (void)state;
    for (size_t v = 0; v < VECTOR_COUNT; v++) {
        const struct vector *vector = &vectors[v];
        const struct xph_comparison c = compare(vector);
        const double numbers[NUMBERS] = {
            c.mean[0],
            c.mean[1],
            c.median[0],
            c.median[1],
            c.difference,
            c.interval.low,
            c.interval.high,
            c.has_ratio ? c.ratio : 0,
            c.has_ratio ? c.ratio_interval.low : 0,
            c.has_ratio ? c.ratio_interval.high : 0,
            c.delta,
            c.test.exact ? c.test.p : vector->numbers[P],
        };

        for (size_t i = 0; i < NUMBERS; i++) {
            if (!is_near(numbers[i], vector->numbers[i], i < 7 ? c.mean[0] : 0))
                fail_msg("%s: number %zu is %.17g, not %.17g", vector->name, i, numbers[i],
                         vector->numbers[i]);
        }
        assert_int_equal(c.has_interval, vector->count[0] > 1 && vector->count[1] > 1);
    }
}

static const struct vector *find_vector(const char *name)
{
    size_t v = 0;

    while (strcmp(vectors[v].name, name) != 0)
        v++;
    return &vectors[v];
}

static void test_random_divisions_come_near_to_all_of_them(void **state)
{
    const struct vector *vector = find_vector("twelve_twelve");
    const struct xph_comparison first = compare(vector), second = compare(vector);
    double exact = vector->numbers[P];
    double deviation = sqrt(exact * (1 - exact) / XPH_PERMUTATIONS_RANDOM);

    (void)state;
    assert_false(first.test.exact);
    assert_true(first.test.divisions == XPH_PERMUTATIONS_RANDOM);
    assert_true(fabs(first.test.p - exact) < 4 * deviation);
    assert_true(first.test.p == second.test.p);
}

static void test_exact_p_of_samples_that_are_apart_is_the_least(void **state)
{
    static const struct {
        const char *name;
        double divisions, p;
    } samples[] = {{"one_one", 2, 1},
                   {"three_three", 20, 2.0 / 20},
                   {"five_apart", 252, 2.0 / 252},
                   {"from_nothing", 252, 2.0 / 252}};

    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        const struct xph_permutation test = compare(find_vector(samples[i].name)).test;

        assert_true(test.exact && test.divisions == samples[i].divisions);
        assert_true(fabs(test.p - samples[i].p) < 1e-15);
        assert_true(fabs(test.least_p - test.p) < 1e-15);
    }
    assert_true(compare(find_vector("five_equal")).test.p == 1);
    assert_true(fabs(xph_permutation_least_p(4, 6) - 1.0 / 210) < 1e-15);
    assert_true(fabs(xph_permutation_least_p(6, 4) - 1.0 / 210) < 1e-15);
    assert_true(fabs(xph_permutation_least_p(11, 11) - 2.0 / 705432) < 1e-15);
    assert_true(fabs(xph_permutation_least_p(5000, 5000) - 1.0 / 100001) < 1e-15);
}

static void test_what_grew_from_nothing_has_no_ratio(void **state)
{
    (void)state;
    assert_false(compare(find_vector("from_nothing")).has_ratio);
    assert_true(compare(find_vector("from_nothing")).delta == 1);
    assert_true(compare(find_vector("five_equal")).delta == 0);
}

/* Worked by hand: the least of n by n, the next by n - 1, and none below the one before it. */
static void test_holm_corrects_step_by_step(void **state)
{
    static const double p[3][5] = {
        {0.01, 0.02, 0.03, 0.04, 0.05}, {0.04, 0.005, 0.03, 0.01, 1}, {0.5, 0.6, 0.5, 0.001, 0.5}};
    static const double wanted[3][5] = {
        {0.05, 0.08, 0.09, 0.09, 0.09}, {0.09, 0.025, 0.09, 0.04, 1}, {1, 1, 1, 0.005, 1}};
    double corrected[5];
    struct xph_error err = {0};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_true(xph_holm(p[i], 5, corrected, &err));
        for (size_t k = 0; k < 5; k++)
            assert_true(fabs(corrected[k] - wanted[i][k]) < 1e-15);
    }
    assert_true(xph_holm(p[0], 0, corrected, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comparisons_agree_with_scipy_to_1e_9),
        cmocka_unit_test(test_random_divisions_come_near_to_all_of_them),
        cmocka_unit_test(test_exact_p_of_samples_that_are_apart_is_the_least),
        cmocka_unit_test(test_what_grew_from_nothing_has_no_ratio),
        cmocka_unit_test(test_holm_corrects_step_by_step),
    };

    return cmocka_run_group_tests_name("comparison", tests, NULL, NULL);
}
