/*
 * What the recorder itself must know of the records that it carries: where records were lost, and
 * when Xen saw the hypercalls that compare the clocks (clock_check.h).
 */
#ifndef XPH_TRACER_TRACE_WATCH_H
#define XPH_TRACER_TRACE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/manifest.h"

enum { TRACE_WATCH_MAX_YIELDS = 512 };

struct trace_watch {
    uint64_t lost_records;
    struct xph_trace_loss losses[XPH_MAX_LOSSES];
    size_t loss_count; /* those beyond the array are only in `lost_records` */
    bool collect_yields;
    uint64_t yields[TRACE_WATCH_MAX_YIELDS]; /* Xen's TSC at each yield of dom0 */
    size_t yield_count;
};

/* Reads a run of whole records of one pCPU, as they lie in its ring. */
void trace_watch_records(struct trace_watch *watch, uint32_t pcpu, const uint8_t *data,
                         size_t size);

#endif
