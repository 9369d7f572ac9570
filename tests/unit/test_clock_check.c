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

static struct xph_clock_pair pair_of(int64_t difference, uint64_t error)
{
    return (struct xph_clock_pair){true, true, difference, error};
}

static struct xph_clock_pair combine(struct xph_clock_pair start, struct xph_clock_pair end)
{
    return xph_clock_pair_combine(&start, &end);
}

static void test_offset_of_a_recording_fits_both_its_ends(void **state)
{
    const struct xph_clock_pair unmatched = {.tried = true};
    struct xph_clock_pair pair = combine(pair_of(1000, 100), pair_of(1120, 60));

    (void)state;
    assert_true(pair.tried && pair.matched);
    assert_int_equal(pair.xen_minus_dom0, 1080);
    assert_int_equal(pair.error, 20);
    /* Equal clocks are equal, and not half an error apart. */
    pair = combine(pair_of(40, 100), pair_of(-50, 70));
    assert_int_equal(pair.xen_minus_dom0, 0);
    assert_int_equal(pair.error, 60);
    pair = combine(unmatched, pair_of(-500, 70));
    assert_true(pair.matched);
    assert_int_equal(pair.xen_minus_dom0, -500);
    assert_int_equal(pair.error, 70);
    assert_false(combine(unmatched, unmatched).matched);
    assert_true(combine(unmatched, unmatched).tried);
}

static void test_clocks_that_move_are_told(void **state)
{
    struct xph_clock_pair start = pair_of(1000, 100), end = pair_of(2000, 100), pair;

    (void)state;
    pair = combine(start, end);
    assert_true(xph_clock_pairs_contradict(&start, &end));
    assert_in_range(pair.xen_minus_dom0, 1000, 2000);
    assert_true((int64_t)pair.error >= pair.xen_minus_dom0 - 900);
    assert_true((int64_t)pair.error >= 2100 - pair.xen_minus_dom0);
    end = pair_of(1150, 60);
    assert_false(xph_clock_pairs_contradict(&start, &end));
    end.matched = false;
    end.xen_minus_dom0 = 5000;
    assert_false(xph_clock_pairs_contradict(&start, &end));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offset_is_found_within_its_error),
        cmocka_unit_test(test_a_preempted_yield_misleads_nobody),
        cmocka_unit_test(test_yields_that_xen_did_not_trace_do_not_match),
        cmocka_unit_test(test_offset_of_a_recording_fits_both_its_ends),
        cmocka_unit_test(test_clocks_that_move_are_told),
    };

    return cmocka_run_group_tests_name("clock check", tests, NULL, NULL);
}
