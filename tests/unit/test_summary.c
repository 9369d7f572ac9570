/* The summary, which reads each pCPU apart, says what one merged pass over all records says. The
 * traces: tests/data/README.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/events.h"
#include "analyzer/summary/summary.h"
#include "analyzer/timeline/timeline.h"
#include "analyzer/views/summary.h"
#include "recording/files.h"

enum { KHZ = 2445406, MAX_EVENTS = 512 };

static const char *const traces[] = {
    "build/data/create-pv.xph/xen.trace",
    "build/data/create-pvh.xph/xen.trace",
    "build/data/destroy-pv.xph/xen.trace",
    "build/data/lossy.trace",
};

/* What one pass over the merged records counts. */
struct reference {
    struct xph_machine machine;
    struct {
        uint32_t event;
        uint64_t records;
    } events[MAX_EVENTS];
    size_t event_count;
    uint64_t (*hypercalls)[XPH_HYPERCALLS]; /* by position of the vCPU; owned */
};

static void count_event(struct reference *reference, uint32_t event)
{
    size_t i = 0;

    while (i < reference->event_count && reference->events[i].event != event)
        i++;
    assert_true(i < MAX_EVENTS);
    if (i == reference->event_count)
        reference->events[reference->event_count++].event = event;
    reference->events[i].records++;
}

static void read_merged(struct reference *reference, const struct xph_mapped_file *file)
{
    struct xph_timeline timeline;
    struct xph_record record;
    struct xph_error err;

    memset(reference, 0, sizeof(*reference));
    reference->hypercalls = calloc(1000, sizeof(*reference->hypercalls));
    assert_true(xph_timeline_open_mapped(&timeline, file, 0, KHZ, &err));
    assert_true(xph_machine_open(&reference->machine, NULL, &err));
    while (xph_timeline_next(&timeline, &record)) {
        const struct xph_vcpu *vcpu;

        assert_true(xph_machine_feed(&reference->machine, &record, &err));
        count_event(reference, record.event);
        vcpu = xph_machine_running(&reference->machine, record.pcpu);
        if (vcpu && record.event == XPH_EVENT_HYPERCALL_V2)
            reference->hypercalls[vcpu - reference->machine.vcpus.list]
                                 [xph_hypercall_op(record.words[0])]++;
    }
    assert_true(xph_machine_finish(&reference->machine, timeline.last_ns, &err));
    xph_timeline_close(&timeline);
}

static void compare_vcpus(const struct reference *reference, const struct xph_summary *summary)
{
    const struct xph_vcpus *vcpus = &reference->machine.vcpus;

    assert_int_equal(summary->machine.vcpus.count, vcpus->count);
    for (size_t i = 0; i < vcpus->count; i++) {
        const struct xph_vcpu *wanted = &vcpus->list[i], *vcpu = &summary->machine.vcpus.list[i];
        const struct xph_vcpu_tally *tally =
            xph_tally_find(&summary->tally, (uint32_t)vcpu->domid << 16 | vcpu->vcpu);

        assert_int_equal(vcpu->domid, wanted->domid);
        assert_int_equal(vcpu->vcpu, wanted->vcpu);
        assert_int_equal(vcpu->state, wanted->state);
        for (unsigned state = 0; state < XPH_RUNSTATES; state++) {
            assert_int_equal(vcpu->cycles[state], wanted->cycles[state]);
            assert_int_equal(vcpu->intervals[state], wanted->intervals[state]);
        }
        for (unsigned op = 0; op < XPH_HYPERCALLS; op++)
            assert_int_equal(tally && tally->pv ? tally->pv->hypercalls[op] : 0,
                             reference->hypercalls[i][op]);
    }
}

static void compare_events(const struct reference *reference, struct xph_summary *summary)
{
    uint64_t records = 0;

    for (size_t i = 0; i < reference->event_count; i++) {
        assert_int_equal(
            xph_event_census_find(&summary->tally.census, reference->events[i].event)->records,
            reference->events[i].records);
        records += reference->events[i].records;
    }
    assert_int_equal(summary->records, records);
}

static void test_counts_and_states_are_those_of_one_merged_pass(void **state)
{
    struct reference *reference = malloc(sizeof(*reference));
    struct xph_summary *summary = malloc(sizeof(*summary));

    (void)state;
    for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]); i++) {
        struct xph_mapped_file file;
        struct xph_error err;

        assert_true(xph_map_file(AT_FDCWD, traces[i], &file, &err));
        read_merged(reference, &file);
        assert_true(reference->machine.vcpus.count > 2);
        for (unsigned threads = 1; threads <= 3; threads++) {
            assert_true(xph_summary_read(summary, &file, threads, false, &err));
            compare_vcpus(reference, summary);
            compare_events(reference, summary);
            xph_summary_close(summary);
        }
        free(reference->hypercalls);
        xph_machine_close(&reference->machine);
        xph_unmap_file(&file);
    }
    free(summary);
    free(reference);
}

static char *text_of(const struct xph_mapped_file *file, unsigned threads)
{
    struct xph_summary *summary = malloc(sizeof(*summary));
    struct xph_doubts doubts = {0};
    struct xph_summary_view view = {.summary = summary, .doubts = &doubts, .clock = {1, KHZ}};
    struct xph_error err;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    assert_true(xph_summary_read(summary, file, threads, false, &err));
    assert_true(xph_summary_text(out, &view, &err));
    xph_summary_close(summary);
    free(summary);
    fclose(out);
    return text;
}

static void test_number_of_threads_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]); i++) {
        struct xph_mapped_file file;
        struct xph_error err;
        char *one, *several;

        assert_true(xph_map_file(AT_FDCWD, traces[i], &file, &err));
        one = text_of(&file, 1);
        for (unsigned threads = 2; threads <= 4; threads++) {
            several = text_of(&file, threads);
            assert_string_equal(several, one);
            free(several);
        }
        free(one);
        xph_unmap_file(&file);
    }
}

/*
 * Synthetic: d1v0 leaves the guest on pCPU 0 for RDTSC and enters it again 100 cycles later; then
 * for HLT, is taken off the pCPU after 30 cycles, and put on pCPU 1 much later, where it enters the
 * guest after 12.
 */
static void test_time_off_the_pcpu_is_not_in_a_vm_exit(void **state)
{
    enum { V = 1 << 16 };
    const uint32_t words[] = {
        0x2001f003, 0,      128,                   /* window of pCPU 0 */
        0x90021101, 1000,   0,   V,                /* runnable -> running */
        0x80081001, 1010,   0,                     /* enters the guest */
        0xb0081103, 1100,   0,   0x6e,       0, 0, /* RDTSC */
        0x80081001, 1200,   0,                     /* 100 cycles */
        0xb0081103, 1300,   0,   0x78,       0, 0, /* HLT */
        0x90021021, 1330,   0,   V,                /* running -> blocked: 30 cycles */
        0x90021101, 1331,   0,   0x7fff0000,       /* idle */
        0xa0028003, 900000, 0,   1,          0,    /* pCPU 0's last record */
        0x2001f003, 1,      44,                    /* window of pCPU 1 */
        0x90021211, 800000, 0,   V,                /* blocked -> runnable */
        0x90021101, 800100, 0,   V,                /* runnable -> running */
        0x80081001, 800112, 0,                     /* 12 cycles */
    };
    struct xph_summary *summary = malloc(sizeof(*summary));
    struct xph_summary_times list[XPH_MAX_REASONS];
    struct xph_error err;

    (void)state;
    assert_true(xph_summary_read_memory(summary, (const uint8_t *)words, sizeof(words), 2, &err));
    assert_int_equal(xph_summary_vmexits(summary, list), 2);
    assert_int_equal(list[0].key & 0xffff, 0x6e);
    assert_int_equal(list[0].times->times->sum, 100);
    assert_int_equal(list[1].key & 0xffff, 0x78);
    assert_int_equal(list[1].times->times->sum, 42);
    assert_int_equal(summary->damage.skipped_bytes, 0);
    xph_summary_close(summary);
    free(summary);
}

/*
 * Synthetic: no record tells when a hypercall returns. d1v0's first one ends with its page fault
 * at the latest, the second one when it is taken off the pCPU.
 */
static void test_synthetic_hypercall_takes_until_the_next_entry_at_most(void **state)
{
    enum { V = 1 << 16, XEN_VERSION = 17 };
    const uint32_t words[] = {
        0x2001f003, 0,    112,                          /* the window */
        0x90021101, 1000, 0,   V,                       /* d1v0 runs */
        0x9020100d, 1100, 0,   XEN_VERSION,             /* the first one */
        0xd0201104, 1140, 0,   1,           0, 2, 0, 6, /* page fault */
        0x9020100d, 1500, 0,   XEN_VERSION,             /* the second one */
        0x90021021, 1530, 0,   V,                       /* blocks */
        0x90021101, 1530, 0,   0x7fff0000,              /* idle */
    };
    struct xph_summary *summary = malloc(sizeof(*summary));
    struct xph_summary_times list[XPH_HYPERCALLS];
    struct xph_error err;

    (void)state;
    assert_true(xph_summary_read_memory(summary, (const uint8_t *)words, sizeof(words), 1, &err));
    assert_int_equal(xph_summary_hypercalls(summary, list), 1);
    assert_int_equal(list[0].times->count, 2);
    assert_int_equal(list[0].times->times->sum, 40 + 30);
    xph_summary_close(summary);
    free(summary);
}

/* The third window says that it ends where the fourth one does. */
static void test_window_hidden_in_another_is_read(void **state)
{
    enum { HEADER = 12 };
    struct xph_summary *summary = malloc(sizeof(*summary));
    struct xph_mapped_file file;
    struct xph_error err;
    uint32_t *sizes[4];
    uint64_t whole;
    uint8_t *data;
    size_t at = 0;

    (void)state;
    assert_true(xph_map_file(AT_FDCWD, traces[2], &file, &err));
    data = malloc(file.size);
    memcpy(data, file.data, file.size);
    for (size_t i = 0; i < 4; i++) {
        sizes[i] = (uint32_t *)(void *)(data + at + 8);
        at += HEADER + *sizes[i];
    }
    assert_true(xph_summary_read_memory(summary, data, file.size, 1, &err));
    whole = summary->records;
    xph_summary_close(summary);
    *sizes[2] += HEADER + *sizes[3];
    assert_true(xph_summary_read_memory(summary, data, file.size, 1, &err));
    assert_int_equal(summary->records, whole);
    assert_int_equal(summary->damage.findings[XPH_DAMAGE_HIDDEN].count, 0);
    assert_int_equal(summary->damage.findings[XPH_DAMAGE_WINDOW].count, 1);
    xph_summary_close(summary);
    free(data);
    free(summary);
    xph_unmap_file(&file);
}

static void test_percentiles_are_exact_to_one_in_64(void **state)
{
    static const double shares[] = {0.01, 0.5, 0.9, 0.95, 0.99, 1};
    struct xph_histogram *histogram = calloc(1, sizeof(*histogram));

    (void)state;
    for (uint64_t i = 1; i <= 10000; i++)
        xph_histogram_add(histogram, i * i * 37);
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        double rank = shares[i] * 10000, exact = rank * rank * 37;
        double told = (double)xph_histogram_percentile(histogram, shares[i]);

        assert_true(told >= exact * (1 - 1.0 / 64) - 1 && told <= exact * (1 + 1.0 / 64) + 1);
    }
    assert_int_equal(xph_histogram_percentile(histogram, 1), UINT64_C(100000000) * 37);
    free(histogram);
}

/* The host's TSC ran at 2445406 kHz by Xen; its clock was off by a thousandth, as emulated ones
 * are. */
static void test_frequency_is_estimated_from_the_scheduler(void **state)
{
    struct xph_summary *summary = malloc(sizeof(*summary));
    struct xph_mapped_file file;
    struct xph_error err;
    double ppm;

    (void)state;
    assert_true(xph_map_file(AT_FDCWD, traces[3], &file, &err));
    assert_true(xph_summary_read(summary, &file, 1, false, &err));
    assert_true(xph_summary_estimate_khz(summary, &ppm) > 2440000);
    assert_true(xph_summary_estimate_khz(summary, &ppm) < 2450000);
    assert_true(ppm < 5000);
    xph_summary_close(summary);
    xph_unmap_file(&file);
    free(summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_states_are_those_of_one_merged_pass),
        cmocka_unit_test(test_number_of_threads_changes_nothing),
        cmocka_unit_test(test_time_off_the_pcpu_is_not_in_a_vm_exit),
        cmocka_unit_test(test_synthetic_hypercall_takes_until_the_next_entry_at_most),
        cmocka_unit_test(test_window_hidden_in_another_is_read),
        cmocka_unit_test(test_percentiles_are_exact_to_one_in_64),
        cmocka_unit_test(test_frequency_is_estimated_from_the_scheduler),
    };

    return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
