#include "tracer/realtime.h"

#include <sched.h>

bool realtime_thread(int priority)
{
    struct sched_param param = {.sched_priority = priority};

    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) == 0;
}

void realtime_mutex_init(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}
