/*
 * What the records of an event look like: with a TSC or without, and how many words. Damage shows
 * in records that look otherwise.
 */
#ifndef XPH_ANALYZER_DECODE_EVENT_SHAPE_H
#define XPH_ANALYZER_DECODE_EVENT_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

/* What the analyzer follows; all other events are only counted. */
enum xph_event_kind {
    XPH_KIND_OTHER,
    XPH_KIND_LOST,
    XPH_KIND_RUNSTATE, /* a vCPU's run state changes */
    XPH_KIND_CONTINUE, /* a vCPU goes on running */
    XPH_KIND_RAN,      /* the scheduler's own measure of how long a vCPU ran */
    XPH_KIND_DOM_REM,  /* a domain's last reference is gone */
    XPH_KIND_PV_ENTRY, /* a PV vCPU enters Xen, but for hypercalls */
    XPH_KIND_VMEXIT,   /* an HVM or PVH vCPU enters Xen */
    XPH_KIND_VMENTRY,  /* ... and leaves it */

    /* Those from here on are for the reader of records, too. */
    XPH_KIND_HYPERCALL, /* of a PV vCPU; how many words it has, its first one tells */
    XPH_KIND_SUBCALL,   /* an entry of a multicall; the same */
    XPH_KIND_FILLER,
    XPH_KIND_WINDOW,     /* CPU_CHANGE: never within a window */
    XPH_KIND_IMPOSSIBLE, /* Xen has no such event */
};

struct xph_event_shape {
    uint16_t shapes; /* bit i: a record whose header's bits 28-31 are i can be one */
    uint8_t kind;    /* enum xph_event_kind */
    bool known;      /* the table has the event; else it is judged by its class alone */
};

/* Bits 28-31 of a header: bit 3 "has a TSC", bits 0-2 number of words. */
static inline unsigned xph_header_shape(uint32_t header)
{
    return header >> 28;
}

struct xph_event_shape xph_event_shape(uint32_t event);

#endif
