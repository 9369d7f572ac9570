/*
 * What the recorder itself must know of the records that it carries: where records were lost, where
 * they may have been, and when Xen saw the hypercalls that compare the clocks (clock_check.h).
 */
#ifndef XPH_TRACER_TRACE_WATCH_H
#define XPH_TRACER_TRACE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/manifest.h"

enum {
    TRACE_WATCH_MAX_YIELDS = 512,
    TRACE_WATCH_LARGEST_RECORD = 40, /* 4 header + 8 TSC + 7 words */
};

struct trace_watch {
    uint64_t lost_records;
    struct xph_trace_loss losses[XPH_MAX_LOSSES];
    size_t loss_count; /* those beyond the array are only in `lost_records` */
    bool collect_yields;
    uint64_t yields[TRACE_WATCH_MAX_YIELDS]; /* Xen's TSC at each yield of dom0 */
    size_t yield_count;
    /* Xen tells of a loss with the next record that finds room. So of a pCPU whose ring was full
     * and that has been silent since, nobody knows. */
    struct watched_pcpu {
        bool maybe_lost;
        uint64_t last_tsc; /* of its last record that has one */
    } * pcpus;             /* by number; owned */
    size_t pcpu_count;
};

/* A run of whole records as they lie in a ring. */
struct trace_run {
    const uint8_t *data;
    size_t size; /* bytes */
};

/* For pCPUs up to number pcpu_count - 1; false if there is no memory. */
bool trace_watch_open(struct trace_watch *watch, size_t pcpu_count);
/* Safe on one that is all zero. */
void trace_watch_close(struct trace_watch *watch);

/* Reads what the ring of a pCPU holds, in two runs, beside `free_bytes` of room. */
void trace_watch_window(struct trace_watch *watch, uint32_t pcpu, const struct trace_run runs[2],
                        size_t free_bytes);

/* How many pCPUs may have lost records of which nothing tells. */
size_t trace_watch_doubtful(const struct trace_watch *watch);

#endif
