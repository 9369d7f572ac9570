/*
 * One pCPU's records, counted. Who runs on a pCPU follows from that pCPU's own records, so lanes
 * know nothing of each other and can be read at the same time. What concerns the whole machine is
 * put into a queue of events, in the order of time.
 */
#ifndef XPH_ANALYZER_SUMMARY_LANE_H
#define XPH_ANALYZER_SUMMARY_LANE_H

#include "analyzer/decode/pcpu_cursor.h"
#include "analyzer/machine/machine.h"
#include "analyzer/summary/lane_queue.h"
#include "analyzer/summary/tally.h"
#include "analyzer/timeline/losses.h"

struct xph_lane {
    struct xph_pcpu_cursor cursor;
    uint64_t records, bytes;
    uint64_t first_tsc, last_tsc; /* of records, where there are any */
    uint32_t running;             /* domid << 16 | vCPU, or XPH_NO_VCPU */
    struct xph_pv_tally *pv; /* the vCPU's entries in the tally of the present thread, or NULL */
    uint64_t running_since;
    bool entry_awaited;   /* the vCPU has not done anything since it was put on the pCPU */
    uint32_t exit_reason; /* of the VM exit that it is in, or XPH_NO_REASON */
    uint64_t exit_tsc;
    uint32_t hypercall; /* that it is in, at most; XPH_HYPERCALLS: none */
    uint64_t hypercall_tsc;
    uint64_t ran_tsc; /* of the last record of how long a vCPU ran; 0: none */
    struct xph_losses losses;
    struct xph_lane_queue *queue;  /* where events go */
    struct xph_lane_event nowhere; /* takes them where memory fails */
    bool done;                     /* the pCPU has no more records */
    bool failed;                   /* out of memory */
};

/* `tally` is asked, not counted in. */
void xph_lane_open(struct xph_lane *lane, const struct xph_trace_file *file,
                   const struct xph_pcpu_windows *pcpu, struct xph_tally *tally);
void xph_lane_close(struct xph_lane *lane);

/* Reads on for about so many bytes of records, counting them in `tally`. */
void xph_lane_read(struct xph_lane *lane, struct xph_tally *tally, uint64_t bytes);

#endif
