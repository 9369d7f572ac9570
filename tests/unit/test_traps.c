/*
 * What is easily read wrongly in Xen's traces (tests/traps.md lists all, with the tests that are
 * elsewhere). The traces are real ones, whole windows of them (tests/data/README.md), but for tests
 * that say that theirs is synthetic: made up, as the recordings at hand do not have the case.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/events.h"
#include "analyzer/decode/vm_exits.h"
#include "analyzer/decode/xen_kind.h"
#include "analyzer/machine/follow.h"
#include "analyzer/summary/summary.h"
#include "analyzer/views/summary.h"

#define HVM_417   "build/data/hvm-417.trace"
#define HVM_420   "build/data/hvm-420.trace"
#define WRAP_420  "build/data/wrap-420.trace"
#define CREATE_PV "build/data/create-pv.xph/xen.trace"
#define LOSSY     "build/data/lossy.trace"

enum {
    KHZ = 2599868,
    HEADER_BYTES = 12, /* of a window */
    GUEST_EVENT = 0x0800f123,
    GUEST_MAGIC = 0x58504800,
    MAX_INTERVALS = 16,
};

static struct xph_mapped_file map(const char *path)
{
    struct xph_mapped_file file;
    struct xph_error err;

    assert_true(xph_map_file(AT_FDCWD, path, &file, &err));
    return file;
}

static void open_words(struct xph_timeline *timeline, const uint32_t *words, size_t size)
{
    struct xph_error err;

    assert_true(xph_timeline_open(timeline, (const uint8_t *)words, size, 0, KHZ, &err));
}

static struct xph_summary *summary_of_words(const uint32_t *words, size_t size)
{
    struct xph_summary *summary = malloc(sizeof(*summary));
    struct xph_error err;

    assert_true(xph_summary_read_memory(summary, (const uint8_t *)words, size, 1, &err));
    return summary;
}

static void free_summary(struct xph_summary *summary)
{
    xph_summary_close(summary);
    free(summary);
}

/* AMD's VM exits have Intel's event until Xen 4.18; credit2's padding is garbage until 4.17. */
static void test_xen_and_cpu_are_told_by_the_records_alone(void **state)
{
    struct xph_mapped_file old = map(HVM_417), new = map(HVM_420);
    struct xph_xen_kind kind;

    (void)state;
    xph_xen_kind_detect(&kind, NULL, NULL, &old);
    assert_int_equal(kind.max, XPH_XEN(4, 17));
    assert_int_equal(kind.virtualization, XPH_VIRTUALIZATION_SVM);
    assert_false(kind.contradiction);
    xph_xen_kind_detect(&kind, NULL, NULL, &new);
    assert_int_equal(kind.min, XPH_XEN(4, 19));
    assert_int_equal(kind.virtualization, XPH_VIRTUALIZATION_SVM);
    assert_false(kind.contradiction);
    xph_unmap_file(&old);
    xph_unmap_file(&new);
}

static uint64_t count_of_exits(const struct xph_summary *summary, const char *wanted)
{
    struct xph_summary_times list[XPH_MAX_REASONS];
    size_t count = xph_summary_vmexits(summary, list);
    char name[40];

    for (size_t i = 0; i < count; i++) {
        assert_true(xph_summary_is_svm(summary, list[i].key));
        xph_vm_exit_name(true, list[i].key & 0xffff, name, sizeof(name));
        if (strcmp(name, wanted) == 0)
            return list[i].times->count;
    }
    return 0;
}

/* Nobody has to say that the CPU is AMD's. */
static void test_summary_names_amds_vm_exits_under_either_event(void **state)
{
    static const struct {
        const char *path;
        uint64_t rdtsc, hlt, vmmcall, cpuid;
    } cases[] = {{HVM_417, 993, 35, 75, 108}, {HVM_420, 1992, 70, 207, 140}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct xph_mapped_file file = map(cases[i].path);
        struct xph_summary *summary = malloc(sizeof(*summary));
        struct xph_error err;

        assert_true(xph_summary_read(summary, &file, 2, false, &err));
        assert_int_equal(count_of_exits(summary, "rdtsc"), cases[i].rdtsc);
        assert_int_equal(count_of_exits(summary, "hlt"), cases[i].hlt);
        assert_int_equal(count_of_exits(summary, "vmmcall"), cases[i].vmmcall);
        assert_int_equal(count_of_exits(summary, "cpuid"), cases[i].cpuid);
        free_summary(summary);
        xph_unmap_file(&file);
    }
}

/* 2714 records with the one that fills up the buffer's end. */
static void test_real_filler_is_no_record(void **state)
{
    struct xph_mapped_file file = map(WRAP_420);
    struct xph_timeline timeline;
    struct xph_record record;
    struct xph_error err;

    (void)state;
    assert_true(xph_timeline_open_mapped(&timeline, &file, 0, KHZ, &err));
    while (xph_timeline_next(&timeline, &record))
        assert_int_not_equal(record.event, XPH_EVENT_WRAP_BUFFER);
    assert_int_equal(timeline.records, 2713);
    for (unsigned kind = 0; kind < XPH_DAMAGE_KINDS; kind++)
        assert_int_equal(timeline.damage.findings[kind].count, 0);
    xph_timeline_close(&timeline);
    xph_unmap_file(&file);
}

/* Synthetic: Xen leaves in a filler what was there, and one of 36 bytes has the flag of a TSC. */
static void test_synthetic_filler_of_any_length_moves_no_time(void **state)
{
    static const uint32_t shapes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8 | 6};

    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        uint32_t words[32] = {0x2001f003,
                              0,
                              0, /* the window */
                              0x90028001,
                              1000,
                              0,
                              7, /* timed */
                              shapes[i] << 28 | XPH_EVENT_WRAP_BUFFER};
        size_t end = 7 + xph_header_length(words[7]) / sizeof(words[0]);
        struct xph_timeline timeline;
        struct xph_record record;

        memset(words + 8, 0xa5, sizeof(words) - 8 * sizeof(words[0]));
        words[end] = UINT32_C(1) << 28 | GUEST_EVENT; /* untimed */
        words[2] = (uint32_t)((end + 2) * sizeof(words[0]) - HEADER_BYTES);
        open_words(&timeline, words, HEADER_BYTES + words[2]);
        assert_true(xph_timeline_next(&timeline, &record));
        assert_true(xph_timeline_next(&timeline, &record));
        assert_int_equal(record.event, GUEST_EVENT);
        assert_int_equal(record.tsc, 1000);
        assert_false(xph_timeline_next(&timeline, &record));
        assert_int_equal(timeline.damage.skipped_bytes, 0);
        xph_timeline_close(&timeline);
    }
}

/* Untimed: it has the time of the VM exit in which it was made, which stands before it. */
static void test_guests_own_record_is_read_with_the_time_before_it(void **state)
{
    static const char *const paths[] = {HVM_417, HVM_420};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct xph_mapped_file file = map(paths[i]);
        struct xph_timeline timeline;
        struct xph_record record;
        struct xph_error err;
        uint64_t exit_tsc[2] = {0};
        unsigned found = 0;

        assert_true(xph_timeline_open_mapped(&timeline, &file, 0, KHZ, &err));
        while (xph_timeline_next(&timeline, &record)) {
            if (record.event == 0x81102 || record.event == 0x81103)
                exit_tsc[record.pcpu] = record.tsc;
            if (record.event != GUEST_EVENT)
                continue;
            found++;
            assert_false(record.timed);
            assert_int_equal(record.tsc, exit_tsc[record.pcpu]);
            assert_int_equal(record.extra_words, 2);
            assert_int_equal(record.words[0], GUEST_MAGIC);
        }
        assert_int_equal(found, 1);
        xph_timeline_close(&timeline);
        xph_unmap_file(&file);
    }
}

/* Synthetic: until Xen 4.17 five bytes were rounded up to two words; none at all is a record, too.
 */
static void test_synthetic_guests_record_may_have_any_number_of_words(void **state)
{
    (void)state;
    for (uint32_t length = 0; length <= XPH_RECORD_MAX_WORDS; length++) {
        uint32_t words[] = {
            0x2001f003, 0, 20 + 4 * length, 0x90028001, 1000, 0, 7, 0, 1, 2, 3, 4, 5, 6, 7};
        struct xph_timeline timeline;
        struct xph_record record;

        words[7] = length << 28 | GUEST_EVENT;
        open_words(&timeline, words, HEADER_BYTES + words[2]);
        assert_true(xph_timeline_next(&timeline, &record));
        assert_true(xph_timeline_next(&timeline, &record));
        assert_int_equal(record.event, GUEST_EVENT);
        assert_int_equal(record.extra_words, length);
        assert_int_equal(timeline.damage.findings[XPH_DAMAGE_SHAPE].count, 0);
        xph_timeline_close(&timeline);
    }
}

/* xentrace writes one pCPU's window after the other: the file goes back in time each time. */
static void test_windows_that_begin_before_others_end_are_merged(void **state)
{
    struct xph_mapped_file file = map(HVM_417);
    struct xph_timeline timeline;
    struct xph_record record;
    struct xph_error err;
    uint64_t last_tsc = 0, last_offset = 0;
    unsigned back = 0;

    (void)state;
    assert_true(xph_timeline_open_mapped(&timeline, &file, 0, KHZ, &err));
    while (xph_timeline_next(&timeline, &record)) {
        assert_true(record.tsc >= last_tsc);
        back += record.file_offset < last_offset;
        last_tsc = record.tsc;
        last_offset = record.file_offset;
    }
    assert_true(back > 10);
    xph_timeline_close(&timeline);
    xph_unmap_file(&file);
}

/* A copy without the first windows of one pCPU, as the ring of xentrace -M drops whole ones. */
static uint8_t *without_front(const struct xph_mapped_file *file, uint32_t pcpu, unsigned windows,
                              size_t *size)
{
    uint8_t *data = malloc(file->size);
    uint32_t window[3];

    *size = 0;
    for (size_t at = 0; at + HEADER_BYTES <= file->size; at += HEADER_BYTES + window[2]) {
        memcpy(window, file->data + at, sizeof(window));
        if (window[1] == pcpu && windows > 0) {
            windows--;
            continue;
        }
        memcpy(data + *size, file->data + at, HEADER_BYTES + window[2]);
        *size += HEADER_BYTES + window[2];
    }
    return data;
}

static uint64_t contradictions_of(const uint8_t *data, size_t size, bool front_cut)
{
    struct xph_mapped_file file = {.data = data, .size = size};
    struct xph_summary *summary = malloc(sizeof(*summary));
    struct xph_error err;
    uint64_t count = 0;

    assert_true(xph_summary_read(summary, &file, 1, front_cut, &err));
    for (unsigned i = 0; i < XPH_CONTRADICTIONS; i++)
        count += summary->machine.contradictions[i].count;
    free_summary(summary);
    return count;
}

static void test_front_that_a_ring_dropped_contradicts_nothing(void **state)
{
    struct xph_mapped_file file = map(CREATE_PV);
    size_t size;
    uint8_t *data = without_front(&file, 1, 8, &size);

    (void)state;
    assert_int_equal(contradictions_of(file.data, file.size, false), 0);
    assert_int_equal(contradictions_of(data, size, true), 0);
    /* Of a trace that is not a ring's, it would be a hole that nothing else tells of. */
    assert_true(contradictions_of(data, size, false) > 0);
    free(data);
    xph_unmap_file(&file);
}

/* It is written when there is room again, and tells when the first one was lost. */
static void test_lost_records_are_a_gap_before_the_record_that_tells_of_them(void **state)
{
    struct xph_mapped_file file = map(LOSSY);
    struct xph_timeline timeline;
    struct xph_record record;
    struct xph_error err;
    uint64_t last_tsc[2] = {0};
    unsigned gaps = 0;

    (void)state;
    assert_true(xph_timeline_open_mapped(&timeline, &file, 0, KHZ, &err));
    while (xph_timeline_next(&timeline, &record)) {
        uint64_t since = last_tsc[record.pcpu];

        last_tsc[record.pcpu] = record.tsc;
        if (record.event != XPH_EVENT_LOST_RECORDS)
            continue;
        assert_true(since <= xph_record_first_lost_tsc(&record));
        assert_true(xph_record_first_lost_tsc(&record) < record.tsc);
        assert_true(timeline.losses.list[gaps].start_tsc == xph_record_first_lost_tsc(&record));
        assert_true(timeline.losses.list[gaps].end_tsc == record.tsc);
        gaps++;
    }
    assert_int_equal(gaps, 6);
    assert_int_equal(timeline.losses.records, 72070);
    xph_timeline_close(&timeline);
    xph_unmap_file(&file);
}

/* Whom the record of a loss names is who then stops running on that pCPU: it ran meanwhile. */
static void test_who_runs_behind_a_gap_is_named_by_the_record_of_it(void **state)
{
    struct xph_mapped_file file = map(LOSSY);
    struct xph_timeline timeline;
    struct xph_machine machine;
    struct xph_record record;
    struct xph_error err;
    uint32_t named[2] = {XPH_NO_VCPU, XPH_NO_VCPU};
    unsigned between = 0, stopped = 0;

    (void)state;
    assert_true(xph_timeline_open_mapped(&timeline, &file, 0, KHZ, &err));
    assert_true(xph_machine_open(&machine, NULL, &err));
    while (xph_timeline_next(&timeline, &record)) {
        uint32_t *who = &named[record.pcpu];
        const struct xph_vcpu *running;

        assert_true(xph_machine_feed(&machine, &record, &err));
        running = xph_machine_running(&machine, record.pcpu);
        if (record.event == XPH_EVENT_LOST_RECORDS) {
            *who = xph_lost_vcpu(record.words[1]);
        } else if (*who != XPH_NO_VCPU && xph_event_is_runstate_change(record.event) &&
                   (record.event >> 8 & 15) == XPH_RUNNING) {
            /* In a record of a run state the halves stand as everywhere. */
            assert_int_equal(record.words[0], *who);
            *who = XPH_NO_VCPU;
            stopped++;
        }
        if (*who == XPH_NO_VCPU)
            continue;
        assert_int_equal((uint32_t)running->domid << 16 | running->vcpu, *who);
        between++;
    }
    assert_int_equal(stopped, 6);
    assert_true(between > 100);
    xph_machine_close(&machine);
    xph_timeline_close(&timeline);
    xph_unmap_file(&file);
}

/* Synthetic: the ns of a vCPU that ran for 5 s were wrapped to 0.7 s in their 32 bits. */
static void test_synthetic_run_time_that_wrapped_is_not_measured_by(void **state)
{
    const uint32_t words[] = {
        0x2001f003, 0,         96,                                /* the window */
        0xb002800e, 1,         0,  0, 0, 0,                       /* since when, nothing tells */
        0xb002800e, 26000001,  0,  0, 0, 10000000,                /* 10 ms */
        0xb002800e, 141098113, 3,  0, 0, (uint32_t)5000000000ull, /* 5 s */
        0xb002800e, 167098113, 3,  0, 0, 10000000,                /* 10 ms */
    };
    struct xph_summary *summary = summary_of_words(words, sizeof(words));

    (void)state;
    assert_int_equal(summary->tally.ran_intervals, 2);
    assert_int_equal(summary->tally.ran_cycles, 52000000);
    assert_int_equal(summary->tally.ran_ns, 20000000);
    free_summary(summary);
}

/* Synthetic: Xen writes on pCPU 1, where d2v0 runs, that d1v0 woke up; d1v0 runs on pCPU 0. */
static void test_synthetic_wake_on_another_pcpu_moves_nobody(void **state)
{
    const uint32_t words[] = {
        0x2001f003, 0,    80,                                                /* pCPU 0 */
        0x90021101, 1000, 0,  1 << 16,                                       /* d1v0 runs */
        0x90021021, 1100, 0,  1 << 16,                                       /* ... and blocks */
        0x90021101, 1100, 0,  0x7fff0000,                                    /* idle */
        0x90021011, 1300, 0,  0x7fff0000,      0x90021101, 1300, 0, 1 << 16, /* runs again */
        0x2001f003, 1,    56,                                                /* pCPU 1 */
        0x90021101, 1000, 0,  2 << 16,                                       /* d2v0 runs */
        0x90021211, 1200, 0,  1 << 16,            /* d1v0 blocked -> runnable */
        0xa020100d, 1400, 0,  0x00100000 | 29, 2, /* a hypercall of d2v0 */
    };
    struct xph_summary *summary = summary_of_words(words, sizeof(words));
    const struct xph_vcpu_tally *woken = xph_tally_find(&summary->tally, 1 << 16);
    const struct xph_vcpu_tally *waker = xph_tally_find(&summary->tally, 2 << 16);

    (void)state;
    assert_non_null(waker);
    assert_int_equal(waker->pv->hypercalls[29], 1);
    assert_true(!woken || !woken->pv);
    assert_int_equal(summary->machine.contradictions[XPH_CONTRADICTION_PLACE].count, 0);
    assert_int_equal(summary->machine.contradictions[XPH_CONTRADICTION_TWO].count, 0);
    assert_int_equal(xph_machine_running(&summary->machine, 1)->domid, 2);
    free_summary(summary);
}

struct intervals {
    struct xph_runstate_interval list[MAX_INTERVALS];
    size_t count;
};

static bool take_interval(void *context, const struct xph_runstate_interval *interval,
                          struct xph_error *err)
{
    struct intervals *intervals = context;

    (void)err;
    if (intervals->count < MAX_INTERVALS)
        intervals->list[intervals->count++] = *interval;
    return true;
}

/* Synthetic: d1v0's first record says that it wakes up; no record tells when it blocked. */
static void test_synthetic_first_record_of_a_vcpu_says_what_it_was_before(void **state)
{
    const uint32_t words[] = {
        0x2001f003, 0,       48,          /* the window */
        0x90028001, 2600,    0,  5,       /* the trace begins */
        0x90021211, 2602468, 0,  1 << 16, /* after 1 ms: blocked -> runnable */
        0x90021101, 5202336, 0,  1 << 16, /* after 2 ms: runs */
    };
    struct intervals intervals = {.count = 0};
    const struct xph_follower follower = {.interval = take_interval, .context = &intervals};
    struct xph_timeline timeline;
    struct xph_error err;

    (void)state;
    open_words(&timeline, words, sizeof(words));
    assert_true(xph_machine_follow(&timeline, &follower, NULL, &err));
    assert_int_equal(intervals.count, 2);
    assert_int_equal(intervals.list[0].state, XPH_BLOCKED);
    assert_int_equal(intervals.list[0].start_ns, 0);
    assert_int_equal(intervals.list[0].end_ns, 1000000);
    assert_int_equal(intervals.list[1].state, XPH_RUNNABLE);
    xph_timeline_close(&timeline);
}

/* Synthetic: an HVM guest's multicall has records of its entries, too, within its VM exit. */
static void test_synthetic_multicall_of_an_hvm_guest_is_counted(void **state)
{
    const uint32_t words[] = {
        0x2001f003,
        0,
        88, /* the window */
        0x90021101,
        1000,
        0,
        1 << 16, /* d1v0 runs */
        0xb0081103,
        1100,
        0,
        0x81,
        0,
        0, /* VMMCALL */
        0x90000000 | 0x20200e,
        1200,
        0,
        14, /* update_va_mapping */
        0x90000000 | 0x20200e,
        1300,
        0,
        14,
        0x80081001,
        1400,
        0, /* back in the guest */
    };
    struct xph_summary *summary = summary_of_words(words, sizeof(words));
    const struct xph_vcpu_tally *tally = xph_tally_find(&summary->tally, 1 << 16);
    struct xph_summary_times list[XPH_MAX_REASONS];

    (void)state;
    assert_int_equal(tally->vmexits, 1);
    assert_int_equal(tally->pv->subcalls[14], 2);
    assert_int_equal(tally->pv->hypercalls[14], 0);
    assert_int_equal(xph_summary_vmexits(summary, list), 1);
    assert_int_equal(list[0].times->times->sum, 300);
    free_summary(summary);
}

/* Synthetic: masks of 32 bits, or arrays of 256, do not hold these. */
static void test_synthetic_pcpus_of_a_large_host_are_kept_apart(void **state)
{
    const uint32_t words[] = {
        0x2001f003, 33,    16, 0x90021101, 1000, 0, 1 << 16, /* d1v0 runs on pCPU 33 */
        0x2001f003, 1,     16, 0x90021101, 1000, 0, 2 << 16,
        0x2001f003, 257,   16, 0x90021101, 1000, 0, 3 << 16,
        0x2001f003, 16383, 16, 0x90021101, 1000, 0, 4 << 16,
    };
    struct xph_summary *summary = summary_of_words(words, sizeof(words));

    (void)state;
    assert_int_equal(summary->pcpu_count, 4);
    assert_int_equal(xph_machine_running(&summary->machine, 33)->domid, 1);
    assert_int_equal(xph_machine_running(&summary->machine, 1)->domid, 2);
    assert_int_equal(xph_machine_running(&summary->machine, 257)->domid, 3);
    assert_int_equal(xph_machine_running(&summary->machine, 16383)->domid, 4);
    assert_int_equal(summary->damage.skipped_bytes, 0);
    free_summary(summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xen_and_cpu_are_told_by_the_records_alone),
        cmocka_unit_test(test_summary_names_amds_vm_exits_under_either_event),
        cmocka_unit_test(test_real_filler_is_no_record),
        cmocka_unit_test(test_synthetic_filler_of_any_length_moves_no_time),
        cmocka_unit_test(test_guests_own_record_is_read_with_the_time_before_it),
        cmocka_unit_test(test_synthetic_guests_record_may_have_any_number_of_words),
        cmocka_unit_test(test_windows_that_begin_before_others_end_are_merged),
        cmocka_unit_test(test_front_that_a_ring_dropped_contradicts_nothing),
        cmocka_unit_test(test_lost_records_are_a_gap_before_the_record_that_tells_of_them),
        cmocka_unit_test(test_who_runs_behind_a_gap_is_named_by_the_record_of_it),
        cmocka_unit_test(test_synthetic_run_time_that_wrapped_is_not_measured_by),
        cmocka_unit_test(test_synthetic_wake_on_another_pcpu_moves_nobody),
        cmocka_unit_test(test_synthetic_first_record_of_a_vcpu_says_what_it_was_before),
        cmocka_unit_test(test_synthetic_multicall_of_an_hvm_guest_is_counted),
        cmocka_unit_test(test_synthetic_pcpus_of_a_large_host_are_kept_apart),
    };

    return cmocka_run_group_tests_name("traps", tests, NULL, NULL);
}
