/* Which signals end the recorder, and that one is seen before the command is started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "tracer/signals.h"

static int let_go(void **state)
{
    sigset_t all;

    (void)state;
    signal(SIGHUP, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    sigfillset(&all);
    return sigprocmask(SIG_UNBLOCK, &all, NULL);
}

static void test_pending_signal_is_taken_once(void **state)
{
    struct signals signals;

    (void)state;
    signals_block(&signals);
    assert_int_equal(signals_take_pending(&signals), 0);
    kill(getpid(), SIGINT);
    assert_int_equal(signals_take_pending(&signals), SIGINT);
    assert_int_equal(signals_take_pending(&signals), 0);
}

static void test_end_of_a_child_asks_nobody_to_end(void **state)
{
    struct signals signals;

    (void)state;
    signals_block(&signals);
    kill(getpid(), SIGCHLD);
    assert_int_equal(signals_take_pending(&signals), 0);
    assert_true(sigismember(&signals.handled, SIGCHLD));
}

static void test_ignored_signal_stays_ignored(void **state)
{
    struct signals signals;
    sigset_t pending;

    (void)state;
    signal(SIGHUP, SIG_IGN);
    signals_block(&signals);
    kill(getpid(), SIGHUP);
    sigpending(&pending);
    assert_false(sigismember(&pending, SIGHUP));
    assert_int_equal(signals_take_pending(&signals), 0);
    kill(getpid(), SIGTERM);
    assert_int_equal(signals_take_pending(&signals), SIGTERM);
}

static void test_mask_of_before_is_kept_for_the_command(void **state)
{
    struct signals signals;
    sigset_t usr1;

    (void)state;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    signals_block(&signals);
    assert_true(sigismember(&signals.original, SIGUSR1));
    assert_false(sigismember(&signals.original, SIGINT));
}

static unsigned ends;

static void count_end(int number)
{
    (void)number;
    ends++;
}

static void test_signal_that_was_held_back_comes_when_it_may(void **state)
{
    struct signals signals;

    (void)state;
    signal(SIGINT, count_end);
    signals_block(&signals);
    kill(getpid(), SIGINT);
    assert_int_equal(ends, 0);
    signals_unblock(&signals);
    assert_int_equal(ends, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_pending_signal_is_taken_once, let_go),
        cmocka_unit_test_teardown(test_end_of_a_child_asks_nobody_to_end, let_go),
        cmocka_unit_test_teardown(test_ignored_signal_stays_ignored, let_go),
        cmocka_unit_test_teardown(test_signal_that_was_held_back_comes_when_it_may, let_go),
        cmocka_unit_test_teardown(test_mask_of_before_is_kept_for_the_command, let_go),
    };

    return cmocka_run_group_tests_name("signals", tests, let_go, NULL);
}
