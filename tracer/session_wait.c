#include "tracer/session_wait.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "tracer/boot_wait.h"
#include "tracer/clock.h"
#include "tracer/log.h"

enum {
    TICK_MS = 500,        /* nothing waits for us: the command's end comes as a signal */
    BOOT_TICK_MS = 50,    /* whoever waits for the end of a boot does not want to wait longer */
    AFTER_TRIGGER_S = 2,  /* what came of it is of interest, too */
    LIMIT_EVERY_MS = 500, /* between two looks at the recording's size */
    /* Xen drops a destroyed domain's last reference some 50 ms after the toolstack has returned. */
    SETTLE_MS = 250,
    SIGNALS_BEFORE_GIVING_UP = 2,
};

bool session_stop_sources(struct session *session, struct xph_error *err)
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

/* Says why the recording ends, where that is not what was asked for. */
static void say_end(struct session *session, const char *text)
{
    log_notice(session->log, "%s: the recording ends here", text);
    free(session->manifest.ended_by);
    session->manifest.ended_by = strdup(text);
}

/* Room for others on the disk is a limit, too: dom0's logs and xenstored need it. */
static bool disk_is_low(struct session *session)
{
    const struct disk_rules *rules = &session->options->disk;
    struct xph_disk_space space;

    if (!xph_disk_space_ask(session->directory.fd, &space, &(struct xph_error){0}))
        return false;
    session->disk_low = disk_guard_low(rules, &space);
    if (session->disk_low)
        snprintf(session->limit, sizeof(session->limit),
                 "%" PRIu64 " MiB are free on the disk, less than the %" PRIu64
                 " that are to stay (--reserve-mib)",
                 space.free_bytes >> 20, xph_disk_space_mib(rules->reserve_bytes));
    return session->disk_low;
}

/* What the options limit, but for the disk's space. */
static const char *own_limit(const struct session *session, uint64_t now)
{
    const struct options *options = session->options;
    uint64_t since = session->manifest.recording_start.monotonic_ns;

    if (options->max_seconds > 0 && (double)(now - since) / 1e9 >= options->max_seconds)
        return "--max-time is over";
    if (options->max_bytes > 0 && output_directory_bytes(&session->directory) >= options->max_bytes)
        return "--max-size is reached";
    return NULL;
}

/* Whether a limit is reached; then the recording ends, not the command. */
static bool limit_reached(struct session *session)
{
    uint64_t now = clock_monotonic_ns();
    const char *limit;

    if (session->limit[0] != '\0')
        return true;
    if (now - session->limit_checked_ns < LIMIT_EVERY_MS * UINT64_C(1000000))
        return false;
    session->limit_checked_ns = now;
    limit = own_limit(session, now);
    if (limit)
        snprintf(session->limit, sizeof(session->limit), "%s", limit);
    else if (!disk_is_low(session))
        return false;
    say_end(session, session->limit);
    session_stop_sources(session, &(struct xph_error){0});
    return true;
}

/* Waits for a signal, at most a tick. SIGCHLD only ends the wait; the others ask us to stop. */
static void wait_tick(struct session *session, unsigned tick_ms)
{
    const struct timespec tick = {0, tick_ms * 1000000L};
    siginfo_t info;
    int number = sigtimedwait(&session->blocked.handled, &info, &tick);

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
void session_wait_for_command(struct session *session)
{
    struct xph_error why;
    bool warned = false;

    while (!command_ended(&session->command) && session->signals < SIGNALS_BEFORE_GIVING_UP) {
        wait_tick(session, TICK_MS);
        if (!limit_reached(session) && !warned && sources_failed(&session->sources, &why)) {
            warned = true;
            log_notice(session->log, "recording has failed: %s; waiting for the command to end",
                       why.text);
        }
    }
    session->manifest.command_ended = session->command.pid == 0;
    session->manifest.command_end = session->command.end;
    session->manifest.exit_status = session->command.status;
}

static bool waited_for_idle(struct session *session, uint64_t since_ns)
{
    struct sampler *sampler = &session->sources.sampler;
    uint64_t now_ns = clock_monotonic_ns();
    double timeout = session->options->idle_timeout;
    enum boot_progress progress;
    struct boot_look look;
    char text[128];

    pthread_mutex_lock(&sampler->lock);
    boot_wait_look(&look, &sampler->domains);
    pthread_mutex_unlock(&sampler->lock);
    progress = boot_wait_judge(&look, since_ns, now_ns);
    boot_wait_text(&look, progress, text, sizeof(text));
    if (progress == BOOT_GOES_ON) {
        if ((double)(now_ns - since_ns) / (double)XPH_NS_PER_SECOND < timeout)
            return false;
        snprintf(text, sizeof(text), "%s %.0f s after the command's end (--timeout)",
                 look.booting ? "a domain is still not idle" : "no new domain has come", timeout);
    }
    if (text[0] != '\0')
        say_end(session, text);
    return true;
}

static bool waited_enough(struct session *session, uint64_t since_ns)
{
    double waited = (double)(clock_monotonic_ns() - since_ns) / (double)XPH_NS_PER_SECOND;

    switch (session->options->until) {
    case UNTIL_SECONDS:
        return waited >= session->options->until_seconds;
    case UNTIL_IDLE:
        return waited * 1000 >= SETTLE_MS && waited_for_idle(session, since_ns);
    case UNTIL_EXIT:
        break;
    }
    return waited * 1000 >= SETTLE_MS;
}

void session_wait_for_boot(struct session *session)
{
    const struct xph_instant *start = &session->manifest.command_start,
                             *end = &session->manifest.command_end;
    struct xph_error why;

    if (session->options->until != UNTIL_EXIT && session->signals == 0 && !limit_reached(session))
        log_notice(session->log,
                   "the command returned %d after %.3f s; recording until %s (Ctrl-C ends it)",
                   session->command.status, (double)(end->monotonic_ns - start->monotonic_ns) / 1e9,
                   session->options->until == UNTIL_IDLE ? "its domains are idle"
                                                         : "the time is over");
    while (session->signals == 0 && !limit_reached(session) &&
           !sources_failed(&session->sources, &why) && !waited_enough(session, end->monotonic_ns))
        wait_tick(session, BOOT_TICK_MS);
}

static void note_trigger(struct session *session, const struct trigger_hit *hit, const char *then)
{
    char what[128];

    trigger_text(hit, what, sizeof(what));
    log_notice(session->log, "%s: recording %s", what, then);
    free(session->manifest.triggered_by);
    session->manifest.triggered_by = strdup(what);
}

static bool triggered(struct session *session, struct trigger_hit *hit)
{
    const struct options *options = session->options;
    struct sampler *sampler = &session->sources.sampler;
    uint64_t now_ns = clock_monotonic_ns();
    char then[64];
    bool fired = false;

    pthread_mutex_lock(&sampler->lock);
    for (size_t i = 0; i < options->trigger_count && !fired; i++)
        fired = trigger_fired(&options->triggers[i], &sampler->domains, now_ns, hit);
    pthread_mutex_unlock(&sampler->lock);
    if (!fired || hit->ended_ns != 0)
        return fired;
    snprintf(then, sizeof(then), "until it ends, %.0f s at the most",
             (double)(TRIGGER_MAX_TIMES * hit->trigger.limit_ns - (now_ns - hit->began_ns)) / 1e9);
    note_trigger(session, hit, then);
    return true;
}

/* A slow operation is worth most as a whole. */
static bool slow_operation_ended(struct session *session, struct trigger_hit *hit)
{
    struct sampler *sampler = &session->sources.sampler;
    uint64_t now_ns = clock_monotonic_ns();
    char then[64];
    bool ended;

    pthread_mutex_lock(&sampler->lock);
    ended = trigger_ended(hit, &sampler->domains, now_ns);
    pthread_mutex_unlock(&sampler->lock);
    if (!ended && !trigger_overdue(hit, now_ns))
        return false;
    snprintf(then, sizeof(then), "for %d s more%s", AFTER_TRIGGER_S,
             ended ? "" : ", though it still goes on");
    note_trigger(session, hit, then);
    return true;
}

void session_wait_for_stop(struct session *session)
{
    enum { WATCHING, FIRED, OVER } stage = WATCHING;
    struct trigger_hit hit = {.ended_ns = 0};
    uint64_t end_ns = UINT64_MAX;
    struct xph_error why;

    log_notice(session->log, "recording whatever happens, until Ctrl-C%s",
               session->options->trigger_count ? " or the trigger" : "");
    while (session->signals == 0 && clock_monotonic_ns() < end_ns && !limit_reached(session) &&
           !sources_failed(&session->sources, &why)) {
        wait_tick(session, session->options->trigger_count > 0 ? BOOT_TICK_MS : TICK_MS);
        if (stage == WATCHING && triggered(session, &hit))
            stage = FIRED;
        if (stage == FIRED && slow_operation_ended(session, &hit)) {
            stage = OVER;
            end_ns = clock_monotonic_ns() + AFTER_TRIGGER_S * XPH_NS_PER_SECOND;
        }
    }
}
