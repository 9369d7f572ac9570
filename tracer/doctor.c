#include "tracer/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenforeignmemory.h>
#include <xenstore.h>

#include "recording/disk_space.h"
#include "tracer/clean_up.h"
#include "tracer/clock.h"
#include "tracer/disk_guard.h"
#include "tracer/kernel_trace.h"
#include "tracer/lock.h"
#include "tracer/probe_sets.h"
#include "tracer/realtime.h"
#include "tracer/signals.h"
#include "tracer/trace_buffers.h"
#include "tracer/xen_host.h"

enum { TRIED_SAMPLES = 100, TRIED_PRIORITY = 1 };

enum finding { OK, LIMITED, MISSING };

static enum finding tell(enum finding finding, const char *source, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum finding tell(enum finding finding, const char *source, const char *format, ...)
{
    static const char *const words[] = {[OK] = "ok", [LIMITED] = "limited", [MISSING] = "MISSING"};
    va_list args;

    printf("%-8s %-14s ", words[finding], source);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    return finding;
}

static enum finding check_trace_buffers(const struct xen_host *host)
{
    struct trace_buffers_state state;
    struct xph_error err;

    if (!trace_buffers_ask(host, &state, &err))
        return tell(MISSING, "xentrace", "%s", err.text);
    if (state.pages == 0)
        return tell(OK, "xentrace",
                    "no buffers yet in this boot of Xen: the first recording sizes them");
    return tell(OK, "xentrace",
                "buffers of %u KiB for each CPU, for this boot of Xen (boot it with "
                "tbuf_size=PAGES for others, at most %u); event mask %08x",
                state.pages * 4, state.largest, state.mask);
}

static enum finding check_sampler(const struct xen_host *host)
{
    xc_domaininfo_t info;
    uint64_t start = clock_monotonic_ns(), each;

    for (unsigned i = 0; i < TRIED_SAMPLES; i++) {
        if (xc_domain_getinfolist(host->xch, 0, 1, &info) != 1)
            return tell(MISSING, "sampler", "Xen does not list its domains: %s", strerror(errno));
    }
    each = (clock_monotonic_ns() - start) / TRIED_SAMPLES;
    return tell(OK, "sampler",
                "asking Xen takes %.1f us, so 1000 Hz would keep a CPU of dom0 busy for %.1f %% of "
                "its time at least",
                (double)each / 1e3, (double)each / 1e4);
}

static enum finding check_kernel(const struct xen_host *host)
{
    struct kernel_probes probes = {0};
    struct xph_error err;
    size_t set_count;
    const struct probe_set *sets = probe_sets(&set_count);
    struct signals signals;
    bool ok;

    if (clean_up_kernel_wanted())
        return tell(LIMITED, "dom0 kernel", "not tried beside what an earlier recorder left there");
    /* Whoever ends us while the probes are there must not leave them. */
    signals_block(&signals);
    ok = kernel_trace_try(sets, set_count, host->version, &probes, &err);
    signals_unblock(&signals);
    if (!ok)
        return tell(MISSING, "dom0 kernel", "%s", err.text);
    tell(probes.missing_count ? LIMITED : OK, "dom0 kernel", "%zu kinds of event, %zu missing",
         probes.count, probes.missing_count);
    for (size_t i = 0; i < probes.missing_count; i++)
        printf("%24s%s: %s\n", "", probes.missing[i].name, probes.missing[i].reason);
    kernel_probes_free(&probes);
    return probes.missing_count ? LIMITED : OK;
}

static enum finding check_xenstore(const struct xen_host *host)
{
    struct xs_handle *xenstore = xs_open(0);

    (void)host;
    if (!xenstore)
        return tell(MISSING, "xenstore", "cannot reach xenstored: %s (is it running?)",
                    strerror(errno));
    xs_close(xenstore);
    return tell(OK, "xenstore", "xenstored can be reached: names of domains, states of devices");
}

static enum finding check_consoles(const struct xen_host *host)
{
    struct xenforeignmemory_handle *memory = xenforeignmemory_open(NULL, 0);

    (void)host;
    if (!memory)
        return tell(MISSING, "console", "guests' pages cannot be mapped: %s", strerror(errno));
    xenforeignmemory_close(memory);
    return tell(OK, "console", "paravirtual consoles can be read along");
}

static enum finding check_disk(const struct xen_host *host)
{
    const struct disk_rules rules = {.reserve_bytes = (uint64_t)DEFAULT_RESERVE_MIB << 20};
    int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct xph_disk_space space;
    struct xph_error err;
    bool ok = fd >= 0 ? xph_disk_space_ask(fd, &space, &err) : xph_fail_errno(&err, errno, ".");

    (void)host;
    if (fd >= 0)
        close(fd);
    if (!ok || !disk_guard_start(&rules, 0, &space, "a recording here", &err))
        return tell(LIMITED, "disk", "%s", err.text);
    return tell(OK, "disk", "%s, %" PRIu64 " MiB are free in this directory", space.kind,
                space.free_bytes >> 20);
}

static enum finding check_clock(const struct xen_host *host)
{
    FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
    char name[64] = "?";

    (void)host;
    if (file && fgets(name, sizeof(name), file))
        name[strcspn(name, "\n")] = '\0';
    if (file)
        fclose(file);
    return tell(OK, "clock",
                "dom0 tells the time by '%s'; each recording measures how it fits Xen's TSC", name);
}

static enum finding check_priority(const struct xen_host *host)
{
    bool realtime = realtime_thread(TRIED_PRIORITY);
    bool locked = mlockall(MCL_CURRENT) == 0;

    (void)host;
    munlockall();
    if (realtime && locked)
        return tell(OK, "priority", "real-time threads and locked memory");
    return tell(LIMITED, "priority",
                "%s%s%s refused: under load samples come late and records may be lost "
                "(see ulimit -r, ulimit -l and the control group)",
                realtime ? "" : "real-time threads", realtime || locked ? "" : " and ",
                locked ? "" : "locked memory");
}

static enum doctor_verdict check_sources(const struct xen_host *host)
{
    static const struct {
        enum finding (*check)(const struct xen_host *host);
        bool needed; /* without it nothing can be recorded */
    } checks[] = {
        {check_trace_buffers, true}, {check_sampler, true},   {check_kernel, false},
        {check_xenstore, false},     {check_consoles, false}, {check_clock, false},
        {check_priority, false},     {check_disk, false},
    };
    enum doctor_verdict verdict = DOCTOR_WELL;

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (checks[i].check(host) == OK || verdict == DOCTOR_NOT_AT_ALL)
            continue;
        verdict = checks[i].needed ? DOCTOR_NOT_AT_ALL : DOCTOR_IN_PART;
    }
    return verdict;
}

enum doctor_verdict doctor_run(xentoollog_logger *log)
{
    struct recorder_lock lock = {.fd = -1};
    enum doctor_verdict verdict;
    struct xen_host host;
    struct xph_error err;
    struct left_over left;

    if (!xen_host_open(&host, log, &err)) {
        tell(MISSING, "Xen", "%s", err.text);
        return DOCTOR_NOT_AT_ALL;
    }
    tell(OK, "Xen", "%s, TSC %.3f MHz, CPUs up to number %u", host.version,
         (double)host.tsc_khz / 1e3, host.cpu_slots - 1);
    /* A recorder at work would lose its probes to ours. */
    if (recorder_lock_take(&lock, &left, &err)) {
        if (left.found || clean_up_kernel_wanted())
            tell(LIMITED, "left over",
                 "an earlier recorder was killed: xenphase record --cleanup takes away what it "
                 "left, as the next recording does");
        verdict = check_sources(&host);
    } else {
        tell(LIMITED, "busy", "%s", err.text);
        verdict = DOCTOR_IN_PART;
    }
    recorder_lock_drop(&lock);
    xen_host_close(&host);
    return verdict;
}
