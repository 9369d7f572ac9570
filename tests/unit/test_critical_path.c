/* The walk along the critical path, on histories of a few changes made here: what is tested is the
 * rule, not a decoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/path/critical_path.h"
#include "analyzer/path/history_builder.h"

enum { XL = 100, XENSTORED = 50, SCRIPT = 101, DOMAIN_1_VCPU_0 = 1 << 16 };

static uint32_t actor(struct xph_history *history, enum xph_actor_kind kind, uint32_t number)
{
    struct xph_error err;
    uint32_t position = xph_history_actor(history, kind, number, &err);

    assert_int_not_equal(position, XPH_NOBODY);
    return position;
}

static void change(struct xph_history *history, uint32_t who, uint64_t ns,
                   enum xph_activity activity, uint32_t by, enum xph_cause cause)
{
    struct xph_change change = {ns, by, 0, (uint8_t)activity, (uint8_t)cause};
    struct xph_error err;

    assert_true(xph_history_add(history, who, &change, &err));
}

static void runs(struct xph_history *history, uint32_t who, uint64_t ns)
{
    change(history, who, ns, XPH_ACTIVITY_RUNNING, XPH_NOBODY, XPH_CAUSE_UNKNOWN);
}

static void waits(struct xph_history *history, uint32_t who, uint64_t ns)
{
    change(history, who, ns, XPH_ACTIVITY_WAITING, XPH_NOBODY, XPH_CAUSE_UNKNOWN);
}

static void woken(struct xph_history *history, uint32_t who, uint64_t ns, uint32_t by)
{
    change(history, who, ns, XPH_ACTIVITY_READY, by,
           by == XPH_NOBODY ? XPH_CAUSE_TIMER : XPH_CAUSE_ACTOR);
}

static void assert_piece(const struct xph_path_piece *piece, uint64_t start_ns, uint64_t end_ns,
                         uint32_t who, enum xph_activity activity)
{
    assert_int_equal(piece->start_ns, start_ns);
    assert_int_equal(piece->end_ns, end_ns);
    assert_int_equal(piece->actor, who);
    assert_int_equal(piece->activity, activity);
}

/* The pieces of any path follow each other from its start to its end. */
static void assert_whole(const struct xph_path *path, uint64_t start_ns, uint64_t end_ns)
{
    uint64_t at = start_ns;

    for (size_t i = 0; i < path->count; i++) {
        assert_int_equal(path->pieces[i].start_ns, at);
        assert_true(path->pieces[i].end_ns > at);
        at = path->pieces[i].end_ns;
    }
    assert_int_equal(at, end_ns);
}

static void walk(struct xph_history *history, uint32_t who, uint64_t start_ns, uint64_t end_ns,
                 struct xph_path *path)
{
    struct xph_error err;

    assert_true(xph_critical_path(history, who, start_ns, end_ns, path, &err));
    assert_whole(path, start_ns, end_ns);
}

/* xl asks xenstored at 10 and waits; xenstored works from 12 to 30, then wakes it. */
static void ask_xenstored(struct xph_history *history, uint32_t xl, uint32_t xenstored)
{
    runs(history, xl, 0);
    waits(history, xenstored, 0);
    woken(history, xenstored, 9, xl);
    waits(history, xl, 10);
    runs(history, xenstored, 12);
    woken(history, xl, 30, xenstored);
    runs(history, xl, 32);
    waits(history, xenstored, 33);
}

static void test_a_wait_is_the_time_of_who_ended_it(void **state)
{
    struct xph_history history;
    struct xph_path path;
    struct xph_error err;
    uint32_t xl, xenstored;

    (void)state;
    assert_true(xph_history_open(&history, &err));
    xl = actor(&history, XPH_ACTOR_TASK, XL);
    xenstored = actor(&history, XPH_ACTOR_TASK, XENSTORED);
    ask_xenstored(&history, xl, xenstored);
    walk(&history, xl, 0, 40, &path);
    assert_int_equal(path.count, 5);
    assert_piece(&path.pieces[0], 0, 10, xl, XPH_ACTIVITY_RUNNING);
    assert_piece(&path.pieces[1], 10, 12, xenstored, XPH_ACTIVITY_READY);
    assert_piece(&path.pieces[2], 12, 30, xenstored, XPH_ACTIVITY_RUNNING);
    assert_int_equal(path.pieces[2].waiting, xl);
    assert_piece(&path.pieces[3], 30, 32, xl, XPH_ACTIVITY_READY);
    assert_piece(&path.pieces[4], 32, 40, xl, XPH_ACTIVITY_RUNNING);
    assert_int_equal(path.pieces[4].waiting, XPH_NOBODY);
    xph_path_close(&path);
    xph_history_close(&history);
}

static void test_a_wait_within_a_wait_is_followed(void **state)
{
    struct xph_history history;
    struct xph_path path;
    struct xph_error err;
    uint32_t xl, script;

    (void)state;
    assert_true(xph_history_open(&history, &err));
    xl = actor(&history, XPH_ACTOR_TASK, XL);
    script = actor(&history, XPH_ACTOR_TASK, SCRIPT);
    runs(&history, xl, 0);
    woken(&history, script, 5, xl);
    waits(&history, xl, 6);
    runs(&history, script, 6);
    waits(&history, script, 10);
    woken(&history, script, 410, XPH_NOBODY);
    runs(&history, script, 411);
    woken(&history, xl, 420, script);
    change(&history, script, 421, XPH_ACTIVITY_ABSENT, XPH_NOBODY, XPH_CAUSE_UNKNOWN);
    runs(&history, xl, 422);
    walk(&history, xl, 0, 430, &path);
    assert_int_equal(path.count, 7);
    assert_piece(&path.pieces[1], 6, 10, script, XPH_ACTIVITY_RUNNING);
    assert_piece(&path.pieces[2], 10, 410, script, XPH_ACTIVITY_WAITING);
    assert_int_equal(path.pieces[2].cause, XPH_CAUSE_TIMER);
    assert_piece(&path.pieces[4], 411, 420, script, XPH_ACTIVITY_RUNNING);
    xph_path_close(&path);
    xph_history_close(&history);
}

static void test_before_birth_it_was_the_parents_time(void **state)
{
    struct xph_history history;
    struct xph_path path;
    struct xph_error err;
    uint32_t xl, vcpu;

    (void)state;
    assert_true(xph_history_open(&history, &err));
    xl = actor(&history, XPH_ACTOR_TASK, XL);
    vcpu = actor(&history, XPH_ACTOR_VCPU, DOMAIN_1_VCPU_0);
    runs(&history, xl, 0);
    woken(&history, vcpu, 50, xl);
    runs(&history, vcpu, 51);
    walk(&history, vcpu, 0, 60, &path);
    assert_int_equal(path.count, 3);
    assert_piece(&path.pieces[0], 0, 50, xl, XPH_ACTIVITY_RUNNING);
    assert_piece(&path.pieces[2], 51, 60, vcpu, XPH_ACTIVITY_RUNNING);
    xph_path_close(&path);
    xph_history_close(&history);
}

/* As clocks that differ, or a damaged recording, can make it: each ended the other's wait. */
static void test_two_that_wait_for_each_other_end(void **state)
{
    struct xph_history history;
    struct xph_path path;
    struct xph_error err;
    uint32_t xl, xenstored;

    (void)state;
    assert_true(xph_history_open(&history, &err));
    xl = actor(&history, XPH_ACTOR_TASK, XL);
    xenstored = actor(&history, XPH_ACTOR_TASK, XENSTORED);
    waits(&history, xl, 0);
    waits(&history, xenstored, 0);
    woken(&history, xl, 100, xenstored);
    woken(&history, xenstored, 100, xl);
    walk(&history, xl, 0, 120, &path);
    assert_int_equal(path.pieces[0].activity, XPH_ACTIVITY_WAITING);
    xph_path_close(&path);
    xph_history_close(&history);
}

static void test_nothing_known_is_absent(void **state)
{
    struct xph_history history;
    struct xph_path path;
    struct xph_error err;

    (void)state;
    assert_true(xph_history_open(&history, &err));
    walk(&history, actor(&history, XPH_ACTOR_TASK, XL), 0, 10, &path);
    assert_int_equal(path.count, 1);
    assert_piece(&path.pieces[0], 0, 10, 1, XPH_ACTIVITY_ABSENT);
    xph_path_close(&path);
    xph_history_close(&history);
}

static void test_actors_are_found_again(void **state)
{
    struct xph_history history;
    struct xph_error err;

    (void)state;
    assert_true(xph_history_open(&history, &err));
    for (uint32_t pid = 1; pid <= 1000; pid++) {
        assert_int_equal(actor(&history, XPH_ACTOR_TASK, pid), 2 * pid - 1);
        assert_int_equal(actor(&history, XPH_ACTOR_VCPU, pid), 2 * pid);
    }
    for (uint32_t pid = 1; pid <= 1000; pid++)
        assert_int_equal(xph_history_find(&history, XPH_ACTOR_VCPU, pid), 2 * pid);
    assert_int_equal(xph_history_find(&history, XPH_ACTOR_TASK, 1001), XPH_NOBODY);
    xph_history_close(&history);
}

/* What dom0's kernel tells, as events made here. */
static void take(struct xph_history_builder *builder, const struct xph_kernel_event *event,
                 uint64_t ns)
{
    struct xph_error err;

    assert_true(xph_history_take_kernel(builder, event, ns, &err));
}

static void take_switch(struct xph_history_builder *builder, uint64_t ns, uint32_t from,
                        uint32_t state, uint32_t to)
{
    take(builder,
         &(struct xph_kernel_event){
             .type = XPH_KERNEL_SWITCH, .pid = from, .schedule = {from, to, state, "from", "to"}},
         ns);
}

static void take_waking(struct xph_history_builder *builder, uint64_t ns, uint32_t by, uint32_t pid)
{
    take(builder,
         &(struct xph_kernel_event){
             .type = XPH_KERNEL_WAKING, .pid = by, .waking = {.pid = pid, .name = "woken"}},
         ns);
}

static const struct xph_change *change_of(const struct xph_history_builder *builder, uint32_t pid,
                                          size_t i)
{
    uint32_t position = xph_history_find(&builder->history, XPH_ACTOR_TASK, pid);

    assert_int_not_equal(position, XPH_NOBODY);
    assert_true(i < xph_history_at(&builder->history, position)->count);
    return &xph_history_at(&builder->history, position)->changes[i];
}

enum { STATE_SLEEPS = 1, STATE_STOPPED = 4, STATE_DEAD = 0x10, STATE_IDLE = 0x80 };

/* On another CPU, a task can be woken between its going to sleep and its leaving its CPU. */
static void test_a_wake_up_before_the_switch_counts(void **state)
{
    struct xph_history_builder builder;
    struct xph_error err;

    (void)state;
    assert_true(xph_history_builder_open(&builder, &err));
    take_switch(&builder, 10, 0, 0, XL);
    take_waking(&builder, 20, XENSTORED, XL);
    take_switch(&builder, 21, XL, STATE_SLEEPS, 0);
    take_switch(&builder, 30, 0, 0, XL);
    assert_int_equal(change_of(&builder, XL, 1)->ns, 21);
    assert_int_equal(change_of(&builder, XL, 1)->activity, XPH_ACTIVITY_READY);
    assert_int_equal(change_of(&builder, XL, 1)->by,
                     xph_history_find(&builder.history, XPH_ACTOR_TASK, XENSTORED));
    /* It is used up: the next sleep's end has another cause. */
    take_switch(&builder, 40, XL, STATE_SLEEPS, 0);
    take_switch(&builder, 50, 0, 0, XL);
    assert_int_equal(change_of(&builder, XL, 3)->activity, XPH_ACTIVITY_WAITING);
    xph_history_builder_close(&builder);
}

static void test_states_that_a_task_leaves_with(void **state)
{
    struct xph_history_builder builder;
    struct xph_error err;

    (void)state;
    assert_true(xph_history_builder_open(&builder, &err));
    take_switch(&builder, 10, 0, 0, XL);
    take_switch(&builder, 20, XL, STATE_IDLE, SCRIPT);
    take_switch(&builder, 30, SCRIPT, STATE_DEAD, XENSTORED);
    take_switch(&builder, 40, XENSTORED, 0, 0);
    assert_int_equal(change_of(&builder, XL, 1)->activity, XPH_ACTIVITY_WAITING);
    assert_int_equal(change_of(&builder, SCRIPT, 1)->activity, XPH_ACTIVITY_ABSENT);
    assert_int_equal(change_of(&builder, XENSTORED, 1)->activity, XPH_ACTIVITY_READY);
    xph_history_builder_close(&builder);
}

/* xenstored, asked by xl, is stopped by a signal and let go on by a script, which slept until then.
 */
static void test_a_stop_is_not_followed(void **state)
{
    struct xph_history_builder builder;
    struct xph_path path;
    struct xph_error err;
    uint32_t xl, xenstored;

    (void)state;
    assert_true(xph_history_builder_open(&builder, &err));
    take_switch(&builder, 0, 0, 0, XL);
    take_waking(&builder, 9, XL, XENSTORED);
    take_switch(&builder, 10, XL, STATE_SLEEPS, XENSTORED);
    take_switch(&builder, 20, XENSTORED, STATE_STOPPED, SCRIPT);
    take_switch(&builder, 25, SCRIPT, STATE_SLEEPS, 0);
    take_switch(&builder, 300, 0, 0, SCRIPT);
    take_waking(&builder, 320, SCRIPT, XENSTORED);
    take_switch(&builder, 321, SCRIPT, STATE_DEAD, XENSTORED);
    take_waking(&builder, 330, XENSTORED, XL);
    take_switch(&builder, 331, XENSTORED, STATE_SLEEPS, XL);
    xl = xph_history_find(&builder.history, XPH_ACTOR_TASK, XL);
    xenstored = xph_history_find(&builder.history, XPH_ACTOR_TASK, XENSTORED);
    walk(&builder.history, xl, 0, 340, &path);
    assert_int_equal(path.count, 7);
    assert_piece(&path.pieces[1], 10, 20, xenstored, XPH_ACTIVITY_RUNNING);
    assert_piece(&path.pieces[2], 20, 320, xenstored, XPH_ACTIVITY_WAITING);
    assert_int_equal(path.pieces[2].cause, XPH_CAUSE_STOPPED);
    assert_piece(&path.pieces[3], 320, 321, xenstored, XPH_ACTIVITY_READY);
    xph_path_close(&path);
    xph_history_builder_close(&builder);
}

/* A pid that is used again: what its first owner did is not the second one's. */
static void test_a_walk_ends_at_the_birth(void **state)
{
    struct xph_history_builder builder;
    struct xph_path path;
    struct xph_error err;

    (void)state;
    assert_true(xph_history_builder_open(&builder, &err));
    take_switch(&builder, 10, 0, 0, SCRIPT);
    take_switch(&builder, 20, SCRIPT, STATE_DEAD, XL);
    take(&builder,
         &(struct xph_kernel_event){.type = XPH_KERNEL_FORK, .pid = XL, .fork = {SCRIPT, "xl"}},
         30);
    take_switch(&builder, 40, XL, STATE_SLEEPS, SCRIPT);
    walk(&builder.history, xph_history_find(&builder.history, XPH_ACTOR_TASK, SCRIPT), 12, 50,
         &path);
    for (size_t i = 0; i < path.count; i++) {
        if (path.pieces[i].end_ns <= 30)
            assert_int_equal(path.pieces[i].actor,
                             xph_history_find(&builder.history, XPH_ACTOR_TASK, XL));
    }
    xph_path_close(&path);
    xph_history_builder_close(&builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wait_is_the_time_of_who_ended_it),
        cmocka_unit_test(test_a_wait_within_a_wait_is_followed),
        cmocka_unit_test(test_before_birth_it_was_the_parents_time),
        cmocka_unit_test(test_two_that_wait_for_each_other_end),
        cmocka_unit_test(test_nothing_known_is_absent),
        cmocka_unit_test(test_actors_are_found_again),
        cmocka_unit_test(test_a_wake_up_before_the_switch_counts),
        cmocka_unit_test(test_states_that_a_task_leaves_with),
        cmocka_unit_test(test_a_stop_is_not_followed),
        cmocka_unit_test(test_a_walk_ends_at_the_birth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
