/*
 * Counts of records: by class, and for each vCPU the hypercalls and other entries into Xen of a PV
 * guest.
 */
#ifndef XPH_ANALYZER_MACHINE_TALLY_H
#define XPH_ANALYZER_MACHINE_TALLY_H

#include "analyzer/decode/hypercalls.h"
#include "analyzer/machine/machine.h"

enum { XPH_PV_EVENTS = 16, XPH_EVENT_CLASSES = 12 };

/* What one vCPU was seen to do. */
struct xph_vcpu_tally {
    uint64_t hypercalls[XPH_HYPERCALLS]; /* entries; a preempted hypercall that goes on is counted
                                            again */
    uint64_t subcalls[XPH_HYPERCALLS];   /* entries of multicalls */
    uint64_t hypercalls_unknown;         /* numbers that Xen does not have */
    uint64_t pv_events[XPH_PV_EVENTS];   /* by the low four bits of the event: traps, faults, ... */
};

struct xph_tally {
    uint64_t records, bytes;
    uint64_t class_records[XPH_EVENT_CLASSES],
        class_bytes[XPH_EVENT_CLASSES]; /* by bit 16 + i of the event */
    uint64_t unknown_events;            /* records that the table of events does not have */
    struct xph_vcpu_tally *vcpus;       /* as in machine.vcpus; owned */
    size_t vcpu_count;
    struct xph_vcpu_tally
        unplaced; /* before a pCPU's first run state record, or while it is unknown who runs */
};

void xph_tally_close(struct xph_tally *tally);

/* Counts a record; `machine` must have been fed with it. */
bool xph_tally_add(struct xph_tally *tally, const struct xph_machine *machine,
                   const struct xph_record *record, struct xph_error *err);

/* The tally of a vCPU of the machine; all zero if nothing was counted. */
const struct xph_vcpu_tally *xph_tally_vcpu(const struct xph_tally *tally, size_t position);

#endif
