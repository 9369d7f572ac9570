#include "tracer/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording/kernel_file.h"
#include "tracer/buffer_size.h"
#include "tracer/clock.h"
#include "tracer/log.h"
#include "tracer/realtime.h"
#include "tracer/session_manifest.h"
#include "tracer/session_wait.h"

enum {
    DEFAULT_BUFFER_PAGES = 1024,
    SMALLEST_BUFFER_PAGES = 32,
    /* All rings together get at most this part of the host's memory. */
    MEMORY_SHARE = 64,
};

static uint32_t buffer_pages(const struct session *session)
{
    uint64_t host_pages = session->manifest.memory_kib / 4;
    uint64_t share =
        host_pages / MEMORY_SHARE / (session->host.cpu_slots ? session->host.cpu_slots : 1);

    if (session->options->buffer_pages)
        return session->options->buffer_pages;
    if (share < SMALLEST_BUFFER_PAGES)
        return SMALLEST_BUFFER_PAGES;
    return share < DEFAULT_BUFFER_PAGES ? (uint32_t)share : DEFAULT_BUFFER_PAGES;
}

/* What the events of this recording need. The buffers are made larger, for Xen makes them once in a
 * boot, and a later recording may want all events. */
static uint32_t wanted_pages(const struct session *session, uint32_t pages)
{
    uint32_t wanted = pages * session->options->events->buffer_percent / 100;

    if (session->options->buffer_pages)
        return session->options->buffer_pages;
    /* As large as they can be is what we want, if nobody wants more. */
    if (wanted > session->buffers.largest)
        wanted = session->buffers.largest;
    return wanted > SMALLEST_BUFFER_PAGES ? wanted : SMALLEST_BUFFER_PAGES;
}

/* At the start, and again at the end, as a CPU may come online in the meantime. */
static void note_unrecorded(struct session *session)
{
    char pcpus[128];

    if (session->options->events->mask == 0)
        return;
    trace_buffers_unrecorded(&session->buffers, pcpus, sizeof(pcpus));
    if (pcpus[0] == '\0')
        return;
    if (!session->manifest.trace_unrecorded)
        log_notice(session->log,
                   "what CPU %s does is not recorded: it came online after Xen had made its trace "
                   "buffers, which it does once for each boot",
                   pcpus);
    free(session->manifest.trace_unrecorded);
    session->manifest.trace_unrecorded = strdup(pcpus);
}

static bool open_buffers(struct session *session, struct xph_error *err)
{
    uint32_t pages = buffer_pages(session);
    struct left_over left;
    char advice[256];

    if (!recorder_lock_take(&session->lock, &left, err))
        return false;
    if (session->options->events->mask == 0 && !left.found)
        return true;
    session->keep_note = left.found;
    if (!trace_buffers_open(&session->buffers, &session->host, left.found ? &left.mask : NULL,
                            err) ||
        !recorder_lock_note(&session->lock, session->buffers.saved_mask, err) ||
        !trace_buffers_make(&session->buffers, pages, err))
        return false;
    session->keep_note = false;
    if (left.found)
        log_notice(session->log,
                   "an earlier recorder was killed: what it left switched on is put back now");
    pages = wanted_pages(session, pages);
    if (buffer_size_advice(
            &(struct buffer_size){pages, session->buffers.pages, session->buffers.largest}, advice,
            sizeof(advice)))
        log_notice(session->log, "%s", advice);
    note_unrecorded(session);
    session->manifest.trace_pages_wanted = pages;
    session->manifest.trace_pages = session->buffers.pages;
    return true;
}

static bool check_disk(struct session *session, struct xph_error *err)
{
    struct xph_disk_space space;

    return xph_disk_space_ask(session->directory.fd, &space, err) &&
           disk_guard_start(&session->options->disk, session->options->ring_bytes, &space,
                            session->directory.path, err);
}

/* What dom0's kernel does not offer is said, here and in the manifest, and the rest is recorded. */
static bool open_sources(struct session *session, struct xph_error *err)
{
    struct sources *sources = &session->sources;
    struct xph_manifest *manifest = &session->manifest;

    if (kernel_trace_clean_up())
        log_notice(session->log,
                   "kernel tracing that a killed recorder left behind was taken away");
    if (!sources_open(sources, session->options, &session->host, &session->buffers,
                      session->directory.fd, err))
        return false;
    session_manifest_sources(manifest, sources);
    if (sources->kernel.probes.missing_count > 0)
        log_notice(
            session->log,
            "%zu of dom0's kernel events are not offered here, such as %s (%s): see manifest.json",
            sources->kernel.probes.missing_count, sources->kernel.probes.missing[0].name,
            sources->kernel.probes.missing[0].reason);
    return true;
}

/* dom0's kernel events may be refused when they are asked for, and again when they are to start. */
static bool start_sources(struct session *session, struct xph_error *err)
{
    if (!sources_start(&session->sources, session->options, err))
        return false;
    session_manifest_sources(&session->manifest, &session->sources);
    if (session->manifest.kernel_unavailable)
        log_notice(session->log, "recording without dom0 kernel events: %s",
                   session->manifest.kernel_unavailable);
    return true;
}

/* Without the rights, so be it; but it is said. */
static void prepare_threads(struct session *session)
{
    char refused[256];

    realtime_prepare(refused, sizeof(refused));
    if (refused[0] == '\0')
        return;
    session->manifest.priority_refused = strdup(refused);
    log_notice(session->log,
               "refused: %s: under load, samples come late and records may be lost (see ulimit -r, "
               "ulimit -l and the control group)",
               refused);
}

static bool set_up(struct session *session, struct xph_error *err)
{
    const struct options *options = session->options;

    if (!xen_host_open(&session->host, session->log, err) ||
        !xen_host_describe(&session->host, &session->manifest, err) ||
        !session_manifest_begin(&session->manifest, options, err) || !open_buffers(session, err) ||
        !output_directory_make(&session->directory, options->directory, err) ||
        !check_disk(session, err) || !open_sources(session, err))
        return false;
    prepare_threads(session);
    session->manifest.recording_start = clock_instant();
    session->manifest.trace_mask = options->events->mask;
    /* The space set aside is for the last manifest: the first would take it with it. */
    return xph_manifest_write(session->directory.fd, &session->manifest, err) &&
           xph_manifest_reserve(session->directory.fd, err) && start_sources(session, err);
}

/* How the recording ended, and why it is not complete. */
static enum xph_recording_state state_of(const struct session *session, bool ok,
                                         const struct xph_error *err, const char **reason)
{
    *reason = ok ? NULL : err->text;
    if (!ok && err->errnum != XPH_UNFINISHED)
        return XPH_STATE_FAILED;
    if (session->limit[0] != '\0' && (!session->options->system || session->disk_low)) {
        *reason = session->limit;
        return XPH_STATE_INTERRUPTED;
    }
    if (session->signals > 0 && !session->options->system) {
        *reason = strsignal(session->last_signal);
        return XPH_STATE_INTERRUPTED;
    }
    return ok ? XPH_STATE_COMPLETE : XPH_STATE_UNFINISHED;
}

/* Stops the sources and writes the last manifest; false if the recording is not what it should be.
 */
static bool finish(struct session *session, struct xph_error *err)
{
    struct xph_manifest *manifest = &session->manifest;
    bool ok = session_stop_sources(session, err);
    struct xph_error second;
    const char *reason;

    /* A manifest that says "complete" must not be on the disk before what it says it of. */
    if (!output_directory_sync(&session->directory, &second)) {
        if (ok || err->errnum == XPH_UNFINISHED)
            *err = second;
        ok = false;
    }
    manifest->state = state_of(session, ok, err, &reason);
    manifest->state_reason = reason ? strdup(reason) : NULL;
    session_manifest_end(manifest, &session->sources);
    if (manifest->xenstore_unavailable)
        log_notice(session->log, "not all changes in xenstore are recorded: %s",
                   manifest->xenstore_unavailable);
    if (manifest->console_serial_unavailable)
        log_notice(session->log, "what guests wrote to serial ports is not recorded: %s",
                   manifest->console_serial_unavailable);
    note_unrecorded(session);
    return xph_manifest_write(session->directory.fd, manifest, ok ? err : &second) && ok;
}

/* The last message, of a recording that is not all that it should be. */
static int conclude_short(const struct session *session, const char *what, bool files_left,
                          struct xph_error *err)
{
    const char *path = session->directory.path;
    struct xph_error cause = *err;

    if (!session->options->system)
        log_notice(session->log, "the command returned %d", session->command.status);
    xph_fail(err, "%s: the recording %s %s%s", cause.text, path, what,
             cause.errnum == ENOSPC ? " (free some space, or record elsewhere with -o)" : "");
    if (files_left)
        log_notice(session->log, "to finish its files, free some space, then: xenphase repair %s",
                   path);
    return EXIT_RECORDING_FAILED;
}

static int conclude(struct session *session, bool ok, struct xph_error *err)
{
    const struct xph_manifest *manifest = &session->manifest;

    if (!ok && err->errnum == XPH_UNFINISHED)
        return conclude_short(session, "is whole otherwise", true, err);
    if (!ok)
        return conclude_short(
            session, "is cut off there",
            session->options->ring_bytes > 0 || xph_kernel_parts_left(session->directory.fd), err);
    err->text[0] = '\0';
    log_notice(session->log,
               "recorded %s: %.1f MiB of trace, %llu lost records; see it with: xenphase report %s",
               session->directory.path, (double)manifest->trace_bytes / (1 << 20),
               (unsigned long long)manifest->trace_lost_records, session->directory.path);
    if (session->disk_low) {
        xph_fail(err, "%s", session->limit);
        return conclude_short(session, "is whole up to there", false, err);
    }
    if (session->options->system)
        return 0;
    if (session->signals > 0)
        return EXIT_SIGNAL_BASE + session->last_signal;
    return session->command.status;
}

static int record_system(struct session *session, struct xph_error *err)
{
    session_wait_for_stop(session);
    return conclude(session, finish(session, err), err);
}

/* Whoever presses Ctrl-C before the command is there does not want it any more. A terminal's signal
 * would not reach it either. */
static int start_command(struct session *session, struct xph_error *err)
{
    int number = signals_take_pending(&session->blocked);

    if (number == 0)
        return command_start(&session->command, &session->blocked.original, err);
    xph_fail(err, "%s: the command was not started, and nothing recorded", strsignal(number));
    return EXIT_SIGNAL_BASE + number;
}

static int record_command(struct session *session, struct xph_error *err)
{
    int code = start_command(session, err);

    if (code != 0) {
        sources_close(&session->sources);
        output_directory_discard(&session->directory);
        return code;
    }
    session->manifest.command_pid = (uint32_t)session->command.pid;
    session->manifest.command_start = session->command.start;
    session_manifest_clock(&session->manifest, &session->sources);
    /* Should we be killed, the recording still tells where its operations begin. On a full disk
     * recording fails in a moment, and says so. */
    xph_manifest_update(session->directory.fd, &session->manifest, &(struct xph_error){0});
    session_wait_for_command(session);
    if (session->manifest.command_ended)
        session_wait_for_boot(session);
    return conclude(session, finish(session, err), err);
}

static void tear_down(struct session *session)
{
    struct xph_error why;

    sources_close(&session->sources);
    if (session->lock.fd >= 0 && kernel_trace_left(&why))
        log_notice(session->log, "not all could be undone: %s (then run xenphase record --cleanup)",
                   why.text);
    if (!trace_buffers_put_back(&session->buffers, &why)) {
        log_notice(session->log, "%s (then: xenphase record --cleanup)", why.text);
        session->keep_note = true;
    }
    trace_buffers_close(&session->buffers);
    if (session->keep_note)
        recorder_lock_drop(&session->lock);
    else
        recorder_lock_release(&session->lock);
    xen_host_close(&session->host);
    output_directory_close(&session->directory);
    xph_manifest_free(&session->manifest);
}

int session_run(const struct options *options, xentoollog_logger *log, struct xph_error *err)
{
    struct session session = {
        .options = options,
        .log = log,
        .lock = {.fd = -1},
        .directory = {.fd = -1},
        .buffers = {.port = -1},
        .command = {.argv = options->command},
    };
    int code = options->system ? 0 : command_check(options->command, err);

    command_note_inherited(&session.command);
    if (code != 0)
        return code;
    /* For good, as one that came in the meantime must not change how we end. */
    signals_block(&session.blocked);
    if (set_up(&session, err)) {
        code = options->system ? record_system(&session, err) : record_command(&session, err);
    } else {
        code = EXIT_RECORDING_FAILED;
        sources_close(&session.sources);
        if (session.directory.fd >= 0)
            output_directory_discard(&session.directory);
    }
    tear_down(&session);
    return code;
}
