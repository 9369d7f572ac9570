/*
 * A guest's own clocks on the host's time line, by the moments that its marks have on both.
 *
 * Each mark says: the guest read its clocks between two moments of the host. From one to the next
 * the clocks may drift: CLOCK_MONOTONIC by as much as it was slewed against CLOCK_MONOTONIC_RAW,
 * which the mark tells, and that one by what the guest's kernel took the TSC's frequency wrong.
 * Within that, each mark bounds all others. Where two marks cannot both be true, the clock did not
 * run as a clock between them (the guest was suspended, or lies): from there on it is another
 * stretch. The guest's wall clock is not used at all.
 */
#ifndef XPH_ANALYZER_GUEST_GUEST_CLOCK_H
#define XPH_ANALYZER_GUEST_GUEST_CLOCK_H

#include "analyzer/guest/marks.h"

enum {
    /* CLOCK_MONOTONIC_RAW against the host's TSC. Linux takes the frequency from Xen, exact to
     * 1 kHz, or measures it. */
    XPH_GUEST_CLOCK_RAW_PPM = 50,
    /* Where it is not known how CLOCK_MONOTONIC was slewed: NTP's bound. */
    XPH_GUEST_CLOCK_SLEW_PPM = 500,
};

/* A moment on both clocks: the host's time minus the guest's CLOCK_MONOTONIC is within these. */
struct xph_clock_bound {
    uint64_t host_ns, guest_ns;
    int64_t low_ns, high_ns;
    int32_t slewed_ns;
    uint32_t stretch;  /* counts from 0 */
    size_t first, end; /* the bounds of its stretch, as positions */
};

struct xph_guest_clock {
    struct xph_clock_bound *bounds; /* by host_ns; owned */
    size_t count;
    uint32_t stretches; /* 0: nothing is known */
    /* The host's TSC minus the guest's, in cycles, if it is the same for all marks: +- error. */
    bool tsc_known;
    int64_t host_minus_guest_tsc;
    uint64_t tsc_error;
};

/* From the finished marks of one domain. False only without memory. */
bool xph_guest_clock_open(struct xph_guest_clock *clock, const struct xph_guest_marks *marks,
                          uint16_t domid, struct xph_error *err);
void xph_guest_clock_close(struct xph_guest_clock *clock);

/*
 * When it was `guest_ns` by the guest's CLOCK_MONOTONIC (before its start: negative), in the
 * stretch of the mark that is nearest to the host's `near_ns`. False if nothing is known. The true
 * moment is within `error_ns` of `host_ns`, which may lie before the time line's start.
 */
bool xph_guest_clock_place(const struct xph_guest_clock *clock, uint64_t near_ns, int64_t guest_ns,
                           int64_t *host_ns, uint64_t *error_ns);

#endif
