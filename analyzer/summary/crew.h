/*
 * Some threads that do the same work together.
 */
#ifndef XPH_ANALYZER_SUMMARY_CREW_H
#define XPH_ANALYZER_SUMMARY_CREW_H

#include <pthread.h>
#include <stdbool.h>

#include "recording/error.h"

/* Works until there is nothing left to do; `worker` is the number of the thread. */
typedef void xph_crew_work(void *context, unsigned worker);

/*
 * Has `size` threads work, the caller's being number 0, and returns when all have ended. Where not
 * all threads can be started, it fails when those that were have ended.
 */
bool xph_crew_run(unsigned size, xph_crew_work *work, void *context, struct xph_error *err);

#endif
