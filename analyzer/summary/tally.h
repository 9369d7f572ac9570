/*
 * What a trace's records are counted into. Each thread has one of its own; they are added up at the
 * end.
 */
#ifndef XPH_ANALYZER_SUMMARY_TALLY_H
#define XPH_ANALYZER_SUMMARY_TALLY_H

#include "analyzer/decode/event_census.h"
#include "analyzer/decode/hypercalls.h"
#include "analyzer/machine/vcpus.h"
#include "analyzer/summary/histogram.h"

enum { XPH_PV_EVENTS = 16 };

/* The entries of a PV vCPU into Xen. */
struct xph_pv_tally {
    uint64_t hypercalls[XPH_HYPERCALLS]; /* a preempted hypercall that goes on is counted again */
    uint64_t subcalls[XPH_HYPERCALLS];   /* entries of multicalls */
    uint64_t hypercalls_unknown;         /* numbers that Xen does not have */
    uint64_t events[XPH_PV_EVENTS];      /* by the low four bits of the event: traps, faults, ... */
};

/* What one vCPU was seen to do. */
struct xph_vcpu_tally {
    uint32_t vcpu; /* domid << 16 | number */
    uint64_t vmexits;
    struct xph_pv_tally *pv; /* NULL if it has none; owned */
};

/* Times of one kind, in cycles. */
struct xph_times {
    uint32_t key;                /* + 1; 0: the slot is free */
    uint64_t count;              /* with those whose time is not known */
    struct xph_histogram *times; /* owned */
};

enum { XPH_MAX_REASONS = 256 };

struct xph_tally {
    struct xph_event_census census;
    struct xph_vcpu_tally **vcpus; /* a hash table of 1 << vcpu_bits; owned */
    unsigned vcpu_bits;
    size_t vcpu_count, pv_count; /* and so many of them have entries of PV */
    /* Records of a pCPU before its first run state record, or while it is unknown who runs; and the
     * last one asked for. */
    struct xph_vcpu_tally unplaced, *last;
    struct xph_times hypercalls[XPH_HYPERCALLS]; /* at most so long was each one in Xen */
    struct xph_times vmexits[XPH_MAX_REASONS];   /* a hash table by reason; in Xen for each */
    uint64_t vmexits_other;                      /* of more reasons than there is room for */
    uint64_t ran_cycles, ran_ns, ran_intervals;  /* how long vCPUs ran: by the TSC, by the scheduler
                                                  */
    bool failed;                                 /* out of memory */
};

bool xph_tally_open(struct xph_tally *tally, struct xph_error *err);
void xph_tally_close(struct xph_tally *tally);

/* The tally of a vCPU, or the unplaced one if there are too many; it does not move. */
struct xph_vcpu_tally *xph_tally_vcpu(struct xph_tally *tally, uint32_t vcpu);
/* NULL without memory. */
struct xph_pv_tally *xph_tally_pv(struct xph_tally *tally, struct xph_vcpu_tally *vcpu);

/* The counts of a vCPU, NULL if it has none. */
const struct xph_vcpu_tally *xph_tally_find(const struct xph_tally *tally, uint32_t vcpu);

/* NULL where there is no room for one more reason. */
struct xph_times *xph_tally_reason(struct xph_tally *tally, uint32_t reason);
/* NULL without memory. */
struct xph_histogram *xph_times_histogram(struct xph_tally *tally, struct xph_times *times);

static inline void xph_times_add(struct xph_tally *tally, struct xph_times *times, uint64_t cycles)
{
    struct xph_histogram *histogram =
        times->times ? times->times : xph_times_histogram(tally, times);

    if (histogram)
        xph_histogram_add(histogram, cycles);
}

/* Adds what `from` counted. */
void xph_tally_join(struct xph_tally *tally, const struct xph_tally *from);

#endif
