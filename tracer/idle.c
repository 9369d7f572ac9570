#include "tracer/idle.h"

#include <stdlib.h>

bool idle_watch_open(struct idle_watch *watch, unsigned hz)
{
    /* Twice the window, as a reading's error is to be added to it. */
    *watch =
        (struct idle_watch){.capacity = (size_t)(XPH_IDLE_WINDOW_NS / 1000000000) * hz * 2 + 2};
    watch->ring = calloc(watch->capacity, sizeof(*watch->ring));
    return watch->ring != NULL;
}

void idle_watch_close(struct idle_watch *watch)
{
    free(watch->ring);
    *watch = (struct idle_watch){0};
}

void idle_watch_end(struct idle_watch *watch)
{
    free(watch->ring);
    watch->ring = NULL;
}

static void drop_oldest(struct idle_watch *watch)
{
    watch->first = (watch->first + 1) % watch->capacity;
    watch->count--;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The window that begins with `first` is idle, the one before was not. */
static void become_idle(struct idle_watch *watch, const struct idle_sample *first)
{
    const struct idle_sample *busy = &watch->busy;
    uint64_t ran_ns = first->cpu_time_ns - busy->cpu_time_ns;
    uint64_t gap_ns = first->at.monotonic_ns - busy->at.monotonic_ns, before_ns;
    double share;

    watch->idle = true;
    watch->idle_since = first->at;
    watch->idle_error_ns = first->error_ns;
    if (busy->at.monotonic_ns == 0 || ran_ns == 0)
        return;
    share = watch->excess_ns < ran_ns ? (double)watch->excess_ns / (double)ran_ns : 1;
    before_ns = (uint64_t)((double)gap_ns * share);
    watch->idle_since.monotonic_ns = busy->at.monotonic_ns + before_ns;
    watch->idle_since.tsc =
        busy->at.tsc + (uint64_t)((double)(first->at.tsc - busy->at.tsc) * share);
    watch->idle_error_ns = larger(before_ns + busy->error_ns, gap_ns - before_ns + first->error_ns);
}

void idle_watch_add(struct idle_watch *watch, struct xph_instant at, uint64_t error_ns,
                    uint64_t cpu_time_ns)
{
    if (watch->idle || !watch->ring)
        return;
    if (watch->count == watch->capacity)
        drop_oldest(watch);
    watch->ring[(watch->first + watch->count++) % watch->capacity] =
        (struct idle_sample){at, error_ns, cpu_time_ns};
    for (;;) {
        const struct idle_sample *oldest = &watch->ring[watch->first];

        if (at.monotonic_ns - oldest->at.monotonic_ns <
            XPH_IDLE_WINDOW_NS + error_ns + oldest->error_ns)
            return;
        if (cpu_time_ns - oldest->cpu_time_ns < XPH_IDLE_MAX_RUN_NS) {
            become_idle(watch, oldest);
            return;
        }
        watch->busy = *oldest;
        watch->excess_ns = cpu_time_ns - oldest->cpu_time_ns - XPH_IDLE_MAX_RUN_NS;
        drop_oldest(watch);
    }
}
