/*
 * The thread that carries Xen's trace buffers into xen.trace.
 */
#ifndef XPH_TRACER_TRACE_RECORDER_H
#define XPH_TRACER_TRACE_RECORDER_H

#include <pthread.h>
#include <stdatomic.h>

#include "recording/chunk_ring.h"
#include "recording/manifest.h"
#include "tracer/trace_alive.h"
#include "tracer/trace_buffers.h"

struct trace_recorder {
    struct trace_buffers *buffers;
    int dirfd;
    struct xph_chunk_writer out;
    struct xph_chunk_ring ring; /* how much of xen.trace is kept */
    pthread_t thread;
    bool running;
    atomic_bool stop;
    atomic_bool failed; /* the thread has given up; `error` says why */
    struct xph_error error;
    uint32_t mask;                                /* of the events that are recorded */
    struct trace_alive alive;                     /* whether Xen still traces */
    struct trace_drain total;                     /* valid after trace_recorder_stop() */
    struct xph_clock_pair clock_start, clock_end; /* how the clocks correspond */
};

/* Creates xen.trace in `dirfd`, of which the last `keep_bytes` are kept; 0: all. */
bool trace_recorder_open(struct trace_recorder *recorder, struct trace_buffers *buffers, int dirfd,
                         uint64_t keep_bytes, struct xph_error *err);

/* Switches tracing on with `mask` and starts the thread. */
bool trace_recorder_start(struct trace_recorder *recorder, uint32_t mask, struct xph_error *err);

/* Drains, switches tracing off, drains the rest. False if recording had failed on the way. */
bool trace_recorder_stop(struct trace_recorder *recorder, struct xph_error *err);
void trace_recorder_close(struct trace_recorder *recorder);

#endif
