/*
 * When does the end of a domain begin? Xen's flag "dying" comes only when its memory has been given
 * back, long after the toolstack began to destroy it. Before, the domain shuts down or is paused,
 * and stays so; but one can also be paused to go on later. So what tells that it is the end is its
 * shutdown (but for a suspension), its falling memory or that flag, and the end began with the
 * pause or the shutdown that led to it.
 */
#ifndef XPH_TRACER_DOMAIN_END_H
#define XPH_TRACER_DOMAIN_END_H

#include <stdbool.h>
#include <stdint.h>

#include "recording/samples.h"

struct domain_end {
    bool certain;         /* it is the end, and not only a pause */
    uint64_t since_ns;    /* since when it has been paused, shut down or dying; 0 if it is not */
    uint64_t since_pages; /* the memory that it had then */
};

/* Takes a sample of the domain, in the order of time. */
void domain_end_add(struct domain_end *end, const struct xph_sample_domain *sample,
                    uint64_t now_ns);

#endif
