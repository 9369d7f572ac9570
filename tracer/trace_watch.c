#include "tracer/trace_watch.h"

#include <string.h>
#include <xen/trace.h>

enum { EVENT_MASK = 0x0fffffff, TIMED = 1U << 31 };

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
    record->word_count = header >> TRACE_EXTRA_SHIFT & TRACE_EXTRA_MAX;
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

void trace_watch_records(struct trace_watch *watch, uint32_t pcpu, const uint8_t *data, size_t size)
{
    struct watched_record record;

    /* Xen writes whole records, so one that does not fit ends the walk. */
    for (; find_record(&record, data, size); data += record.size, size -= record.size) {
        if (record.event == TRC_LOST_RECORDS && record.word_count >= 4)
            add_loss(watch, pcpu, &record);
        else if (watch->collect_yields && record.event == TRC_SCHED_YIELD &&
                 record.word_count > 0 && word_of(&record, 0) == 0 &&
                 watch->yield_count < TRACE_WATCH_MAX_YIELDS)
            watch->yields[watch->yield_count++] = stamp_of(&record);
    }
}
