/* Reading on past damage: what is found again, what is told, and where. The traces are real ones
 * (tests/data/README.md) with one thing broken in each, but for those that say they are synthetic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/machine/contradictions.h"
#include "analyzer/timeline/timeline.h"
#include "recording/files.h"

#define TRACE "build/data/destroy-pv.xph/xen.trace"

enum { KHZ = 2600000, WINDOW_BYTES = 12 };

/* A copy of the trace that can be broken, and what reading it found. */
struct subject {
    uint8_t *data;
    size_t size;
    uint64_t records;
    struct xph_trace_damage damage;
    struct xph_finding contradictions[XPH_CONTRADICTIONS];
};

static int load(void **state)
{
    static struct subject subject;
    struct xph_mapped_file file;
    struct xph_error err;

    if (!xph_map_file(AT_FDCWD, TRACE, &file, &err)) {
        print_error("%s\n", err.text);
        return -1;
    }
    subject.size = file.size;
    subject.data = malloc(file.size);
    memcpy(subject.data, file.data, file.size);
    xph_unmap_file(&file);
    *state = &subject;
    return 0;
}

static int unload(void **state)
{
    free(((struct subject *)*state)->data);
    return 0;
}

static void read_trace(struct subject *subject)
{
    struct xph_timeline timeline;
    struct xph_machine machine;
    struct xph_record record;
    struct xph_error err;

    assert_true(xph_timeline_open(&timeline, subject->data, subject->size, 0, KHZ, &err));
    assert_true(xph_machine_open(&machine, NULL, &err));
    while (xph_timeline_next(&timeline, &record))
        assert_true(xph_machine_feed(&machine, &record, &err));
    assert_true(xph_machine_finish(&machine, timeline.last_ns, &err));
    subject->records = timeline.records;
    subject->damage = timeline.damage;
    memcpy(subject->contradictions, machine.contradictions, sizeof(subject->contradictions));
    xph_machine_close(&machine);
    xph_timeline_close(&timeline);
}

static uint64_t count_of(const struct subject *subject, enum xph_damage_kind kind)
{
    return subject->damage.findings[kind].count;
}

static uint32_t *word_at(struct subject *subject, size_t offset)
{
    return (uint32_t *)(void *)(subject->data + offset);
}

/* Offset of a window's header. */
static size_t find_window(struct subject *subject, unsigned number)
{
    size_t at = 0;

    for (; number > 0; number--)
        at += WINDOW_BYTES + *word_at(subject, at + 8);
    assert_true(at + WINDOW_BYTES < subject->size);
    return at;
}

/* Offset of a record with this event, or of the first record where it is 0. */
static size_t find_record(struct subject *subject, uint32_t event, unsigned number)
{
    for (unsigned window = 1;; window++) {
        size_t at = find_window(subject, window),
               end = at + WINDOW_BYTES + *word_at(subject, at + 8);

        for (at += WINDOW_BYTES; at < end; at += xph_header_length(*word_at(subject, at))) {
            if ((event == 0 || (*word_at(subject, at) & 0x0fffffff) == event) && number-- == 0)
                return at;
        }
    }
}

static void test_flipped_window_size_costs_no_record(void **state)
{
    struct subject *subject = *state;
    size_t at = find_window(subject, 2);
    uint64_t whole;

    read_trace(subject);
    whole = subject->records;
    for (unsigned bit = 0; bit < 32; bit++) {
        *word_at(subject, at + 8) ^= UINT32_C(1) << bit;
        read_trace(subject);
        *word_at(subject, at + 8) ^= UINT32_C(1) << bit;
        assert_int_equal(subject->records, whole);
        assert_int_equal(count_of(subject, XPH_DAMAGE_WINDOW), 1);
        assert_int_equal(subject->damage.findings[XPH_DAMAGE_WINDOW].first_offset, at);
        assert_int_equal(subject->damage.skipped_bytes, 0);
    }
}

/* The size of a window is that of itself and the one after it: its end is where one can be. */
static void test_hidden_window_is_found(void **state)
{
    struct subject *subject = *state;
    size_t at = find_window(subject, 2), next = find_window(subject, 3);
    uint32_t size = *word_at(subject, at + 8);
    uint64_t whole;

    read_trace(subject);
    whole = subject->records;
    *word_at(subject, at + 8) = size + WINDOW_BYTES + *word_at(subject, next + 8);
    read_trace(subject);
    *word_at(subject, at + 8) = size;
    assert_int_equal(subject->records, whole);
    assert_int_equal(count_of(subject, XPH_DAMAGE_WINDOW), 1);
    assert_int_equal(subject->damage.findings[XPH_DAMAGE_WINDOW].first_offset, at);
}

static void test_flipped_window_header_costs_no_record(void **state)
{
    struct subject *subject = *state;
    size_t at = find_window(subject, 2);
    uint64_t whole;

    read_trace(subject);
    whole = subject->records;
    for (unsigned bit = 0; bit < 32; bit++) {
        *word_at(subject, at) ^= UINT32_C(1) << bit;
        read_trace(subject);
        *word_at(subject, at) ^= UINT32_C(1) << bit;
        assert_int_equal(subject->records, whole);
        assert_int_equal(subject->damage.findings[XPH_DAMAGE_WINDOW].first_offset, at);
    }
}

static void test_window_of_another_pcpu_is_told(void **state)
{
    struct subject *subject = *state;
    size_t at = find_window(subject, 2);

    for (unsigned bit = 0; bit < 32; bit++) {
        struct xph_doubts doubts = {0};

        *word_at(subject, at + 4) ^= UINT32_C(1) << bit;
        read_trace(subject);
        *word_at(subject, at + 4) ^= UINT32_C(1) << bit;
        xph_doubts_of_damage(&doubts, &subject->damage);
        xph_doubts_of_machine(&doubts, subject->contradictions);
        assert_true(doubts.count > 0);
    }
}

/* Only what the broken record's length hides is lost, not the rest of its window. */
static void test_broken_record_costs_few_records(void **state)
{
    struct subject *subject = *state;
    size_t at = find_record(subject, 0, 300);
    uint64_t whole;

    read_trace(subject);
    whole = subject->records;
    for (unsigned bit = 16; bit < 32; bit++) {
        *word_at(subject, at) ^= UINT32_C(1) << bit;
        read_trace(subject);
        *word_at(subject, at) ^= UINT32_C(1) << bit;
        assert_true(subject->records + 8 >= whole && subject->records <= whole + 2);
        assert_true(count_of(subject, XPH_DAMAGE_NO_RECORD) + count_of(subject, XPH_DAMAGE_SHAPE) >
                    0);
    }
}

static void test_time_out_of_order_is_told_and_moves_no_other_record(void **state)
{
    struct subject *subject = *state;
    size_t at = find_record(subject, 0x00021002, 20) + sizeof(uint32_t);
    struct xph_finding *finding = &subject->damage.findings[XPH_DAMAGE_TIME];
    unsigned told = 0;

    for (unsigned bit = 32; bit < 64; bit++) {
        subject->data[at + bit / 8] ^= (uint8_t)(1 << bit % 8);
        read_trace(subject);
        subject->data[at + bit / 8] ^= (uint8_t)(1 << bit % 8);
        told += finding->count == 1 && finding->first_offset == at - sizeof(uint32_t);
        assert_int_equal(count_of(subject, XPH_DAMAGE_TIME_STEPS), 0);
        assert_int_equal(subject->contradictions[XPH_CONTRADICTION_STATE].count, 0);
    }
    assert_int_equal(told, 32);
}

static void test_contradicting_run_state_is_told_and_located(void **state)
{
    struct subject *subject = *state;
    size_t at = find_record(subject, 0x00021211, 50);
    uint64_t count;

    *word_at(subject, at) ^= 3 << 8; /* runnable -> runnable becomes its old state */
    read_trace(subject);
    *word_at(subject, at) ^= 3 << 8;
    count = subject->contradictions[XPH_CONTRADICTION_STATE].count;
    assert_int_equal(count, 1);
    assert_int_equal(subject->contradictions[XPH_CONTRADICTION_STATE].first_offset, at);
}

static void test_vcpu_that_cannot_be_is_told(void **state)
{
    struct subject *subject = *state;
    size_t at = find_record(subject, 0x00021211, 50) + 12;

    *word_at(subject, at) ^= UINT32_C(1) << 31;
    read_trace(subject);
    *word_at(subject, at) ^= UINT32_C(1) << 31;
    assert_int_equal(subject->contradictions[XPH_CONTRADICTION_VCPU].count, 1);
}

static void test_whole_trace_has_no_doubt(void **state)
{
    struct subject *subject = *state;
    struct xph_doubts doubts = {0};

    read_trace(subject);
    xph_doubts_of_damage(&doubts, &subject->damage);
    xph_doubts_of_machine(&doubts, subject->contradictions);
    assert_int_equal(doubts.count, 0);
}

/* Synthetic: pCPU 0 has an untimed record only, pCPU 1 begins at 1000. */
static void test_pcpu_without_time_stands_at_the_beginning(void **state)
{
    const uint32_t words[] = {
        0x2001f003, 0, 8, 0x1800f123, 42, 0x2001f003, 1, 16, 0x90028001, 1000, 0, 7,
    };
    struct xph_timeline timeline;
    struct xph_record record;
    struct xph_error err;

    (void)state;
    assert_true(xph_timeline_open(&timeline, (const uint8_t *)words, sizeof(words), 0, KHZ, &err));
    assert_int_equal(timeline.clock.start_tsc, 1000);
    assert_true(xph_timeline_next(&timeline, &record));
    assert_int_equal(record.pcpu, 0);
    assert_int_equal(record.time_ns, 0);
    assert_true(xph_timeline_next(&timeline, &record));
    assert_int_equal(record.time_ns, 0);
    assert_false(xph_timeline_next(&timeline, &record));
    assert_int_equal(timeline.damage.findings[XPH_DAMAGE_TIMELESS].count, 1);
    xph_timeline_close(&timeline);
}

/*
 * Synthetic: very many vCPUs, then very many losses and removals, of which each touched all vCPUs
 * once. A minute would not be enough then, and the alarm ends the test; now a second is.
 */
static void test_losses_and_removals_do_not_touch_every_vcpu(void **state)
{
    enum { VCPUS = 100000, EVENTS = 300000 };
    struct xph_machine machine;
    struct xph_error err;

    (void)state;
    alarm(60);
    assert_true(xph_machine_open(&machine, NULL, &err));
    for (uint32_t i = 0; i < VCPUS; i++) {
        struct xph_machine_event event = {.kind = XPH_MACHINE_STATE,
                                          .domid = (uint16_t)(1 + i / 8000),
                                          .vcpu = (uint16_t)(i % 8000),
                                          .old = XPH_BLOCKED,
                                          .new = XPH_RUNNABLE,
                                          .tsc = i};

        assert_true(xph_machine_take(&machine, &event, &err));
    }
    for (uint32_t i = 0; i < EVENTS; i++) {
        struct xph_machine_event event = {
            .kind = i % 2 ? XPH_MACHINE_LOSS : XPH_MACHINE_REMOVE, .domid = 9999, .tsc = VCPUS + i};

        assert_true(xph_machine_take(&machine, &event, &err));
    }
    assert_true(xph_machine_finish(&machine, 0, &err));
    for (size_t i = 0; i < machine.vcpus.count; i++)
        assert_int_equal(machine.vcpus.list[i].state, XPH_LOST);
    xph_machine_close(&machine);
    alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_trace_has_no_doubt),
        cmocka_unit_test(test_flipped_window_size_costs_no_record),
        cmocka_unit_test(test_hidden_window_is_found),
        cmocka_unit_test(test_flipped_window_header_costs_no_record),
        cmocka_unit_test(test_window_of_another_pcpu_is_told),
        cmocka_unit_test(test_broken_record_costs_few_records),
        cmocka_unit_test(test_time_out_of_order_is_told_and_moves_no_other_record),
        cmocka_unit_test(test_contradicting_run_state_is_told_and_located),
        cmocka_unit_test(test_vcpu_that_cannot_be_is_told),
        cmocka_unit_test(test_pcpu_without_time_stands_at_the_beginning),
        cmocka_unit_test(test_losses_and_removals_do_not_touch_every_vcpu),
    };

    return cmocka_run_group_tests_name("damage", tests, load, unload);
}
