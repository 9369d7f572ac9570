/*
 * xen.trace on a time line, with all that `xenphase dump`, `export` and `marks` do with its
 * records: a record has 4 bytes at least.
 */
#include "analyzer/export/xenalyze_rules.h"
#include "analyzer/export/xentrace_writer.h"
#include "analyzer/machine/contradictions.h"
#include "analyzer/machine/follow.h"
#include "analyzer/views/dump_view.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/marks.h"

enum {
    KHZ = 2600000,
    RECORD_BYTES = 4,
    /* An untimed record without words, in three views. */
    PRINTED_PER_BYTE = 128,
    PRINTED = 16 << 10,
};

const size_t fuzz_head_bytes = 0;

/* What takes each record. */
struct followers {
    struct xph_machine machine;
    struct xph_guest_marks marks;
    bool with_marks;
    struct xph_layouts layouts;
    struct xph_output output;
    struct xph_dump text, json, csv;
};

static void open_followers(struct followers *followers, const struct xph_timeline *timeline,
                           bool with_marks)
{
    const struct xph_mapped_file trace = {timeline->file.data, timeline->file.size, false};
    struct xph_xen_kind kind;
    struct xph_error err;

    followers->with_marks = with_marks;
    xph_xen_kind_detect(&kind, NULL, NULL, &trace);
    fuzz_require(
        xph_machine_open_timeline(&followers->machine, timeline, NULL, &err) &&
            (!followers->with_marks || xph_guest_marks_open(&followers->marks, &err)) &&
            xph_layouts_open(&followers->layouts, &kind, &err) &&
            xph_output_open(&followers->output, fuzz_empty_fd(), &err) &&
            xph_dump_open(&followers->text, &followers->layouts, NULL, &followers->output, &err) &&
            xph_dump_open(&followers->json, &followers->layouts, NULL, &followers->output, &err) &&
            xph_dump_open(&followers->csv, &followers->layouts, NULL, &followers->output, &err),
        "memory for what follows a time line");
}

/* What was printed. */
static uint64_t close_followers(struct followers *followers)
{
    int fd = followers->output.fd;
    struct fuzz_sink sink;
    struct xph_error err;

    fuzz_sink_open(&sink);
    if (followers->with_marks)
        fuzz_marks(&followers->marks, sink.out);
    xph_machine_close(&followers->machine);
    xph_dump_close(&followers->text);
    xph_dump_close(&followers->json);
    xph_dump_close(&followers->csv);
    xph_layouts_close(&followers->layouts);
    fuzz_require(xph_output_close(&followers->output, &err), "output can be written");
    return fuzz_sink_close(&sink) + fuzz_fd_bytes(fd);
}

static void follow(struct followers *followers, const struct xph_record *record)
{
    const struct xph_vcpu *vcpu;
    struct xph_dump_item item = {.record = *record, .vcpu = XPH_NO_VCPU};
    struct xph_error err;

    fuzz_require(xph_machine_feed(&followers->machine, record, &err), "memory for a machine");
    vcpu = xph_machine_running(&followers->machine, record->pcpu);
    if (vcpu)
        item.vcpu = (uint32_t)vcpu->domid << 16 | vcpu->vcpu;
    item.layout = xph_layout_find(&followers->layouts, record->event);
    xph_dump_text(&followers->text, &item);
    xph_dump_json(&followers->json, &item);
    xph_dump_csv(&followers->csv, &item);
    fuzz_require(!followers->with_marks ||
                     xph_guest_marks_feed(&followers->marks, record, vcpu, &err),
                 "memory for marks");
}

static void dump(struct xph_timeline *timeline, bool with_marks)
{
    const size_t size = timeline->file.size;
    struct followers followers;
    struct xph_doubts doubts = {0};
    struct xph_record record;
    struct xph_error err;

    open_followers(&followers, timeline, with_marks);
    while (xph_timeline_next(timeline, &record)) {
        fuzz_require(record.file_offset + RECORD_BYTES <= size, "a record is in the file");
        follow(&followers, &record);
    }
    fuzz_require(xph_machine_finish(&followers.machine, timeline->last_ns, &err), "an end");
    fuzz_require(timeline->records <= size / RECORD_BYTES, "a record has its bytes");
    fuzz_require(timeline->damage.skipped_bytes <= size, "what is skipped was in the file");
    xph_doubts_of_timeline(&doubts, timeline);
    xph_doubts_of_machine(&doubts, followers.machine.contradictions);
    fuzz_require_linear("printed bytes", close_followers(&followers), PRINTED_PER_BYTE, PRINTED,
                        size);
}

/* Marks have tables for all domains, which take longer than most inputs: they are only looked for
 * where there are records that can be pieces of them. */
static bool can_be_mark(uint32_t event)
{
    enum {
        CPUID = 0x0008200e,
        FORCED = 0x00201105,
        GUEST_CLASS = 0x0800
    }; /* Xen: public/trace.h */

    return event == CPUID || event == FORCED || event >> 16 == GUEST_CLASS;
}

/* A copy of the records has no more bytes than they have, and a window's header for each. Returns
 * whether guests' marks can be among them. */
static bool export(struct xph_timeline *timeline)
{
    int fd = fuzz_empty_fd();
    struct xph_xentrace_writer writer;
    struct xph_record record;
    struct xph_error err;
    bool with_marks = false;

    fuzz_require(xph_xentrace_writer_open(&writer, fd, &err), "memory for a copy");
    while (xph_timeline_next(timeline, &record)) {
        with_marks |= can_be_mark(record.event);
        if (xph_xenalyze_judge(&record) == XPH_XENALYZE_READS)
            fuzz_require(xph_xentrace_writer_add(&writer, &record, &err), "a copy is written");
    }
    fuzz_require(xph_xentrace_writer_flush(&writer, &err), "a copy is written");
    xph_xentrace_writer_close(&writer);
    fuzz_require_linear("copied bytes", fuzz_fd_bytes(fd), 4, 0, timeline->file.size);
    return with_marks;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xph_timeline timeline;
    struct xph_error err;
    bool with_marks;

    fuzz_require(xph_timeline_open(&timeline, data, size, 0, KHZ, &err), "a time line");
    with_marks = export(&timeline);
    xph_timeline_close(&timeline);
    fuzz_require(xph_timeline_open(&timeline, data, size, 0, KHZ, &err), "a time line");
    dump(&timeline, with_marks);
    xph_timeline_close(&timeline);
    return 0;
}
