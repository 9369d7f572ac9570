/*
 * Reading the TSC and CLOCK_MONOTONIC. In a PV dom0 the TSC that user space reads is the number
 * that Xen stamps its trace records with (measured: every privcmd ioctl encloses its hypercall
 * record).
 */
#ifndef XPH_TRACER_CLOCK_H
#define XPH_TRACER_CLOCK_H

#include <stdint.h>
#include <time.h>
#include <x86intrin.h>

#include "recording/manifest.h"

#define XPH_NS_PER_SECOND UINT64_C(1000000000)

static inline uint64_t clock_tsc(void)
{
    /* lfence keeps rdtsc from being done early; not every emulated CPU has rdtscp. */
    _mm_lfence();
    return __rdtsc();
}

static inline uint64_t clock_monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * XPH_NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* The same moment on both clocks: of a few tries the one with the shortest time between two TSC
 * reads. */
struct xph_instant clock_instant(void);

/* The same of one try, at most `error_cycles` off: for what is done again and again. Where dom0
 * tells the time by Xen, as a PV one does, each reading of CLOCK_MONOTONIC is a system call. */
struct xph_instant clock_instant_once(uint64_t *error_cycles);

#endif
