/*
 * A thread that reads the lanes of a time line through its sieve, each one a batch ahead of who
 * merges them.
 */
#ifndef XPH_ANALYZER_TIMELINE_READ_AHEAD_H
#define XPH_ANALYZER_TIMELINE_READ_AHEAD_H

#include <pthread.h>

#include "analyzer/timeline/sieved_lane.h"

struct xph_read_ahead {
    struct xph_event_census *census; /* the caller's, for the thread alone, as is what is read */
    const struct xph_sieve *sieve;
    struct xph_sieved_limits limits;
    struct xph_read_ahead_lane {
        struct xph_sieved_lane *lane;  /* the caller's */
        struct xph_sieved_batch ahead; /* the thread's, until it is ready */
        bool ready;
        bool over; /* there is nothing more to be read */
    } * lanes;     /* owned */
    size_t count;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted, ready;
    size_t next; /* lane to be looked at first */
    bool leaving;
};

/* Starts the thread; until xph_read_ahead_stop() it alone reads the lanes, which are given as their
 * addresses, NULL for one that has no more records. Returns NULL where there is no memory or no
 * thread: then the caller reads by itself. */
struct xph_read_ahead *xph_read_ahead_start(struct xph_sieved_lane *const *lanes, size_t count,
                                            struct xph_event_census *census,
                                            const struct xph_sieve *sieve,
                                            const struct xph_sieved_limits *limits);

/* Exchanges `batch`, of the lane in this place, for the next one; waits until it is read. The one
 * before was not the last. */
void xph_read_ahead_take(struct xph_read_ahead *reading, size_t lane,
                         struct xph_sieved_batch *batch);

/* NULL is no thread. */
void xph_read_ahead_stop(struct xph_read_ahead *reading);

#endif
