#include "analyzer/timeline/timeline.h"

#include <stdlib.h>

/* So many bytes of records are read before the memory that they took is given back. */
enum { FORGET_BYTES = 8 << 20 };

static bool next_of_all(struct xph_timeline *timeline, struct xph_timeline_lane *lane)
{
    if (!xph_pcpu_cursor_next(&lane->cursor, &timeline->census, &lane->next))
        return false;
    timeline->passed_bytes += xph_header_length(lane->next.header);
    if (lane->next.tsc > lane->latest_tsc)
        lane->latest_tsc = lane->next.tsc;
    if (xph_passed_window(&lane->passed, &lane->cursor))
        xph_passed_enter(&lane->passed, &lane->cursor, lane->next.at);
    return true;
}

/* All of the lane's present batch was delivered. */
static void next_batch(struct xph_timeline *timeline, struct xph_timeline_lane *lane)
{
    struct xph_sieved_batch *batch = &lane->batch;
    struct xph_pcpu_cursor begin = {.file = &timeline->file};

    if (timeline->ahead)
        xph_read_ahead_take(timeline->ahead, (size_t)(lane - timeline->lanes), batch);
    else
        xph_sieved_lane_read(&lane->sieved, &timeline->census, timeline->sieve, &timeline->limits,
                             batch);
    lane->taken = 0;
    begin.end = batch->window_end;
    if (xph_passed_window(&lane->passed, &begin))
        xph_passed_enter(&lane->passed, &begin, batch->from);
    timeline->passed_bytes += batch->bytes;
}

static bool next_sieved(struct xph_timeline *timeline, struct xph_timeline_lane *lane)
{
    const struct xph_sieved_record *record;

    if (lane->taken == lane->batch.count && !lane->batch.last)
        next_batch(timeline, lane);
    if (lane->taken == lane->batch.count)
        return false;
    record = &lane->batch.records[lane->taken++];
    lane->latest_tsc = record->latest_tsc;
    lane->next = xph_record_view_at(record->at, record->tsc);
    return true;
}

/* A lane that has no more records gives what it found wrong to the whole. */
static bool advance(struct xph_timeline *timeline, struct xph_timeline_lane *lane)
{
    if (timeline->sieve ? next_sieved(timeline, lane) : next_of_all(timeline, lane))
        return true;
    xph_damage_join(&timeline->damage,
                    timeline->sieve ? &lane->sieved.cursor.damage : &lane->cursor.damage);
    return false;
}

/* A pCPU without any time stands at the beginning. */
static void place_timeless(struct xph_timeline *timeline)
{
    uint64_t earliest = UINT64_MAX;

    for (size_t i = 0; i < timeline->file.pcpu_count; i++) {
        const struct xph_pcpu_cursor *cursor = &timeline->lanes[i].cursor;

        if (cursor->timed && cursor->last_tsc < earliest)
            earliest = cursor->last_tsc;
    }
    for (size_t i = 0; i < timeline->file.pcpu_count; i++)
        xph_pcpu_cursor_place(&timeline->lanes[i].cursor, earliest == UINT64_MAX ? 0 : earliest);
}

/* Of lanes that stand before their first records. */
static bool open_sieve(struct xph_timeline *timeline, struct xph_error *err)
{
    size_t count = timeline->file.pcpu_count;

    timeline->limits = xph_sieved_limits_for(count);
    for (size_t i = 0; i < count; i++) {
        struct xph_timeline_lane *lane = &timeline->lanes[i];

        xph_sieved_lane_open(&lane->sieved, &lane->cursor);
        if (!xph_sieved_batch_open(&lane->batch, &timeline->limits))
            return xph_fail(err, "out of memory for %zu CPUs", count);
    }
    return true;
}

static bool open_lanes(struct xph_timeline *timeline, struct xph_error *err)
{
    size_t count = timeline->file.pcpu_count;

    timeline->lanes = calloc(count ? count : 1, sizeof(*timeline->lanes));
    if (!timeline->lanes || !xph_lane_heap_open(&timeline->heap, count))
        return xph_fail(err, "out of memory for %zu CPUs", count);
    if (!xph_event_census_open(&timeline->census, err))
        return false;
    if (timeline->sieve)
        timeline->census.wanted = &timeline->sieve->events;
    for (size_t i = 0; i < count; i++)
        xph_pcpu_cursor_open(&timeline->lanes[i].cursor, &timeline->file, &timeline->file.pcpus[i],
                             &timeline->census);
    place_timeless(timeline);
    if (timeline->sieve && !open_sieve(timeline, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (advance(timeline, &timeline->lanes[i]))
            xph_lane_heap_add(&timeline->heap,
                              (struct xph_lane_place){timeline->lanes[i].latest_tsc, i});
    }
    return true;
}

static bool open_timeline(struct xph_timeline *timeline, bool file_is_open, uint64_t start_tsc,
                          struct xph_error *err)
{
    if (!file_is_open)
        return false;
    timeline->damage = timeline->file.damage;
    if (!open_lanes(timeline, err)) {
        xph_timeline_close(timeline);
        return false;
    }
    if (start_tsc == 0 && timeline->heap.size > 0)
        timeline->clock.start_tsc = timeline->heap.places[0].tsc;
    return true;
}

static bool check_frequency(uint64_t khz, struct xph_error *err)
{
    return khz != 0 ||
           xph_fail(err, "the TSC's frequency is not known, and without it no time can be told");
}

bool xph_timeline_open(struct xph_timeline *timeline, const uint8_t *data, size_t size,
                       uint64_t start_tsc, uint64_t khz, struct xph_error *err)
{
    *timeline = (struct xph_timeline){.clock = {start_tsc, khz, 0}};
    return check_frequency(khz, err) &&
           open_timeline(timeline,
                         xph_trace_file_open(&timeline->file, data, size, XPH_WALK_RECORDS, err),
                         start_tsc, err);
}

static bool open_mapped(struct xph_timeline *timeline, const struct xph_mapped_file *mapping,
                        struct xph_clock clock, const struct xph_timeline_options *options,
                        struct xph_error *err)
{
    *timeline = (struct xph_timeline){.clock = clock, .sieve = options->sieve};
    return check_frequency(clock.khz, err) &&
           open_timeline(timeline,
                         xph_trace_file_open_mapped(&timeline->file, mapping, options->trust, err),
                         clock.start_tsc, err);
}

bool xph_timeline_open_mapped(struct xph_timeline *timeline, const struct xph_mapped_file *mapping,
                              uint64_t start_tsc, uint64_t khz, struct xph_error *err)
{
    const struct xph_timeline_options options = {.sieve = NULL};

    return open_mapped(timeline, mapping, (struct xph_clock){start_tsc, khz, 0}, &options, err);
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
                                 const struct xph_recording *recording,
                                 const struct xph_timeline_options *options, struct xph_error *err)
{
    const struct xph_timeline_options all = {.sieve = NULL};

    if (!open_mapped(timeline, &recording->trace, xph_clock_of_recording(recording),
                     options ? options : &all, err))
        return false;
    for (size_t i = 0; recording->manifest.ring_bytes > 0 && i < timeline->heap.size; i++) {
        if (timeline->heap.places[i].tsc > timeline->settled_tsc)
            timeline->settled_tsc = timeline->heap.places[i].tsc;
    }
    return true;
}

void xph_timeline_read_ahead(struct xph_timeline *timeline)
{
    size_t count = timeline->file.pcpu_count;
    struct xph_sieved_lane **lanes;

    if (!timeline->sieve || timeline->ahead || xph_usable_cpus() < 2)
        return;
    lanes = calloc(count + 1, sizeof(*lanes));
    for (size_t i = 0; lanes && i < count; i++)
        lanes[i] = timeline->lanes[i].batch.last ? NULL : &timeline->lanes[i].sieved;
    if (lanes)
        timeline->ahead = xph_read_ahead_start(lanes, count, &timeline->census, timeline->sieve,
                                               &timeline->limits);
    free(lanes);
}

void xph_timeline_close(struct xph_timeline *timeline)
{
    xph_read_ahead_stop(timeline->ahead);
    for (size_t i = 0; timeline->lanes && i < timeline->file.pcpu_count; i++)
        xph_sieved_batch_close(&timeline->lanes[i].batch);
    xph_trace_file_close(&timeline->file);
    xph_event_census_close(&timeline->census);
    free(timeline->lanes);
    xph_lane_heap_close(&timeline->heap);
    xph_losses_free(&timeline->losses);
    *timeline = (struct xph_timeline){0};
}

/* All lanes are at about the same place in the file: what lies before the first of them was read,
 * and of each one's window what it has passed. */
static void forget_read(struct xph_timeline *timeline)
{
    uint64_t first = timeline->file.size;

    timeline->forgotten_bytes = timeline->passed_bytes;
    if (!timeline->file.mapping)
        return;
    for (size_t i = 0; i < timeline->heap.size; i++) {
        struct xph_timeline_lane *lane = &timeline->lanes[timeline->heap.places[i].lane];
        const uint8_t *at = lane->next.at;

        xph_passed_to(&lane->passed, &lane->cursor, at);
        if ((uint64_t)(at - timeline->file.data) < first)
            first = (uint64_t)(at - timeline->file.data);
    }
    if (first > timeline->forget_from)
        xph_mapped_file_forget(timeline->file.mapping, timeline->forget_from, first);
    timeline->forget_from = first;
}

static void fill(struct xph_record *record, const struct xph_timeline_lane *lane)
{
    const struct xph_record_view *view = &lane->next;

    record->tsc = view->tsc;
    record->lost_since_ns = 0;
    record->file_offset = (uint64_t)(view->at - lane->cursor.file->data);
    record->event = xph_view_event(view);
    record->pcpu = lane->cursor.pcpu;
    record->extra_words = (uint8_t)xph_view_words(view);
    record->timed = view->header >> 31;
    memset(record->words, 0, sizeof(record->words));
    memcpy(record->words, view->words, record->extra_words * sizeof(uint32_t));
}

static void note_time(struct xph_timeline *timeline, const struct xph_record *record,
                      uint64_t latest_tsc)
{
    if (timeline->records++ == 0)
        timeline->first_ns = record->time_ns;
    if (latest_tsc <= timeline->last_tsc)
        return;
    timeline->last_tsc = latest_tsc;
    timeline->last_ns =
        latest_tsc == record->tsc ? record->time_ns : xph_clock_ns(&timeline->clock, latest_tsc);
}

static void note_loss(struct xph_timeline *timeline, struct xph_record *record)
{
    uint64_t since_tsc = xph_record_first_lost_tsc(record);

    if (since_tsc > record->tsc)
        since_tsc = record->tsc;
    record->lost_since_ns = xph_clock_ns(&timeline->clock, since_tsc);
    xph_losses_add(&timeline->losses,
                   (struct xph_loss){record->pcpu, record->extra_words > 0 ? record->words[0] : 0,
                                     since_tsc, record->tsc});
}

/* In the order of pCPUs' latest times: the same as that of a merge by each record's own. */
bool xph_timeline_next(struct xph_timeline *timeline, struct xph_record *record)
{
    struct xph_timeline_lane *lane;

    if (timeline->heap.size == 0)
        return false;
    lane = &timeline->lanes[timeline->heap.places[0].lane];
    fill(record, lane);
    record->time_ns = xph_clock_ns(&timeline->clock, record->tsc);
    note_time(timeline, record, lane->latest_tsc);
    if (advance(timeline, lane))
        xph_lane_heap_move(&timeline->heap, lane->latest_tsc);
    else
        xph_lane_heap_drop(&timeline->heap);
    if (record->event == XPH_EVENT_LOST_RECORDS)
        note_loss(timeline, record);
    if (timeline->passed_bytes - timeline->forgotten_bytes > FORGET_BYTES)
        forget_read(timeline);
    return true;
}
