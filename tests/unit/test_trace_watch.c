/* What the recorder sees of lost records, and what it says of the size of buffers. Synthetic: the
 * records are made up, for no host here can be made to fall silent at the right moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tracer/buffer_size.h"
#include "tracer/trace_alive.h"
#include "tracer/trace_watch.h"

enum { PCPUS = 4, MUCH_ROOM = 1000, LOST = 0x0001f001, TIMED_EVENT = 0x00021011 };
#define TIMED (1U << 31)

struct timed_record {
    uint32_t header, tsc[2], words[4];
};

static struct trace_watch watch;

static int open_watch(void **state)
{
    (void)state;
    return trace_watch_open(&watch, PCPUS) ? 0 : -1;
}

static int close_watch(void **state)
{
    (void)state;
    trace_watch_close(&watch);
    return 0;
}

static void feed(uint32_t pcpu, uint32_t event, uint32_t tsc, size_t room)
{
    struct timed_record record = {TIMED | 4U << 28 | event, {tsc, 0}, {7, 0, tsc - 5, 0}};
    struct trace_run runs[2] = {{(const uint8_t *)&record, sizeof(record)}, {NULL, 0}};

    trace_watch_window(&watch, pcpu, runs, room);
}

static void test_full_buffer_of_a_silent_pcpu_is_doubted(void **state)
{
    struct trace_run nothing[2] = {{NULL, 0}, {NULL, 0}};

    (void)state;
    feed(1, TIMED_EVENT, 100, MUCH_ROOM);
    assert_int_equal(trace_watch_doubtful(&watch), 0);
    feed(1, TIMED_EVENT, 200, 2 * TRACE_WATCH_LARGEST_RECORD - 4);
    feed(2, TIMED_EVENT, 300, MUCH_ROOM);
    for (unsigned i = 0; i < 3; i++)
        trace_watch_window(&watch, 1, nothing, MUCH_ROOM);
    assert_int_equal(trace_watch_doubtful(&watch), 1);
    assert_true(watch.pcpus[1].maybe_lost);
    assert_int_equal(watch.pcpus[1].last_tsc, 200);
}

static void test_record_after_a_full_buffer_tells_of_the_loss(void **state)
{
    (void)state;
    feed(1, TIMED_EVENT, 200, 0);
    feed(1, LOST, 300, MUCH_ROOM);
    assert_int_equal(trace_watch_doubtful(&watch), 0);
    assert_int_equal(watch.lost_records, 7);
    assert_int_equal(watch.loss_count, 1);
    assert_int_equal(watch.losses[0].pcpu, 1);
    assert_int_equal(watch.losses[0].first_tsc, 295);
    assert_int_equal(watch.losses[0].end_tsc, 300);
    /* Without a loss, Xen writes the record alone. */
    feed(2, TIMED_EVENT, 200, 0);
    feed(2, TIMED_EVENT, 300, MUCH_ROOM);
    assert_int_equal(trace_watch_doubtful(&watch), 0);
    assert_int_equal(watch.loss_count, 1);
}

static void test_records_that_are_cut_stay_in_bounds(void **state)
{
    struct timed_record record = {TIMED | 4U << 28 | LOST, {1, 0}, {7, 0, 1, 0}};

    (void)state;
    for (size_t size = 0; size < sizeof(record); size++) {
        struct trace_run runs[2] = {{(const uint8_t *)&record, size}, {NULL, 0}};

        trace_watch_window(&watch, 0, runs, MUCH_ROOM);
        trace_watch_window(&watch, PCPUS, runs, MUCH_ROOM);
    }
    assert_int_equal(watch.loss_count, 0);
}

static void expect_advice(struct buffer_size size, const char *part)
{
    char text[256];

    assert_true(buffer_size_advice(&size, text, sizeof(text)));
    assert_non_null(strstr(text, part));
}

static void test_advice_is_one_that_helps(void **state)
{
    char text[256];

    (void)state;
    /* As Xen's console said of 64 CPUs and NR_CPUS=256. */
    assert_int_equal(buffer_size_largest(129, 64), 1038);
    assert_int_equal(buffer_size_largest(129, 1), 65406);
    assert_false(buffer_size_advice(&(struct buffer_size){1024, 1024, 1038}, text, sizeof(text)));
    expect_advice((struct buffer_size){1024, 32, 1038}, "tbuf_size=1024)");
    expect_advice((struct buffer_size){1024, 32, 515}, "tbuf_size=515, its largest");
    expect_advice((struct buffer_size){1024, 515, 515}, "Xen has no larger ones");
}

static struct xph_instant at_ms(uint64_t ms)
{
    return (struct xph_instant){ms * 1000, ms * 1000000};
}

static void test_silence_of_a_second_is_suspicious(void **state)
{
    struct trace_alive alive;

    (void)state;
    trace_alive_begin(&alive, at_ms(0), 10);
    assert_int_equal(trace_alive_look(&alive, at_ms(900), 10), TRACE_ALIVE_FINE);
    assert_int_equal(trace_alive_look(&alive, at_ms(950), 20), TRACE_ALIVE_FINE);
    assert_int_equal(trace_alive_look(&alive, at_ms(1900), 20), TRACE_ALIVE_FINE);
    assert_int_equal(trace_alive_look(&alive, at_ms(1950), 20), TRACE_ALIVE_SILENT);
}

static void test_mask_is_looked_at_once_a_second(void **state)
{
    struct trace_alive alive;
    uint64_t bytes = 0;
    unsigned looks = 0;

    (void)state;
    trace_alive_begin(&alive, at_ms(0), bytes);
    for (uint64_t ms = 100; ms <= 5000; ms += 100)
        looks += trace_alive_look(&alive, at_ms(ms), ++bytes) == TRACE_ALIVE_CHECK_MASK;
    assert_int_equal(looks, 5);
}

static void test_time_without_tracing_is_a_gap_of_each_pcpu(void **state)
{
    struct trace_alive alive;

    (void)state;
    trace_alive_begin(&alive, at_ms(0), 10);
    trace_alive_look(&alive, at_ms(500), 20);
    trace_alive_was_off(&alive, at_ms(1700), 30, &watch);
    assert_int_equal(alive.count, 1);
    assert_int_equal(alive.off_ns, 1200000000);
    assert_int_equal(watch.loss_count, PCPUS);
    assert_int_equal(watch.losses[PCPUS - 1].pcpu, PCPUS - 1);
    assert_int_equal(watch.losses[0].records, 0);
    assert_int_equal(watch.losses[0].first_tsc, 500000);
    assert_int_equal(watch.losses[0].end_tsc, 1700000);
    assert_int_equal(watch.lost_records, 0);
    assert_int_equal(trace_alive_look(&alive, at_ms(1800), 30), TRACE_ALIVE_FINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_full_buffer_of_a_silent_pcpu_is_doubted, open_watch,
                                        close_watch),
        cmocka_unit_test_setup_teardown(test_record_after_a_full_buffer_tells_of_the_loss,
                                        open_watch, close_watch),
        cmocka_unit_test_setup_teardown(test_records_that_are_cut_stay_in_bounds, open_watch,
                                        close_watch),
        cmocka_unit_test(test_silence_of_a_second_is_suspicious),
        cmocka_unit_test(test_mask_is_looked_at_once_a_second),
        cmocka_unit_test_setup_teardown(test_time_without_tracing_is_a_gap_of_each_pcpu, open_watch,
                                        close_watch),
        cmocka_unit_test(test_advice_is_one_that_helps),
    };

    return cmocka_run_group_tests_name("trace watch", tests, NULL, NULL);
}
