/* What the words of a record mean, by Xen's version and the kind of CPU. Records are made up here,
 * each as the named place of Xen's source writes it; the recordings in build/data (see
 * tests/data/README.md) show that the evidence is right on real ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/decode/events.h"
#include "analyzer/decode/hypercalls.h"
#include "analyzer/decode/layouts.h"
#include "analyzer/decode/vm_exits.h"
#include "analyzer/views/dump_view.h"
#include "recording/recording.h"

enum { MAX_TEXT = 4096, VALUES = 7 };

static const struct xph_xen_kind unknown = {XPH_XEN(4, 14), UINT16_MAX, XPH_VIRTUALIZATION_UNKNOWN,
                                            false,          "",         ""};

static struct xph_xen_kind kind_of(unsigned minor, enum xph_virtualization virtualization)
{
    return (struct xph_xen_kind){
        (uint16_t)XPH_XEN(4, minor), (uint16_t)XPH_XEN(4, minor), virtualization, false, "", ""};
}

/* What a view prints of a record; `counts` may be NULL. */
static void print(const struct xph_xen_kind *kind, xph_dump_record *view,
                  const struct xph_record *record, char text[static MAX_TEXT],
                  struct xph_dump *counts)
{
    struct xph_dump_item item = {.vcpu = 0, .record = *record};
    struct xph_layouts layouts;
    struct xph_output output;
    struct xph_error err;
    struct xph_dump dump;
    int ends[2];
    ssize_t length;

    assert_int_equal(pipe(ends), 0);
    assert_true(xph_layouts_open(&layouts, kind, &err));
    assert_true(xph_output_open(&output, ends[1], &err));
    assert_true(xph_dump_open(&dump, &layouts, NULL, &output, &err));
    item.layout = xph_layout_find(&layouts, record->event);
    xph_dump_count(&dump, &item);
    view(&dump, &item);
    assert_true(xph_output_close(&output, &err));
    length = read(ends[0], text, MAX_TEXT - 1);
    assert_true(length > 0);
    text[length - (text[length - 1] == '\n')] = '\0';
    if (counts)
        *counts = dump;
    xph_dump_close(&dump);
    xph_layouts_close(&layouts);
    close(ends[0]);
    close(ends[1]);
}

/* The event and its fields as text, without time and place. */
#define assert_text(kind, event_, expected, ...)                                                   \
    do {                                                                                           \
        const uint32_t words_[] = {__VA_ARGS__};                                                   \
        struct xph_record record_ = {.event = (event_),                                            \
                                     .extra_words = sizeof(words_) / sizeof(words_[0])};           \
        char text_[MAX_TEXT];                                                                      \
                                                                                                   \
        memcpy(record_.words, words_, sizeof(words_));                                             \
        print(kind, xph_dump_text, &record_, text_, NULL);                                         \
        assert_string_equal(strlen(text_) > 33 ? text_ + 33 : text_, expected);                    \
    } while (0)

static void test_memory_records_are_packed_until_xen_4_17(void **state)
{
    struct xph_xen_kind old = kind_of(17, XPH_VIRTUALIZATION_UNKNOWN);
    struct xph_xen_kind new = kind_of(18, XPH_VIRTUALIZATION_UNKNOWN);

    (void)state;
    /* The last word of the old layout is a remnant of the stack. */
    assert_text(&old, 0x10f005, "decrease_reservation    gfn=0x100001000 domain=7 order=9", 0x1000,
                1, 9 << 16 | 7, 0xdeadbeef);
    assert_text(&new, 0x10f005, "decrease_reservation    gfn=0x100001000 domain=7 order=9", 0x1000,
                1, 7, 9);
    assert_text(&old, 0x10f010, "pod_populate            gfn=0x1 mfn=0x2 domain=3 order=9", 1, 0, 2,
                0, 9 << 16 | 3, 0xdeadbeef);
    assert_text(&new, 0x10f010, "pod_populate            gfn=0x1 mfn=0x2 domain=3 order=9", 1, 0, 2,
                0, 3, 9);
    assert_text(&old, 0x10f011, "pod_zero_reclaim        gfn=0x1 mfn=0x2 domain=3 order=0", 1, 0, 2,
                0, 3, 0xdeadbeef);
    assert_text(&new, 0x10f011, "pod_zero_reclaim        gfn=0x1 mfn=0x2 domain=3 order=9", 1, 0, 2,
                0, 3, 9);
    assert_text(&old, 0x10f012, "pod_superpage_splinter  gfn=0x1 domain=3", 1, 0, 0xdead0000 | 3,
                0xdeadbeef);
    assert_text(&new, 0x10f012, "pod_superpage_splinter  gfn=0x1 domain=3 order=9", 1, 0, 3, 9);
}

static void test_unknown_version_takes_the_newest_layout_and_says_so(void **state)
{
    struct xph_record record = {.event = 0x10f005, .extra_words = 4, .words = {1, 0, 7, 9}};
    struct xph_xen_kind known = kind_of(20, XPH_VIRTUALIZATION_UNKNOWN);
    struct xph_dump counts;
    char text[MAX_TEXT];

    (void)state;
    print(&unknown, xph_dump_text, &record, text, &counts);
    assert_non_null(strstr(text, "domain=7 order=9"));
    assert_int_equal(counts.ambiguous_records, 1);
    print(&known, xph_dump_text, &record, text, &counts);
    assert_int_equal(counts.ambiguous_records, 0);
}

static void test_vm_exits_of_amd_have_another_event_since_xen_4_19(void **state)
{
    struct xph_xen_kind old_amd = kind_of(18, XPH_VIRTUALIZATION_SVM);
    struct xph_xen_kind old_intel = kind_of(18, XPH_VIRTUALIZATION_VMX);
    struct xph_xen_kind old = kind_of(18, XPH_VIRTUALIZATION_UNKNOWN);
    struct xph_xen_kind new = kind_of(19, XPH_VIRTUALIZATION_UNKNOWN);

    (void)state;
    assert_text(&old_amd, 0x81102,
                "vmexit                  reason=hlt(0x78) rip=0xffffffff81000000", 0x78, 0x81000000,
                0xffffffff);
    assert_text(&old_intel, 0x81102,
                "vmexit                  reason=hlt(12) rip=0xffffffff81000000", 12, 0x81000000,
                0xffffffff);
    assert_text(&old, 0x81002, "vmexit                  reason=0x78 rip=0x1000", 0x78, 0x1000);
    assert_text(&new, 0x81002, "vmexit                  reason=ept_violation(48) rip=0x1000", 48,
                0x1000);
    assert_text(&new, 0x81103, "vmexit_svm              reason=npf(0x400) rip=0x100001000", 0x400,
                0x1000, 1);
    assert_text(&new, 0x81503, "vmexit_svm_nested       reason=ioio(0x7b) rip=0x100001000", 0x7b,
                0x1000, 1);
}

static void test_vm_exit_reasons_have_names_and_flags(void **state)
{
    struct xph_xen_kind kind = kind_of(20, XPH_VIRTUALIZATION_VMX);

    (void)state;
    assert_text(&kind, 0x81002,
                "vmexit                  reason=invalid_guest_state(33) entry_failed=1 rip=0x1",
                0x80000021, 1);
    assert_text(&kind, 0x81002, "vmexit                  reason=hlt(12) bus_lock=1 rip=0x1",
                0x0400000c, 1);
    assert_text(&kind, 0x81002, "vmexit                  reason=?(999) rip=0x1", 999, 1);
    assert_string_equal(xph_vmx_exit_name(75), "notify");
    assert_null(xph_vmx_exit_name(35));
    assert_null(xph_vmx_exit_name(76));
    assert_string_equal(xph_svm_exit_name(0xa5), "bus_lock");
    assert_string_equal(xph_svm_exit_name(UINT32_MAX), "invalid");
    assert_null(xph_svm_exit_name(0x90));
}

static void test_padding_is_not_shown(void **state)
{
    (void)state;
    /* Until Xen 4.17 remnants of the stack, since then zero. */
    assert_text(&unknown, 0x2220a, "csched2:runq_assign     vcpu=d1v2 rqi=3", 1 << 16 | 2,
                0xdead0003);
    assert_text(&unknown, 0x2220c,
                "csched2:update_runq_load rq_avgload=5 b_avgload=6 load=2 rqi=1 shift=18", 5, 0, 6,
                0, 18 << 24 | 1 << 16 | 2, 0xdeadbeef);
    assert_text(&unknown, 0x22211,
                "csched2:load_balance    lb_avgload=5 ob_avgload=6 lrqi=1 orqi=2", 5, 0, 6, 0,
                2 << 16 | 1, 0xdeadbeef);
    assert_text(&unknown, 0x22206, "csched2:tickle          cpu=3", 0xdead0003);
}

static void test_extra_time_of_rtds_is_one_byte_until_xen_4_17(void **state)
{
    struct xph_xen_kind old = kind_of(17, XPH_VIRTUALIZATION_UNKNOWN);

    (void)state;
    assert_text(&old, 0x22803,
                "rtds:budget_burn        vcpu=d1v2 budget=5 delta=-1 priority=0 extratime=1",
                1 << 16 | 2, 5, 0, UINT32_MAX, 0, 0xdeadbe01);
}

/* Its id means nothing else since. */
static void test_event_that_xen_dropped_keeps_its_name(void **state)
{
    struct xph_xen_kind last = kind_of(21, XPH_VIRTUALIZATION_UNKNOWN);
    struct xph_xen_kind dropped = kind_of(22, XPH_VIRTUALIZATION_UNKNOWN);

    (void)state;
    assert_text(&last, 0x201008, "math_state_restore");
    assert_text(&dropped, 0x201008, "math_state_restore");
}

static void test_sets_of_cpus_take_all_words(void **state)
{
    (void)state;
    assert_text(&unknown, 0x802006,
                "irq_assign_vector       irq=9 vector=48 "
                "cpus=0x800000000000000000000000000000000000000200000001",
                48 << 16 | 9, 1, 2, 0, 0, 0, 0x80000000);
    assert_text(&unknown, 0x802008, "irq_handled             irq=9 tsc_in=4294967295 tsc_out=5", 9,
                0xffffffff, 5);
}

static void test_lost_records_have_domain_and_vcpu_the_other_way_round(void **state)
{
    (void)state;
    assert_text(&unknown, 0x1f001,
                "lost_records            count=5 vcpu=d7v1 first_tsc=0x200000001", 5, 1 << 16 | 7,
                1, 2);
    assert_text(&unknown, 0x21002, "continue_running        vcpu=d7v1", 7 << 16 | 1);
    assert_text(&unknown, 0x28004, "vcpu_wake               vcpu=d7v1", 7, 1);
}

static void test_bits_that_mean_64_bits_elsewhere_are_run_states_and_schedulers_here(void **state)
{
    (void)state;
    assert_text(&unknown, 0x21101, "runstate_change         vcpu=d0v1 from=runnable to=running", 1);
    assert_text(&unknown, 0x21211, "runstate_change         vcpu=d0v1 from=blocked to=runnable", 1);
    assert_text(&unknown, 0x21031, "runstate_change         vcpu=d0v1 from=running to=offline", 1);
    assert_text(&unknown, 0x22007, "csched:boost_start      vcpu=d1v2", 1, 2);
    assert_text(&unknown, 0x22a05, "null:schedule           tasklet=0 cpu=3 vcpu=none", 3 << 16,
                UINT32_MAX);
    assert_null(xph_event_find(0x00021401));
}

static void test_shadow_events_tell_levels_of_paging_not_64_bits(void **state)
{
    (void)state;
    /* arch/x86/mm/shadow/multi.c: with 3 levels an entry has 64 bits and an address 32. */
    assert_text(&unknown, 0x40f001, "shadow:not_shadow       gl1e=0x1 address=0x2 flags=0x3", 1, 2,
                3);
    assert_text(&unknown, 0x40f101,
                "shadow:not_shadow       gl1e=0x100000001 address=0x2 flags=0x3", 1, 1, 2, 3);
    assert_text(&unknown, 0x40f201,
                "shadow:not_shadow       gl1e=0x100000001 address=0x100000002 flags=0x3", 1, 1, 2,
                1, 3);
    assert_text(&unknown, 0x40f00c, "shadow:wrmap_brute_force gfn=0x100000001", 1, 1);
}

static void test_arguments_of_hypercalls_have_names(void **state)
{
    (void)state;
    assert_text(&unknown, 0x20100d, "hypercall               op=sched_op(29) cmd=shutdown(2)",
                0x0010001d, 2);
    assert_text(&unknown, 0x20100d,
                "hypercall               op=grant_table_op(20) cmd=copy(5) count=17", 0x01100014, 5,
                17);
    assert_text(&unknown, 0x20200e,
                "hypercall_subcall       op=vcpu_op(24) cmd=set_singleshot_timer(8) vcpu=1",
                0x00500018, 8, 1);
    /* What goes on after it was preempted has bit 31 set, which is no part of the count. */
    assert_text(&unknown, 0x20100d, "hypercall               op=mmu_update(1) count=5 continued=1",
                0x00400001, 0x80000005);
    assert_text(&unknown, 0x20100d, "hypercall               op=mmuext_op(26) count=0 continued=1",
                0x0040001a, 0x80000000);
    assert_text(&unknown, 0x20100d, "hypercall               op=multicall(13) count=4", 0x0040000d,
                4);
    /* Xen does not record 64-bit arguments, but the format has them; and a cut record has fewer. */
    assert_text(&unknown, 0x20100d, "hypercall               op=domctl(36) a0=0x200000001 a2=0x3",
                0x01200024, 1, 2, 3);
    assert_text(&unknown, 0x20100d, "hypercall               op=sched_op(29)", 0x0010001d);
    assert_text(&unknown, 0x20100d, "hypercall               op=sched_op(29) cmd=?(77)", 0x0010001d,
                77);
}

static void test_no_hypercall_has_the_name_of_another(void **state)
{
    (void)state;
    assert_string_equal(xph_hypercall_name(49), "paging_domctl_continuation");
    assert_string_equal(xph_hypercall_name(27), "xsm_op");
    assert_string_equal(xph_hypercall_name(14), "update_va_mapping");
    assert_string_equal(xph_hypercall_name(41), "dm_op");
    assert_null(xph_hypercall_name(11));
    assert_null(xph_hypercall_name(64));
    assert_text(&unknown, 0x20100d, "hypercall               op=?(43)", 43);
}

static void test_what_is_absent_is_no_number(void **state)
{
    (void)state;
    assert_text(&unknown, 0x2800f, "sched_switch_next       vcpu=d1v0 waited_ns=0 slice_ns=-1", 1,
                0, 0, UINT32_MAX);
    assert_text(&unknown, 0x22214, "csched2:runq_candidate  vcpu=d1v0 tickled_cpu=-1 credit=-5",
                1 << 16, UINT32_MAX, (uint32_t)-5);
    assert_text(&unknown, 0x82020, "hvm:interrupt_window    vector=48 source=2 pending=-1", 48, 2,
                UINT32_MAX);
    /* SVM traces an interrupt without its vector; a repeated instruction has no data. */
    assert_text(&unknown, 0x8200f, "hvm:interrupt");
    assert_text(&unknown, 0x8200f, "hvm:interrupt           vector=48", 48);
    assert_text(&unknown, 0x82016, "hvm:ioport_read         port=0x60", 0x60);
    assert_text(&unknown, 0x82317, "hvm:mmio_write          address=0x1fee00000 data=0x200000001",
                0xfee00000, 1, 1, 2);
}

static void test_unknown_events_and_surplus_words_are_shown_raw(void **state)
{
    struct xph_record record = {.event = 0x00040777, .extra_words = 1, .words = {1}};
    struct xph_dump counts;
    char text[MAX_TEXT];

    (void)state;
    assert_text(&unknown, 0x00040777, "dom0op:0x00040777 [0x00000abc] [0x00000002]", 0xabc, 2);
    assert_text(&unknown, 0x00041001, "domain_add              domain=3 [0x00000004]", 3, 4);
    assert_text(&unknown, 0x00021401, "sched:0x00021401 [0x00000001]", 1);
    assert_text(&unknown, 0x00028004, "vcpu_wake               [0x00000001]", 1);
    print(&unknown, xph_dump_text, &record, text, &counts);
    assert_int_equal(counts.unknown_records, 1);
    /* What a guest writes by HVMOP_xentrace is its own affair. */
    record.event = 0x0800f123;
    print(&unknown, xph_dump_text, &record, text, &counts);
    assert_non_null(strstr(text, "guest:0x0800f123 [0x00000001]"));
    assert_int_equal(counts.unknown_records, 0);
}

/* Any record, as damage may make it, fits into a line, and its JSON is JSON. */
static void test_every_event_with_any_words_is_printed(void **state)
{
    static const uint32_t values[VALUES] = {0,          1,          0x80000000, 0xffffffff,
                                            0xfff00000, 0x55500001, 0xaaa0001d};
    struct xph_record record = {.time_ns = UINT64_MAX, .tsc = UINT64_MAX, .pcpu = 16383};
    size_t count;
    const struct xph_event *rows = xph_event_rows(&count);

    (void)state;
    for (size_t row = 0; row < count; row++) {
        for (unsigned length = 0; length <= XPH_RECORD_MAX_WORDS; length++) {
            char text[MAX_TEXT];
            json_t *json;

            record.event = rows[row].id;
            record.extra_words = (uint8_t)length;
            for (unsigned i = 0; i < XPH_RECORD_MAX_WORDS; i++)
                record.words[i] = values[(row + length + i) % VALUES];
            print(&unknown, xph_dump_text, &record, text, NULL);
            print(&unknown, xph_dump_csv, &record, text, NULL);
            print(&unknown, xph_dump_json, &record, text, NULL);
            json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
            if (!json)
                print_error("%s\n", text);
            assert_non_null(json);
            json_decref(json);
        }
    }
}

static void test_table_is_in_order_and_fits_its_limits(void **state)
{
    size_t count;
    const struct xph_event *rows = xph_event_rows(&count);
    struct xph_layouts layouts;
    struct xph_error err;

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_true(strlen(rows[i].name) < XPH_LAYOUT_LABEL);
        assert_ptr_not_equal(xph_event_find(rows[i].id), NULL);
        if (i == 0 || rows[i - 1].id < rows[i].id)
            continue;
        /* Two layouts of one event follow each other, and one begins where the other ends. */
        assert_int_equal(rows[i - 1].id, rows[i].id);
        assert_string_equal(rows[i - 1].name, rows[i].name);
        assert_int_equal(rows[i - 1].until + 1, rows[i].since);
    }
    assert_true(xph_layouts_open(&layouts, &unknown, &err));
    for (size_t i = 0; i < layouts.count; i++) {
        assert_true(layouts.layouts[i].field_count <= XPH_MAX_FIELDS);
        assert_true(layouts.layouts[i].words <= XPH_RECORD_MAX_WORDS);
        assert_ptr_equal(xph_layout_find(&layouts, layouts.layouts[i].event), &layouts.layouts[i]);
    }
    xph_layouts_close(&layouts);
}

/* A row of records as a file has them, all alike. */
static struct xph_xen_kind kind_of_records(const char *version, const char *cpu_model,
                                           uint32_t event, unsigned extra_words,
                                           const uint32_t *words, unsigned count)
{
    size_t length = 1 + extra_words;
    uint32_t *data = malloc(count * length * sizeof(*data));
    struct xph_mapped_file trace;
    struct xph_xen_kind kind;

    for (unsigned i = 0; i < count; i++) {
        data[i * length] = extra_words << 28 | event;
        memcpy(data + i * length + 1, words, extra_words * sizeof(*words));
    }
    trace = (struct xph_mapped_file){(const uint8_t *)data, count * length * sizeof(*data), false};
    xph_xen_kind_detect(&kind, version, cpu_model, &trace);
    free(data);
    return kind;
}

static void test_records_show_which_xen_wrote_them(void **state)
{
    const uint32_t zero[7] = {0}, svm[3] = {0x7b}, vmx[3] = {30}, garbage[6] = {0, 0, 0, 0, 0, 9};
    const uint32_t packed[4] = {1, 0, 9 << 16 | 7, 0};
    struct xph_xen_kind kind;

    (void)state;
    kind = kind_of_records(NULL, NULL, 0x81103, 3, svm, 1);
    assert_int_equal(kind.min, XPH_XEN(4, 19));
    assert_int_equal(kind.virtualization, XPH_VIRTUALIZATION_SVM);
    kind = kind_of_records(NULL, NULL, 0x81102, 3, svm, 1);
    assert_int_equal(kind.max, XPH_XEN(4, 18));
    assert_int_equal(kind.virtualization, XPH_VIRTUALIZATION_SVM);
    kind = kind_of_records(NULL, NULL, 0x81102, 3, vmx, 1);
    assert_int_equal(kind.max, UINT16_MAX);
    assert_int_equal(kind.virtualization, XPH_VIRTUALIZATION_VMX);
    assert_int_equal(kind_of_records(NULL, NULL, 0x8200f, 0, zero, 1).virtualization,
                     XPH_VIRTUALIZATION_SVM);
    assert_int_equal(kind_of_records(NULL, NULL, 0x8200f, 1, zero, 1).virtualization,
                     XPH_VIRTUALIZATION_VMX);
    assert_int_equal(kind_of_records(NULL, NULL, 0x2220c, 6, garbage, 1).max, XPH_XEN(4, 17));
    assert_int_equal(kind_of_records(NULL, NULL, 0x2220c, 6, zero, 999).min, XPH_XEN(4, 14));
    assert_int_equal(kind_of_records(NULL, NULL, 0x2220c, 6, zero, 1000).min, XPH_XEN(4, 18));
    assert_int_equal(kind_of_records(NULL, NULL, 0x10f005, 4, packed, 1).max, XPH_XEN(4, 17));
    kind = kind_of_records(NULL, NULL, 0x28001, 1, zero, 10);
    assert_int_equal(kind.min, XPH_XEN(4, 14));
    assert_int_equal(kind.max, UINT16_MAX);
}

static void test_padding_that_is_sometimes_zero_is_a_remnant(void **state)
{
    enum { RECORDS = 3000, LENGTH = 7 };
    uint32_t *data = calloc(RECORDS * LENGTH, sizeof(*data));
    struct xph_mapped_file trace;
    struct xph_xen_kind kind;

    (void)state;
    for (size_t i = 0; i < RECORDS; i++)
        data[i * LENGTH] = 6u << 28 | 0x2220c;
    data[RECORDS * LENGTH - 1] = 9;
    trace =
        (struct xph_mapped_file){(const uint8_t *)data, RECORDS * LENGTH * sizeof(*data), false};
    xph_xen_kind_detect(&kind, NULL, NULL, &trace);
    assert_int_equal(kind.min, XPH_XEN(4, 14));
    assert_int_equal(kind.max, XPH_XEN(4, 17));
    assert_false(kind.contradiction);
    free(data);
}

static void test_manifest_tells_xen_and_contradicting_records_are_told(void **state)
{
    const uint32_t svm[3] = {0x7b}, vector[1] = {48};
    struct xph_xen_kind kind;
    char text[512];

    (void)state;
    kind = kind_of_records("4.20.1-pre", "AMD EPYC", 0x81103, 3, svm, 1);
    assert_int_equal(kind.min, XPH_XEN(4, 20));
    assert_int_equal(kind.max, XPH_XEN(4, 20));
    assert_false(kind.contradiction);
    kind = kind_of_records("4.17.7", "AMD EPYC", 0x81103, 3, svm, 1);
    assert_true(kind.contradiction);
    xph_xen_kind_text(&kind, text, sizeof(text));
    assert_non_null(strstr(text, "SVM's own event"));
    assert_true(kind_of_records("4.17.7", "AMD EPYC", 0x8200f, 1, vector, 1).contradiction);
}

/* Of the recordings, made under Xen 4.17 on an emulated AMD CPU. */
static void test_real_recordings_show_their_xen_without_a_manifest(void **state)
{
    struct xph_recording recording;
    struct xph_xen_kind kind;
    struct xph_error err;

    (void)state;
    assert_true(xph_recording_open(&recording, "build/data/create-pvh.xph", &err));
    xph_xen_kind_detect(&kind, recording.manifest.xen_version, recording.manifest.cpu_model,
                        &recording.trace);
    assert_int_equal(kind.min, XPH_XEN(4, 17));
    assert_int_equal(kind.max, XPH_XEN(4, 17));
    assert_false(kind.contradiction);
    xph_recording_close(&recording);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_records_are_packed_until_xen_4_17),
        cmocka_unit_test(test_unknown_version_takes_the_newest_layout_and_says_so),
        cmocka_unit_test(test_vm_exits_of_amd_have_another_event_since_xen_4_19),
        cmocka_unit_test(test_vm_exit_reasons_have_names_and_flags),
        cmocka_unit_test(test_padding_is_not_shown),
        cmocka_unit_test(test_extra_time_of_rtds_is_one_byte_until_xen_4_17),
        cmocka_unit_test(test_event_that_xen_dropped_keeps_its_name),
        cmocka_unit_test(test_sets_of_cpus_take_all_words),
        cmocka_unit_test(test_lost_records_have_domain_and_vcpu_the_other_way_round),
        cmocka_unit_test(test_bits_that_mean_64_bits_elsewhere_are_run_states_and_schedulers_here),
        cmocka_unit_test(test_shadow_events_tell_levels_of_paging_not_64_bits),
        cmocka_unit_test(test_arguments_of_hypercalls_have_names),
        cmocka_unit_test(test_no_hypercall_has_the_name_of_another),
        cmocka_unit_test(test_what_is_absent_is_no_number),
        cmocka_unit_test(test_unknown_events_and_surplus_words_are_shown_raw),
        cmocka_unit_test(test_every_event_with_any_words_is_printed),
        cmocka_unit_test(test_table_is_in_order_and_fits_its_limits),
        cmocka_unit_test(test_records_show_which_xen_wrote_them),
        cmocka_unit_test(test_padding_that_is_sometimes_zero_is_a_remnant),
        cmocka_unit_test(test_manifest_tells_xen_and_contradicting_records_are_told),
        cmocka_unit_test(test_real_recordings_show_their_xen_without_a_manifest),
    };

    return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
