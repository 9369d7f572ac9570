/*
 * Reads the lanes of a trace by several threads: each reads on a lane that none other reads, for a
 * piece, or takes what the lanes have told so far. Lanes stay about as far as each other, as what
 * one tells waits until all have come so far.
 */
#ifndef XPH_ANALYZER_SUMMARY_READING_H
#define XPH_ANALYZER_SUMMARY_READING_H

#include "analyzer/decode/passed.h"
#include "analyzer/decode/threads.h"
#include "analyzer/summary/crew.h"
#include "analyzer/summary/lane.h"
#include "analyzer/summary/taker.h"

struct xph_reading {
    struct xph_trace_file *file; /* the caller's, as are the next two */
    struct xph_machine *machine;
    struct xph_error *err;
    bool front_cut; /* by each pCPU's windows, as a ring's is */
    struct xph_reading_lane {
        struct xph_lane lane; /* this and the next two are of who reads the lane */
        struct xph_lane_queue found;
        struct xph_passed passed;
        struct xph_lane_queue ready; /* for the taker */
        size_t waiting;              /* events that are ready, or that the taker has */
        uint64_t last_tsc;           /* where the lane has come, in time */
        uint64_t offset;             /* and in the file */
        bool busy, started, done;
        char apart[XPH_CACHE_LINE]; /* other threads write the next one */
    } * lanes;                      /* one per pCPU; owned */
    struct xph_reading_tally {
        struct xph_tally tally;
        char apart[XPH_CACHE_LINE];
    } * tallies; /* one per thread; owned */
    unsigned threads;
    struct xph_taker taker; /* of the thread that is taking */
    uint64_t piece_bytes;
    size_t most_waiting; /* a lane with more is not read on, if it is not the slowest */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t next;                   /* lane to be looked at first */
    size_t slowest;                /* the lane that came least far, when that was last looked for */
    size_t unstarted, left;        /* lanes that were not read from yet; that are not done */
    uint64_t published, taken;     /* pieces; so many when events were taken last */
    size_t ready_events;           /* since then */
    uint64_t read_bytes, given_at; /* of records; so many when memory was given back last */
    uint64_t kept_from;            /* offset in the file: what is before it is not in memory */
    bool taking, finished, failed;
};

/* One lane for each pCPU of `file`, opened. On failure, too, to be closed. */
bool xph_reading_open(struct xph_reading *reading, struct xph_trace_file *file,
                      struct xph_machine *machine, unsigned threads, bool front_cut,
                      struct xph_error *err);

/* Reads all; the machine has taken every event then. */
bool xph_reading_run(struct xph_reading *reading);
void xph_reading_close(struct xph_reading *reading);

#endif
