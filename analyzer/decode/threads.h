/*
 * What several threads that read a trace have in common.
 */
#ifndef XPH_ANALYZER_DECODE_THREADS_H
#define XPH_ANALYZER_DECODE_THREADS_H

#include <sched.h>
#include <stddef.h>

/* Bytes between what different threads write, so that they do not take each other's. */
enum { XPH_CACHE_LINE = 64 };

/* CPUs that this process may use; 1 if that cannot be told. */
static inline unsigned xph_usable_cpus(void)
{
    cpu_set_t cpus;

    return sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? (unsigned)CPU_COUNT(&cpus) : 1;
}

/* What each of `lanes`, and one more, gets of `whole`, within limits. */
static inline size_t xph_share(size_t whole, size_t lanes, size_t least, size_t most)
{
    size_t part = whole / (lanes + 1);

    return part < least ? least : part > most ? most : part;
}

#endif
