/* CPU time shared out between moments: the same as adding up each overlap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/budget/coverage.h"

enum { MOMENTS = 20, INTERVALS = 500, END = 10000 };

static uint64_t overlap(uint64_t start, uint64_t end, const uint64_t *interval)
{
    if (interval[0] > start)
        start = interval[0];
    if (interval[1] < end)
        end = interval[1];
    return end > start ? end - start : 0;
}

static void test_coverage_is_the_sum_of_overlaps(void **state)
{
    struct xph_coverage coverage = {0};
    uint64_t moments[MOMENTS], intervals[INTERVALS][2], seed = 7;

    (void)state;
    for (size_t i = 0; i < MOMENTS; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        moments[i] = (seed >> 33) % END;
        assert_true(xph_coverage_mark(&coverage, moments[i]));
    }
    assert_true(xph_coverage_begin(&coverage));
    for (size_t i = 0; i < INTERVALS; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        intervals[i][0] = (seed >> 33) % END;
        intervals[i][1] = intervals[i][0] + (seed >> 20) % (i % 3 ? 10 : END);
        xph_coverage_add(&coverage, intervals[i][0], intervals[i][1]);
    }
    xph_coverage_settle(&coverage);
    for (size_t a = 0; a < MOMENTS; a++) {
        for (size_t b = 0; b < MOMENTS; b++) {
            uint64_t sum = 0;

            for (size_t i = 0; i < INTERVALS; i++)
                sum += overlap(moments[a], moments[b], intervals[i]);
            assert_int_equal(xph_coverage_between(&coverage, moments[a], moments[b]), sum);
        }
    }
    xph_coverage_free(&coverage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coverage_is_the_sum_of_overlaps),
    };

    return cmocka_run_group_tests_name("coverage", tests, NULL, NULL);
}
