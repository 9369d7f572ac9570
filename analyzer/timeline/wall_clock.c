#include "analyzer/timeline/wall_clock.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

bool xph_wall_clock_add(struct xph_wall_clock *clock, uint64_t tsc, uint64_t monotonic_ns,
                        struct xph_error *err)
{
    if (clock->count == clock->capacity) {
        size_t capacity = clock->capacity ? clock->capacity * 2 : FIRST_CAPACITY;
        struct xph_instant *grown = realloc(clock->readings, capacity * sizeof(*grown));

        if (!grown)
            return xph_fail(err, "out of memory for %zu readings of dom0's clock", capacity);
        clock->readings = grown;
        clock->capacity = capacity;
    }
    clock->readings[clock->count++] = (struct xph_instant){tsc, monotonic_ns};
    return true;
}

bool xph_wall_clock_open(struct xph_wall_clock *clock, const struct xph_manifest *manifest,
                         struct xph_error *err)
{
    const struct xph_instant *own[] = {&manifest->recording_start, &manifest->command_start,
                                       &manifest->command_end, &manifest->recording_end};

    *clock = (struct xph_wall_clock){0};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (own[i]->tsc != 0 && !xph_wall_clock_add(clock, own[i]->tsc, own[i]->monotonic_ns, err))
            return false;
    }
    return true;
}

void xph_wall_clock_close(struct xph_wall_clock *clock)
{
    free(clock->readings);
    *clock = (struct xph_wall_clock){0};
}

static int compare(const void *a, const void *b)
{
    const struct xph_instant *first = a, *second = b;

    return first->tsc < second->tsc ? -1 : first->tsc > second->tsc;
}

void xph_wall_clock_sort(struct xph_wall_clock *clock)
{
    if (clock->count > 0)
        qsort(clock->readings, clock->count, sizeof(*clock->readings), compare);
}

bool xph_wall_clock_at(const struct xph_wall_clock *clock, uint64_t tsc, uint64_t *monotonic_ns)
{
    const struct xph_instant *before, *after;
    size_t low = 0, high = clock->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (clock->readings[middle].tsc <= tsc)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    before = &clock->readings[low - 1];
    *monotonic_ns = before->monotonic_ns;
    if (before->tsc == tsc)
        return true;
    if (low == clock->count)
        return false;
    after = before + 1;
    /* A clock that goes back is none. */
    if (after->monotonic_ns < before->monotonic_ns)
        return false;
    *monotonic_ns += (uint64_t)((double)(after->monotonic_ns - before->monotonic_ns) *
                                ((double)(tsc - before->tsc) / (double)(after->tsc - before->tsc)));
    return true;
}
