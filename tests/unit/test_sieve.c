/* A time line that leaves out what its reader does not need has the rest in the same order, with
 * the same bounds and the same damage, whoever reads it; and runs that are logged on the way tell
 * the same as the trace. The recording: build/data/create-pvh.xph, see tests/data/README.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/budget/cpu_share.h"
#include "analyzer/decode/events.h"
#include "analyzer/machine/follow.h"
#include "analyzer/report/gather.h"
#include "analyzer/report/sieves.h"

#define RECORDING "build/data/create-pvh.xph"
#include "tests/flips/random.h"
#include "tests/unit/domain_lives.h"
#include "tests/unit/recording.h"

enum { SEEDS = 24, LOG_BYTES = 1 << 20 };

struct told {
    struct xph_record *records; /* those that the sieve is for; owned */
    size_t count, capacity;
    uint64_t delivered, first_ns, last_ns, last_tsc;
    struct xph_trace_damage damage;
};

static bool is_of(const struct xph_event_set *events, uint32_t event)
{
    for (size_t i = 0; i < events->count; i++) {
        if ((event & events->families[i].mask) == events->families[i].value)
            return true;
    }
    return false;
}

static void read_all(const struct xph_recording *from, const struct xph_timeline_options *options,
                     bool ahead, const struct xph_event_set *events, struct told *told)
{
    struct xph_timeline timeline;
    struct xph_error err = {0};
    struct xph_record record;

    *told = (struct told){0};
    assert_true(xph_timeline_open_recording(&timeline, from, options, &err));
    if (ahead)
        xph_timeline_read_ahead(&timeline);
    while (xph_timeline_next(&timeline, &record)) {
        told->delivered++;
        if (!is_of(events, record.event))
            continue;
        if (told->count == told->capacity) {
            told->capacity = told->capacity ? told->capacity * 2 : 1024;
            told->records = realloc(told->records, told->capacity * sizeof(record));
            assert_non_null(told->records);
        }
        told->records[told->count++] = record;
    }
    told->first_ns = timeline.first_ns;
    told->last_ns = timeline.last_ns;
    told->last_tsc = timeline.last_tsc;
    told->damage = timeline.damage;
    xph_timeline_close(&timeline);
}

static void assert_same(const struct told *told, const struct told *all)
{
    assert_int_equal(told->count, all->count);
    for (size_t i = 0; i < told->count; i++) {
        const struct xph_record *first = &told->records[i], *second = &all->records[i];

        assert_int_equal(first->file_offset, second->file_offset);
        assert_int_equal(first->tsc, second->tsc);
        assert_int_equal(first->time_ns, second->time_ns);
        assert_int_equal(first->event, second->event);
        assert_int_equal(first->pcpu, second->pcpu);
        assert_memory_equal(first->words, second->words, sizeof(first->words));
    }
    assert_int_equal(told->first_ns, all->first_ns);
    assert_int_equal(told->last_ns, all->last_ns);
    assert_int_equal(told->last_tsc, all->last_tsc);
    assert_memory_equal(&told->damage, &all->damage, sizeof(told->damage));
}

/* Times of some stretches go back or ahead, and some bits are flipped. */
static void damage(uint8_t *trace, size_t size, uint64_t seed)
{
    uint64_t state = seed;

    for (size_t i = 0; i < seed; i++) {
        size_t at = next_random(&state) % size;

        if (i % 3 == 0)
            trace[at] ^= (uint8_t)(1 << next_random(&state) % 8);
        for (size_t records = next_random(&state) % 40; i % 3 != 0 && records > 0; records--) {
            uint32_t header;
            uint64_t tsc;

            at = at / 4 * 4;
            if (at + sizeof(header) + sizeof(tsc) > size)
                break;
            memcpy(&header, trace + at, sizeof(header));
            memcpy(&tsc, trace + at + sizeof(header), sizeof(tsc));
            if (header >> 31 && xph_event_class_name(header & 0x0fffffff)[0] != '?') {
                tsc += i % 3 == 1 ? UINT64_C(30000000) : -UINT64_C(30000000);
                memcpy(trace + at + sizeof(header), &tsc, sizeof(tsc));
            }
            at += xph_header_length(header);
        }
    }
}

static void test_sieved_records_are_those_of_the_whole(void **state)
{
    const struct xph_timeline_options options = {&xph_sieve_of_machine, XPH_WALK_RECORDS};
    struct xph_recording changed = recording;
    uint8_t *trace = malloc(recording.trace.size);

    (void)state;
    assert_non_null(trace);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct told all, sieved, ahead;

        memcpy(trace, recording.trace.data, recording.trace.size);
        damage(trace, recording.trace.size, seed);
        changed.trace = (struct xph_mapped_file){.data = trace, .size = recording.trace.size};
        changed.manifest.recording_start.tsc =
            seed % 2 ? recording.manifest.recording_start.tsc : 0;
        read_all(&changed, NULL, false, &options.sieve->events, &all);
        read_all(&changed, &options, false, &options.sieve->events, &sieved);
        read_all(&changed, &options, true, &options.sieve->events, &ahead);
        assert_true(all.count > 1000);
        assert_same(&sieved, &all);
        assert_same(&ahead, &all);
        assert_true(sieved.delivered < all.delivered / 2);
        free(all.records);
        free(sieved.records);
        free(ahead.records);
    }
    free(trace);
}

/* A synthetic trace of one pCPU: who comes to run there, losses, hypercalls. */
struct step {
    uint32_t event, word;
    bool kept;
};

enum {
    RUNS = 0x00021101, /* a vCPU that could run does */
    GUEST = 7 << 16,
    NO_STATE = 0x00021701, /* a state that cannot be changes nothing */
    MMU_UPDATE = 1,
    IRET = 23,
    EVENT_CHANNEL_OP = 32,
    DOMCTL = 36,
};

static size_t put_step(uint32_t *words, const struct step *step, uint64_t tsc)
{
    bool lost = step->event == XPH_EVENT_LOST_RECORDS;
    unsigned count = lost ? 4 : 1;

    words[0] = 0x80000000 | count << 28 | step->event;
    memcpy(&words[1], &tsc, sizeof(tsc));
    words[3] = lost ? 1 : step->word;
    if (lost) {
        words[4] = xph_lost_vcpu(step->word);
        memcpy(&words[5], &tsc, sizeof(tsc));
    }
    return 3 + count;
}

/* Those are left out that nothing depends on: not on what a task of dom0 asks for, nor on who wakes
 * a vCPU, or that it is not a hypercall any more that does. */
static void test_hypercalls_are_kept_that_something_depends_on(void **state)
{
    static const struct step steps[] = {
        {XPH_EVENT_HYPERCALL_V2, MMU_UPDATE, true}, /* the first record */
        {XPH_EVENT_HYPERCALL_V2, MMU_UPDATE, false},
        {RUNS, 0, true},
        {XPH_EVENT_HYPERCALL_V2, MMU_UPDATE, true},
        {XPH_EVENT_HYPERCALL_V2, IRET, false},
        {XPH_EVENT_HYPERCALL_V2, DOMCTL, true},
        {XPH_EVENT_HYPERCALL_V2, IRET, true}, /* not the domctl any more */
        {XPH_EVENT_HYPERCALL_V2, IRET, false},
        {NO_STATE, GUEST, true},
        {XPH_EVENT_HYPERCALL_V2, MMU_UPDATE, true},
        {XPH_EVENT_CONTINUE_RUNNING, GUEST, true},
        {XPH_EVENT_HYPERCALL_V2, MMU_UPDATE, false},
        {XPH_EVENT_HYPERCALL_V2, EVENT_CHANNEL_OP, true},
        {XPH_EVENT_HYPERCALL_V2, EVENT_CHANNEL_OP, true},
        {XPH_EVENT_HYPERCALL_V2, MMU_UPDATE, true},
        {XPH_EVENT_HYPERCALL_V2, MMU_UPDATE, false},
        {XPH_EVENT_LOST_RECORDS, 1, true}, /* d0v1 is current */
        {XPH_EVENT_HYPERCALL_V2, MMU_UPDATE, true},
        {RUNS, GUEST, true},
        {XPH_EVENT_HYPERCALL_V2, IRET, false},
        {XPH_EVENT_HYPERCALL_V2, MMU_UPDATE, true}, /* the last record */
    };
    const struct xph_timeline_options options = {&xph_sieve_of_gathering, XPH_BELIEVE_SIZES};
    uint32_t words[3 + 8 * sizeof(steps) / sizeof(steps[0])];
    struct xph_recording synthetic = {.manifest.tsc_khz = 1000000};
    struct xph_timeline timeline;
    struct xph_error err = {0};
    struct xph_record record;
    size_t size = 3;

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        size += put_step(words + size, &steps[i], 1000 + i);
    words[0] = 0x20000000 | XPH_EVENT_CPU_CHANGE;
    words[1] = 0;
    words[2] = (uint32_t)((size - 3) * sizeof(words[0]));
    synthetic.trace =
        (struct xph_mapped_file){.data = (const uint8_t *)words, .size = size * sizeof(words[0])};
    assert_true(xph_timeline_open_recording(&timeline, &synthetic, &options, &err));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (!steps[i].kept)
            continue;
        assert_true(xph_timeline_next(&timeline, &record));
        assert_int_equal(record.tsc, 1000 + i);
        assert_int_equal(record.event, steps[i].event);
    }
    assert_false(xph_timeline_next(&timeline, &record));
    xph_timeline_close(&timeline);
}

/* Synthetic: a window of a real trace is said to end where the one after it does. */
static void hide_window(uint8_t *trace, size_t size)
{
    uint32_t header[3], next[3];
    size_t at = 0;

    for (; at < size / 2; at += sizeof(header) + header[2])
        memcpy(header, trace + at, sizeof(header));
    memcpy(header, trace + at, sizeof(header));
    memcpy(next, trace + at + sizeof(header) + header[2], sizeof(next));
    header[2] += (uint32_t)sizeof(next) + next[2];
    memcpy(trace + at, header, sizeof(header));
}

static void test_report_begins_again_where_a_window_hides_another(void **state)
{
    struct xph_recording changed = recording;
    uint8_t *trace = malloc(recording.trace.size);
    struct xph_doubts doubts = {.count = 1, .text = {"one from before"}};
    struct xph_domain_lives lives;
    struct xph_gathered gathered;
    struct xph_timeline timeline;
    struct xph_error err = {0};

    (void)state;
    assert_non_null(trace);
    memcpy(trace, recording.trace.data, recording.trace.size);
    hide_window(trace, recording.trace.size);
    changed.trace = (struct xph_mapped_file){.data = trace, .size = recording.trace.size};
    assert_true(xph_gather(&gathered, &changed, &doubts, &err));
    assert_true(xph_timeline_open_recording(&timeline, &changed, NULL, &err));
    assert_true(read_domain_lives(&lives, &timeline, &changed, &err));
    assert_int_equal(timeline.damage.findings[XPH_DAMAGE_WINDOW].count, 1);
    assert_int_equal(doubts.count, 2);
    assert_string_equal(doubts.text[0], "one from before");
    assert_non_null(strstr(doubts.text[1], "windows of xen.trace mended"));
    assert_int_equal(gathered.lives.count, lives.count);
    assert_int_equal(gathered.lives.last_ns, lives.last_ns);
    assert_memory_equal(gathered.lives.contradictions, lives.contradictions,
                        sizeof(lives.contradictions));
    xph_domain_lives_free(&lives);
    xph_timeline_close(&timeline);
    xph_gathered_free(&gathered);
    free(trace);
}

static bool log_interval(void *context, const struct xph_runstate_interval *interval,
                         struct xph_error *err)
{
    (void)err;
    xph_run_log_add(context, interval);
    return true;
}

static void log_runs(size_t limit, struct xph_run_log *log, uint64_t *last_ns)
{
    const struct xph_follower follower = {.interval = log_interval, .context = log};
    struct xph_timeline timeline;
    struct xph_error err = {0};

    assert_true(xph_run_log_open(log, limit, &err));
    assert_true(xph_timeline_open_recording(&timeline, &recording, NULL, &err));
    assert_true(xph_machine_follow(&timeline, &follower, NULL, &err));
    xph_run_log_end(log);
    *last_ns = timeline.last_ns;
    xph_timeline_close(&timeline);
}

static void test_logged_runs_share_out_the_cpus_as_the_trace_does(void **state)
{
    struct xph_operation operation = {.domid = 1, .target_domid = XPH_NO_DOMAIN};
    struct xph_cpu_share by_log = {0}, by_trace = {0};
    struct xph_timeline timeline;
    struct xph_error err = {0};
    struct xph_run_log log;
    uint64_t last_ns;

    (void)state;
    log_runs(LOG_BYTES, &log, &last_ns);
    assert_false(log.given_up);
    assert_true(log.size > 0);
    for (uint64_t part = 1; part <= 5; part++)
        xph_operation_add_phase(&operation, "part", last_ns * part / 5 - part, "");
    assert_true(
        xph_cpu_shares_of_log(&operation, 1, recording.manifest.pcpus, &log, &by_log, &err));
    assert_true(xph_timeline_open_recording(&timeline, &recording, NULL, &err));
    assert_true(
        xph_cpu_shares(&operation, 1, recording.manifest.pcpus, &timeline, &by_trace, &err));
    xph_timeline_close(&timeline);
    assert_true(by_log.held_ns[2][XPH_HELD_BY_DOM0] > 0);
    assert_memory_equal(&by_log, &by_trace, sizeof(by_log));
    xph_run_log_close(&log);
}

static void test_log_is_given_up_at_its_limit(void **state)
{
    struct xph_run_log log;
    uint64_t last_ns;

    (void)state;
    log_runs(4096, &log, &last_ns);
    assert_true(log.given_up);
    assert_null(log.coded);
    xph_run_log_close(&log);
}

/* Any number, in any order: damaged times are logged, too. */
static void test_log_holds_any_run(void **state)
{
    static const struct xph_runstate_interval runs[] = {
        {0, 0, 0, XPH_RUNNING, 5, 9},
        {XPH_IDLE_DOMID, 0, 1, XPH_RUNNING, 3, 4},
        {0, 0, 0, XPH_RUNNING, 9, 12}, /* goes on */
        {7, 0, 0, XPH_BLOCKED, 12, 13},
        {UINT16_MAX, 1, 0, XPH_RUNNING, UINT64_MAX - 3, UINT64_MAX},
        {XPH_IDLE_DOMID - 1, 1, 0, XPH_RUNNING, 1, UINT64_MAX - 1},
    };
    static const struct xph_run wanted[] = {
        {0, 5, 12},
        {UINT16_MAX, UINT64_MAX - 3, UINT64_MAX},
        {XPH_IDLE_DOMID - 1, 1, UINT64_MAX - 1},
        {XPH_IDLE_DOMID, 3, 4},
    };
    struct xph_run_log_walk walk;
    struct xph_error err = {0};
    struct xph_run_log log;
    struct xph_run run;

    (void)state;
    assert_true(xph_run_log_open(&log, LOG_BYTES, &err));
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
        xph_run_log_add(&log, &runs[i]);
    xph_run_log_end(&log);
    walk = (struct xph_run_log_walk){.log = &log};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        assert_true(xph_run_log_next(&walk, &run));
        assert_int_equal(run.domid, wanted[i].domid);
        assert_int_equal(run.start_ns, wanted[i].start_ns);
        assert_int_equal(run.end_ns, wanted[i].end_ns);
    }
    assert_false(xph_run_log_next(&walk, &run));
    xph_run_log_close(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sieved_records_are_those_of_the_whole),
        cmocka_unit_test(test_hypercalls_are_kept_that_something_depends_on),
        cmocka_unit_test(test_report_begins_again_where_a_window_hides_another),
        cmocka_unit_test(test_logged_runs_share_out_the_cpus_as_the_trace_does),
        cmocka_unit_test(test_log_is_given_up_at_its_limit),
        cmocka_unit_test(test_log_holds_any_run),
    };

    return cmocka_run_group_tests_name("sieve", tests, open_recording, close_recording);
}
