/*
 * The one place where cycles become nanoseconds.
 */
#ifndef XPH_ANALYZER_TIMELINE_CLOCK_H
#define XPH_ANALYZER_TIMELINE_CLOCK_H

#include <stdint.h>

struct xph_clock {
    uint64_t start_tsc;     /* of Xen, where the time line begins: 0 ns */
    uint64_t khz;           /* of the TSC, never 0 */
    int64_t xen_minus_dom0; /* what is to be added to a TSC of dom0's */
};

/* The length of `cycles` in ns; exact to 1 ns for any number of cycles, nothing adds up over time.
 */
static inline uint64_t xph_clock_cycles_to_ns(const struct xph_clock *clock, uint64_t cycles)
{
    /* A division of 128 bits takes many times as long as one of 64. */
    if (cycles <= UINT64_MAX / 1000000)
        return cycles * 1000000 / clock->khz;
    return (uint64_t)((unsigned __int128)cycles * 1000000 / clock->khz);
}

/* ns since the start of the time line; 0 for a moment before it, as a pCPU whose TSC lags may have.
 */
static inline uint64_t xph_clock_ns(const struct xph_clock *clock, uint64_t tsc)
{
    return tsc <= clock->start_tsc ? 0 : xph_clock_cycles_to_ns(clock, tsc - clock->start_tsc);
}

/* The same for what dom0 stamped. */
static inline uint64_t xph_clock_dom0_ns(const struct xph_clock *clock, uint64_t tsc)
{
    return xph_clock_ns(clock, tsc + (uint64_t)clock->xen_minus_dom0);
}

/* dom0's TSC at a moment of the time line, rounded down by less than a ns. */
static inline uint64_t xph_clock_dom0_tsc(const struct xph_clock *clock, uint64_t ns)
{
    return clock->start_tsc - (uint64_t)clock->xen_minus_dom0 +
           (uint64_t)((unsigned __int128)ns * clock->khz / 1000000);
}

#endif
