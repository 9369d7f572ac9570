#include "tracer/realtime.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { STACK_BYTES = 512 * 1024 };

int realtime_thread_start(pthread_t *thread, void *run(void *), void *argument)
{
    pthread_attr_t attributes;
    int result;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    result = pthread_create(thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    return result;
}

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

/* 0 or an errno. */
static int try_priority(int priority)
{
    struct sched_param before, wanted = {.sched_priority = priority};
    int policy, errnum = pthread_getschedparam(pthread_self(), &policy, &before);

    if (errnum != 0)
        return errnum;
    errnum = pthread_setschedparam(pthread_self(), SCHED_FIFO, &wanted);
    if (errnum == 0)
        pthread_setschedparam(pthread_self(), policy, &before);
    return errnum;
}

void realtime_prepare(char *refused, size_t size)
{
    int errnum = try_priority(REALTIME_HIGHEST);
    int lock_errnum = mlockall(MCL_CURRENT | MCL_FUTURE) == 0 ? 0 : errno;
    size_t used = 0;

    refused[0] = '\0';
    if (errnum != 0)
        used = (size_t)snprintf(refused, size, "real-time threads: %s", strerror(errnum));
    if (lock_errnum != 0 && used < size)
        snprintf(refused + used, size - used, "%slocked memory: %s", used ? "; " : "",
                 strerror(lock_errnum));
}
