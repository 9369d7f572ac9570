/* The rule of idleness on run states whose answer is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/operation/idle.h"
#include "tracer/idle.h"

enum { MS = 1000000 };

static void test_guest_that_stops_is_idle_just_before_its_last_run_ends(void **state)
{
    struct xph_run_edges edges = {0};
    uint64_t idle = 0;

    (void)state;
    assert_true(xph_run_edges_add(&edges, 0, 3000ull * MS));
    /* A window of 1 s that still holds 50 ms of running begins 50 ms before the end: idle is 1 ns
     * later. */
    assert_true(xph_find_idle(&edges, 0, 10000ull * MS, 1000ull * MS, 50 * MS, &idle));
    assert_int_equal(idle, 2950ull * MS + 1);
    xph_run_edges_free(&edges);
}

static void test_short_pause_is_not_idle(void **state)
{
    struct xph_run_edges edges = {0};
    uint64_t idle = 0;

    (void)state;
    assert_true(xph_run_edges_add(&edges, 0, 1000ull * MS));
    assert_true(xph_run_edges_add(&edges, 1900ull * MS, 4000ull * MS));
    assert_true(xph_find_idle(&edges, 0, 10000ull * MS, 1000ull * MS, 50 * MS, &idle));
    assert_int_equal(idle, 3950ull * MS + 1);
    xph_run_edges_free(&edges);
}

static void test_two_vcpus_count_together(void **state)
{
    struct xph_run_edges edges = {0};
    uint64_t idle = 0;

    (void)state;
    assert_true(xph_run_edges_add(&edges, 0, 2000ull * MS));
    assert_true(xph_run_edges_add(&edges, 1000ull * MS, 2000ull * MS));
    assert_true(xph_find_idle(&edges, 0, 10000ull * MS, 1000ull * MS, 50 * MS, &idle));
    /* Two run at the end, so 25 ms of both are 50 ms. */
    assert_in_range(idle, 1975ull * MS, 1975ull * MS + 2);
    xph_run_edges_free(&edges);
}

static void test_window_that_the_trace_does_not_cover_is_no_proof(void **state)
{
    struct xph_run_edges edges = {0};
    uint64_t idle = 0;

    (void)state;
    assert_true(xph_run_edges_add(&edges, 0, 3000ull * MS));
    assert_false(xph_find_idle(&edges, 0, 3900ull * MS, 1000ull * MS, 50 * MS, &idle));
    assert_false(xph_find_idle(&edges, 0, 500ull * MS, 1000ull * MS, 50 * MS, &idle));
    xph_run_edges_free(&edges);
}

static void test_busy_guest_is_never_idle(void **state)
{
    struct xph_run_edges edges = {0};
    uint64_t idle = 0;

    (void)state;
    for (uint64_t i = 0; i < 1000; i++)
        assert_true(xph_run_edges_add(&edges, i * 100 * MS, (i * 100 + 10) * MS));
    assert_false(xph_find_idle(&edges, 0, 100000ull * MS, 1000ull * MS, 50 * MS, &idle));
    xph_run_edges_free(&edges);
}

/* The recorder's side: samples of 10 Hz of a guest that runs all the time until `stop_ms`. */
static bool recorder_sees_idle(uint64_t error_ns, uint64_t stop_ms, uint64_t *since_ms)
{
    struct idle_watch watch;
    bool idle;

    assert_true(idle_watch_open(&watch, 10));
    for (uint64_t ms = 100; ms <= 10000 && !watch.idle; ms += 100)
        idle_watch_add(&watch, (struct xph_instant){ms, ms * MS}, error_ns,
                       (ms < stop_ms ? ms : stop_ms) * MS);
    *since_ms = watch.idle_since.monotonic_ns / MS;
    idle = watch.idle;
    idle_watch_close(&watch);
    return idle;
}

static void test_recorder_finds_the_same_idle(void **state)
{
    uint64_t since;

    (void)state;
    /* The trace has 2950 ms; the readings are 100 ms apart. */
    assert_true(recorder_sees_idle(0, 3000, &since));
    assert_int_equal(since, 2950);
    assert_false(recorder_sees_idle(0, 20000, &since));
}

/* The guest runs until 2 s, and nobody reads between 1.7 and 2.3 s: the limit is passed 50 ms
 * before the guest stops, which lies anywhere between the two readings as far as they can tell. */
static void test_long_gap_between_readings_is_told(void **state)
{
    static const uint64_t reading_ms[] = {1500, 1600, 1700, 2300, 2400, 2500, 2600, 2700,
                                          2800, 2900, 3000, 3100, 3200, 3300, 3400};
    struct idle_watch watch;

    (void)state;
    assert_true(idle_watch_open(&watch, 10));
    for (size_t i = 0; i < sizeof(reading_ms) / sizeof(reading_ms[0]); i++)
        idle_watch_add(&watch, (struct xph_instant){reading_ms[i], reading_ms[i] * MS}, 0,
                       (reading_ms[i] < 2000 ? reading_ms[i] : 2000) * MS);
    assert_true(watch.idle);
    assert_in_range(watch.idle_since.monotonic_ns, 1700ull * MS, 2300ull * MS);
    assert_in_range(watch.idle_since.monotonic_ns, 1950ull * MS - watch.idle_error_ns,
                    1950ull * MS + watch.idle_error_ns);
    assert_in_range(watch.idle_error_ns, 300ull * MS, 600ull * MS);
    idle_watch_close(&watch);
}

/* Two readings, the first of which waited for a CPU: between the calls lie 1.2 s, but the guest's
 * CPU time may have been read only 0.1 s apart. */
static void test_late_readings_prove_no_idleness(void **state)
{
    struct idle_watch watch;

    (void)state;
    assert_true(idle_watch_open(&watch, 10));
    idle_watch_add(&watch, (struct xph_instant){1, 600ull * MS}, 600 * MS, 1000 * MS);
    idle_watch_add(&watch, (struct xph_instant){2, 1800ull * MS}, 500 * MS, 1040 * MS);
    assert_false(watch.idle);
    idle_watch_add(&watch, (struct xph_instant){3, 2300ull * MS}, 0, 1040 * MS);
    assert_true(watch.idle);
    assert_int_equal(watch.idle_since.tsc, 1);
    idle_watch_close(&watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guest_that_stops_is_idle_just_before_its_last_run_ends),
        cmocka_unit_test(test_short_pause_is_not_idle),
        cmocka_unit_test(test_two_vcpus_count_together),
        cmocka_unit_test(test_window_that_the_trace_does_not_cover_is_no_proof),
        cmocka_unit_test(test_busy_guest_is_never_idle),
        cmocka_unit_test(test_recorder_finds_the_same_idle),
        cmocka_unit_test(test_long_gap_between_readings_is_told),
        cmocka_unit_test(test_late_readings_prove_no_idleness),
    };

    return cmocka_run_group_tests_name("idle", tests, NULL, NULL);
}
