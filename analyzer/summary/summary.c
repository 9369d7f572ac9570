/*
 * Reading goes in rounds. In each, the lanes that are not far ahead of the others are read on for a
 * piece, each by one thread, and meanwhile one thread takes the events of the rounds before in the
 * order of time. No lane can bring an event any more that lies before the place that it has
 * reached, so all events before the place of the slowest lane can be taken.
 */
#include "analyzer/summary/summary.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/summary/crew.h"
#include "analyzer/summary/lane.h"
#include "analyzer/timeline/lane_heap.h"

enum {
    ROUND_BYTES = 4 << 20, /* of records, in all lanes together */
    SMALLEST_PIECE = 1 << 10,
    LARGEST_PIECE = 512 << 10,
    WAITING_EVENTS = 256 << 10, /* in all lanes together */
    FEWEST_WAITING = 64,
    MOST_WAITING = 16 << 10,
};

/* What a vCPU that was taken off its pCPU in a VM exit brings along. */
struct paused_exit {
    uint32_t reason; /* XPH_NO_REASON: it is in none */
    uint64_t cycles;
    size_t losses; /* that were known then: later ones may hide its end */
};

struct reading {
    bool front_cut; /* by each pCPU's windows, as a ring's is */
    struct xph_summary *summary;
    struct xph_trace_file file;
    struct xph_lane *lanes; /* one per pCPU */
    struct pending {
        struct xph_lane_queue queue, incoming; /* to be taken; of the present round */
        size_t next;                           /* of queue */
    } * pending;                               /* one per lane */
    size_t *due;                               /* lanes that the present round reads on */
    size_t due_count;
    struct xph_lane_place slowest; /* where the lane is that came least far */
    struct xph_lane_heap heap;     /* of the lanes that have events to be taken */
    uint64_t piece_bytes;
    size_t most_waiting;       /* a lane with as many events to be taken is not read on, if it is */
                               /* not the slowest */
    struct xph_tally *tallies; /* one per thread */
    unsigned threads;
    struct xph_skew skew;
    struct paused_exit *paused; /* by position of the vCPU in the machine; owned */
    size_t paused_count;
    struct xph_error *err;
    bool failed;
};

static bool grow_paused(struct reading *reading)
{
    size_t count = reading->summary->machine.vcpus.capacity;
    struct paused_exit *grown = realloc(reading->paused, count * sizeof(*grown));

    if (!grown)
        return xph_fail(reading->err, "out of memory for %zu vCPUs", count);
    for (size_t i = reading->paused_count; i < count; i++)
        grown[i] = (struct paused_exit){.reason = XPH_NO_REASON};
    reading->paused = grown;
    reading->paused_count = count;
    return true;
}

static bool take_exit(struct reading *reading, const struct xph_lane_event *event,
                      struct xph_tally *tally)
{
    const struct xph_machine *machine = &reading->summary->machine;
    uint32_t position =
        xph_vcpus_position(&machine->vcpus, (uint16_t)(event->vcpu >> 16), (uint16_t)event->vcpu);
    struct paused_exit *paused;

    if (position == 0)
        return true;
    if (position > reading->paused_count && !grow_paused(reading))
        return false;
    paused = &reading->paused[position - 1];
    if (event->reason != XPH_NO_REASON)
        *paused = (struct paused_exit){event->reason, event->cycles, machine->loss_count};
    else if (paused->reason != XPH_NO_REASON)
        paused->cycles += event->cycles;
    if (event->what == XPH_LANE_EXIT_RESUMED) {
        struct xph_times *times =
            paused->reason != XPH_NO_REASON && paused->losses == machine->loss_count
                ? xph_tally_reason(tally, paused->reason)
                : NULL;

        if (times)
            xph_times_add(tally, times, paused->cycles);
        paused->reason = XPH_NO_REASON;
    }
    return true;
}

static bool take_event(struct reading *reading, size_t lane, const struct xph_lane_event *event,
                       struct xph_tally *tally)
{
    struct xph_machine_event change = {.pcpu = reading->file.pcpus[lane].pcpu,
                                       .domid = (uint16_t)(event->vcpu >> 16),
                                       .vcpu = (uint16_t)event->vcpu,
                                       .tsc = event->tsc,
                                       .file_offset = event->file_offset};

    switch (event->what) {
    case XPH_LANE_STATE:
        change.kind = XPH_MACHINE_STATE;
        change.old = event->old;
        change.new = event->new;
        break;
    case XPH_LANE_LOSS:
        change.kind = XPH_MACHINE_LOSS;
        change.lost_since_tsc = event->cycles;
        break;
    case XPH_LANE_REMOVE:
        change.kind = XPH_MACHINE_REMOVE;
        change.domid = (uint16_t)event->vcpu;
        break;
    case XPH_LANE_EXIT_PAUSED:
    case XPH_LANE_EXIT_RESUMED:
        return take_exit(reading, event, tally);
    }
    return xph_machine_take(&reading->summary->machine, &change, reading->err);
}

static const struct xph_lane_event *first_event(const struct pending *pending)
{
    return pending->next < pending->queue.count ? &pending->queue.events[pending->next] : NULL;
}

/* Takes the first lane's events as long as none of another lane comes before them, nor may yet
 * come. False on error. */
static bool take_run(struct reading *reading, size_t lane, struct xph_tally *tally)
{
    struct pending *pending = &reading->pending[lane];
    struct xph_lane_place second = xph_lane_heap_second(&reading->heap);
    struct xph_lane_place limit =
        xph_lane_place_before(second, reading->slowest) ? second : reading->slowest;
    const struct xph_lane_event *event;

    while ((event = first_event(pending)) &&
           !xph_lane_place_before(limit, (struct xph_lane_place){event->tsc, lane})) {
        if (!take_event(reading, lane, event, tally))
            return false;
        pending->next++;
    }
    if (event)
        xph_lane_heap_move(&reading->heap, event->tsc);
    else
        xph_lane_heap_drop(&reading->heap);
    return true;
}

static bool take_events(struct reading *reading, struct xph_tally *tally)
{
    struct xph_lane_heap *heap = &reading->heap;

    heap->size = 0;
    for (size_t lane = 0; lane < reading->file.pcpu_count; lane++) {
        const struct xph_lane_event *event = first_event(&reading->pending[lane]);

        if (event)
            xph_lane_heap_add(heap, (struct xph_lane_place){event->tsc, lane});
    }
    while (heap->size > 0 && !xph_lane_place_before(reading->slowest, heap->places[0])) {
        if (!take_run(reading, heap->places[0].lane, tally))
            return false;
    }
    return true;
}

/* Task 0 is to take events, the others are to read the lanes that are due. */
static void do_task(void *context, size_t task, unsigned worker)
{
    struct reading *reading = context;
    struct xph_tally *tally = &reading->tallies[worker];

    if (task == 0)
        reading->failed |= !take_events(reading, tally);
    else
        xph_lane_read(&reading->lanes[reading->due[task - 1]], tally, reading->piece_bytes);
}

/* What the lanes brought in the last round is to be taken from now on. */
static bool queue_incoming(struct reading *reading)
{
    for (size_t i = 0; i < reading->file.pcpu_count; i++) {
        struct pending *pending = &reading->pending[i];
        struct xph_lane_queue *queue = &pending->queue, *incoming = &pending->incoming;
        size_t rest = queue->count - pending->next;

        if (rest == 0 || incoming->count > 0)
            pending->next = 0;
        if (rest == 0) {
            struct xph_lane_queue taken = *queue;

            *queue = *incoming;
            *incoming = taken;
        } else if (incoming->count > 0) {
            memmove(queue->events, queue->events + queue->count - rest,
                    rest * sizeof(*queue->events));
            queue->count = rest;
            if (!xph_lane_queue_reserve(queue, incoming->count))
                return xph_fail(reading->err, "out of memory for events");
            memcpy(queue->events + rest, incoming->events,
                   incoming->count * sizeof(*queue->events));
            queue->count += incoming->count;
        }
        incoming->count = 0;
    }
    return true;
}

static void find_slowest(struct reading *reading)
{
    reading->slowest = (struct xph_lane_place){UINT64_MAX, SIZE_MAX};
    for (size_t i = 0; i < reading->file.pcpu_count; i++) {
        struct xph_lane_place place = {reading->lanes[i].last_tsc, i};

        if (!reading->lanes[i].done && xph_lane_place_before(place, reading->slowest))
            reading->slowest = place;
    }
}

static void find_due(struct reading *reading)
{
    reading->due_count = 0;
    for (size_t i = 0; i < reading->file.pcpu_count; i++) {
        const struct pending *pending = &reading->pending[i];

        if (!reading->lanes[i].done &&
            (i == reading->slowest.lane ||
             pending->queue.count - pending->next < reading->most_waiting))
            reading->due[reading->due_count++] = i;
    }
}

static uint64_t place_of(const struct reading *reading, size_t lane)
{
    return (uint64_t)(reading->lanes[lane].cursor.at - reading->file.data);
}

/* Gives back the memory of what the round read. */
static void forget_round(const struct reading *reading, uint64_t from)
{
    uint64_t to = from;

    for (size_t i = 0; i < reading->due_count; i++) {
        uint64_t place = place_of(reading, reading->due[i]);

        to = place > to ? place : to;
    }
    if (reading->file.mapping && to > from)
        xph_mapped_file_forget(reading->file.mapping, from, to);
}

static void note_first_records(struct reading *reading)
{
    for (size_t i = 0; i < reading->file.pcpu_count; i++) {
        const struct xph_lane *lane = &reading->lanes[i];

        if (lane->records == 0)
            continue;
        xph_machine_note(&reading->summary->machine, lane->cursor.pcpu, lane->first_tsc, 0);
        if (reading->front_cut && lane->first_tsc > reading->summary->machine.settled_tsc)
            reading->summary->machine.settled_tsc = lane->first_tsc;
    }
}

static bool read_rounds(struct reading *reading, struct xph_crew *crew)
{
    bool first = true, last;

    do {
        uint64_t from = reading->file.size;

        find_slowest(reading);
        find_due(reading);
        for (size_t i = 0; i < reading->due_count; i++) {
            uint64_t place = place_of(reading, reading->due[i]);

            from = place < from ? place : from;
        }
        last = reading->due_count == 0;
        xph_crew_run(crew, do_task, reading, reading->due_count + 1);
        if (reading->failed || !queue_incoming(reading))
            return false;
        if (first)
            note_first_records(reading);
        first = false;
        forget_round(reading, from);
    } while (!last);
    return true;
}

/* What each of `lanes` gets of `whole`, within limits. */
static size_t share(size_t whole, size_t lanes, size_t least, size_t most)
{
    size_t part = whole / (lanes + 1);

    return part < least ? least : part > most ? most : part;
}

static bool open_reading(struct reading *reading)
{
    size_t count = reading->file.pcpu_count;
    uint64_t earliest = UINT64_MAX;

    reading->lanes = calloc(count + 1, sizeof(*reading->lanes));
    reading->pending = calloc(count + 1, sizeof(*reading->pending));
    reading->due = calloc(count + 1, sizeof(*reading->due));
    reading->tallies = calloc(reading->threads, sizeof(*reading->tallies));
    if (!reading->lanes || !reading->pending || !reading->due || !reading->tallies ||
        !xph_lane_heap_open(&reading->heap, count))
        return xph_fail(reading->err, "out of memory for %zu CPUs", count);
    for (unsigned i = 0; i < reading->threads; i++) {
        if (!xph_tally_open(&reading->tallies[i], reading->err))
            return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct xph_lane *lane = &reading->lanes[i];

        xph_lane_open(lane, &reading->file, &reading->file.pcpus[i], &reading->tallies[0]);
        lane->queue = &reading->pending[i].incoming;
        if (lane->cursor.timed && lane->cursor.last_tsc < earliest)
            earliest = lane->cursor.last_tsc;
    }
    for (size_t i = 0; i < count; i++)
        xph_pcpu_cursor_place(&reading->lanes[i].cursor, earliest == UINT64_MAX ? 0 : earliest);
    reading->piece_bytes = share(ROUND_BYTES, count, SMALLEST_PIECE, LARGEST_PIECE);
    reading->most_waiting = share(WAITING_EVENTS, count, FEWEST_WAITING, MOST_WAITING);
    return true;
}

static void close_reading(struct reading *reading)
{
    for (size_t i = 0; reading->lanes && reading->pending && i < reading->file.pcpu_count; i++) {
        xph_lane_close(&reading->lanes[i]);
        free(reading->pending[i].queue.events);
        free(reading->pending[i].incoming.events);
    }
    for (unsigned i = 0; reading->tallies && i < reading->threads; i++)
        xph_tally_close(&reading->tallies[i]);
    free(reading->lanes);
    free(reading->pending);
    free(reading->due);
    free(reading->tallies);
    free(reading->paused);
    xph_skew_close(&reading->skew);
    xph_lane_heap_close(&reading->heap);
    xph_trace_file_close(&reading->file);
}

static void add_lane(struct xph_summary *summary, const struct xph_lane *lane,
                     const struct xph_pcpu_windows *windows)
{
    uint64_t latest =
        lane->last_tsc > lane->cursor.latest_tsc ? lane->last_tsc : lane->cursor.latest_tsc;

    summary->pcpus[summary->pcpu_count++] =
        (struct xph_summary_pcpu){lane->cursor.pcpu, windows->list.count, lane->records,
                                  lane->bytes,       lane->first_tsc,     latest};
    xph_damage_join(&summary->damage, &lane->cursor.damage);
    xph_losses_join(&summary->losses, &lane->losses);
    if (lane->records == 0)
        return;
    if (summary->records == 0 || lane->first_tsc < summary->first_tsc)
        summary->first_tsc = lane->first_tsc;
    if (latest > summary->last_tsc)
        summary->last_tsc = latest;
    summary->records += lane->records;
    summary->bytes += lane->bytes;
    xph_machine_note(&summary->machine, lane->cursor.pcpu, lane->last_tsc, 0);
}

static bool add_up(struct reading *reading)
{
    struct xph_summary *summary = reading->summary;
    bool failed = false;

    summary->damage = reading->file.damage;
    summary->pcpus = calloc(reading->file.pcpu_count + 1, sizeof(*summary->pcpus));
    if (!summary->pcpus)
        return xph_fail(reading->err, "out of memory");
    for (size_t i = 0; i < reading->file.pcpu_count; i++) {
        add_lane(summary, &reading->lanes[i], &reading->file.pcpus[i]);
        failed |= reading->lanes[i].failed;
    }
    for (unsigned i = 0; i < reading->threads; i++)
        xph_tally_join(&summary->tally, &reading->tallies[i]);
    if (failed || summary->tally.failed)
        return xph_fail(reading->err, "out of memory");
    return xph_machine_finish(&summary->machine, 0, reading->err) &&
           xph_skew_find(&reading->skew,
                         xph_machine_state_contradictions(summary->machine.contradictions),
                         &summary->skew, reading->err);
}

static bool read_pass(struct reading *reading)
{
    struct xph_summary *summary = reading->summary;
    struct xph_crew crew;
    bool ok;

    if (!open_reading(reading) || !xph_machine_open(&summary->machine, NULL, reading->err) ||
        !xph_skew_open(&reading->skew, reading->err) ||
        !xph_tally_open(&summary->tally, reading->err) ||
        !xph_crew_open(&crew, reading->threads, reading->err))
        return false;
    summary->machine.skew = &reading->skew;
    ok = read_rounds(reading, &crew);
    xph_crew_close(&crew);
    ok = ok && add_up(reading);
    summary->machine.skew = NULL;
    return ok;
}

static bool read_with(struct xph_summary *summary, const uint8_t *data, size_t size,
                      const struct xph_mapped_file *mapping, unsigned threads, bool front_cut,
                      enum xph_window_trust trust, struct xph_error *err)
{
    struct reading reading = {
        .summary = summary, .threads = threads, .front_cut = front_cut, .err = err};
    bool ok = mapping ? xph_trace_file_open_mapped(&reading.file, mapping, trust, err)
                      : xph_trace_file_open(&reading.file, data, size, trust, err);

    memset(summary, 0, sizeof(*summary));
    ok = ok && read_pass(&reading);
    close_reading(&reading);
    if (!ok)
        xph_summary_close(summary);
    return ok;
}

static bool read_trace(struct xph_summary *summary, const uint8_t *data, size_t size,
                       const struct xph_mapped_file *mapping, unsigned threads, bool front_cut,
                       struct xph_error *err)
{
    if (!read_with(summary, data, size, mapping, threads, front_cut, XPH_BELIEVE_SIZES, err))
        return false;
    /* Rare enough to begin again. */
    if (summary->damage.findings[XPH_DAMAGE_HIDDEN].count == 0)
        return true;
    xph_summary_close(summary);
    return read_with(summary, data, size, mapping, threads, front_cut, XPH_WALK_RECORDS, err);
}

bool xph_summary_read(struct xph_summary *summary, const struct xph_mapped_file *file,
                      unsigned threads, bool front_cut, struct xph_error *err)
{
    return read_trace(summary, file->data, file->size, file, threads, front_cut, err);
}

bool xph_summary_read_memory(struct xph_summary *summary, const uint8_t *data, size_t size,
                             unsigned threads, struct xph_error *err)
{
    return read_trace(summary, data, size, NULL, threads, false, err);
}

void xph_summary_close(struct xph_summary *summary)
{
    free(summary->pcpus);
    if (summary->tally.vcpus)
        xph_tally_close(&summary->tally);
    xph_machine_close(&summary->machine);
    xph_losses_free(&summary->losses);
    xph_skew_offsets_free(&summary->skew);
    memset(summary, 0, sizeof(*summary));
}

/* Xen steers its clock by its platform timer once a second, so over a short time it may be off by
 * some milliseconds; and emulated, by a part in a thousand over any time. */
static const double steering_ns = 5e6, steering_ppm = 1000;
enum { ENOUGH_INTERVALS = 100, ENOUGH_MS = 100 };

uint64_t xph_summary_estimate_khz(const struct xph_summary *summary, double *error_ppm)
{
    const struct xph_tally *tally = &summary->tally;

    if (tally->ran_intervals < ENOUGH_INTERVALS || tally->ran_ns < ENOUGH_MS * UINT64_C(1000000))
        return 0;
    *error_ppm =
        steering_ppm + steering_ns * (double)summary->pcpu_count / (double)tally->ran_ns * 1e6;
    return (uint64_t)((double)tally->ran_cycles / (double)tally->ran_ns * 1e6 + 0.5);
}
