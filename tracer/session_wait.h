/*
 * A recording at work: what it consists of, and what ends it.
 */
#ifndef XPH_TRACER_SESSION_WAIT_H
#define XPH_TRACER_SESSION_WAIT_H

#include <xentoollog.h>

#include "recording/manifest.h"
#include "tracer/command.h"
#include "tracer/lock.h"
#include "tracer/options.h"
#include "tracer/output_directory.h"
#include "tracer/signals.h"
#include "tracer/sources.h"
#include "tracer/trace_buffers.h"
#include "tracer/xen_host.h"

struct session {
    const struct options *options;
    xentoollog_logger *log;
    struct xen_host host;
    struct recorder_lock lock;
    bool keep_note; /* what an earlier recorder left on is not put back yet */
    struct trace_buffers buffers;
    struct output_directory directory;
    struct sources sources;
    struct command command;
    struct xph_manifest manifest;
    struct signals blocked;
    unsigned signals; /* how many asked us to end */
    int last_signal;
    char limit[128]; /* the limit of ours that ended the recording, "" if none did */
    bool disk_low;   /* it was that of the disk */
    uint64_t limit_checked_ns;
    bool stopped, stop_ok; /* the sources are stopped, and whether without a failure */
    struct xph_error stop_error;
};

/* Waits for the command's end, which it fills into the manifest, or for a second signal. */
void session_wait_for_command(struct session *session);

/* After the command's end: until what --until wants has come, or a signal. */
void session_wait_for_boot(struct session *session);

/* Of a recording without a command: for a signal, a trigger or a limit. */
void session_wait_for_stop(struct session *session);

/* Stops the sources, once; false, each time, with what went wrong. */
bool session_stop_sources(struct session *session, struct xph_error *err);

#endif
