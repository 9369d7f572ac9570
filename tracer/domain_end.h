/*
 * When does the end of a domain begin? Xen's flag "dying" comes only when its memory has been given
 * back, long after the toolstack began to destroy it. Before, a toolstack pauses it; but a domain
 * can also be paused to go on later, and one that has shut down can be kept as it is
 * (on_crash=preserve). So what tells that it is taken apart is its falling memory or that flag, and
 * that began with the pause that led to it.
 */
#ifndef XPH_TRACER_DOMAIN_END_H
#define XPH_TRACER_DOMAIN_END_H

#include <stdbool.h>
#include <stdint.h>

#include "recording/samples.h"

struct domain_end {
    bool certain;        /* it will not run again: it has shut down, or is taken apart */
    bool taken_apart;    /* its memory is given back, or has been */
    bool seen_unpaused;  /* nor dying: else nobody knows since when it is so */
    bool seen_alive;     /* neither paused, shut down nor dying: its end is news */
    uint64_t sign_ns;    /* the last thing seen of its end: its shutdown, memory given back; or 0 */
    uint64_t since_ns;   /* the first sign that it is taken apart, if it is; 0 if nobody saw one */
    uint64_t stopped_ns; /* since when it has been paused, shut down or dying; 0 if it is not */
    uint64_t least_pages; /* that it has had since then */
};

/* Takes a sample of the domain, in the order of time. */
void domain_end_add(struct domain_end *end, const struct xph_sample_domain *sample,
                    uint64_t now_ns);

/* How a domain came to its end, as "crashed", by its last sample. */
const char *domain_end_how(const struct xph_sample_domain *sample);

#endif
