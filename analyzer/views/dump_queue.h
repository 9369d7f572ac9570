/*
 * Records on their way from the time line to the output: while one thread finds the next ones,
 * others put those before into text, a batch each, and who has time writes what is next in order.
 */
#ifndef XPH_ANALYZER_VIEWS_DUMP_QUEUE_H
#define XPH_ANALYZER_VIEWS_DUMP_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "analyzer/views/dump_view.h"
#include "recording/error.h"

enum { XPH_DUMP_BATCH = 1024, XPH_DUMP_BATCHES = 8, XPH_DUMP_PRINTERS = 4 };

struct xph_dump_queue {
    struct xph_dump *dump; /* the caller's; its counts are complete when this is closed */
    xph_dump_record *view;
    struct xph_dump_batch {
        size_t count;
        struct xph_dump_item items[XPH_DUMP_BATCH];
        struct xph_output text;
        bool printed; /* into the text */
    } * batches;      /* a ring; owned */
    /* Who prints: the caller's thread, where it has to wait, and others where there are CPUs. */
    struct xph_dump_printer {
        struct xph_dump_queue *queue;
        struct xph_dump dump;
        pthread_t thread;
    } printers[XPH_DUMP_PRINTERS];
    unsigned opened, started; /* printers; threads of them, from number 1 on */
    pthread_mutex_t lock;     /* of what is below */
    pthread_cond_t changed;
    unsigned filled, begun,
        written;   /* batches so far; the one after the filled ones is being filled */
    bool writing;  /* somebody is */
    bool finished; /* no more are coming */
    bool failed;   /* the output cannot be written */
};

/* What the dump's output has must be flushed. */
bool xph_dump_queue_open(struct xph_dump_queue *queue, struct xph_dump *dump, xph_dump_record *view,
                         struct xph_error *err);

/* Where the next item goes. It is printed some time after the next call. NULL if the output cannot
 * be written, which closing it tells. */
struct xph_dump_item *xph_dump_queue_next(struct xph_dump_queue *queue);

/* Does not print the item of the last xph_dump_queue_next(); NULL: nothing to take back. */
void xph_dump_queue_take_back(struct xph_dump_queue *queue, const struct xph_dump_item *item);

/* Waits until all is written. */
void xph_dump_queue_close(struct xph_dump_queue *queue);

#endif
