/*
 * Records dom0's kernel events: a tracefs instance of our own, whose ring buffers a thread carries
 * into the recording.
 */
#ifndef XPH_TRACER_KERNEL_TRACE_H
#define XPH_TRACER_KERNEL_TRACE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <tracefs.h>

#include "recording/chunk_ring.h"
#include "recording/error.h"
#include "tracer/kernel_pages.h"
#include "tracer/kernel_probes.h"

struct kernel_cpu {
    struct kernel_pages pages;
    struct xph_chunk_writer out;     /* dom0.cpuN */
    struct xph_chunk_ring ring_kept; /* how much of that is kept */
};

struct kernel_trace {
    int dirfd;
    uint64_t keep_bytes;               /* of all CPUs together, 0: all */
    uint32_t buffer_kib;               /* of each CPU's ring buffer */
    struct tracefs_instance *instance; /* NULL while there is none */
    struct kernel_probes probes;
    struct kernel_cpu *cpus;
    unsigned cpu_count;
    size_t page_bytes; /* of the ring buffers */
    char *pages;       /* room for what is written in one piece */
    pthread_t thread;
    bool running;
    atomic_bool stop;
    atomic_bool failed; /* the thread has given up; `error` says why */
    struct xph_error error;
    uint64_t bytes;         /* recorded; valid after kernel_trace_stop() */
    uint64_t lost_events;   /* that found no room, or were overwritten before they were read */
    uint64_t missed_events; /* of probes that the kernel passed over */
};

/* Removes what a recorder that was killed left in tracefs; returns whether anything went. Only for
 * who holds the recorder's lock. */
bool kernel_trace_clean_up(void);

/* Whether anything of ours is in tracefs that cannot be removed, and why. Only for who holds the
 * recorder's lock and has closed its sources. */
bool kernel_trace_left(struct xph_error *why);

/*
 * Makes the instance with the probes of `sets` (`set_count`; `xen_version` as in
 * kernel_probes_add()), ring buffers as kernel_buffer_size.h has them, and the files in `dirfd`;
 * nothing is recorded yet. Fails where this kernel cannot record at all (no tracefs, no x86-tsc
 * clock, not root); then there is nothing to close.
 */
bool kernel_trace_open(struct kernel_trace *trace, int dirfd, const struct probe_set *const *sets,
                       size_t set_count, const char *xen_version, uint64_t keep_bytes,
                       struct xph_error *err);

/* Makes the probes of `sets` in an instance, to see which there are, and takes them out again.
 * `probes` is to be freed by kernel_probes_free() after success. Only for who holds the recorder's
 * lock, and where a killed recorder left nothing. */
bool kernel_trace_try(const struct probe_set *sets, size_t set_count, const char *xen_version,
                      struct kernel_probes *probes, struct xph_error *err);

/* After a failure it is closed, and its files are gone, as after one of kernel_trace_open(). */
bool kernel_trace_start(struct kernel_trace *trace, struct xph_error *err);

/* Stops recording and puts dom0.dat together. False if recording had failed on the way. */
bool kernel_trace_stop(struct kernel_trace *trace, struct xph_error *err);
/* Takes everything out of the kernel again; safe on one that is all zero. */
void kernel_trace_close(struct kernel_trace *trace);

#endif
