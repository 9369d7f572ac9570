/* Threads that must not wait behind the load that they measure. */
#ifndef XPH_TRACER_REALTIME_H
#define XPH_TRACER_REALTIME_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* pthread_create() with a stack that holds what our threads do: as our memory is locked, the usual
 * 8 MiB would be taken from dom0 for each. Returns 0 or an errno. */
int realtime_thread_start(pthread_t *thread, void *run(void *), void *argument);

/* Gives the calling thread SCHED_FIFO `priority`; without the right to, it goes on as it is. */
bool realtime_thread(int priority);

/* Initializes a lock that such threads share with others: who holds it runs at the highest priority
 * of those that wait for it, or the load would keep it, and them, from going on. */
void realtime_mutex_init(pthread_mutex_t *mutex);

/* The highest priority that a thread of ours asks for: that of the reader of Xen's buffers. */
enum { REALTIME_HIGHEST = 10 };

/* Locks our memory, as a page fault of ours in the middle of a measurement would be seen in it, and
 * tries whether threads may have priorities up to the highest; the caller's is as before. Writes
 * what is refused to `refused`: "" if nothing is. */
void realtime_prepare(char *refused, size_t size);

#endif
