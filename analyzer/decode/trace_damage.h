/*
 * What is wrong with a file of xentrace(8), by kind: how often, and where first.
 */
#ifndef XPH_ANALYZER_DECODE_TRACE_DAMAGE_H
#define XPH_ANALYZER_DECODE_TRACE_DAMAGE_H

#include <stdbool.h>
#include <stdint.h>

enum xph_damage_kind {
    XPH_DAMAGE_WINDOW,     /* a window that does not end where it says, or whose header is wrong */
    XPH_DAMAGE_HIDDEN,     /* a window within another one: sizes cannot be believed */
    XPH_DAMAGE_NO_RECORD,  /* what cannot be a record */
    XPH_DAMAGE_SHAPE,      /* a record that is not as Xen writes those of its event */
    XPH_DAMAGE_TIME,       /* a time that cannot be, taken to be that of the record before it */
    XPH_DAMAGE_TIME_STEPS, /* a time before that of the record before it */
    XPH_DAMAGE_TIMELESS,   /* a pCPU without any time */
    XPH_DAMAGE_KINDS,
};

struct xph_finding {
    uint64_t count;
    uint64_t first_offset; /* in the file, where count > 0 */
};

struct xph_trace_damage {
    struct xph_finding findings[XPH_DAMAGE_KINDS];
    uint64_t skipped_bytes; /* that belong to no window or no record */
    uint64_t first_skipped; /* where the first of them is, where skipped_bytes > 0 */
    bool cut;               /* the file ends within a window */
};

/* Counts one more at `offset`. */
static inline void xph_finding_add(struct xph_finding *finding, uint64_t offset)
{
    if (finding->count++ == 0 || offset < finding->first_offset)
        finding->first_offset = offset;
}

/* Adds what `from` found. */
static inline void xph_finding_join(struct xph_finding *finding, const struct xph_finding *from)
{
    if (from->count > 0 && (finding->count == 0 || from->first_offset < finding->first_offset))
        finding->first_offset = from->first_offset;
    finding->count += from->count;
}

/* Counts `bytes` at `offset` as skipped. */
static inline void xph_damage_skip(struct xph_trace_damage *damage, uint64_t offset, uint64_t bytes)
{
    if (bytes > 0 && (damage->skipped_bytes == 0 || offset < damage->first_skipped))
        damage->first_skipped = offset;
    damage->skipped_bytes += bytes;
}

static inline void xph_damage_join(struct xph_trace_damage *damage,
                                   const struct xph_trace_damage *from)
{
    for (unsigned kind = 0; kind < XPH_DAMAGE_KINDS; kind++)
        xph_finding_join(&damage->findings[kind], &from->findings[kind]);
    xph_damage_skip(damage, from->first_skipped, from->skipped_bytes);
    damage->cut |= from->cut;
}

#endif
