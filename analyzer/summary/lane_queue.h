/*
 * What lanes tell of the whole machine, on its way to the one who takes it in the order of time: in
 * chunks, so that a queue is handed over whole, without copying and however many lanes there are.
 */
#ifndef XPH_ANALYZER_SUMMARY_LANE_QUEUE_H
#define XPH_ANALYZER_SUMMARY_LANE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XPH_NO_REASON UINT32_MAX

/* One is kept for each change of a run state, until all lanes have come so far: hence small. */
struct xph_lane_event {
    uint64_t tsc, file_offset;
    uint64_t cycles; /* of an exit; of a loss, the TSC of its begin */
    uint32_t vcpu;   /* domid << 16 | number; of a removal, the domid */
    uint32_t reason; /* XPH_NO_REASON: that of the pause before */
    enum {
        XPH_LANE_STATE,        /* the vCPU goes from state `old` to `new` */
        XPH_LANE_LOSS,         /* records were lost; the vCPU is current */
        XPH_LANE_REMOVE,       /* a domain is gone */
        XPH_LANE_EXIT_PAUSED,  /* the vCPU was taken off its pCPU when it was `cycles` in Xen since
                                  a VM exit for `reason`, or since it was put there */
        XPH_LANE_EXIT_RESUMED, /* it is back and entered the guest after `cycles` */
    } what;
    uint8_t old, new;
};

enum { XPH_LANE_CHUNK_EVENTS = 32 };

struct xph_lane_queue {
    struct xph_lane_chunk {
        struct xph_lane_chunk *next;
        size_t count;
        struct xph_lane_event events[XPH_LANE_CHUNK_EVENTS];
    } * first, *last; /* owned; NULL: the queue is empty */
    size_t taken;     /* events of the first chunk */
    size_t count;     /* in all chunks, without these */
};

/* The next free place at the end, counted; NULL without memory. */
struct xph_lane_event *xph_lane_queue_add(struct xph_lane_queue *queue);

/* Puts all of `from` at the end, which is empty then. Nothing of it may have been taken. */
void xph_lane_queue_join(struct xph_lane_queue *queue, struct xph_lane_queue *from);

/* The first event, NULL if there is none. */
static inline const struct xph_lane_event *xph_lane_queue_first(const struct xph_lane_queue *queue)
{
    return queue->count == 0 ? NULL : &queue->first->events[queue->taken];
}

/* Takes it off; there must be one. */
void xph_lane_queue_drop(struct xph_lane_queue *queue);
void xph_lane_queue_free(struct xph_lane_queue *queue);

#endif
