#include "tracer/trace_watch.h"

#include <stdlib.h>
#include <string.h>

/* Xen's public/trace.h; trace_buffers.c sees that they are the same. */
enum {
    EVENT_MASK = 0x0fffffff,
    EXTRA_SHIFT = 28,
    EXTRA_MAX = 7,
    LOST_RECORDS = 0x0001f001,
    SCHED_YIELD = 0x00028005,
};
#define TIMED (1U << 31)

bool trace_watch_open(struct trace_watch *watch, size_t pcpu_count)
{
    *watch = (struct trace_watch){.pcpus = calloc(pcpu_count + 1, sizeof(*watch->pcpus)),
                                  .pcpu_count = pcpu_count};
    return watch->pcpus != NULL;
}

void trace_watch_close(struct trace_watch *watch)
{
    free(watch->pcpus);
    watch->pcpus = NULL;
    watch->pcpu_count = 0;
}

/* A record where it lies; layout: Xen's public/trace.h, struct t_rec. */
struct watched_record {
    uint32_t event;
    size_t stamp_bytes, word_count;
    size_t size;
    const uint8_t *body; /* stamp and words */
};

/* False if there is no whole record at `data`. */
static bool find_record(struct watched_record *record, const uint8_t *data, size_t size)
{
    uint32_t header;

    if (size < sizeof(header))
        return false;
    memcpy(&header, data, sizeof(header));
    record->event = header & EVENT_MASK;
    record->stamp_bytes = header & TIMED ? sizeof(uint64_t) : 0;
    record->word_count = header >> EXTRA_SHIFT & EXTRA_MAX;
    record->size = sizeof(header) + record->stamp_bytes + record->word_count * sizeof(uint32_t);
    record->body = data + sizeof(header);
    return record->size <= size;
}

static uint64_t stamp_of(const struct watched_record *record)
{
    uint64_t tsc = 0;

    memcpy(&tsc, record->body, record->stamp_bytes);
    return tsc;
}

static uint32_t word_of(const struct watched_record *record, size_t number)
{
    uint32_t word;

    memcpy(&word, record->body + record->stamp_bytes + number * sizeof(word), sizeof(word));
    return word;
}

/* Words: count, domid and vCPU, TSC of the first lost record (low, high). The record is written
 * when there is room again, so its own TSC is the end of the gap. Xen: common/trace.c */
static void add_loss(struct trace_watch *watch, uint32_t pcpu, const struct watched_record *record)
{
    uint32_t records = word_of(record, 0);

    watch->lost_records += records;
    if (watch->loss_count < XPH_MAX_LOSSES)
        watch->losses[watch->loss_count++] = (struct xph_trace_loss){
            .pcpu = pcpu,
            .records = records,
            .first_tsc = word_of(record, 2) | (uint64_t)word_of(record, 3) << 32,
            .end_tsc = stamp_of(record),
        };
}

static void watch_run(struct trace_watch *watch, uint32_t pcpu, struct trace_run run)
{
    struct watched_record record;

    /* Xen writes whole records, so one that does not fit ends the walk. */
    for (; find_record(&record, run.data, run.size);
         run.data += record.size, run.size -= record.size) {
        if (record.stamp_bytes > 0)
            watch->pcpus[pcpu].last_tsc = stamp_of(&record);
        if (record.event == LOST_RECORDS && record.word_count >= 4)
            add_loss(watch, pcpu, &record);
        else if (watch->collect_yields && record.event == SCHED_YIELD && record.word_count > 0 &&
                 word_of(&record, 0) == 0 && watch->yield_count < TRACE_WATCH_MAX_YIELDS)
            watch->yields[watch->yield_count++] = stamp_of(&record);
    }
}

void trace_watch_window(struct trace_watch *watch, uint32_t pcpu, const struct trace_run runs[2],
                        size_t free_bytes)
{
    if (pcpu >= watch->pcpu_count || runs[0].size + runs[1].size == 0)
        return;
    watch_run(watch, pcpu, runs[0]);
    watch_run(watch, pcpu, runs[1]);
    /* At the end of a ring a record can take the room of two. */
    watch->pcpus[pcpu].maybe_lost = free_bytes < 2 * TRACE_WATCH_LARGEST_RECORD;
}

size_t trace_watch_doubtful(const struct trace_watch *watch)
{
    size_t count = 0;

    for (size_t i = 0; i < watch->pcpu_count; i++)
        count += watch->pcpus[i].maybe_lost;
    return count;
}
