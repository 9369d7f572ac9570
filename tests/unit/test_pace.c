/* How often the sampler looks: as often as wanted, for no more than a share of a CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tracer/pace.h"

/* Goes on for `times`, each of which costs `cost_ns`; returns the period in the end. */
static uint64_t go_on(struct pace *pace, unsigned times, uint64_t cost_ns, uint64_t *cpu_ns)
{
    while (times-- > 0) {
        *cpu_ns += cost_ns;
        pace_count(pace, pace_wants_cpu_time(pace) ? *cpu_ns : 0);
    }
    return pace->period_ns;
}

static void test_what_is_cheap_is_done_as_often_as_wanted(void **state)
{
    struct pace pace;
    uint64_t cpu_ns = 0;

    (void)state;
    pace_begin(&pace, 1000, true);
    assert_int_equal(go_on(&pace, 1000, 4000, &cpu_ns), 1000000);
}

static void test_what_is_dear_takes_a_two_hundredth_of_a_cpu(void **state)
{
    struct pace pace;
    uint64_t cpu_ns = 0;

    (void)state;
    pace_begin(&pace, 1000, true);
    assert_int_equal(go_on(&pace, 16, 100000, &cpu_ns), 20000000);
    assert_int_equal(go_on(&pace, 1000, 100000, &cpu_ns), 20000000);
    /* Cheaper again. */
    assert_int_equal(go_on(&pace, 1000, 4000, &cpu_ns), 1000000);
}

static void test_it_is_never_seldom(void **state)
{
    struct pace pace;
    uint64_t cpu_ns = 0;

    (void)state;
    pace_begin(&pace, 1000, true);
    assert_int_equal(go_on(&pace, 1000, 5000000, &cpu_ns), 40000000);
}

static void test_one_look_alone_does_not_change_much(void **state)
{
    struct pace pace;
    uint64_t cpu_ns = 0;

    (void)state;
    pace_begin(&pace, 1000, true);
    go_on(&pace, 160, 25000, &cpu_ns);
    assert_int_equal(go_on(&pace, 16, 100000, &cpu_ns), 10000000);
}

static void test_a_rate_that_was_asked_for_is_kept(void **state)
{
    struct pace pace;
    uint64_t cpu_ns = 0;

    (void)state;
    pace_begin(&pace, 1000, false);
    assert_int_equal(go_on(&pace, 1000, 5000000, &cpu_ns), 1000000);
    pace_begin(&pace, 10, true);
    assert_int_equal(go_on(&pace, 1000, 5000000, &cpu_ns), 100000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_cheap_is_done_as_often_as_wanted),
        cmocka_unit_test(test_what_is_dear_takes_a_two_hundredth_of_a_cpu),
        cmocka_unit_test(test_it_is_never_seldom),
        cmocka_unit_test(test_one_look_alone_does_not_change_much),
        cmocka_unit_test(test_a_rate_that_was_asked_for_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
