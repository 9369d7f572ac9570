/* How a table of boundaries divides a move, on moves made here: what is tested is the rule, not a
 * decoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/phases/phases.h"

enum { ENDS = 1000 };

static const struct xph_domain_life source = {.domid = 1}, target = {.domid = 2};

/* Of which all is known; the source's end is part of it. */
static struct xph_move whole_move(void)
{
    return (struct xph_move){
        .source = &source,
        .target = &target,
        .source_destroyed = true,
        .begin = {true, 5},
        .create = {true, 10},
        .dirty = {true, 20},
        .round_count = 2,
        .round_ends_ns = {30, 40},
        .asked = {true, 50},
        .read = {true, 45},
        .stopped = {true, 60},
        .state = {true, 70},
        .built = {true, 80},
        .done = {true, 75},
        .reader_end = {true, 85},
        .unpause = {true, 90},
        .runs = {true, 100},
        .pause = {true, 110},
        .destroy = {true, 120},
        .dead = {true, 130},
        .removed = {true, 140},
    };
}

static struct xph_operation divide(const struct xph_move *move, uint64_t returned_ns)
{
    static const struct xph_manifest manifest;
    static const struct xph_toolstack toolstack;
    static const struct xph_clock clock = {.khz = 1000000};
    const struct xph_phase_input input = {move->source, move, &manifest, &clock, &toolstack, ENDS};
    struct xph_operation operation = {.kind = XPH_OPERATION_MIGRATE,
                                      .returned = {returned_ns > 0, returned_ns}};
    uint64_t at = 0;

    xph_phases_of_migrate(&operation, &input);
    for (size_t i = 0; i < operation.phase_count; i++) {
        assert_int_equal(operation.phases[i].start_ns, at);
        at = operation.phases[i].end_ns;
    }
    assert_int_equal(at, operation.end_ns);
    return operation;
}

/* As "name END name END ...". */
static void assert_told(const struct xph_operation *operation, const char *wanted)
{
    char told[2048] = "";

    for (size_t i = 0; i < operation->phase_count; i++)
        snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%s %u", i > 0 ? ", " : "",
                 operation->phases[i].name, (unsigned)operation->phases[i].end_ns);
    assert_string_equal(told, wanted);
}

static void test_all_is_known(void **state)
{
    struct xph_move move = whole_move();
    struct xph_operation operation = divide(&move, 150);

    (void)state;
    assert_told(&operation,
                "toolstack prepare 10, setup 20, pre-copy round 1 30, pre-copy round 2 40, "
                "pre-copy round 3 50, suspend 60, stop-and-copy 70, state 80, target's devices 90, "
                "unpause 100, hand over 110, source's devices 120, source's kill 130, "
                "toolstack finish 150");
    assert_null(operation.failure);
    assert_int_equal(operation.downtime.end_ns - operation.downtime.start_ns, 40);
}

static void test_a_boundary_that_was_not_seen_joins_phases(void **state)
{
    struct xph_move move = whole_move();
    struct xph_operation operation;

    (void)state;
    move.asked.known = move.read.known = move.stopped.known = false;
    move.unpause.known = move.dead.known = false;
    operation = divide(&move, 150);
    assert_told(&operation,
                "toolstack prepare 10, setup 20, pre-copy round 1 30, pre-copy round 2 40, "
                "suspend and stop-and-copy 70, state 80, resume on the target 100, hand over 110, "
                "source's devices 120, source's kill 140, toolstack finish 150");
    assert_false(operation.downtime.known);
}

static void test_many_rounds_are_summed_up(void **state)
{
    struct xph_move move = whole_move();
    struct xph_operation operation;

    (void)state;
    move.round_count = 29;
    for (size_t i = 0; i < XPH_MAX_ROUNDS; i++)
        move.round_ends_ns[i] = 21 + i;
    operation = divide(&move, 150);
    assert_string_equal(operation.phases[2 + XPH_MAX_ROUNDS - 1].name, "pre-copy round 24");
    assert_string_equal(operation.phases[2 + XPH_MAX_ROUNDS].name, "pre-copy rounds 25-30");
    assert_int_equal(operation.end_ns, 150);
}

static void test_to_another_host_there_is_no_target(void **state)
{
    struct xph_move move = whole_move();
    struct xph_operation operation;

    (void)state;
    move.target = NULL;
    move.create.known = move.built.known = move.unpause.known = move.runs.known = false;
    operation = divide(&move, 150);
    assert_told(
        &operation,
        "toolstack prepare 20, pre-copy round 1 30, pre-copy round 2 40, pre-copy round 3 50, "
        "suspend 60, stop-and-copy 70, state 75, target elsewhere 110, "
        "source's devices 120, source's kill 130, toolstack finish 150");
    assert_null(operation.failure);
    assert_false(operation.downtime.known);
}

static void test_a_target_that_never_ran_is_a_failure(void **state)
{
    struct xph_move move = whole_move();
    struct xph_operation operation;

    (void)state;
    move.source_destroyed = move.runs.known = move.unpause.known = false;
    move.pause.known = move.destroy.known = move.dead.known = move.removed.known = false;
    move.resumed = (struct xph_moment){true, 95};
    operation = divide(&move, 150);
    assert_string_equal(operation.failure, "the target was filled, but never ran");
    assert_told(&operation,
                "toolstack prepare 10, setup 20, pre-copy round 1 30, pre-copy round 2 40, "
                "pre-copy round 3 50, suspend 60, stop-and-copy 70, state 80, "
                "target's devices (failed) 150");
    /* The source ran again. */
    assert_int_equal(operation.downtime.end_ns - operation.downtime.start_ns, 35);
}

static void test_without_an_end_the_recordings_is_it(void **state)
{
    struct xph_move move = whole_move();
    struct xph_operation operation;

    (void)state;
    move.removed.known = false;
    operation = divide(&move, 0);
    assert_int_equal(operation.ended_by, XPH_END_RECORDING);
    assert_int_equal(operation.end_ns, ENDS);
    move.removed.known = true;
    operation = divide(&move, 0);
    assert_int_equal(operation.ended_by, XPH_END_REMOVED);
    assert_int_equal(operation.end_ns, 140);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_is_known),
        cmocka_unit_test(test_a_boundary_that_was_not_seen_joins_phases),
        cmocka_unit_test(test_many_rounds_are_summed_up),
        cmocka_unit_test(test_to_another_host_there_is_no_target),
        cmocka_unit_test(test_a_target_that_never_ran_is_a_failure),
        cmocka_unit_test(test_without_an_end_the_recordings_is_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
