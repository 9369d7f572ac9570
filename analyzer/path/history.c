#include "analyzer/path/history.h"

#include <stdlib.h>

enum {
    FIRST_ACTORS = 128,
    FIRST_INDEX = 512, /* a power of two, at least twice FIRST_ACTORS */
    FIRST_CHANGES = 4, /* there may be as many actors as records */
};

bool xph_history_open(struct xph_history *history, struct xph_error *err)
{
    *history = (struct xph_history){.capacity = FIRST_ACTORS, .index_size = FIRST_INDEX};
    history->actors = calloc(history->capacity, sizeof(*history->actors));
    history->index = calloc(history->index_size, sizeof(*history->index));
    if (history->actors && history->index)
        return true;
    xph_history_close(history);
    return xph_fail(err, "out of memory");
}

void xph_history_close(struct xph_history *history)
{
    for (size_t i = 0; i < history->count; i++)
        free(history->actors[i].changes);
    free(history->actors);
    free(history->index);
    *history = (struct xph_history){0};
}

static size_t hash_slot(enum xph_actor_kind kind, uint32_t number, size_t size)
{
    uint64_t hash = ((uint64_t)kind << 32 | number) * UINT64_C(0x9e3779b97f4a7c15);

    return hash >> 32 & (size - 1);
}

/* The slot of the actor in the index, or the empty one where it belongs. */
static uint32_t *find_slot(const struct xph_history *history, uint32_t *index, size_t size,
                           enum xph_actor_kind kind, uint32_t number)
{
    size_t slot = hash_slot(kind, number, size);

    while (index[slot] != XPH_NOBODY) {
        const struct xph_actor *actor = xph_history_at(history, index[slot]);

        if (actor->kind == kind && actor->number == number)
            break;
        slot = (slot + 1) & (size - 1);
    }
    return &index[slot];
}

static bool grow(struct xph_history *history, struct xph_error *err)
{
    size_t capacity = history->capacity * 2, size = history->index_size * 2;
    struct xph_actor *actors = realloc(history->actors, capacity * sizeof(*actors));
    uint32_t *index;

    if (!actors)
        return xph_fail(err, "out of memory for %zu tasks and vCPUs", capacity);
    history->actors = actors;
    history->capacity = capacity;
    index = calloc(size, sizeof(*index));
    if (!index)
        return xph_fail(err, "out of memory for %zu tasks and vCPUs", capacity);
    for (size_t i = 0; i < history->count; i++)
        *find_slot(history, index, size, actors[i].kind, actors[i].number) = (uint32_t)i + 1;
    free(history->index);
    history->index = index;
    history->index_size = size;
    return true;
}

uint32_t xph_history_find(const struct xph_history *history, enum xph_actor_kind kind,
                          uint32_t number)
{
    return *find_slot(history, history->index, history->index_size, kind, number);
}

uint32_t xph_history_actor(struct xph_history *history, enum xph_actor_kind kind, uint32_t number,
                           struct xph_error *err)
{
    uint32_t position = xph_history_find(history, kind, number);

    if (position != XPH_NOBODY)
        return position;
    if (history->count == history->capacity && !grow(history, err))
        return XPH_NOBODY;
    history->actors[history->count++] = (struct xph_actor){.kind = kind, .number = number};
    position = (uint32_t)history->count;
    *find_slot(history, history->index, history->index_size, kind, number) = position;
    return position;
}

bool xph_history_add(struct xph_history *history, uint32_t position,
                     const struct xph_change *change, struct xph_error *err)
{
    struct xph_actor *actor = &history->actors[position - 1];
    struct xph_change *added;

    if (actor->count == actor->capacity) {
        size_t capacity = actor->capacity ? actor->capacity * 2 : FIRST_CHANGES;
        struct xph_change *grown = realloc(actor->changes, capacity * sizeof(*grown));

        if (!grown)
            return xph_fail(err, "out of memory for %zu changes of state", history->changes);
        actor->changes = grown;
        actor->capacity = capacity;
    }
    added = &actor->changes[actor->count];
    *added = *change;
    if (actor->count > 0 && added->ns < added[-1].ns)
        added->ns = added[-1].ns;
    actor->count++;
    history->changes++;
    return true;
}

long xph_history_before(const struct xph_actor *actor, uint64_t ns)
{
    size_t low = 0, high = actor->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (actor->changes[middle].ns < ns)
            low = middle + 1;
        else
            high = middle;
    }
    return (long)low - 1;
}
