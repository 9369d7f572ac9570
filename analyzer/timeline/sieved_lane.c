#include "analyzer/timeline/sieved_lane.h"

#include <stdlib.h>

enum {
    RECORDS = 64 << 10, /* in all lanes together */
    FEWEST_RECORDS = 16,
    MOST_RECORDS = 2 << 10,
    BYTES = 2 << 20, /* in all lanes together */
    FEWEST_BYTES = 1 << 10,
    MOST_BYTES = 256 << 10,
};

/* What each of `lanes` gets of `whole`, within limits. */
static size_t share(size_t whole, size_t lanes, size_t least, size_t most)
{
    size_t part = whole / (lanes + 1);

    return part < least ? least : part > most ? most : part;
}

struct xph_sieved_limits xph_sieved_limits_for(size_t lanes)
{
    return (struct xph_sieved_limits){share(RECORDS, lanes, FEWEST_RECORDS, MOST_RECORDS),
                                      share(BYTES, lanes, FEWEST_BYTES, MOST_BYTES)};
}

bool xph_sieved_lane_open(struct xph_sieved_lane *lane, const struct xph_sieved_limits *limits)
{
    /* Nothing is before the first record, so it is kept. */
    *lane = (struct xph_sieved_lane){.last_tsc = UINT64_MAX};
    lane->records = malloc(limits->records * sizeof(*lane->records));
    return lane->records != NULL;
}

void xph_sieved_lane_close(struct xph_sieved_lane *lane)
{
    free(lane->records);
    *lane = (struct xph_sieved_lane){0};
}

/* The last record that the cursor has passed. */
static void keep(struct xph_sieved_lane *lane, const struct xph_pcpu_cursor *cursor,
                 const uint8_t *at)
{
    uint64_t tsc = cursor->last_tsc;

    lane->records[lane->count++] =
        (struct xph_sieved_record){at, tsc, tsc > cursor->latest_tsc ? tsc : cursor->latest_tsc};
    lane->skipped = NULL;
}

void xph_sieved_lane_read(struct xph_sieved_lane *lane, struct xph_pcpu_cursor *cursor,
                          struct xph_event_census *census, const struct xph_sieve *sieve,
                          const struct xph_sieved_limits *limits)
{
    uint64_t last_tsc = lane->last_tsc, bytes = 0;
    struct xph_record_view view;

    lane->count = lane->taken = 0;
    while (lane->count < limits->records && bytes < limits->bytes) {
        if (!xph_pcpu_cursor_next(cursor, census, &view)) {
            lane->done = true;
            break;
        }
        bytes += xph_header_length(view.header);
        if ((view.event->wanted && (!sieve->keeps || sieve->keeps(&lane->memory, &view))) ||
            view.tsc < last_tsc)
            keep(lane, cursor, view.at);
        else
            lane->skipped = view.at;
        last_tsc = view.tsc;
    }
    lane->last_tsc = last_tsc;
    lane->bytes = bytes;
    if (lane->skipped && (lane->done || lane->count == 0))
        keep(lane, cursor, lane->skipped);
}
