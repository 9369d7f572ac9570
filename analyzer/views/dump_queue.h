/*
 * Records on their way from the time line to a view of them: while one thread finds the next ones,
 * another prints. They meet in a ring of batches.
 */
#ifndef XPH_ANALYZER_VIEWS_DUMP_QUEUE_H
#define XPH_ANALYZER_VIEWS_DUMP_QUEUE_H

#include <pthread.h>

#include "analyzer/views/dump_view.h"

enum { XPH_DUMP_BATCH = 1024, XPH_DUMP_BATCHES = 4 };

struct xph_dump_queue {
    struct xph_dump *dump; /* the caller's; until xph_dump_queue_close() the printing thread's */
    xph_dump_record *view;
    struct xph_dump_batch {
        size_t count;
        struct xph_dump_item items[XPH_DUMP_BATCH];
    } * batches;     /* a ring; owned */
    bool threaded;   /* false: there is one CPU only, so batches are printed by who fills them */
    unsigned filled; /* batches filled so far; the one after them is being filled */
    pthread_t thread;
    pthread_mutex_t lock; /* of what is below */
    pthread_cond_t changed;
    unsigned ready, printed; /* batches so far */
    bool finished;           /* no more are coming */
    bool failed;             /* the output cannot be written */
};

bool xph_dump_queue_open(struct xph_dump_queue *queue, struct xph_dump *dump, xph_dump_record *view,
                         struct xph_error *err);

/* Where the next item goes. It is printed some time after the next call. NULL if the output cannot
 * be written, which closing it tells. */
struct xph_dump_item *xph_dump_queue_next(struct xph_dump_queue *queue);

/* Does not print the item of the last xph_dump_queue_next(); NULL: nothing to take back. */
void xph_dump_queue_take_back(struct xph_dump_queue *queue, const struct xph_dump_item *item);

/* Waits until all is printed. */
void xph_dump_queue_close(struct xph_dump_queue *queue);

#endif
