/*
 * Some threads that do numbered tasks together.
 */
#ifndef XPH_ANALYZER_SUMMARY_CREW_H
#define XPH_ANALYZER_SUMMARY_CREW_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "recording/error.h"

/* Does task number `task`; `worker` is the number of the thread that does it. */
typedef void xph_crew_task(void *context, size_t task, unsigned worker);

struct xph_crew {
    unsigned size; /* workers, the caller's thread being number 0 */
    pthread_t *threads;
    pthread_mutex_t lock;
    pthread_cond_t begin, end; /* of a round */
    xph_crew_task *run;
    void *context;
    size_t next, count; /* tasks not begun yet: next to count - 1 */
    unsigned busy;      /* threads that are not done with the round */
    unsigned round;
    bool leaving;
};

bool xph_crew_open(struct xph_crew *crew, unsigned size, struct xph_error *err);
void xph_crew_close(struct xph_crew *crew);

/* Does tasks 0 to count - 1, begun in this order; returns when all are done. */
void xph_crew_run(struct xph_crew *crew, xph_crew_task *run, void *context, size_t count);

#endif
