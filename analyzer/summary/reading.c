#include "analyzer/summary/reading.h"

#include <stdlib.h>

enum {
    PIECES_BYTES = 4 << 20, /* of records, one of each lane */
    SMALLEST_PIECE = 1 << 10,
    LARGEST_PIECE = 512 << 10,
    WAITING_EVENTS = 256 << 10, /* in all lanes together */
    FEWEST_WAITING = 64,
    MOST_WAITING = 16 << 10,
    TAKEN_AT_ONCE = 8 << 10, /* events, at least, where there is something else to do */
    GIVEN_BYTES = 4 << 20,   /* are read before the memory that they took is given back */
};

static void open_lanes(struct xph_reading *reading)
{
    size_t count = reading->file->pcpu_count;
    uint64_t earliest = UINT64_MAX;

    for (size_t i = 0; i < count; i++) {
        struct xph_lane *lane = &reading->lanes[i].lane;

        xph_lane_open(lane, reading->file, &reading->file->pcpus[i], &reading->tallies[0].tally);
        lane->queue = &reading->lanes[i].found;
        if (lane->cursor.timed && lane->cursor.last_tsc < earliest)
            earliest = lane->cursor.last_tsc;
    }
    for (size_t i = 0; i < count; i++)
        xph_pcpu_cursor_place(&reading->lanes[i].lane.cursor,
                              earliest == UINT64_MAX ? 0 : earliest);
}

bool xph_reading_open(struct xph_reading *reading, struct xph_trace_file *file,
                      struct xph_machine *machine, unsigned threads, bool front_cut,
                      struct xph_error *err)
{
    size_t count = file->pcpu_count;

    *reading = (struct xph_reading){.file = file,
                                    .machine = machine,
                                    .err = err,
                                    .front_cut = front_cut,
                                    .threads = threads,
                                    .unstarted = count,
                                    .left = count};
    pthread_mutex_init(&reading->lock, NULL);
    pthread_cond_init(&reading->changed, NULL);
    reading->lanes = calloc(count + 1, sizeof(*reading->lanes));
    reading->tallies = calloc(threads, sizeof(*reading->tallies));
    if (!reading->lanes || !reading->tallies)
        return xph_fail(err, "out of memory for %zu CPUs", count);
    for (unsigned i = 0; i < threads; i++) {
        if (!xph_tally_open(&reading->tallies[i].tally, err))
            return false;
    }
    if (!xph_taker_open(&reading->taker, machine, file, err))
        return false;
    open_lanes(reading);
    reading->piece_bytes = xph_share(PIECES_BYTES, count, SMALLEST_PIECE, LARGEST_PIECE);
    reading->most_waiting = xph_share(WAITING_EVENTS, count, FEWEST_WAITING, MOST_WAITING);
    return true;
}

void xph_reading_close(struct xph_reading *reading)
{
    for (size_t i = 0; reading->lanes && i < reading->file->pcpu_count; i++) {
        xph_lane_close(&reading->lanes[i].lane);
        xph_lane_queue_free(&reading->lanes[i].found);
        xph_lane_queue_free(&reading->lanes[i].ready);
    }
    for (unsigned i = 0; reading->tallies && i < reading->threads; i++)
        xph_tally_close(&reading->tallies[i].tally);
    free(reading->lanes);
    free(reading->tallies);
    xph_taker_close(&reading->taker);
    pthread_cond_destroy(&reading->changed);
    pthread_mutex_destroy(&reading->lock);
}

/* What follows, but for read_piece(), is called with the lock held. */

static struct xph_lane_place find_slowest(struct xph_reading *reading)
{
    struct xph_lane_place slowest = {UINT64_MAX, SIZE_MAX};

    for (size_t i = 0; i < reading->file->pcpu_count; i++) {
        struct xph_lane_place place = {reading->lanes[i].last_tsc, i};

        if (!reading->lanes[i].done && xph_lane_place_before(place, slowest))
            slowest = place;
    }
    reading->slowest = slowest.lane;
    return slowest;
}

/* If a lane has much that waits, the taker comes first; and if that can take no more, the lane that
 * came least far. */
static bool may_be_read(const struct xph_reading *reading, size_t i)
{
    const struct xph_reading_lane *lane = &reading->lanes[i];
    bool all_taken = !reading->taking && reading->taken == reading->published;

    return !lane->busy && !lane->done &&
           (lane->waiting < reading->most_waiting || (all_taken && i == reading->slowest));
}

/* A lane to be read on; NULL if there is none now. They are read in turn. */
static struct xph_reading_lane *find_lane(struct xph_reading *reading)
{
    size_t count = reading->file->pcpu_count;

    for (size_t tried = 0; tried < count; tried++) {
        size_t i = reading->next;

        reading->next = i + 1 < count ? i + 1 : 0;
        if (may_be_read(reading, i))
            return &reading->lanes[i];
    }
    find_slowest(reading);
    return reading->slowest < count && may_be_read(reading, reading->slowest)
               ? &reading->lanes[reading->slowest]
               : NULL;
}

static void read_piece(struct xph_reading *reading, struct xph_reading_lane *lane,
                       struct xph_tally *tally)
{
    const struct xph_pcpu_cursor *cursor = &lane->lane.cursor;

    xph_lane_read(&lane->lane, tally, reading->piece_bytes);
    if (xph_passed_window(&lane->passed, cursor))
        xph_passed_enter(&lane->passed, cursor, cursor->at);
    else
        xph_passed_to(&lane->passed, cursor, cursor->at);
}

/* All lanes are at about the same place in the file: what lies before the first of them was read.
 */
static void give_back(struct xph_reading *reading)
{
    uint64_t first = reading->file->size;

    for (size_t i = 0; i < reading->file->pcpu_count; i++) {
        if (!reading->lanes[i].done && reading->lanes[i].offset < first)
            first = reading->lanes[i].offset;
    }
    if (reading->file->mapping && first > reading->kept_from)
        xph_mapped_file_forget(reading->file->mapping, reading->kept_from, first);
    reading->kept_from = first;
    reading->given_at = reading->read_bytes;
}

/* Nothing is taken before each lane was read from: the machine knows all first records then. */
static void note_first_record(struct xph_reading *reading, struct xph_reading_lane *lane)
{
    struct xph_machine *machine = reading->machine;

    lane->started = true;
    reading->unstarted--;
    if (lane->lane.records == 0)
        return;
    xph_machine_note(machine, lane->lane.cursor.pcpu, lane->lane.first_tsc, 0);
    if (reading->front_cut && lane->lane.first_tsc > machine->settled_tsc)
        machine->settled_tsc = lane->lane.first_tsc;
}

static void publish(struct xph_reading *reading, struct xph_reading_lane *lane, uint64_t bytes)
{
    lane->waiting += lane->found.count;
    reading->ready_events += lane->found.count;
    xph_lane_queue_join(&lane->ready, &lane->found);
    if (!lane->started)
        note_first_record(reading, lane);
    lane->last_tsc = lane->lane.last_tsc;
    lane->offset = (uint64_t)(lane->lane.cursor.at - reading->file->data);
    lane->done = lane->lane.done;
    reading->left -= lane->done;
    reading->published++;
    reading->read_bytes += bytes;
    if (reading->read_bytes - reading->given_at > GIVEN_BYTES)
        give_back(reading);
}

static void read_on(struct xph_reading *reading, struct xph_reading_lane *lane,
                    struct xph_tally *tally)
{
    uint64_t before = lane->lane.bytes;

    lane->busy = true;
    pthread_mutex_unlock(&reading->lock);
    read_piece(reading, lane, tally);
    pthread_mutex_lock(&reading->lock);
    publish(reading, lane, lane->lane.bytes - before);
    lane->busy = false;
    pthread_cond_broadcast(&reading->changed);
}

static bool is_taking_due(const struct xph_reading *reading, bool nothing_to_read)
{
    return !reading->taking && reading->unstarted == 0 && reading->published > reading->taken &&
           (reading->ready_events >= TAKEN_AT_ONCE || nothing_to_read);
}

/* No lane can bring an event any more that lies before the place that it has reached, so all events
 * before the place of the slowest lane can be taken. */
static void take(struct xph_reading *reading, struct xph_tally *tally)
{
    struct xph_lane_place limit = find_slowest(reading);
    bool ok;

    for (size_t i = 0; i < reading->file->pcpu_count; i++)
        xph_lane_queue_join(&reading->taker.queues[i], &reading->lanes[i].ready);
    reading->taken = reading->published;
    reading->ready_events = 0;
    reading->taking = true;
    pthread_mutex_unlock(&reading->lock);
    ok = xph_taker_take(&reading->taker, limit, tally, reading->err);
    pthread_mutex_lock(&reading->lock);
    reading->taking = false;
    reading->failed |= !ok;
    for (size_t i = 0; i < reading->file->pcpu_count; i++)
        reading->lanes[i].waiting = reading->lanes[i].ready.count + reading->taker.queues[i].count;
    pthread_cond_broadcast(&reading->changed);
}

static void work(void *context, unsigned worker)
{
    struct xph_reading *reading = context;
    struct xph_tally *tally = &reading->tallies[worker].tally;

    pthread_mutex_lock(&reading->lock);
    while (!reading->finished && !reading->failed) {
        struct xph_reading_lane *lane = find_lane(reading);

        if (is_taking_due(reading, !lane)) {
            take(reading, tally);
        } else if (lane) {
            read_on(reading, lane, tally);
        } else if (reading->left == 0 && !reading->taking) {
            reading->finished = true;
            pthread_cond_broadcast(&reading->changed);
        } else {
            pthread_cond_wait(&reading->changed, &reading->lock);
        }
    }
    pthread_mutex_unlock(&reading->lock);
}

bool xph_reading_run(struct xph_reading *reading)
{
    return xph_crew_run(reading->threads, work, reading, reading->err) && !reading->failed;
}
