/* Decoding a real trace, whole and broken. The trace: build/data/destroy-pv.xph, see
 * tests/data/README.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/decode/events.h"
#include "analyzer/machine/machine.h"
#include "analyzer/timeline/timeline.h"

#define RECORDING "build/data/destroy-pv.xph"
#include "tests/unit/recording.h"

enum { KHZ = 2600000, PIECE = 4096 };

/* Reads the whole time line through the machine; returns the number of records. */
static uint64_t read_all(const uint8_t *data, size_t size, struct xph_trace_damage *damage)
{
    struct xph_timeline timeline;
    struct xph_machine machine;
    struct xph_record record;
    struct xph_error err;
    uint64_t records;

    assert_true(xph_timeline_open(&timeline, data, size, 0, KHZ, &err));
    assert_true(xph_machine_open(&machine, NULL, &err));
    while (xph_timeline_next(&timeline, &record))
        assert_true(xph_machine_feed(&machine, &record, &err));
    records = timeline.records;
    *damage = timeline.damage;
    xph_machine_close(&machine);
    xph_timeline_close(&timeline);
    return records;
}

static void test_whole_trace_has_no_damage_and_is_in_order(void **state)
{
    struct xph_timeline timeline;
    struct xph_record record;
    struct xph_error err;
    uint64_t last = 0, unknown = 0;

    (void)state;
    assert_true(
        xph_timeline_open(&timeline, recording.trace.data, recording.trace.size, 0, KHZ, &err));
    while (xph_timeline_next(&timeline, &record)) {
        assert_true(record.tsc >= last);
        last = record.tsc;
        unknown += !xph_event_is_runstate_change(record.event) && !xph_event_find(record.event);
    }
    assert_true(timeline.records > 10000);
    assert_int_equal(timeline.file.pcpu_count, 2);
    assert_int_equal(timeline.damage.skipped_bytes, 0);
    assert_false(timeline.damage.cut);
    assert_int_equal(unknown, 0);
    xph_timeline_close(&timeline);
}

/* ASan watches over a buffer of exactly the size that is left. */
static void test_trace_cut_at_every_byte_is_read_up_to_there(void **state)
{
    struct xph_trace_damage damage;
    uint64_t before = 0;

    (void)state;
    for (size_t size = 0; size < PIECE; size++) {
        uint8_t *piece = malloc(size ? size : 1);
        uint64_t records;

        memcpy(piece, recording.trace.data, size);
        records = read_all(piece, size, &damage);
        assert_true(records >= before);
        assert_true(size == 0 || damage.cut);
        before = records;
        free(piece);
    }
    assert_true(before > 100);
}

static void test_any_flipped_bit_is_survived(void **state)
{
    uint8_t *piece = malloc(PIECE);
    struct xph_trace_damage damage;

    (void)state;
    memcpy(piece, recording.trace.data, PIECE);
    for (size_t bit = 0; bit < PIECE * 8; bit++) {
        piece[bit / 8] ^= (uint8_t)(1 << bit % 8);
        read_all(piece, PIECE, &damage);
        piece[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(piece);
}

static void test_garbage_between_windows_is_skipped_and_counted(void **state)
{
    const uint8_t *data = recording.trace.data;
    uint32_t window;
    size_t first;
    uint8_t *broken = malloc(recording.trace.size + 64);
    struct xph_trace_damage damage;
    uint64_t whole = read_all(data, recording.trace.size, &damage);

    (void)state;
    memcpy(&window, data + 8, sizeof(window));
    first = 12 + window;
    memcpy(broken, data, first);
    memset(broken + first, 0xa5, 64);
    memcpy(broken + first + 64, data + first, recording.trace.size - first);
    assert_int_equal(read_all(broken, recording.trace.size + 64, &damage), whole);
    assert_int_equal(damage.skipped_bytes, 64);
    assert_int_equal(damage.first_skipped, first);
    free(broken);
}

static void test_filler_is_passed_over_and_untimed_records_inherit_the_tsc(void **state)
{
    /* Synthetic: a window with a timed record, a filler, an untimed record. */
    const uint32_t words[] = {
        0x2001f003, 3,    40,    /* window of pCPU 3 */
        0x90028001, 1000, 0,  7, /* timed, domain 7 */
        0x3001f002, 1,    2,  3, /* filler */
        0x1800f123, 42,          /* guest record, untimed */
    };
    struct xph_timeline timeline;
    struct xph_record record;
    struct xph_error err;

    (void)state;
    assert_true(xph_timeline_open(&timeline, (const uint8_t *)words, sizeof(words), 0, KHZ, &err));
    assert_true(xph_timeline_next(&timeline, &record));
    assert_int_equal(record.event, 0x28001);
    assert_int_equal(record.pcpu, 3);
    assert_true(xph_timeline_next(&timeline, &record));
    assert_int_equal(record.event, 0x0800f123);
    assert_int_equal(record.tsc, 1000);
    assert_false(record.timed);
    assert_false(xph_timeline_next(&timeline, &record));
    xph_timeline_close(&timeline);
}

static void test_frequency_is_never_assumed(void **state)
{
    struct xph_timeline timeline;
    struct xph_error err;

    (void)state;
    assert_false(
        xph_timeline_open(&timeline, recording.trace.data, recording.trace.size, 0, 0, &err));
    assert_non_null(strstr(err.text, "frequency"));
}

static void test_clock_does_not_drift_or_overflow(void **state)
{
    const struct xph_clock clock = {0, 2599997, 0};
    const struct xph_clock round = {0, 2500000, 0};

    (void)state;
    assert_int_equal(xph_clock_cycles_to_ns(&clock, 2599997ull * 1000 * 3600 * 24),
                     24ull * 3600 * 1000000000);
    assert_int_equal(xph_clock_cycles_to_ns(&round, UINT64_C(1) << 63), 3689348814741910323ull);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_trace_has_no_damage_and_is_in_order),
        cmocka_unit_test(test_trace_cut_at_every_byte_is_read_up_to_there),
        cmocka_unit_test(test_any_flipped_bit_is_survived),
        cmocka_unit_test(test_garbage_between_windows_is_skipped_and_counted),
        cmocka_unit_test(test_filler_is_passed_over_and_untimed_records_inherit_the_tsc),
        cmocka_unit_test(test_frequency_is_never_assumed),
        cmocka_unit_test(test_clock_does_not_drift_or_overflow),
    };

    return cmocka_run_group_tests_name("decode", tests, open_recording, close_recording);
}
