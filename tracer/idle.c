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
            watch->idle = true;
            watch->idle_since = oldest->at;
            return;
        }
        drop_oldest(watch);
    }
}
