#include "analyzer/decode/event_census.h"

#include <stdlib.h>

/* A trace has some hundred kinds of event; only a damaged one has many more. */
enum { FIRST_SHIFT = 32 - 10, LAST_SHIFT = 32 - 14 };

bool xph_event_census_open(struct xph_event_census *census, struct xph_error *err)
{
    *census = (struct xph_event_census){.shift = FIRST_SHIFT};
    census->slots = calloc(xph_event_census_size(census), sizeof(*census->slots));
    return census->slots || xph_fail(err, "out of memory");
}

void xph_event_census_close(struct xph_event_census *census)
{
    free(census->slots);
    *census = (struct xph_event_census){0};
}

/* The event's slot, or the free one where it belongs. */
static struct xph_event_count *probe(const struct xph_event_census *census, uint32_t event)
{
    size_t mask = xph_event_census_size(census) - 1;
    size_t slot = event * UINT32_C(2654435769) >> census->shift;

    while (census->slots[slot].key != 0 && census->slots[slot].key != event + 1)
        slot = (slot + 1) & mask;
    return &census->slots[slot];
}

/* Half of the slots are always free. False if there are enough of them already, or no memory. */
static bool make_room(struct xph_event_census *census)
{
    struct xph_event_census grown = {.shift = census->shift - 1};
    size_t size = xph_event_census_size(census);

    if (census->count < size / 2)
        return true;
    if (census->shift == LAST_SHIFT)
        return false;
    grown.slots = calloc(size * 2, sizeof(*grown.slots));
    if (!grown.slots)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (census->slots[i].key != 0)
            *probe(&grown, census->slots[i].key - 1) = census->slots[i];
    }
    free(census->slots);
    census->slots = grown.slots;
    census->shift = grown.shift;
    return true;
}

/* The class is one bit of 16 to 27; all else is the last of the others. */
static unsigned class_of(uint32_t event)
{
    uint32_t bits = event >> 16;

    return bits != 0 && (bits & (bits - 1)) == 0 ? (unsigned)__builtin_ctz(bits)
                                                 : XPH_EVENT_CLASSES;
}

static bool is_wanted(const struct xph_event_set *wanted, uint32_t event)
{
    for (size_t i = 0; wanted && i < wanted->count; i++) {
        if ((event & wanted->families[i].mask) == wanted->families[i].value)
            return true;
    }
    return !wanted;
}

struct xph_event_count *xph_event_census_insert(struct xph_event_census *census, uint32_t event)
{
    struct xph_event_count *slot = probe(census, event);
    struct xph_event_shape shape;

    if (slot->key != 0)
        return slot;
    shape = xph_event_shape(event);
    if (shape.kind != XPH_KIND_IMPOSSIBLE && make_room(census)) {
        slot = probe(census, event);
        slot->key = event + 1;
        census->count++;
    } else {
        slot = &census->others[class_of(event)];
    }
    slot->shapes = shape.shapes;
    slot->kind = shape.kind;
    slot->known = shape.known;
    slot->wanted = is_wanted(census->wanted, event);
    return slot;
}

static void add_count(struct xph_event_count *to, const struct xph_event_count *from)
{
    to->records += from->records;
    to->bytes += from->bytes;
}

void xph_event_census_add(struct xph_event_census *census, const struct xph_event_census *from)
{
    for (size_t i = 0; i < xph_event_census_size(from); i++) {
        if (from->slots[i].key != 0)
            add_count(xph_event_census_find(census, from->slots[i].key - 1), &from->slots[i]);
    }
    for (size_t i = 0; i < sizeof(from->others) / sizeof(from->others[0]); i++)
        add_count(&census->others[i], &from->others[i]);
}
