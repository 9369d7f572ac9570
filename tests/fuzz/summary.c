/* xen.trace as `xenphase summary` reads it: it counts the records that a time line delivers. */
#include "analyzer/views/summary.h"
#include "analyzer/machine/contradictions.h"
#include "analyzer/timeline/timeline.h"
#include "tests/fuzz/fuzz.h"

enum { KHZ = 2600000, PRINTED_PER_BYTE = 256, PRINTED = 64 << 10 };

const size_t fuzz_head_bytes = 0;

static uint64_t count_records(const uint8_t *data, size_t size)
{
    struct xph_timeline timeline;
    struct xph_record record;
    struct xph_error err;
    uint64_t records = 0;

    fuzz_require(xph_timeline_open(&timeline, data, size, 0, KHZ, &err), "a time line");
    while (xph_timeline_next(&timeline, &record))
        records++;
    xph_timeline_close(&timeline);
    return records;
}

static void print(const struct xph_summary *summary, size_t size)
{
    struct xph_doubts doubts = {0};
    struct xph_summary_view view = {
        .summary = summary, .clock = {summary->first_tsc, KHZ, 0}, .doubts = &doubts};
    struct fuzz_sink sink;
    struct xph_error err;

    view.khz_estimate = xph_summary_estimate_khz(summary, &view.khz_error_ppm);
    xph_doubts_of_losses(&doubts, &summary->losses, KHZ);
    xph_doubts_of_damage(&doubts, &summary->damage);
    xph_doubts_of_machine(&doubts, summary->machine.contradictions);
    fuzz_sink_open(&sink);
    fuzz_require(xph_summary_text(sink.out, &view, &err) && xph_summary_json(sink.out, &view, &err),
                 "memory for a summary");
    fuzz_require_linear("printed bytes", fuzz_sink_close(&sink), PRINTED_PER_BYTE, PRINTED, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xph_summary summary;
    struct xph_error err;

    fuzz_require(xph_summary_read_memory(&summary, data, size, 1, &err), "memory for a summary");
    fuzz_require(summary.records == count_records(data, size), "it counts what a time line has");
    fuzz_require(summary.bytes <= size, "records are in the file");
    print(&summary, size);
    xph_summary_close(&summary);
    return 0;
}
