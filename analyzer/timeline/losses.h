/*
 * Records that Xen could not write because a pCPU's buffer was full, as intervals.
 */
#ifndef XPH_ANALYZER_TIMELINE_LOSSES_H
#define XPH_ANALYZER_TIMELINE_LOSSES_H

#include <stddef.h>
#include <stdint.h>

struct xph_loss {
    uint16_t pcpu;
    uint64_t records;
    uint64_t start_tsc, end_tsc;
};

struct xph_losses {
    uint64_t records, gaps;
    uint64_t longest_cycles;
    struct xph_loss *list; /* the first ones, XPH_LISTED_LOSSES at most; owned */
    size_t count, capacity;
};

/* So many gaps are listed; all are counted. */
enum { XPH_LISTED_LOSSES = 4096 };

/* Adds one; without memory for the list it is counted all the same. */
void xph_losses_add(struct xph_losses *losses, struct xph_loss loss);
void xph_losses_join(struct xph_losses *losses, const struct xph_losses *from);
void xph_losses_free(struct xph_losses *losses);

#endif
