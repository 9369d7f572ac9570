#include "tracer/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "recording/manifest.h"
#include "tracer/buffer_size.h"
#include "tracer/clock.h"
#include "tracer/command.h"
#include "tracer/lock.h"
#include "tracer/log.h"
#include "tracer/output_directory.h"
#include "tracer/session_manifest.h"
#include "tracer/sources.h"
#include "tracer/xen_host.h"

enum {
    DEFAULT_BUFFER_PAGES = 1024,
    SMALLEST_BUFFER_PAGES = 32,
    /* All rings together get at most this part of the host's memory. */
    MEMORY_SHARE = 64,
    TICK_MS = 500,        /* nothing waits for us: the command's end comes as a signal */
    BOOT_TICK_MS = 50,    /* whoever waits for the end of a boot does not want to wait longer */
    AFTER_TRIGGER_S = 2,  /* what came of it is of interest, too */
    LIMIT_EVERY_MS = 500, /* between two looks at the recording's size */
    /* Xen drops a destroyed domain's last reference some 50 ms after the toolstack has returned. */
    SETTLE_MS = 250,
};

enum { SIGNALS_BEFORE_GIVING_UP = 2 };

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
    sigset_t handled, original_mask;
    unsigned signals; /* how many asked us to end */
    int last_signal;
    const char *limit; /* the limit of ours that ended the recording, NULL if none did */
    uint64_t limit_checked_ns;
    bool stopped, stop_ok; /* the sources are stopped, and whether without a failure */
    struct xph_error stop_error;
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
    uint32_t left_mask, pages = buffer_pages(session);
    char advice[256];

    if (!recorder_lock_take(&session->lock, &left_mask, err))
        return false;
    if (session->options->events->mask == 0 && left_mask == 0)
        return true;
    session->keep_note = left_mask != 0;
    if (!trace_buffers_open(&session->buffers, &session->host, left_mask, err) ||
        !recorder_lock_note(&session->lock, session->buffers.saved_mask, err) ||
        !trace_buffers_make(&session->buffers, pages, err))
        return false;
    session->keep_note = false;
    if (left_mask)
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
    if (manifest->kernel_unavailable)
        log_notice(session->log, "recording without dom0 kernel events: %s",
                   manifest->kernel_unavailable);
    if (sources->kernel.probes.missing_count > 0)
        log_notice(
            session->log,
            "%zu of dom0's kernel events are not offered here, such as %s (%s): see manifest.json",
            sources->kernel.probes.missing_count, sources->kernel.probes.missing[0].name,
            sources->kernel.probes.missing[0].reason);
    return true;
}

static bool set_up(struct session *session, struct xph_error *err)
{
    const struct options *options = session->options;

    if (!xen_host_open(&session->host, session->log, err) ||
        !xen_host_describe(&session->host, &session->manifest, err) ||
        !session_manifest_begin(&session->manifest, options, err) || !open_buffers(session, err) ||
        !output_directory_make(&session->directory, options->directory, err) ||
        !open_sources(session, err))
        return false;
    /* A page fault of ours in the middle of the measurement would be seen in it; without the right,
     * so be it. */
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        log_notice(session->log, "cannot lock memory: %s", strerror(errno));
    session->manifest.recording_start = clock_instant();
    session->manifest.trace_mask = options->events->mask;
    /* The space set aside is for the last manifest: the first would take it with it. */
    return xph_manifest_write(session->directory.fd, &session->manifest, err) &&
           xph_manifest_reserve(session->directory.fd, err) &&
           sources_start(&session->sources, options, err);
}

static bool stop_sources(struct session *session, struct xph_error *err)
{
    /* Finishing maps whole files, which need not be in memory. */
    munlockall();
    if (!session->stopped)
        session->stop_ok =
            sources_stop(&session->sources, &session->manifest.recording_end, &session->stop_error);
    if (!session->stopped && session->sources.recorder.alive.count > 0)
        log_notice(session->log,
                   "Xen's tracing was off, or had another event mask, for a while: another program "
                   "changed it, or Xen itself (see xl dmesg)");
    session->stopped = true;
    if (!session->stop_ok)
        *err = session->stop_error;
    return session->stop_ok;
}

/* Whether a limit is reached; then the recording ends, not the command. */
static bool limit_reached(struct session *session)
{
    const struct options *options = session->options;
    uint64_t now = clock_monotonic_ns();
    uint64_t since = session->manifest.recording_start.monotonic_ns;

    if (session->limit || now - session->limit_checked_ns < LIMIT_EVERY_MS * UINT64_C(1000000))
        return session->limit;
    session->limit_checked_ns = now;
    if (options->max_seconds > 0 && (double)(now - since) / 1e9 >= options->max_seconds)
        session->limit = "--max-time is over";
    else if (options->max_bytes > 0 &&
             output_directory_bytes(&session->directory) >= options->max_bytes)
        session->limit = "--max-size is reached";
    if (!session->limit)
        return false;
    log_notice(session->log, "%s: the recording ends here", session->limit);
    stop_sources(session, &(struct xph_error){0});
    return true;
}

/* Waits for a signal, at most a tick. SIGCHLD only ends the wait; the others ask us to stop. */
static void wait_tick(struct session *session, unsigned tick_ms)
{
    const struct timespec tick = {0, tick_ms * 1000000L};
    siginfo_t info;
    int number = sigtimedwait(&session->handled, &info, &tick);

    if (number <= 0 || number == SIGCHLD)
        return;
    session->signals++;
    session->last_signal = number;
    /* A terminal's Ctrl-C reaches the command by itself; a signal sent to us alone is passed on. */
    if (session->command.pid > 0 && info.si_code == SI_USER)
        kill(session->command.pid, number);
    if (session->signals == 1 && session->command.pid > 0)
        log_notice(session->log, "%s: ending with the command (once more: end the recording now)",
                   strsignal(number));
}

/* The command is never stopped for our sake: should recording fail, it still runs to its end. */
static void wait_for_command(struct session *session)
{
    bool warned = false;

    while (!command_ended(&session->command) && session->signals < SIGNALS_BEFORE_GIVING_UP) {
        wait_tick(session, TICK_MS);
        if (!limit_reached(session) && !warned && sources_failed(&session->sources)) {
            warned = true;
            log_notice(session->log, "recording has failed; waiting for the command to end");
        }
    }
    session->manifest.command_ended = session->command.pid == 0;
    session->manifest.command_end = session->command.end;
    session->manifest.exit_status = session->command.status;
}

static bool waited_enough(struct session *session, uint64_t since_ns)
{
    double waited = (double)(clock_monotonic_ns() - since_ns) / (double)XPH_NS_PER_SECOND;

    switch (session->options->until) {
    case UNTIL_EXIT:
        return waited * 1000 >= SETTLE_MS;
    case UNTIL_SECONDS:
        return waited >= session->options->until_seconds;
    case UNTIL_IDLE:
        break;
    }
    if (sampler_progress(&session->sources.sampler).not_idle == 0)
        return waited * 1000 >= SETTLE_MS;
    if (waited < session->options->idle_timeout)
        return false;
    log_notice(
        session->log,
        "a domain is still not idle %.0f s after the command's end: recording no longer (see "
        "--timeout)",
        session->options->idle_timeout);
    return true;
}

static void wait_for_boot(struct session *session)
{
    const struct xph_instant *start = &session->manifest.command_start,
                             *end = &session->manifest.command_end;

    if (session->options->until != UNTIL_EXIT && session->signals == 0)
        log_notice(session->log,
                   "the command returned %d after %.3f s; recording until %s (Ctrl-C ends it)",
                   session->command.status, (double)(end->monotonic_ns - start->monotonic_ns) / 1e9,
                   session->options->until == UNTIL_IDLE ? "its domains are idle"
                                                         : "the time is over");
    while (session->signals == 0 && !limit_reached(session) && !sources_failed(&session->sources) &&
           !waited_enough(session, end->monotonic_ns))
        wait_tick(session, BOOT_TICK_MS);
}

static bool triggered(struct session *session)
{
    const struct options *options = session->options;
    struct sampler *sampler = &session->sources.sampler;
    char what[128];
    bool fired = false;

    pthread_mutex_lock(&sampler->lock);
    for (size_t i = 0; i < options->trigger_count && !fired; i++)
        fired = trigger_fired(&options->triggers[i], &sampler->domains, clock_monotonic_ns(), what,
                              sizeof(what));
    pthread_mutex_unlock(&sampler->lock);
    if (!fired)
        return false;
    log_notice(session->log, "%s: recording for %d s more", what, AFTER_TRIGGER_S);
    session->manifest.triggered_by = strdup(what);
    return true;
}

static void wait_for_stop(struct session *session)
{
    uint64_t end_ns = UINT64_MAX;

    log_notice(session->log, "recording whatever happens, until Ctrl-C%s",
               session->options->trigger_count ? " or the trigger" : "");
    while (session->signals == 0 && clock_monotonic_ns() < end_ns && !limit_reached(session) &&
           !sources_failed(&session->sources)) {
        wait_tick(session, session->options->trigger_count > 0 ? BOOT_TICK_MS : TICK_MS);
        if (end_ns == UINT64_MAX && triggered(session))
            end_ns = clock_monotonic_ns() + AFTER_TRIGGER_S * XPH_NS_PER_SECOND;
    }
}

/* Stops the sources and writes the last manifest; false if the recording is not what it should be.
 */
static bool finish(struct session *session, struct xph_error *err)
{
    struct xph_manifest *manifest = &session->manifest;
    struct xph_error second;
    bool ok = stop_sources(session, err);

    if (!ok) {
        manifest->state = XPH_STATE_FAILED;
        manifest->state_reason = strdup(err->text);
    } else if (session->options->system) {
        manifest->state = XPH_STATE_COMPLETE;
    } else if (session->limit) {
        manifest->state = XPH_STATE_INTERRUPTED;
        manifest->state_reason = strdup(session->limit);
    } else if (session->signals > 0) {
        manifest->state = XPH_STATE_INTERRUPTED;
        manifest->state_reason = strdup(strsignal(session->last_signal));
    } else {
        manifest->state = XPH_STATE_COMPLETE;
    }
    session_manifest_end(manifest, &session->sources);
    note_unrecorded(session);
    return xph_manifest_write(session->directory.fd, manifest, ok ? err : &second) && ok;
}

static int conclude(struct session *session, bool ok, struct xph_error *err)
{
    const struct xph_manifest *manifest = &session->manifest;

    if (!ok) {
        struct xph_error cause = *err;

        xph_fail(err, "%s%s: the recording %s is cut off there", cause.text,
                 cause.errnum == ENOSPC ? " (free some, or record elsewhere with -o)" : "",
                 session->directory.path);
        if (!session->options->system)
            log_notice(session->log, "the command returned %d", session->command.status);
        return EXIT_RECORDING_FAILED;
    }
    err->text[0] = '\0';
    log_notice(session->log,
               "recorded %s: %.1f MiB of trace, %llu lost records; see it with: xenphase report %s",
               session->directory.path, (double)manifest->trace_bytes / (1 << 20),
               (unsigned long long)manifest->trace_lost_records, session->directory.path);
    if (session->options->system)
        return 0;
    if (session->signals > 0)
        return EXIT_SIGNAL_BASE + session->last_signal;
    return session->command.status;
}

static int record_system(struct session *session, struct xph_error *err)
{
    wait_for_stop(session);
    return conclude(session, finish(session, err), err);
}

static int record_command(struct session *session, struct xph_error *err)
{
    int code = command_start(&session->command, &session->original_mask, err);

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
    wait_for_command(session);
    if (session->manifest.command_ended)
        wait_for_boot(session);
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
    static const int handled[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD};
    /* A write that fails says so itself: what we switched on must not stay on for it. */
    static const int held_back[] = {SIGPIPE, SIGXFSZ};
    sigset_t blocked;
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
    sigemptyset(&session.handled);
    for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
        sigaddset(&session.handled, handled[i]);
    blocked = session.handled;
    for (size_t i = 0; i < sizeof(held_back) / sizeof(held_back[0]); i++)
        sigaddset(&blocked, held_back[i]);
    /* Ignored by who started us, it would not tell of the command's end. */
    signal(SIGCHLD, SIG_DFL);
    /* Blocked before any thread exists, so that only wait_tick() takes them; and for good, as one
     * that came in the meantime must not change how we end. */
    sigprocmask(SIG_BLOCK, &blocked, &session.original_mask);
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
