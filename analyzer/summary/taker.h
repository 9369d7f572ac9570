/*
 * Takes the events of all lanes in the order of time, and follows the machine by them.
 */
#ifndef XPH_ANALYZER_SUMMARY_TAKER_H
#define XPH_ANALYZER_SUMMARY_TAKER_H

#include "analyzer/decode/trace_file.h"
#include "analyzer/machine/machine.h"
#include "analyzer/summary/lane_queue.h"
#include "analyzer/summary/tally.h"
#include "analyzer/timeline/lane_heap.h"

struct xph_taker {
    struct xph_machine *machine;       /* the caller's */
    const struct xph_trace_file *file; /* the caller's */
    struct xph_lane_queue *queues;     /* of each lane, to be taken; owned */
    struct xph_lane_heap heap;         /* of the lanes that have any */
    struct xph_paused_exit *paused;    /* by position of the vCPU in the machine; owned */
    size_t paused_count;
};

/* There is a lane for each pCPU of the file. */
bool xph_taker_open(struct xph_taker *taker, struct xph_machine *machine,
                    const struct xph_trace_file *file, struct xph_error *err);
void xph_taker_close(struct xph_taker *taker);

/* Takes all events up to `limit`: no lane may bring one any more that lies before it. Times of VM
 * exits go to `tally`. */
bool xph_taker_take(struct xph_taker *taker, struct xph_lane_place limit, struct xph_tally *tally,
                    struct xph_error *err);

#endif
