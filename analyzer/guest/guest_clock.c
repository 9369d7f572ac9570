#include "analyzer/guest/guest_clock.h"

#include <stdlib.h>

/* Of a machine that is up for so long; a guest that says more is not believed. */
static const uint64_t max_ns = UINT64_C(1) << 60;

/* What is lost where cycles become ns, and ns of two clocks of the guest are read one after the
 * other. */
enum { ROUNDING_NS = 4 };

static uint64_t ppm_of(uint64_t ns, unsigned ppm)
{
    return ns / 1000000 * ppm + ppm;
}

static uint64_t distance(int64_t a, int64_t b)
{
    return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

static bool saturated(int32_t slewed_ns)
{
    return slewed_ns == INT32_MAX || slewed_ns == INT32_MIN;
}

/* How far apart host minus guest may be at two marks. */
static int64_t drift_between(const struct xph_clock_bound *a, const struct xph_clock_bound *b)
{
    uint64_t ns = distance((int64_t)a->guest_ns, (int64_t)b->guest_ns);
    uint64_t drift = ppm_of(ns, XPH_GUEST_CLOCK_RAW_PPM) + distance(a->slewed_ns, b->slewed_ns);

    if (saturated(a->slewed_ns) || saturated(b->slewed_ns))
        drift += ppm_of(ns, XPH_GUEST_CLOCK_SLEW_PPM);
    return (int64_t)drift + ROUNDING_NS;
}

/* Narrows `bound` by what `other` lets it be; false if that is nothing. */
static bool narrow(struct xph_clock_bound *bound, const struct xph_clock_bound *other)
{
    int64_t drift = drift_between(bound, other);
    int64_t low = other->low_ns - drift, high = other->high_ns + drift;

    if (low < bound->low_ns)
        low = bound->low_ns;
    if (high > bound->high_ns)
        high = bound->high_ns;
    if (low > high)
        return false;
    bound->low_ns = low;
    bound->high_ns = high;
    return true;
}

static void narrow_all(struct xph_guest_clock *clock)
{
    struct xph_clock_bound *bounds = clock->bounds;

    for (size_t i = 0; i < clock->count; i++) {
        bool goes_on = i > 0 && narrow(&bounds[i], &bounds[i - 1]);

        bounds[i].stretch = goes_on ? bounds[i - 1].stretch : clock->stretches++;
        bounds[i].first = goes_on ? bounds[i - 1].first : i;
    }
    for (size_t i = clock->count; i-- > 0;) {
        bool goes_on = i + 1 < clock->count && bounds[i + 1].stretch == bounds[i].stretch;

        bounds[i].end = goes_on ? bounds[i + 1].end : i + 1;
        if (goes_on)
            narrow(&bounds[i], &bounds[i + 1]);
    }
}

/* Takes a mark for the TSC's offset: true as long as one offset fits all. */
struct tsc_bound {
    __int128 low, high;
    bool fits;
};

static void narrow_tsc(struct tsc_bound *tsc, const struct xph_guest_mark *mark)
{
    __int128 low = (__int128)mark->before_tsc - mark->guest.tsc;
    __int128 high = (__int128)mark->after_tsc - mark->guest.tsc;

    if (low > tsc->low)
        tsc->low = low;
    if (high < tsc->high)
        tsc->high = high;
    tsc->fits &= tsc->low <= tsc->high;
}

static bool usable(const struct xph_guest_mark *mark, uint16_t domid)
{
    return mark->domid == domid && mark->has_clocks && mark->bounded &&
           mark->guest.monotonic_ns < max_ns && mark->after_ns < max_ns &&
           mark->before_ns <= mark->after_ns;
}

bool xph_guest_clock_open(struct xph_guest_clock *clock, const struct xph_guest_marks *marks,
                          uint16_t domid, struct xph_error *err)
{
    const __int128 widest = (__int128)1 << 65;
    struct tsc_bound tsc = {-widest, widest, true};
    size_t wanted = 0;

    for (size_t i = 0; i < marks->count; i++)
        wanted += usable(&marks->marks[i], domid);
    *clock = (struct xph_guest_clock){
        .bounds = calloc(wanted ? wanted : 1, sizeof(*clock->bounds)),
    };
    if (!clock->bounds)
        return xph_fail(err, "out of memory for the clock of domain %u", domid);
    for (size_t i = 0; i < marks->count; i++) {
        const struct xph_guest_mark *mark = &marks->marks[i];

        if (!usable(mark, domid))
            continue;
        clock->bounds[clock->count++] = (struct xph_clock_bound){
            .host_ns = mark->before_ns,
            .guest_ns = mark->guest.monotonic_ns,
            .low_ns = (int64_t)mark->before_ns - (int64_t)mark->guest.monotonic_ns,
            .high_ns = (int64_t)mark->after_ns - (int64_t)mark->guest.monotonic_ns,
            .slewed_ns = mark->guest.slewed_ns,
        };
        narrow_tsc(&tsc, mark);
    }
    narrow_all(clock);
    if (clock->count > 0 && tsc.fits) {
        clock->tsc_known = true;
        clock->host_minus_guest_tsc = (int64_t)(tsc.low + (tsc.high - tsc.low) / 2);
        clock->tsc_error = (uint64_t)((tsc.high - tsc.low + 1) / 2);
    }
    return true;
}

void xph_guest_clock_close(struct xph_guest_clock *clock)
{
    free(clock->bounds);
    *clock = (struct xph_guest_clock){0};
}

/* The first mark of [low, end) that is not before a moment of the host, or of the guest. */
static size_t first_from(const struct xph_guest_clock *clock, size_t low, size_t end, int64_t ns,
                         bool of_guest)
{
    while (low < end) {
        size_t middle = low + (end - low) / 2;
        const struct xph_clock_bound *bound = &clock->bounds[middle];

        if ((int64_t)(of_guest ? bound->guest_ns : bound->host_ns) < ns)
            low = middle + 1;
        else
            end = middle;
    }
    return low;
}

static const struct xph_clock_bound *nearest(const struct xph_guest_clock *clock, uint64_t host_ns)
{
    const struct xph_clock_bound *bounds = clock->bounds;
    size_t at = first_from(clock, 0, clock->count, (int64_t)host_ns, false);

    if (at == clock->count)
        return &bounds[at - 1];
    if (at > 0 && host_ns - bounds[at - 1].host_ns < bounds[at].host_ns - host_ns)
        at--;
    return &bounds[at];
}

/*
 * How far host minus guest may be at `guest_ns` from what it was at the mark `from`. Toward another
 * mark, the clock was slewed no more than between both; toward the guest's start, no more than
 * since then, nor than NTP may: CLOCK_MONOTONIC begins with what the machine took up to there and
 * CLOCK_MONOTONIC_RAW with 0 (Linux: timekeeping_init(), since 4.19), so the difference may be much
 * more; after the last mark, who knows.
 */
static int64_t drift_to(const struct xph_clock_bound *from, const struct xph_clock_bound *toward,
                        int64_t guest_ns)
{
    uint64_t ns = distance((int64_t)from->guest_ns, guest_ns);
    uint64_t slewed = distance(from->slewed_ns, toward ? toward->slewed_ns : 0);
    uint64_t most = ppm_of(ns, XPH_GUEST_CLOCK_SLEW_PPM);
    bool before = guest_ns < (int64_t)from->guest_ns;

    if (saturated(from->slewed_ns) || (!toward && (!before || slewed > most)))
        slewed = most;
    return (int64_t)(ppm_of(ns, XPH_GUEST_CLOCK_RAW_PPM) + slewed) + ROUNDING_NS;
}

static void narrow_at(int64_t *low, int64_t *high, const struct xph_clock_bound *from,
                      const struct xph_clock_bound *toward, int64_t guest_ns)
{
    int64_t drift = drift_to(from, toward, guest_ns);

    if (from->low_ns - drift > *low)
        *low = from->low_ns - drift;
    if (from->high_ns + drift < *high)
        *high = from->high_ns + drift;
}

bool xph_guest_clock_place(const struct xph_guest_clock *clock, uint64_t near_ns, int64_t guest_ns,
                           int64_t *host_ns, uint64_t *error_ns)
{
    const struct xph_clock_bound *stretch, *before, *after;
    int64_t low = -(int64_t)(max_ns << 1), high = (int64_t)(max_ns << 1);
    size_t at;

    if (clock->count == 0 || distance(guest_ns, 0) >= max_ns)
        return false;
    stretch = nearest(clock, near_ns < max_ns ? near_ns : max_ns);
    at = first_from(clock, stretch->first, stretch->end, guest_ns, true);
    before = at > stretch->first ? &clock->bounds[at - 1] : NULL;
    after = at < stretch->end ? &clock->bounds[at] : NULL;
    if (before)
        narrow_at(&low, &high, before, after, guest_ns);
    if (after)
        narrow_at(&low, &high, after, before, guest_ns);
    if (low > high)
        return false;
    *host_ns = guest_ns + low + (high - low) / 2;
    *error_ns = (uint64_t)(high - low + 1) / 2;
    return true;
}
