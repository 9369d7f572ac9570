#include "analyzer/timeline/sieved_lane.h"

#include <stdlib.h>

#include "analyzer/decode/threads.h"

enum {
    RECORDS = 64 << 10, /* in all lanes together */
    FEWEST_RECORDS = 16,
    MOST_RECORDS = 2 << 10,
    BYTES = 2 << 20, /* in all lanes together */
    FEWEST_BYTES = 1 << 10,
    MOST_BYTES = 256 << 10,
};

struct xph_sieved_limits xph_sieved_limits_for(size_t lanes)
{
    return (struct xph_sieved_limits){xph_share(RECORDS, lanes, FEWEST_RECORDS, MOST_RECORDS),
                                      xph_share(BYTES, lanes, FEWEST_BYTES, MOST_BYTES)};
}

bool xph_sieved_batch_open(struct xph_sieved_batch *batch, const struct xph_sieved_limits *limits)
{
    *batch = (struct xph_sieved_batch){0};
    batch->records = malloc(limits->records * sizeof(*batch->records));
    return batch->records != NULL;
}

void xph_sieved_batch_close(struct xph_sieved_batch *batch)
{
    free(batch->records);
    *batch = (struct xph_sieved_batch){0};
}

void xph_sieved_lane_open(struct xph_sieved_lane *lane, const struct xph_pcpu_cursor *cursor)
{
    /* Any time is before this one: the first record is kept. */
    *lane = (struct xph_sieved_lane){.cursor = *cursor, .last_tsc = UINT64_MAX};
}

/* The last record that was passed. */
static void keep(struct xph_sieved_lane *lane, struct xph_sieved_batch *batch, const uint8_t *at)
{
    uint64_t tsc = lane->cursor.last_tsc, latest = lane->cursor.latest_tsc;

    batch->records[batch->count++] =
        (struct xph_sieved_record){at, tsc, tsc > latest ? tsc : latest};
    lane->skipped = NULL;
}

void xph_sieved_lane_read(struct xph_sieved_lane *lane, struct xph_event_census *census,
                          const struct xph_sieve *sieve, const struct xph_sieved_limits *limits,
                          struct xph_sieved_batch *batch)
{
    uint64_t last_tsc = lane->last_tsc, bytes = 0;
    struct xph_record_view view;

    batch->count = 0;
    batch->from = lane->cursor.at;
    batch->window_end = lane->cursor.end;
    while (batch->count < limits->records && bytes < limits->bytes) {
        if (!xph_pcpu_cursor_next(&lane->cursor, census, &view)) {
            batch->last = true;
            break;
        }
        bytes += xph_header_length(view.header);
        if ((view.event->wanted && (!sieve->keeps || sieve->keeps(&lane->memory, &view))) ||
            view.tsc < last_tsc)
            keep(lane, batch, view.at);
        else
            lane->skipped = view.at;
        last_tsc = view.tsc;
    }
    lane->last_tsc = last_tsc;
    batch->bytes = bytes;
    if (lane->skipped && (batch->last || batch->count == 0))
        keep(lane, batch, lane->skipped);
}
