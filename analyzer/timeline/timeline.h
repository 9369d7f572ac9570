/*
 * All pCPUs' records in one order of time: a merge by TSC that keeps each pCPU's own order. Memory
 * is bounded by the number of windows and of losses, not by that of records.
 */
#ifndef XPH_ANALYZER_TIMELINE_TIMELINE_H
#define XPH_ANALYZER_TIMELINE_TIMELINE_H

#include "analyzer/decode/passed.h"
#include "analyzer/decode/threads.h"
#include "analyzer/timeline/clock.h"
#include "analyzer/timeline/lane_heap.h"
#include "analyzer/timeline/losses.h"
#include "analyzer/timeline/read_ahead.h"
#include "recording/error.h"
#include "recording/recording.h"

/* How the trace is read. */
struct xph_timeline_options {
    const struct xph_sieve *sieve; /* must outlive the time line; NULL: all records are delivered */
    enum xph_window_trust trust;   /* who believes sizes looks for XPH_DAMAGE_HIDDEN at the end */
};

struct xph_timeline {
    struct xph_clock clock;
    struct xph_trace_file file;
    struct xph_event_census census; /* counts nothing */
    struct xph_timeline_lane {
        struct xph_pcpu_cursor cursor;
        struct xph_record_view next;
        uint64_t latest_tsc; /* of it and of those before it: by this pCPUs are merged */
        struct xph_passed passed;
        struct xph_sieved_batch batch; /* if there is a sieve: the present one */
        size_t taken;                  /* of it */
        char apart[XPH_CACHE_LINE];    /* another thread may write what is between */
        struct xph_sieved_lane sieved;
        char apart_too[XPH_CACHE_LINE];
    } * lanes;                     /* one per pCPU; owned */
    const struct xph_sieve *sieve; /* NULL: all records are delivered */
    struct xph_sieved_limits limits;
    struct xph_read_ahead *ahead; /* NULL: the caller reads by itself */
    struct xph_lane_heap heap;    /* of those that have a next record */
    uint64_t records;             /* delivered so far */
    uint64_t first_ns, last_ns;   /* of those delivered */
    uint64_t last_tsc;            /* the latest so far, of those that were left out, too */
    uint64_t settled_tsc; /* of a ring, whose front is gone: from here on all pCPUs' records are
                             there; else 0 */
    uint64_t passed_bytes, forgotten_bytes; /* of records; and so many of them when memory was given
                                               back last */
    uint64_t forget_from;           /* offset in the file: what is before it is not in memory */
    struct xph_losses losses;       /* those met so far */
    struct xph_trace_damage damage; /* complete when the time line was read to its end */
};

/*
 * Opens the trace in `data` (the caller's, must outlive this). `start_tsc` 0 means: the first
 * record's. A `khz` of 0 is refused: a frequency is never assumed.
 */
bool xph_timeline_open(struct xph_timeline *timeline, const uint8_t *data, size_t size,
                       uint64_t start_tsc, uint64_t khz, struct xph_error *err);

/* The same of a mapped file, which does not stay in memory as a whole then. */
bool xph_timeline_open_mapped(struct xph_timeline *timeline, const struct xph_mapped_file *mapping,
                              uint64_t start_tsc, uint64_t khz, struct xph_error *err);

/* A recording's, by which the time line begins with it; khz is 0 where that is not known. */
struct xph_clock xph_clock_of_recording(const struct xph_recording *recording);

/* The same for a recording: the time line begins with it, and has what dom0 stamped in its place.
 * `options` may be NULL: all zero. */
bool xph_timeline_open_recording(struct xph_timeline *timeline,
                                 const struct xph_recording *recording,
                                 const struct xph_timeline_options *options, struct xph_error *err);

/* From now on, if there is a sieve and a CPU for it, another thread reads ahead; it ends with the
 * time line. */
void xph_timeline_read_ahead(struct xph_timeline *timeline);
void xph_timeline_close(struct xph_timeline *timeline);

/* The next record in time; false at the end. */
bool xph_timeline_next(struct xph_timeline *timeline, struct xph_record *record);

#endif
