#include "tracer/realtime.h"

#include <pthread.h>
#include <sched.h>

bool realtime_thread(int priority)
{
    struct sched_param param = {.sched_priority = priority};

    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) == 0;
}
