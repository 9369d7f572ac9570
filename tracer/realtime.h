/* Threads that must not wait behind the load that they measure. */
#ifndef XPH_TRACER_REALTIME_H
#define XPH_TRACER_REALTIME_H

#include <stdbool.h>

/* Gives the calling thread SCHED_FIFO `priority`; without the right to, it goes on as it is. */
bool realtime_thread(int priority);

#endif
