/*
 * Marks that a guest made by itself (xenphase-mark, docs/format/guest-mark.md), out of Xen's trace
 * and of changes in xenstore. What a guest says is any bytes and may be false: everything here is
 * bounded, and what makes no mark is counted.
 */
#ifndef XPH_ANALYZER_GUEST_MARKS_H
#define XPH_ANALYZER_GUEST_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/decode/record.h"
#include "analyzer/machine/machine.h"
#include "analyzer/timeline/clock.h"
#include "probes/guest/frame.h"
#include "recording/error.h"
#include "recording/xenstore_events.h"

enum xph_mark_way {
    XPH_MARK_BY_CPUID,
    XPH_MARK_BY_FORCED_CPUID,
    XPH_MARK_BY_HYPERCALL,
    XPH_MARK_BY_XENSTORE,
    XPH_MARK_WAYS,
};

enum { XPH_MARK_NO_VCPU = 0xffff };

struct xph_guest_mark {
    uint16_t domid;
    uint16_t vcpu; /* where it began, XPH_MARK_NO_VCPU by xenstore */
    enum xph_mark_way way;
    bool also_by_xenstore;
    unsigned flags; /* XPH_MARK_*_CUT, XPH_MARK_HAS_VALUE */
    uint64_t time_ns;
    /* The guest read its clocks between these two moments; valid if bounded. A mark by xenstore has
     * the end only, when the recorder was told of it: before_ns is 0. */
    bool bounded;
    uint64_t before_ns, after_ns, before_tsc, after_tsc;
    bool has_clocks; /* false: a key that was written by something else than xenphase-mark */
    struct mark_clocks guest;
    uint32_t sender;   /* a process of the guest, by its own word */
    uint16_t sequence; /* of the sender's marks */
    char *name;        /* not terminated; owned */
    const char *value; /* behind the name; NULL: none */
    uint32_t name_bytes, value_bytes;
};

/* What made no mark. */
struct xph_guest_mark_faults {
    uint64_t torn;     /* frames that began and did not end */
    uint64_t damaged;  /* whole frames with a wrong checksum, and keys that cannot be read */
    uint64_t stray;    /* pieces of no frame */
    uint64_t unplaced; /* pieces from a pCPU on which it is not known who ran */
    uint64_t dropped;  /* beyond what is kept of one domain */
    uint64_t missing;  /* by the senders' own count: between two marks that are there */
};

enum { XPH_MARK_MAX_OF_DOMAIN = 65536 };

struct xph_guest_marks {
    struct xph_guest_mark *marks; /* by time, once finished; owned */
    size_t count, capacity;
    struct xph_guest_mark_faults faults;
    struct xph_mark_domain **domains; /* by domid; owned */
    size_t domain_end;                /* above the last one that there is */
    size_t open_frames;
    bool *stamped; /* by pCPU: its last timed record stamps what a guest does next; owned */
};

/* False only without memory, as below. */
bool xph_guest_marks_open(struct xph_guest_marks *marks, struct xph_error *err);
void xph_guest_marks_close(struct xph_guest_marks *marks);

/* Takes the next record in time; `running` is who runs on its pCPU, NULL if unknown. */
bool xph_guest_marks_feed(struct xph_guest_marks *marks, const struct xph_record *record,
                          const struct xph_vcpu *running, struct xph_error *err);

/* Takes a change in xenstore, if it is a mark. */
bool xph_guest_marks_xenstore(struct xph_guest_marks *marks, const struct xph_clock *clock,
                              const struct xph_xenstore_event *event, struct xph_error *err);

/* Puts the marks in order of time, and those that came by two ways together. Once, at the end. */
void xph_guest_marks_finish(struct xph_guest_marks *marks);

const char *xph_mark_way_name(enum xph_mark_way way);

#endif
