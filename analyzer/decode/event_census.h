/*
 * How often each event occurs: a hash table of the events met, each judged once, when it is first
 * seen. A reader of records asks it of every record, so it is as fast as can be.
 */
#ifndef XPH_ANALYZER_DECODE_EVENT_CENSUS_H
#define XPH_ANALYZER_DECODE_EVENT_CENSUS_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/decode/event_shape.h"
#include "recording/error.h"

enum { XPH_EVENT_CLASSES = 12 };

struct xph_event_count {
    uint32_t key;    /* event + 1; 0: the slot is free */
    uint16_t shapes; /* as in struct xph_event_shape */
    uint8_t kind;
    bool known : 1;
    bool wanted : 1; /* by who reads */
    uint64_t records, bytes;
};

/* All events that are `value` in the bits of `mask`. */
struct xph_event_family {
    uint32_t mask, value;
};

struct xph_event_set {
    const struct xph_event_family *families;
    size_t count;
};

struct xph_event_census {
    struct xph_event_count *slots; /* owned */
    unsigned shift;                /* there are 1 << (32 - shift) slots */
    size_t count;                  /* that are taken */
    /* Of events that Xen does not have, or that are too many to be told apart; by class. */
    struct xph_event_count others[XPH_EVENT_CLASSES + 1];
    const struct xph_event_set *wanted; /* NULL: all; set before it is first asked */
};

bool xph_event_census_open(struct xph_event_census *census, struct xph_error *err);
void xph_event_census_close(struct xph_event_census *census);

/* How many slots there are. */
static inline size_t xph_event_census_size(const struct xph_event_census *census)
{
    return (size_t)1 << (32 - census->shift);
}

/* Adds what `from` counted to `census`. */
void xph_event_census_add(struct xph_event_census *census, const struct xph_event_census *from);

/* For xph_event_census_find(). */
struct xph_event_count *xph_event_census_insert(struct xph_event_census *census, uint32_t event);

/* The event's slot, never NULL; valid until the next call. */
static inline struct xph_event_count *xph_event_census_find(struct xph_event_census *census,
                                                            uint32_t event)
{
    size_t slot = event * UINT32_C(2654435769) >> census->shift;

    if (census->slots[slot].key == event + 1)
        return &census->slots[slot];
    return xph_event_census_insert(census, event);
}

#endif
