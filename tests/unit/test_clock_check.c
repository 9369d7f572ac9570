/* How dom0's TSC and Xen's correspond, worked out from yields. Synthetic: the clocks are made up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "tracer/clock_check.h"

enum { YIELDS = 20, OTHERS = 40, HYPERCALL = 4000, OFFSET_STEPS = 4 };

/* Yields at irregular times; Xen sees each somewhere in the hypercall, `offset` cycles later by its
 * own clock, and those of others between them. */
static size_t make_yields(struct clock_check *check, uint64_t *xen_tsc, int64_t offset)
{
    uint64_t now = UINT64_C(1) << 40;
    size_t count = 0;

    srand(1);
    check->count = YIELDS;
    for (unsigned i = 0; i < OTHERS; i++)
        xen_tsc[count++] = now + (uint64_t)offset + (uint64_t)(rand() % 100000000);
    for (unsigned i = 0; i < YIELDS; i++) {
        now += 200000 * (1 + i * i % 7);
        check->yields[i].before = now;
        check->yields[i].after = now + HYPERCALL + (uint64_t)(rand() % HYPERCALL);
        xen_tsc[count++] =
            now + (uint64_t)offset + (uint64_t)(HYPERCALL / 4 + rand() % (HYPERCALL / 4));
    }
    return count;
}

static void test_offset_is_found_within_its_error(void **state)
{
    static const int64_t offsets[OFFSET_STEPS] = {0, 123456789, -987654321, INT64_C(1) << 39};
    uint64_t xen_tsc[YIELDS + OTHERS];
    struct clock_check check;

    (void)state;
    for (unsigned i = 0; i < OFFSET_STEPS; i++) {
        size_t count = make_yields(&check, xen_tsc, offsets[i]);
        struct xph_clock_pair pair = clock_check_solve(&check, xen_tsc, count);

        assert_true(pair.matched);
        assert_true(pair.error <= HYPERCALL);
        assert_in_range((uint64_t)llabs(pair.xen_minus_dom0 - offsets[i]), 0, pair.error);
    }
}

/* dom0 was stopped for 10 ms in each third of its yields, and others yielded meanwhile. */
static void test_a_preempted_yield_misleads_nobody(void **state)
{
    enum { STOPPED = 10000000 };
    uint64_t xen_tsc[YIELDS + OTHERS];
    struct clock_check check;
    size_t count = make_yields(&check, xen_tsc, -4242);
    struct xph_clock_pair pair;

    (void)state;
    for (unsigned i = 0; i < YIELDS; i += 3)
        check.yields[i].before -= STOPPED;
    pair = clock_check_solve(&check, xen_tsc, count);
    assert_true(pair.matched);
    assert_true(pair.error <= HYPERCALL);
    assert_in_range((uint64_t)llabs(pair.xen_minus_dom0 + 4242), 0, pair.error);
}

static void test_yields_that_xen_did_not_trace_do_not_match(void **state)
{
    uint64_t xen_tsc[YIELDS + OTHERS];
    struct clock_check check;
    size_t count = make_yields(&check, xen_tsc, 0);

    (void)state;
    assert_false(clock_check_solve(&check, xen_tsc, OTHERS).matched);
    assert_false(clock_check_solve(&check, xen_tsc, 0).matched);
    /* One is missing. */
    assert_false(clock_check_solve(&check, xen_tsc, count - 1).matched);
    check.count = 1;
    assert_false(clock_check_solve(&check, xen_tsc, count).matched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offset_is_found_within_its_error),
        cmocka_unit_test(test_a_preempted_yield_misleads_nobody),
        cmocka_unit_test(test_yields_that_xen_did_not_trace_do_not_match),
    };

    return cmocka_run_group_tests_name("clock check", tests, NULL, NULL);
}
