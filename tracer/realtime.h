/* Threads that must not wait behind the load that they measure. */
#ifndef XPH_TRACER_REALTIME_H
#define XPH_TRACER_REALTIME_H

#include <pthread.h>
#include <stdbool.h>

/* Gives the calling thread SCHED_FIFO `priority`; without the right to, it goes on as it is. */
bool realtime_thread(int priority);

/* Initializes a lock that such threads share with others: who holds it runs at the highest priority
 * of those that wait for it, or the load would keep it, and them, from going on. */
void realtime_mutex_init(pthread_mutex_t *mutex);

#endif
