/*
 * Asks Xen at a fixed rate what every domain is doing and how much memory is free, and stores what
 * changed.
 */
#ifndef XPH_TRACER_SAMPLER_H
#define XPH_TRACER_SAMPLER_H

#include <pthread.h>
#include <stdatomic.h>

#include "recording/chunk_ring.h"
#include "recording/manifest.h"
#include "recording/samples.h"
#include "tracer/console_source.h"
#include "tracer/domain_list.h"
#include "tracer/pace.h"
#include "tracer/xen_host.h"

struct sampler {
    const struct xen_host *host;
    unsigned hz;                     /* at the most */
    bool limited;                    /* by what it costs */
    bool vcpus;                      /* each vCPU is asked for, too */
    struct console_source *consoles; /* looked at with every sample, NULL if none are wanted */
    int dirfd;
    struct xph_chunk_writer out;
    struct xph_chunk_ring ring; /* how much of domains.samples is kept */
    pthread_t thread;
    bool running;
    atomic_bool stop;
    pthread_mutex_t lock; /* of everything below, which other threads read */
    struct domain_list domains;
    uint64_t samples;
    uint64_t late_max_ns, late_sum_ns; /* behind the wanted moments */
    uint64_t cpu_ns;
    struct xph_instant first, latest;
    uint64_t latest_error; /* of `latest`, in cycles */
    bool failed;
    struct xph_error error; /* why, if failed */

    /* The thread's own. */
    xc_domaininfo_t *list;
    uint8_t *pending; /* records not yet written */
    size_t pending_bytes;
    struct xph_sample_host last_host;
    uint64_t next_clock_ns, next_whole_ns;
    bool whole; /* this sample stores everything, changed or not */
};

/* Creates domains.samples in `dirfd`, of which the last `keep_bytes` are kept; 0: all. It will be
 * sampled `hz` times a second; if `limited`, less often where that takes too much of a CPU.
 * `vcpus`: with each vCPU of the domains that ran, a hypercall each. */
bool sampler_open(struct sampler *sampler, const struct xen_host *host,
                  struct console_source *consoles, int dirfd, unsigned hz, bool limited, bool vcpus,
                  uint64_t keep_bytes, struct xph_error *err);

/* Takes a first sample, so that domains of before are told from new ones. */
bool sampler_begin(struct sampler *sampler, struct xph_error *err);

/* Starts the thread. */
bool sampler_start(struct sampler *sampler, struct xph_error *err);

/* Ends the thread and the file, after a last sample if there was no thread; false if sampling had
 * failed. */
bool sampler_stop(struct sampler *sampler, struct xph_error *err);
void sampler_close(struct sampler *sampler);

/* Whether sampling has failed, and why. */
bool sampler_failed(struct sampler *sampler, struct xph_error *why);

#endif
