/*
 * Everything that a recording is made from, opened, started and stopped together in the order that
 * loses nothing.
 */
#ifndef XPH_TRACER_SOURCES_H
#define XPH_TRACER_SOURCES_H

#include "tracer/console_source.h"
#include "tracer/kernel_trace.h"
#include "tracer/options.h"
#include "tracer/sampler.h"
#include "tracer/serial_source.h"
#include "tracer/trace_recorder.h"
#include "tracer/xenstore_source.h"

struct sources {
    struct trace_recorder recorder;
    struct sampler sampler;
    struct kernel_trace kernel;
    struct xph_error kernel_error; /* why there are no dom0 kernel events; "" if there are */
    struct console_source consoles;
    struct serial_source serial; /* after a kernel that can be traced */
    struct xenstore_source xenstore;
    bool recorder_open, sampler_open;
};

/* Creates the sources' files in `dirfd`. Where dom0's kernel cannot be traced, `kernel_error` says
 * why and the rest goes on. */
bool sources_open(struct sources *sources, const struct options *options,
                  const struct xen_host *host, struct trace_buffers *buffers, int dirfd,
                  struct xph_error *err);

/* Starts all, Xen's tracing last. */
bool sources_start(struct sources *sources, const struct options *options, struct xph_error *err);

/* Whether one has given up by itself, on a full disk for example, and why. */
bool sources_failed(struct sources *sources, struct xph_error *why);

/* Stops all, Xen's tracing first, whose end is `end`; false with the first error that one had on
 * the way, XPH_UNFINISHED if all lacked only disk space for the last form of their files. Harmless
 * on what was not started. */
bool sources_stop(struct sources *sources, struct xph_instant *end, struct xph_error *err);

/* Safe on what is all zero, and when called again. */
void sources_close(struct sources *sources);

#endif
