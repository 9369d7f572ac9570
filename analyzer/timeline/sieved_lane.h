/*
 * One pCPU's records through a sieve, a batch at a time: the records between those that are kept
 * are passed in one go. Who reads a lane need not be who takes its batches (read_ahead.h).
 */
#ifndef XPH_ANALYZER_TIMELINE_SIEVED_LANE_H
#define XPH_ANALYZER_TIMELINE_SIEVED_LANE_H

#include "analyzer/timeline/sieve.h"

struct xph_sieved_record {
    const uint8_t *at; /* in the file */
    uint64_t tsc;
    uint64_t latest_tsc; /* of it and of all before it on its pCPU, whether kept or not */
};

struct xph_sieved_batch {
    struct xph_sieved_record *records; /* owned */
    size_t count;
    uint64_t bytes;                   /* of all records that were passed to find these */
    const uint8_t *from, *window_end; /* where it began, and the end of the window there */
    bool last;                        /* the pCPU has no more records */
};

/* How much is read at a time: so many records that are kept, and so many bytes of all. */
struct xph_sieved_limits {
    size_t records;
    uint64_t bytes;
};

struct xph_sieved_lane {
    struct xph_pcpu_cursor cursor;
    const uint8_t *skipped; /* the last record that was passed, if it was not kept */
    uint64_t last_tsc;      /* of the last record */
    uint32_t memory;        /* the sieve's */
};

/* For so many lanes. */
struct xph_sieved_limits xph_sieved_limits_for(size_t lanes);

/* False without memory. */
bool xph_sieved_batch_open(struct xph_sieved_batch *batch, const struct xph_sieved_limits *limits);
void xph_sieved_batch_close(struct xph_sieved_batch *batch);

/* `cursor`, which is copied, stands before its first record. */
void xph_sieved_lane_open(struct xph_sieved_lane *lane, const struct xph_pcpu_cursor *cursor);

/* Reads on into `batch`, which is empty only if the pCPU has no more records. Kept are also the
 * pCPU's first record and its last one, those with a time before that of the one before them, and
 * the last one of a batch of which nothing else is kept. */
void xph_sieved_lane_read(struct xph_sieved_lane *lane, struct xph_event_census *census,
                          const struct xph_sieve *sieve, const struct xph_sieved_limits *limits,
                          struct xph_sieved_batch *batch);

#endif
