/* How far the pCPUs' TSCs are apart, by the trace itself: on real traces of one machine, on copies
 * of them in which one pCPU's TSC was shifted, and on made up ones. The traces:
 * tests/data/README.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/events.h"
#include "analyzer/machine/contradictions.h"
#include "analyzer/machine/follow.h"
#include "analyzer/machine/skew.h"
#include "analyzer/summary/summary.h"
#include "tests/flips/random.h"

enum { KHZ = 2445406, SHIFTED_PCPU = 1, TSC_AT = 4, LOST_TSC_AT = 20 };

static const char *const traces[] = {
    "build/data/create-pv.xph/xen.trace",      "build/data/create-pvh.xph/xen.trace",
    "build/data/destroy-pv.xph/xen.trace",     "build/data/lossy.trace",
    "build/data/destroy-dev-pv.xph/xen.trace",
};
enum { TRACES = sizeof(traces) / sizeof(traces[0]), LOSSY = 3 };

/* What a summary of the trace says; to be freed by xph_skew_offsets_free(). */
static struct xph_skew_offsets offsets_of(const uint8_t *data, size_t size)
{
    struct xph_summary *summary = malloc(sizeof(*summary));
    struct xph_skew_offsets offsets;
    struct xph_error err;

    assert_true(xph_summary_read_memory(summary, data, size, 2, &err));
    offsets = summary->skew;
    summary->skew = (struct xph_skew_offsets){0};
    xph_summary_close(summary);
    free(summary);
    return offsets;
}

/* The same by the merged time line, as the report reads it. */
static struct xph_skew_offsets offsets_of_timeline(const uint8_t *data, size_t size)
{
    struct xph_skew_offsets offsets = {0};
    const struct xph_follower follower = {.skew = &offsets};
    struct xph_timeline timeline;
    struct xph_error err;

    assert_true(xph_timeline_open(&timeline, data, size, 0, KHZ, &err));
    assert_true(xph_machine_follow(&timeline, &follower, NULL, &err));
    xph_timeline_close(&timeline);
    return offsets;
}

static void add_to_tsc(uint8_t *at, int64_t cycles)
{
    uint64_t tsc;

    memcpy(&tsc, at, sizeof(tsc));
    tsc += (uint64_t)cycles;
    memcpy(at, &tsc, sizeof(tsc));
}

static void shift_window(uint8_t *at, const uint8_t *end, int64_t cycles)
{
    uint32_t header;

    for (; at < end; at += xph_header_length(header)) {
        memcpy(&header, at, sizeof(header));
        if (header >> 31)
            add_to_tsc(at + TSC_AT, cycles);
        if ((header & 0x0fffffff) == XPH_EVENT_LOST_RECORDS)
            add_to_tsc(at + LOST_TSC_AT, cycles);
    }
}

/* Synthetic: a copy in which the records of one pCPU are so many cycles later. */
static uint8_t *shifted(const struct xph_mapped_file *file, int64_t cycles)
{
    uint8_t *data = malloc(file->size);
    uint32_t window[3];

    memcpy(data, file->data, file->size);
    for (size_t at = 0; at + sizeof(window) < file->size; at += sizeof(window) + window[2]) {
        memcpy(window, data + at, sizeof(window));
        if (window[1] == SHIFTED_PCPU)
            shift_window(data + at + sizeof(window), data + at + sizeof(window) + window[2],
                         cycles);
    }
    return data;
}

static const struct xph_skew_offset *offset_of(const struct xph_skew_offsets *offsets,
                                               uint16_t pcpu)
{
    for (size_t i = 0; i < offsets->count; i++) {
        if (offsets->list[i].pcpu == pcpu)
            return &offsets->list[i];
    }
    fail_msg("nothing is told of pCPU %u", pcpu);
    return NULL;
}

static void assert_offset_is(const struct xph_skew_offsets *offsets, uint16_t pcpu, int64_t cycles)
{
    const struct xph_skew_offset *offset = offset_of(offsets, pcpu);

    assert_true(offset->bounded_below && offset->least <= cycles);
    assert_true(offset->bounded_above && offset->most >= cycles);
}

static void test_one_machines_tscs_are_the_same_to_some_microseconds(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRACES; i++) {
        struct xph_mapped_file file;
        struct xph_skew_offsets offsets;
        struct xph_doubts doubts = {0};
        struct xph_error err;

        assert_true(xph_map_file(AT_FDCWD, traces[i], &file, &err));
        offsets = offsets_of(file.data, file.size);
        assert_int_equal(offsets.verdict, XPH_SKEW_NONE);
        assert_int_equal(offsets.reference, 0);
        assert_offset_is(&offsets, SHIFTED_PCPU, 0);
        assert_true(offset_of(&offsets, SHIFTED_PCPU)->least > -100000);
        assert_true(offset_of(&offsets, SHIFTED_PCPU)->most < 100000);
        xph_doubts_of_skew(&doubts, &offsets, KHZ);
        assert_int_equal(doubts.count, 0);
        xph_skew_offsets_free(&offsets);
        xph_unmap_file(&file);
    }
}

static void check_shift(const struct xph_mapped_file *file, int64_t cycles, const char *direction)
{
    uint8_t *data = shifted(file, cycles);
    struct xph_skew_offsets offsets = offsets_of(data, file->size);
    struct xph_skew_offsets by_timeline = offsets_of_timeline(data, file->size);
    struct xph_doubts doubts = {0};

    assert_int_equal(offsets.verdict, XPH_SKEW_PROVEN);
    assert_offset_is(&offsets, SHIFTED_PCPU, cycles);
    assert_true(offset_of(&offsets, SHIFTED_PCPU)->most - offset_of(&offsets, SHIFTED_PCPU)->least <
                100000);
    assert_int_equal(by_timeline.verdict, XPH_SKEW_PROVEN);
    assert_memory_equal(by_timeline.list, offsets.list, offsets.count * sizeof(*offsets.list));
    xph_doubts_of_skew(&doubts, &offsets, KHZ);
    assert_int_equal(doubts.count, 1);
    assert_non_null(strstr(doubts.text[0], "the TSC of pCPU 1 is"));
    assert_non_null(strstr(doubts.text[0], direction));
    xph_skew_offsets_free(&offsets);
    xph_skew_offsets_free(&by_timeline);
    free(data);
}

/* From 40 us to 5 s: far less, and far more, than a vCPU runs or waits at a time. */
static void test_synthetic_shift_lies_in_the_interval_and_is_a_doubt(void **state)
{
    static const int64_t shifts[] = {100000, -1000000, 2600000, -26000000, 13000000000};

    (void)state;
    for (size_t i = 0; i < TRACES; i++) {
        struct xph_mapped_file file;
        struct xph_error err;

        if (i == LOSSY)
            continue;
        assert_true(xph_map_file(AT_FDCWD, traces[i], &file, &err));
        for (size_t j = 0; j < sizeof(shifts) / sizeof(shifts[0]); j++)
            check_shift(&file, shifts[j], shifts[j] > 0 ? "ahead of" : "behind");
        xph_unmap_file(&file);
    }
}

/* Smaller than what a record on another pCPU takes to follow: nothing contradicts it. */
static void test_synthetic_shift_below_the_bounds_is_allowed_not_told(void **state)
{
    struct xph_mapped_file file;
    struct xph_skew_offsets offsets;
    struct xph_error err;
    uint8_t *data;

    (void)state;
    assert_true(xph_map_file(AT_FDCWD, traces[0], &file, &err));
    data = shifted(&file, 3000);
    offsets = offsets_of(data, file.size);
    assert_int_equal(offsets.verdict, XPH_SKEW_NONE);
    assert_offset_is(&offsets, SHIFTED_PCPU, 0);
    assert_offset_is(&offsets, SHIFTED_PCPU, 3000);
    xph_skew_offsets_free(&offsets);
    free(data);
    xph_unmap_file(&file);
}

/* Only what lies before the first gap is looked at: behind it, states contradict without a skew. */
static void test_synthetic_shift_is_found_in_front_of_lost_records(void **state)
{
    struct xph_mapped_file file;
    struct xph_skew_offsets offsets;
    struct xph_error err;
    uint8_t *data;

    (void)state;
    assert_true(xph_map_file(AT_FDCWD, traces[LOSSY], &file, &err));
    data = shifted(&file, 2600000);
    offsets = offsets_of(data, file.size);
    assert_int_equal(offsets.verdict, XPH_SKEW_PROVEN);
    assert_offset_is(&offsets, SHIFTED_PCPU, 2600000);
    xph_skew_offsets_free(&offsets);
    free(data);
    xph_unmap_file(&file);
}

/* Synthetic damage: every twentieth change of a run state says that it is another one. */
static void test_synthetic_wrong_states_are_no_skew(void **state)
{
    struct xph_mapped_file file;
    struct xph_skew_offsets offsets;
    struct xph_doubts doubts = {0};
    struct xph_error err;
    uint8_t *data;
    unsigned changes = 0;

    (void)state;
    assert_true(xph_map_file(AT_FDCWD, traces[0], &file, &err));
    data = shifted(&file, 0);
    for (size_t at = 0; at + 4 < file.size;) {
        uint32_t header;

        memcpy(&header, data + at, sizeof(header));
        if (xph_event_is_runstate_change(header & 0x0fffffff) && ++changes % 20 == 0)
            data[at + 1] ^= 0x02; /* the old state */
        at += xph_header_length(header);
    }
    offsets = offsets_of(data, file.size);
    assert_int_equal(offsets.verdict, XPH_SKEW_UNEXPLAINED);
    assert_int_equal(offsets.count, 0);
    xph_doubts_of_skew(&doubts, &offsets, KHZ);
    assert_int_equal(doubts.count, 1);
    xph_skew_offsets_free(&offsets);
    free(data);
    xph_unmap_file(&file);
}

static void test_synthetic_bounds_add_up_over_the_pcpu_between(void **state)
{
    struct xph_skew_offsets offsets;
    struct xph_skew skew;
    struct xph_error err;

    (void)state;
    assert_true(xph_skew_open(&skew, &err));
    xph_skew_pair(&skew, 4, 7, 100);
    xph_skew_pair(&skew, 4, 7, 300);
    xph_skew_pair(&skew, 7, 9, 20);
    xph_skew_pair(&skew, 9, 7, 5);
    xph_skew_pair(&skew, 7, 4, 50);
    xph_skew_pair(&skew, 4, 9, 500);
    xph_skew_pair(&skew, 9, 12, 1);
    assert_true(xph_skew_find(&skew, 0, &offsets, &err));
    assert_int_equal(offsets.reference, 4);
    assert_int_equal(offsets.count, 3);
    assert_int_equal(offsets.pairs, 7);
    assert_int_equal(offset_of(&offsets, 7)->most, 100);
    assert_int_equal(offset_of(&offsets, 7)->least, -50);
    assert_int_equal(offset_of(&offsets, 9)->most, 120);
    assert_int_equal(offset_of(&offsets, 9)->least, -55);
    assert_int_equal(offset_of(&offsets, 12)->most, 121);
    assert_false(offset_of(&offsets, 12)->bounded_below);
    xph_skew_offsets_free(&offsets);
    xph_skew_close(&skew);
}

enum { PCPUS = 6, SOCKET = 3, VCPUS = 12, CYCLES = 400, US = 2600 };

static int compare_records(const void *a, const void *b)
{
    const struct xph_skew_record *first = a, *second = b;

    return first->tsc < second->tsc ? -1 : first->tsc > second->tsc;
}

/* One of the home socket's pCPUs, mostly. */
static uint16_t pick_pcpu(uint64_t *random, uint32_t vcpu)
{
    uint16_t pcpu = (uint16_t)(next_random(random) % PCPUS);

    return next_random(random) % 8 == 0 ? pcpu : (uint16_t)(pcpu % SOCKET + vcpu % 2 * SOCKET);
}

/* Synthetic: vCPUs that are woken on some pCPU, run on some for a while, and block there. */
static void simulate(struct xph_skew *skew, const int64_t *ahead)
{
    uint64_t random = 1;

    for (uint32_t vcpu = 0; vcpu < VCPUS; vcpu++) {
        uint64_t now = UINT64_C(1) << 40;

        for (unsigned cycle = 0; cycle < CYCLES; cycle++) {
            uint16_t waker = pick_pcpu(&random, vcpu);
            uint16_t runs_on = pick_pcpu(&random, vcpu);

            now += next_random(&random) % (2000 * US) + US;
            xph_skew_sample(
                skew, (struct xph_skew_record){now + (uint64_t)ahead[waker], vcpu, waker, 2, 1});
            now += next_random(&random) % (50 * US) + 2 * US;
            xph_skew_sample(skew, (struct xph_skew_record){now + (uint64_t)ahead[runs_on], vcpu,
                                                           runs_on, 1, 0});
            now += next_random(&random) % (1000 * US) + US;
            xph_skew_sample(skew, (struct xph_skew_record){now + (uint64_t)ahead[runs_on], vcpu,
                                                           runs_on, 0, 2});
        }
    }
    qsort(skew->sample, skew->sample_count, sizeof(*skew->sample), compare_records);
}

static void test_synthetic_sockets_with_their_own_tscs_are_found(void **state)
{
    static const int64_t cases[][PCPUS] = {
        {0, 0, 0, 5000000, 5000000, 5000000},
        {0, -40000, 0, 300000000, 0, 0},
        {0, 700000, -1234567890, 60000, 2600000000, -30000},
        {-9000000000, 0, 0, 0, 0, 0},
        {0, 9000000000, 0, 9000000000, 0, 9000000000},
        {0, 0, 0, 9000000000, 9000000000, 9000000000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct xph_skew_offsets offsets;
        struct xph_doubts doubts = {0};
        struct xph_skew skew;
        struct xph_error err;

        assert_true(xph_skew_open(&skew, &err));
        simulate(&skew, cases[i]);
        assert_true(xph_skew_find(&skew, 1000, &offsets, &err));
        assert_int_equal(offsets.verdict, XPH_SKEW_PROVEN);
        assert_int_equal(offsets.count, PCPUS - 1);
        for (uint16_t pcpu = 1; pcpu < PCPUS; pcpu++)
            assert_offset_is(&offsets, pcpu, cases[i][pcpu] - cases[i][0]);
        xph_doubts_of_skew(&doubts, &offsets, KHZ);
        assert_int_equal(doubts.count, 1);
        assert_non_null(strstr(doubts.text[0], "more differ"));
        xph_skew_offsets_free(&offsets);
        xph_skew_close(&skew);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_machines_tscs_are_the_same_to_some_microseconds),
        cmocka_unit_test(test_synthetic_shift_lies_in_the_interval_and_is_a_doubt),
        cmocka_unit_test(test_synthetic_shift_below_the_bounds_is_allowed_not_told),
        cmocka_unit_test(test_synthetic_shift_is_found_in_front_of_lost_records),
        cmocka_unit_test(test_synthetic_wrong_states_are_no_skew),
        cmocka_unit_test(test_synthetic_bounds_add_up_over_the_pcpu_between),
        cmocka_unit_test(test_synthetic_sockets_with_their_own_tscs_are_found),
    };

    return cmocka_run_group_tests_name("skew", tests, NULL, NULL);
}
