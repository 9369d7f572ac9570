/*
 * xenphase-mark --tick: what a migration or a suspension looks like from inside. A process that
 * wants to wake at absolute moments of CLOCK_MONOTONIC sees by which clock, and for how long, it
 * did not. CLOCK_MONOTONIC stands still while the guest is suspended, CLOCK_BOOTTIME goes on, and
 * the TSC does what the host makes of it: so all three are read.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "probes/guest/probe.h"

enum { RING = 4096, GAP_RING = 1024, DEFAULT_GAP_TICKS = 5 };

struct tick {
    uint64_t monotonic_ns, boottime_ns, tsc;
};

/* Between two ticks, by each clock. */
struct gap {
    struct tick start;
    uint64_t monotonic_ns, boottime_ns, tsc_ns;
};

struct ticker {
    struct tick ticks[RING]; /* the last ones */
    uint64_t tick_count;
    struct gap gaps[GAP_RING]; /* the last ones */
    uint64_t gap_count;
    struct tick first;
    uint64_t worst_ns; /* the longest delay that is no gap */
};

static volatile sig_atomic_t report_wanted, end_wanted;

static void on_signal(int number)
{
    if (number == SIGUSR1)
        report_wanted = 1;
    else
        end_wanted = 1;
}

static uint64_t boottime_ns(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void read_tick(struct tick *tick)
{
    struct mark_clocks clocks;

    clocks_read(&clocks);
    *tick = (struct tick){clocks.monotonic_ns, boottime_ns(), clocks.tsc};
}

/*
 * Cycles as ns, by how the TSC went against CLOCK_MONOTONIC over the ticks that the ring holds and
 * that no gap is among: 0 until there are enough.
 */
static uint64_t tsc_to_ns(const struct ticker *ticker, uint64_t cycles, uint64_t since_count)
{
    uint64_t kept = ticker->tick_count - since_count;
    const struct tick *from, *to;

    if (kept > RING)
        kept = RING;
    if (kept < 3)
        return 0;
    from = &ticker->ticks[(ticker->tick_count - kept) % RING];
    to = &ticker->ticks[(ticker->tick_count - 1) % RING];
    if (to->tsc <= from->tsc)
        return 0;
    return (uint64_t)((unsigned __int128)cycles * (to->monotonic_ns - from->monotonic_ns) /
                      (to->tsc - from->tsc));
}

static void report(const struct ticker *ticker, const struct tick_options *options)
{
    const struct tick *last = &ticker->ticks[(ticker->tick_count - 1) % RING];
    uint64_t first_gap = ticker->gap_count > GAP_RING ? ticker->gap_count - GAP_RING : 0;
    struct rusage usage = {0};

    getrusage(RUSAGE_SELF, &usage);
    printf("ticks %" PRIu64 " of %" PRIu64 " us in %.3f s, gaps over %" PRIu64 " us: %" PRIu64
           ", the longest other delay %" PRIu64 " us, CPU time %.3f s\n",
           ticker->tick_count, options->tick_ns / 1000,
           (double)(last->monotonic_ns - ticker->first.monotonic_ns) / 1e9, options->gap_ns / 1000,
           ticker->gap_count, ticker->worst_ns / 1000,
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    for (uint64_t i = first_gap; i < ticker->gap_count; i++) {
        const struct gap *gap = &ticker->gaps[i % GAP_RING];

        printf("gap at monotonic %" PRIu64 ".%09" PRIu64 " s, boottime %" PRIu64 ".%09" PRIu64
               " s: %" PRIu64 " us by monotonic, %" PRIu64 " us by boottime, %" PRIu64
               " us by tsc\n",
               gap->start.monotonic_ns / 1000000000, gap->start.monotonic_ns % 1000000000,
               gap->start.boottime_ns / 1000000000, gap->start.boottime_ns % 1000000000,
               gap->monotonic_ns / 1000, gap->boottime_ns / 1000, gap->tsc_ns / 1000);
    }
    fflush(stdout);
}

static bool mark_gap(struct probe *probe, const struct gap *gap)
{
    char value[XPH_MARK_MAX_VALUE];

    snprintf(value, sizeof(value),
             "%" PRIu64 " %" PRIu64 " monotonic=%" PRIu64 " boottime=%" PRIu64 " tsc=%" PRIu64,
             gap->start.monotonic_ns, gap->start.monotonic_ns + gap->monotonic_ns,
             gap->monotonic_ns, gap->boottime_ns, gap->tsc_ns);
    return probe_mark(probe, "tick.gap", value);
}

/* Takes the tick that was read; true if it ends a gap, which is then the last in the ring. */
static bool add_tick(struct ticker *ticker, const struct tick_options *options,
                     const struct tick *tick, uint64_t *steady_since)
{
    const struct tick *before = &ticker->ticks[(ticker->tick_count - 1) % RING];
    struct gap gap = {
        *before, tick->monotonic_ns - before->monotonic_ns, tick->boottime_ns - before->boottime_ns,
        tick->tsc > before->tsc ? tsc_to_ns(ticker, tick->tsc - before->tsc, *steady_since) : 0};
    bool is_gap = gap.monotonic_ns > options->gap_ns || gap.boottime_ns > options->gap_ns ||
                  gap.tsc_ns > options->gap_ns;

    if (is_gap) {
        ticker->gaps[ticker->gap_count++ % GAP_RING] = gap;
        *steady_since = ticker->tick_count;
    } else if (gap.monotonic_ns > options->tick_ns + ticker->worst_ns) {
        ticker->worst_ns = gap.monotonic_ns - options->tick_ns;
    }
    ticker->ticks[ticker->tick_count++ % RING] = *tick;
    return is_gap;
}

static void sleep_until(uint64_t monotonic_ns)
{
    const struct timespec deadline = {(time_t)(monotonic_ns / 1000000000),
                                      (long)(monotonic_ns % 1000000000)};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL);
}

static void run(struct probe *probe, const struct tick_options *options, struct ticker *ticker)
{
    uint64_t next_ns, steady_since = 0;
    bool marking = true;
    struct tick tick;

    read_tick(&ticker->first);
    ticker->ticks[ticker->tick_count++] = tick = ticker->first;
    next_ns = tick.monotonic_ns + options->tick_ns;
    while (!end_wanted && (options->for_ns == 0 ||
                           tick.monotonic_ns - ticker->first.monotonic_ns < options->for_ns)) {
        sleep_until(next_ns);
        read_tick(&tick);
        if (report_wanted) {
            report_wanted = 0;
            report(ticker, options);
        }
        /* Woken early, by a signal. */
        if (tick.monotonic_ns < next_ns)
            continue;
        /* A way that does not work once is not tried at each gap. */
        if (add_tick(ticker, options, &tick, &steady_since) && marking)
            marking = mark_gap(probe, &ticker->gaps[(ticker->gap_count - 1) % GAP_RING]);
        next_ns += options->tick_ns;
        if (next_ns <= tick.monotonic_ns)
            next_ns = tick.monotonic_ns + options->tick_ns;
    }
}

bool probe_tick(struct probe *probe, const struct tick_options *options)
{
    static const int signals[] = {SIGUSR1, SIGINT, SIGTERM, SIGHUP};
    const struct sigaction action = {.sa_handler = on_signal};
    struct tick_options checked = *options;
    struct ticker *ticker = calloc(1, sizeof(*ticker));
    bool marked;

    if (!ticker) {
        fputs("xenphase-mark: out of memory\n", stderr);
        return false;
    }
    if (checked.gap_ns == 0)
        checked.gap_ns = checked.tick_ns * DEFAULT_GAP_TICKS;
    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
    marked = probe_mark(probe, "tick.start", NULL);
    if (marked) {
        run(probe, &checked, ticker);
        report(ticker, &checked);
    }
    free(ticker);
    return marked;
}
