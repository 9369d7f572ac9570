/* Marks of guests, whole and broken: synthetic records, as a hostile guest could have them made.
 * test_guest_probe.c tests with those of the probe itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/guest/guest_clock.h"
#include "analyzer/guest/marks.h"
#include "analyzer/guest/spans.h"
#include "tests/unit/guest_marks.h"

enum {
    CPUID = 0x8200e,
    FORCED = 0x201105,
    GUEST = 0x800f000,
    VMEXIT_SVM = 0x81103,
    DOMID = 7,
    MAX_PIECES = XPH_MARK_MAX_FRAME,
};

/* A mark as its records. */
struct pieces {
    struct xph_record records[MAX_PIECES];
    size_t count;
};

static const struct xph_vcpu guest = {.domid = DOMID, .vcpu = 1};

static struct mark make_mark(const char *name, const char *value, uint32_t sender)
{
    return (struct mark){.name = name,
                         .name_bytes = strlen(name),
                         .value = value,
                         .value_bytes = value ? strlen(value) : 0,
                         .sender = sender};
}

static size_t make_frame(const struct mark *mark, uint64_t monotonic_ns, uint8_t *frame)
{
    const struct mark_clocks clocks = {monotonic_ns, 5, monotonic_ns * 3};
    size_t size = mark_encode(mark, frame);

    mark_stamp(frame, size, &clocks);
    return size;
}

/* As xenphase-mark and Xen would write it, a microsecond a record from `start_ns` on. */
static void by_cpuid(struct pieces *pieces, const struct mark *mark, unsigned tag,
                     uint64_t start_ns)
{
    uint8_t frame[XPH_MARK_MAX_FRAME];
    size_t size = make_frame(mark, start_ns, frame);

    pieces->count = size / 4;
    for (size_t i = 0; i < pieces->count; i++) {
        struct xph_record *record = &pieces->records[i];

        *record = (struct xph_record){
            .event = CPUID, .extra_words = 6, .time_ns = start_ns + 1000 * i, .tsc = 3 * i};
        record->words[0] = 0x58500000 | tag << 8 | (uint32_t)i;
        memcpy(&record->words[1], frame + 4 * i, 4);
    }
}

static void by_forced_cpuid(struct pieces *pieces, const struct mark *mark, unsigned tag,
                            uint64_t start_ns)
{
    uint8_t frame[XPH_MARK_MAX_FRAME];

    pieces->count = make_frame(mark, start_ns, frame);
    for (size_t i = 0; i < pieces->count; i++) {
        unsigned stub = tag << 9 | (i == 0 ? 0x100u : 0u) | frame[i];
        uint64_t rip = UINT64_C(0x585048000000) + 8 * stub + 7;

        pieces->records[i] = (struct xph_record){.event = FORCED,
                                                 .extra_words = 2,
                                                 .timed = true,
                                                 .time_ns = start_ns + 1000 * i,
                                                 .tsc = 3 * i,
                                                 .words = {(uint32_t)rip, (uint32_t)(rip >> 32)}};
    }
}

static void feed_on(const struct xph_record *record, const struct xph_vcpu *vcpu)
{
    assert_true(xph_guest_marks_feed(&marks, record, vcpu, &err));
}

/* A CPUID comes after its VM exit, which has the stamp. */
static void feed_exit(const struct xph_record *record, const struct xph_vcpu *vcpu)
{
    const struct xph_record vmexit = {.event = VMEXIT_SVM,
                                      .timed = true,
                                      .pcpu = record->pcpu,
                                      .time_ns = record->time_ns,
                                      .tsc = record->tsc};

    feed_on(&vmexit, vcpu);
    feed_on(record, vcpu);
}

static void feed_all(const struct pieces *pieces)
{
    for (size_t i = 0; i < pieces->count; i++)
        feed_exit(&pieces->records[i], &guest);
}

static void assert_mark(size_t i, const char *name, const char *value)
{
    const struct xph_guest_mark *mark = &marks.marks[i];

    assert_true(i < marks.count);
    assert_int_equal(mark->domid, DOMID);
    assert_int_equal(mark->name_bytes, strlen(name));
    assert_memory_equal(mark->name, name, strlen(name));
    assert_true((mark->value != NULL) == (value != NULL));
    if (!value)
        return;
    assert_int_equal(mark->value_bytes, strlen(value));
    assert_memory_equal(mark->value, value, strlen(value));
}

static void assert_no_faults(void)
{
    const struct xph_guest_mark_faults none = {0};

    assert_memory_equal(&marks.faults, &none, sizeof(none));
}

static void two_processes_mix(bool by_force)
{
    const struct xph_vcpu other = {.domid = DOMID, .vcpu = 0};
    static struct pieces a, b;
    const struct mark first = make_mark("first", "1", 3), second = make_mark("second", NULL, 4);

    (by_force ? by_forced_cpuid : by_cpuid)(&a, &first, 3, 10000);
    (by_force ? by_forced_cpuid : by_cpuid)(&b, &second, 4, 10500);
    for (size_t i = 0; i < a.count || i < b.count; i++) {
        if (i < a.count)
            feed_exit(&a.records[i], i % 2 ? &guest : &other);
        if (i < b.count)
            feed_exit(&b.records[i], i % 3 ? &guest : &other);
    }
    xph_guest_marks_finish(&marks);
    assert_int_equal(marks.count, 2);
    assert_mark(0, "first", "1");
    assert_mark(1, "second", NULL);
    assert_int_equal(marks.marks[0].vcpu, 0);
    assert_true(marks.marks[0].bounded);
    assert_int_equal(marks.marks[0].before_ns, 10000);
    assert_int_equal(marks.marks[0].after_ns, 11000);
    assert_int_equal(marks.marks[0].guest.monotonic_ns, 10000);
    assert_no_faults();
}

static void test_frames_of_two_processes_mix_and_change_their_vcpu(void **state)
{
    (void)state;
    two_processes_mix(true);
    xph_guest_marks_close(&marks);
    assert_true(xph_guest_marks_open(&marks, &err));
    two_processes_mix(false);
}

static void test_the_same_tag_in_two_domains_is_two_frames(void **state)
{
    const struct xph_vcpu other = {.domid = DOMID + 1, .vcpu = 1};
    static struct pieces a;
    const struct mark mark = make_mark("mark", "value", 3);

    (void)state;
    by_cpuid(&a, &mark, 3, 10000);
    for (size_t i = 0; i < a.count; i++) {
        feed_exit(&a.records[i], &guest);
        feed_exit(&a.records[i], &other);
    }
    xph_guest_marks_finish(&marks);
    assert_int_equal(marks.count, 2);
    assert_mark(0, "mark", "value");
    assert_int_equal(marks.marks[1].domid, DOMID + 1);
    assert_no_faults();
}

static void test_a_frame_without_any_one_of_its_pieces_is_no_mark(void **state)
{
    const struct mark mark = make_mark("name", "some value", 9);
    static struct pieces a;

    (void)state;
    by_cpuid(&a, &mark, 9, 0);
    for (size_t left_out = 1; left_out < a.count; left_out++) {
        for (size_t i = 0; i < a.count; i++) {
            if (i != left_out)
                feed_exit(&a.records[i], &guest);
        }
    }
    xph_guest_marks_finish(&marks);
    /* Each is given up at the first piece that does not go on, or at the end; those after that are
     * of no frame. */
    assert_int_equal(marks.faults.torn, a.count - 1);
    assert_int_equal(marks.faults.stray, (a.count - 2) * (a.count - 3) / 2);
    xph_guest_marks_close(&marks);
    assert_true(xph_guest_marks_open(&marks, &err));
    by_forced_cpuid(&a, &mark, 9, 0);
    for (size_t left_out = 1; left_out < a.count; left_out++) {
        for (size_t i = 0; i < a.count; i++) {
            if (i != left_out)
                feed_on(&a.records[i], &guest);
        }
    }
    xph_guest_marks_finish(&marks);
    assert_int_equal(marks.count, 0);
    assert_int_equal(marks.faults.damaged + marks.faults.torn, a.count - 1);
}

static void test_any_flipped_bit_of_a_frame_is_found(void **state)
{
    const struct mark mark = make_mark("name", "value", 9);
    static struct pieces a;

    (void)state;
    by_cpuid(&a, &mark, 9, 0);
    for (size_t bit = 0; bit < a.count * 32; bit++) {
        a.records[bit / 32].words[1] ^= UINT32_C(1) << bit % 32;
        feed_all(&a);
        a.records[bit / 32].words[1] ^= UINT32_C(1) << bit % 32;
    }
    assert_int_equal(marks.count, 0);
    feed_all(&a);
    assert_int_equal(marks.count, 1);
}

/* Any words in any order: ASan and UBSan watch. */
static void test_made_up_records_are_survived(void **state)
{
    uint32_t random = 1;
    struct xph_record record = {0};

    (void)state;
    for (unsigned i = 0; i < 300000; i++) {
        static const uint32_t events[] = {CPUID, FORCED, GUEST | 0x580, GUEST | 0x58f, 0x201005};

        random = random * 1664525 + 1013904223;
        record.event = events[(random >> 16) % 5];
        record.extra_words = (random >> 24) % 8;
        for (unsigned word = 0; word < XPH_RECORD_MAX_WORDS; word++) {
            random = random * 1664525 + 1013904223;
            record.words[word] = random >> 8 & 0x0000ff07;
        }
        if (record.event == CPUID) {
            record.words[0] = 0x58500000 | (record.words[0] & 0x307);
            if ((record.words[0] & 0xff) == 0)
                record.words[1] = 0x01000401 | (random & 0xff00);
        } else if (record.event == FORCED) {
            record.words[0] = 0x48000007 + (record.words[0] & 0x1fff) * 8;
            record.words[1] = 0x5850;
        }
        record.pcpu = (uint16_t)(random % 4);
        feed_on(&record, i % 7 ? &guest : NULL);
    }
    assert_true(marks.faults.torn + marks.faults.stray > 1000);
    assert_true(marks.faults.unplaced > 1000);
    assert_true(marks.open_frames <= XPH_CPUID_TAGS + XPH_STUB_TAGS + XPH_HYPERCALL_TAGS);
}

static void test_what_is_kept_of_one_domain_is_bounded_and_the_rest_counted(void **state)
{
    const struct xph_vcpu other = {.domid = DOMID + 1, .vcpu = 0};
    struct mark mark = make_mark("m", NULL, 1);
    static struct pieces a;

    (void)state;
    by_cpuid(&a, &mark, 0, 1000);
    for (unsigned i = 0; i < XPH_MARK_MAX_OF_DOMAIN + 5; i++) {
        for (size_t piece = 0; piece < a.count; piece++)
            feed_on(&a.records[piece], &guest);
    }
    for (size_t piece = 0; piece < a.count; piece++)
        feed_on(&a.records[piece], &other);
    assert_int_equal(marks.count, XPH_MARK_MAX_OF_DOMAIN + 1);
    assert_int_equal(marks.faults.dropped, 5);
}

static void test_long_names_and_values_are_cut_and_flagged(void **state)
{
    char name[XPH_MARK_MAX_NAME + 2], value[XPH_MARK_MAX_VALUE + 2];
    static struct pieces a;
    struct mark mark;

    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    memset(value, '\x1b', sizeof(value) - 1);
    name[sizeof(name) - 1] = value[sizeof(value) - 1] = '\0';
    mark = make_mark(name, value, 1);
    by_cpuid(&a, &mark, 0, 1000);
    assert_int_equal(a.count * 4, XPH_MARK_MAX_FRAME);
    feed_all(&a);
    name[XPH_MARK_MAX_NAME] = value[XPH_MARK_MAX_VALUE] = '\0';
    assert_mark(0, name, value);
    assert_int_equal(marks.marks[0].flags,
                     XPH_MARK_NAME_CUT | XPH_MARK_VALUE_CUT | XPH_MARK_HAS_VALUE);
}

static void test_a_cpuid_whose_vm_exit_is_not_recorded_bounds_nothing(void **state)
{
    const struct mark mark = make_mark("mark", NULL, 1);
    static struct pieces a;

    (void)state;
    by_cpuid(&a, &mark, 0, 1000);
    for (size_t piece = 0; piece < a.count; piece++) {
        const struct xph_record runs = {.event = 0x21201, .timed = true};

        feed_on(&runs, &guest);
        feed_on(&a.records[piece], &guest);
    }
    assert_false(marks.marks[0].bounded);
}

static void feed_xenstore(const char *path, const char *value)
{
    const struct xph_clock clock = {0, 1000000, 0};
    const struct xph_xenstore_event event = {.tsc = 5000,
                                             .value_tsc = 6000,
                                             .state = XPH_XENSTORE_VALUE,
                                             .path = path,
                                             .path_bytes = (uint32_t)strlen(path),
                                             .value = value,
                                             .value_bytes = (uint32_t)strlen(value)};

    assert_true(xph_guest_marks_xenstore(&marks, &clock, &event, &err));
}

static void test_marks_by_xenstore(void **state)
{
    (void)state;
    feed_xenstore("/local/domain/7/data/xenphase/03", "xph1 4 33 2 12345 99 -7 a%20b %1b[2J");
    feed_xenstore("/local/domain/7/data/xenphase/ready/now", "yes");
    feed_xenstore("/local/domain/7/data/xenphase", "no key");
    feed_xenstore("/local/domain/7/data/xenphase/", "no key");
    feed_xenstore("/local/domain/99999/data/xenphase/x", "no domain");
    feed_xenstore("/local/domain/x/data/xenphase/x", "no domain");
    feed_xenstore("/local/domain/7/other/data/xenphase/x", "another key");
    assert_int_equal(marks.count, 2);
    assert_no_faults();
    assert_mark(0, "a b", "\x1b[2J");
    assert_int_equal(marks.marks[0].sender, 33);
    assert_int_equal(marks.marks[0].sequence, 2);
    assert_int_equal(marks.marks[0].guest.monotonic_ns, 12345);
    assert_int_equal(marks.marks[0].guest.tsc, 99);
    assert_int_equal(marks.marks[0].guest.slewed_ns, -7);
    assert_mark(1, "ready/now", "yes");
    assert_false(marks.marks[1].has_clocks);
    feed_xenstore("/local/domain/7/data/xenphase/03", "xph1 4 33 2 12345 99 -7 a%2");
    feed_xenstore("/local/domain/7/data/xenphase/03", "xph1 4 33 2 12345 99 -7 a%zzb");
    feed_xenstore("/local/domain/7/data/xenphase/03", "xph1 4 33 2 12345 99 -7 ");
    feed_xenstore("/local/domain/7/data/xenphase/03", "xph1 4 33");
    assert_int_equal(marks.count, 2);
    assert_int_equal(marks.faults.damaged, 4);
}

static void test_one_mark_by_two_ways_is_one_and_missing_ones_are_counted(void **state)
{
    struct mark mark = make_mark("mark", NULL, 33);
    static struct pieces a;

    (void)state;
    by_cpuid(&a, &mark, 0, 1000);
    feed_all(&a);
    feed_xenstore("/local/domain/7/data/xenphase/00", "xph1 0 33 0 3000 9000 5 mark");
    feed_xenstore("/local/domain/7/data/xenphase/00", "xph1 0 33 4 9000 9900 5 later");
    feed_xenstore("/local/domain/7/data/xenphase/00", "xph1 0 33 4 9000 9900 5 later");
    xph_guest_marks_finish(&marks);
    assert_int_equal(marks.count, 2);
    assert_mark(0, "mark", NULL);
    assert_true(marks.marks[0].also_by_xenstore);
    assert_mark(1, "later", NULL);
    assert_int_equal(marks.faults.missing, 3);
}

/* A mark at `host_ns` that took `width_ns`, when the guest's clock said `guest_ns`. */
static void add_moment(uint64_t host_ns, uint64_t width_ns, uint64_t guest_ns, int32_t slewed_ns)
{
    struct xph_guest_mark *grown = realloc(marks.marks, (marks.count + 1) * sizeof(*marks.marks));

    assert_non_null(grown);
    marks.marks = grown;
    marks.marks[marks.count++] = (struct xph_guest_mark){
        .domid = DOMID,
        .has_clocks = true,
        .bounded = true,
        .time_ns = host_ns,
        .before_ns = host_ns,
        .after_ns = host_ns + width_ns,
        .before_tsc = host_ns * 2 + 1000,
        .after_tsc = (host_ns + width_ns) * 2 + 1000,
        .guest = {guest_ns, slewed_ns, (host_ns + width_ns / 2) * 2},
    };
}

static void test_a_narrow_mark_makes_a_wide_one_exact(void **state)
{
    struct xph_guest_clock clock;
    uint64_t error_ns;
    int64_t host_ns;

    (void)state;
    add_moment(5000000000, 40000000, 2000000000, 0);
    add_moment(5100000000, 2000, 2100001000, 0);
    assert_true(xph_guest_clock_open(&clock, &marks, DOMID, &err));
    assert_int_equal(clock.stretches, 1);
    assert_true(xph_guest_clock_place(&clock, 5000000000, 2000000000, &host_ns, &error_ns));
    /* 50 ppm of the 0.1 s between, and the narrow one's microsecond. */
    assert_true(error_ns >= 1000 && error_ns < 7000);
    assert_true(llabs(host_ns - 4999999000 - 1000) <= (int64_t)error_ns);
    /* Before the clock began, in the firmware. */
    assert_true(xph_guest_clock_place(&clock, 0, -1000000000, &host_ns, &error_ns));
    assert_true(error_ns > 140000 && error_ns < 170000);
    assert_true(llabs(host_ns - 2000000000) <= (int64_t)error_ns);
    assert_true(clock.tsc_known);
    assert_true(llabs(clock.host_minus_guest_tsc - 1000) <= (int64_t)clock.tsc_error);
    assert_true(clock.tsc_error <= 2000);
    xph_guest_clock_close(&clock);
}

static void test_slewing_widens_the_error_by_what_the_guest_tells(void **state)
{
    struct xph_guest_clock clock;
    uint64_t error_ns;
    int64_t host_ns;

    (void)state;
    add_moment(10000000000, 0, 8003000000, 3000000);
    assert_true(xph_guest_clock_open(&clock, &marks, DOMID, &err));
    assert_true(xph_guest_clock_place(&clock, 0, 0, &host_ns, &error_ns));
    assert_true(error_ns > 3000000 && error_ns < 3500000);
    xph_guest_clock_close(&clock);
}

/* As of a guest whose kernel took 2 s up to where its clocks begin. */
static void test_what_the_clocks_began_with_is_not_taken_for_slewing(void **state)
{
    struct xph_guest_clock clock;
    uint64_t error_ns;
    int64_t host_ns;

    (void)state;
    add_moment(10000000000, 0, 8000000000, 2000000000);
    assert_true(xph_guest_clock_open(&clock, &marks, DOMID, &err));
    assert_true(xph_guest_clock_place(&clock, 0, 0, &host_ns, &error_ns));
    assert_true(error_ns < 5000000);
    assert_true(llabs(host_ns - 2000000000) <= (int64_t)error_ns);
    xph_guest_clock_close(&clock);
}

static void test_a_clock_that_stood_still_begins_a_new_stretch(void **state)
{
    struct xph_guest_clock clock;
    uint64_t error_ns;
    int64_t host_ns;

    (void)state;
    add_moment(1000000000, 2000, 500000000, 0);
    add_moment(2000000000, 2000, 1500000000, 0);
    add_moment(3700000000, 2000, 2500000000, 0); /* suspended for 0.7 s */
    assert_true(xph_guest_clock_open(&clock, &marks, DOMID, &err));
    assert_int_equal(clock.stretches, 2);
    assert_true(xph_guest_clock_place(&clock, 3700000000, 2400000000, &host_ns, &error_ns));
    assert_true(llabs(host_ns - 3600001000) <= (int64_t)error_ns);
    assert_true(xph_guest_clock_place(&clock, 1000000000, 1600000000, &host_ns, &error_ns));
    assert_true(llabs(host_ns - 2100001000) <= (int64_t)error_ns);
    assert_true(error_ns < 100000);
    xph_guest_clock_close(&clock);
}

static void test_a_lying_clock_overflows_nothing(void **state)
{
    const uint64_t lies[] = {0, UINT64_MAX, UINT64_C(1) << 59, UINT64_C(1) << 63, 1};
    struct xph_guest_clock clock;
    uint64_t error_ns;
    int64_t host_ns;

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        add_moment(1000000000 * (uint64_t)i, 2000, lies[i], i % 2 ? INT32_MAX : INT32_MIN);
        marks.marks[i].guest.tsc = lies[4 - i];
    }
    assert_true(xph_guest_clock_open(&clock, &marks, DOMID, &err));
    assert_true(clock.stretches >= 2);
    assert_false(clock.tsc_known);
    for (unsigned i = 0; i < 5; i++)
        xph_guest_clock_place(&clock, UINT64_MAX, (int64_t)lies[i], &host_ns, &error_ns);
    assert_false(xph_guest_clock_place(&clock, 0, INT64_MIN, &host_ns, &error_ns));
    xph_guest_clock_close(&clock);
}

static void test_spans_are_read_from_the_marks_that_mean_them(void **state)
{
    const struct mark boot = make_mark("boot.unit", "-1000 2500 ssh.service", 1),
                      other = make_mark("other", "1 2", 2), broken = make_mark("boot.x", "5 3", 3);
    struct xph_guest_clock clock;
    struct xph_guest_span span;
    static struct pieces a;

    (void)state;
    by_cpuid(&a, &boot, 1, 1000000);
    feed_all(&a);
    by_cpuid(&a, &other, 2, 1200000);
    feed_all(&a);
    by_cpuid(&a, &broken, 3, 1400000);
    feed_all(&a);
    xph_guest_marks_finish(&marks);
    assert_int_equal(marks.count, 3);
    assert_true(xph_guest_clock_open(&clock, &marks, DOMID, &err));
    assert_true(xph_guest_span_read(&marks.marks[0], &clock, &span));
    assert_true(span.placed);
    assert_int_equal(span.guest_start_ns, -1000);
    assert_int_equal(span.guest_end_ns, 2500);
    assert_int_equal(span.text_bytes, strlen("ssh.service"));
    assert_memory_equal(span.text, "ssh.service", strlen("ssh.service"));
    assert_true(llabs(span.end_ns - 3000) < 1000);
    assert_false(xph_guest_span_read(&marks.marks[1], &clock, &span));
    assert_false(xph_guest_span_read(&marks.marks[2], &clock, &span));
    xph_guest_clock_close(&clock);
}

static void test_the_checksum_is_that_of_zlib(void **state)
{
    (void)state;
    assert_int_equal(mark_checksum((const uint8_t *)"123456789", 9), 0xcbf43926);
}

int main(void)
{
#define MARKS_TEST(test) cmocka_unit_test_setup_teardown(test, open_marks, close_marks)
    const struct CMUnitTest tests[] = {
        MARKS_TEST(test_frames_of_two_processes_mix_and_change_their_vcpu),
        MARKS_TEST(test_the_same_tag_in_two_domains_is_two_frames),
        MARKS_TEST(test_a_frame_without_any_one_of_its_pieces_is_no_mark),
        MARKS_TEST(test_any_flipped_bit_of_a_frame_is_found),
        MARKS_TEST(test_made_up_records_are_survived),
        MARKS_TEST(test_what_is_kept_of_one_domain_is_bounded_and_the_rest_counted),
        MARKS_TEST(test_long_names_and_values_are_cut_and_flagged),
        MARKS_TEST(test_a_cpuid_whose_vm_exit_is_not_recorded_bounds_nothing),
        MARKS_TEST(test_marks_by_xenstore),
        MARKS_TEST(test_one_mark_by_two_ways_is_one_and_missing_ones_are_counted),
        MARKS_TEST(test_a_narrow_mark_makes_a_wide_one_exact),
        MARKS_TEST(test_slewing_widens_the_error_by_what_the_guest_tells),
        MARKS_TEST(test_what_the_clocks_began_with_is_not_taken_for_slewing),
        MARKS_TEST(test_a_clock_that_stood_still_begins_a_new_stretch),
        MARKS_TEST(test_a_lying_clock_overflows_nothing),
        MARKS_TEST(test_spans_are_read_from_the_marks_that_mean_them),
        cmocka_unit_test(test_the_checksum_is_that_of_zlib),
    };

    return cmocka_run_group_tests_name("guest marks", tests, NULL, NULL);
}
