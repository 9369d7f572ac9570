#include "analyzer/timeline/timeline.h"

#include <stdlib.h>

enum { FIRST_LOSSES = 16, MAX_LOSSES = 1 << 20 };

/* Earlier TSC first; of two at the same cycle the lower pCPU, so that the order is always the same.
 */
static bool comes_before(const struct xph_timeline *timeline, size_t a, size_t b)
{
    const struct xph_record *first = &timeline->lanes[a].next, *second = &timeline->lanes[b].next;

    return first->tsc != second->tsc ? first->tsc < second->tsc : first->pcpu < second->pcpu;
}

static void sift_down(struct xph_timeline *timeline, size_t parent)
{
    size_t *heap = timeline->heap;

    for (;;) {
        size_t child = 2 * parent + 1, moved;

        if (child >= timeline->heap_size)
            return;
        if (child + 1 < timeline->heap_size && comes_before(timeline, heap[child + 1], heap[child]))
            child++;
        if (!comes_before(timeline, heap[child], heap[parent]))
            return;
        moved = heap[parent];
        heap[parent] = heap[child];
        heap[child] = moved;
        parent = child;
    }
}

static bool advance(struct xph_timeline *timeline, size_t lane)
{
    return xph_pcpu_cursor_next(&timeline->lanes[lane].cursor, &timeline->lanes[lane].next,
                                &timeline->file.damage);
}

static bool open_lanes(struct xph_timeline *timeline, struct xph_error *err)
{
    size_t count = timeline->file.pcpu_count;

    timeline->lanes = calloc(count ? count : 1, sizeof(*timeline->lanes));
    timeline->heap = calloc(count ? count : 1, sizeof(*timeline->heap));
    if (!timeline->lanes || !timeline->heap)
        return xph_fail(err, "out of memory for %zu CPUs", count);
    for (size_t i = 0; i < count; i++) {
        xph_pcpu_cursor_open(&timeline->lanes[i].cursor, &timeline->file, &timeline->file.pcpus[i]);
        if (advance(timeline, i))
            timeline->heap[timeline->heap_size++] = i;
    }
    for (size_t i = timeline->heap_size / 2; i-- > 0;)
        sift_down(timeline, i);
    return true;
}

bool xph_timeline_open(struct xph_timeline *timeline, const uint8_t *data, size_t size,
                       uint64_t start_tsc, uint64_t khz, struct xph_error *err)
{
    *timeline = (struct xph_timeline){.clock = {start_tsc, khz, 0}};
    if (khz == 0)
        return xph_fail(err,
                        "the TSC's frequency is not known, and without it no time can be told");
    if (!xph_trace_file_open(&timeline->file, data, size, err))
        return false;
    if (!open_lanes(timeline, err)) {
        xph_timeline_close(timeline);
        return false;
    }
    if (start_tsc == 0 && timeline->heap_size > 0)
        timeline->clock.start_tsc = timeline->lanes[timeline->heap[0]].next.tsc;
    return true;
}

struct xph_clock xph_clock_of_recording(const struct xph_recording *recording)
{
    const struct xph_manifest *manifest = &recording->manifest;
    int64_t offset = manifest->clock_offset.xen_minus_dom0;
    uint64_t start_tsc = manifest->recording_start.tsc;

    return (struct xph_clock){start_tsc ? start_tsc + (uint64_t)offset : 0, manifest->tsc_khz,
                              offset};
}

bool xph_timeline_open_recording(struct xph_timeline *timeline,
                                 const struct xph_recording *recording, struct xph_error *err)
{
    struct xph_clock clock = xph_clock_of_recording(recording);

    if (!xph_timeline_open(timeline, recording->trace.data, recording->trace.size, clock.start_tsc,
                           clock.khz, err))
        return false;
    timeline->clock.xen_minus_dom0 = clock.xen_minus_dom0;
    return true;
}

void xph_timeline_close(struct xph_timeline *timeline)
{
    xph_trace_file_close(&timeline->file);
    free(timeline->lanes);
    free(timeline->heap);
    free(timeline->losses);
    *timeline = (struct xph_timeline){0};
}

static void note_loss(struct xph_timeline *timeline, const struct xph_record *record)
{
    struct xph_loss loss = {record->pcpu, record->extra_words > 0 ? record->words[0] : 0,
                            record->lost_since_ns, record->time_ns};

    if (timeline->loss_count == timeline->loss_capacity) {
        size_t capacity = timeline->loss_capacity ? timeline->loss_capacity * 2 : FIRST_LOSSES;
        struct xph_loss *grown =
            capacity > MAX_LOSSES ? NULL : realloc(timeline->losses, capacity * sizeof(*grown));

        /* Too many to keep each: the last one takes the rest up, so that the count stays right. */
        if (!grown) {
            if (timeline->loss_count > 0) {
                timeline->losses[timeline->loss_count - 1].records += loss.records;
                timeline->losses[timeline->loss_count - 1].end_ns = loss.end_ns;
            }
            return;
        }
        timeline->losses = grown;
        timeline->loss_capacity = capacity;
    }
    timeline->losses[timeline->loss_count++] = loss;
}

bool xph_timeline_next(struct xph_timeline *timeline, struct xph_record *record)
{
    size_t lane;
    uint64_t tsc;

    if (timeline->heap_size == 0)
        return false;
    lane = timeline->heap[0];
    *record = timeline->lanes[lane].next;
    record->time_ns = xph_clock_ns(&timeline->clock, record->tsc);
    tsc = record->tsc;
    if (!advance(timeline, lane))
        timeline->heap[0] = timeline->heap[--timeline->heap_size];
    else if (timeline->lanes[lane].next.tsc < tsc)
        timeline->disorder++;
    sift_down(timeline, 0);
    if (timeline->records++ == 0)
        timeline->first_ns = record->time_ns;
    if (record->tsc > timeline->last_tsc) {
        timeline->last_tsc = record->tsc;
        timeline->last_ns = record->time_ns;
    }
    if (record->event == XPH_EVENT_LOST_RECORDS) {
        uint64_t since_ns = xph_clock_ns(&timeline->clock, xph_record_first_lost_tsc(record));

        record->lost_since_ns = since_ns < record->time_ns ? since_ns : record->time_ns;
        note_loss(timeline, record);
    }
    return true;
}
