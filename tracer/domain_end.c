#include "tracer/domain_end.h"

/* Reasons for a shutdown after which a domain goes on, or another one does for it; Xen's
 * public/sched.h. */
enum { SHUTDOWN_SUSPEND = 2, SHUTDOWN_SOFT_RESET = 5 };

static bool is_shut_down(const struct xph_sample_domain *sample)
{
    uint32_t reason = sample->flags >> 16 & 255;

    return sample->flags & XPH_DOMAIN_SHUTDOWN && reason != SHUTDOWN_SUSPEND &&
           reason != SHUTDOWN_SOFT_RESET;
}

void domain_end_add(struct domain_end *end, const struct xph_sample_domain *sample, uint64_t now_ns)
{
    bool dying = sample->flags & XPH_DOMAIN_DYING;
    bool shut_down = is_shut_down(sample);
    /* A domain that is being made is paused, and its memory goes up and down. */
    bool paused = sample->flags & XPH_DOMAIN_PAUSED && sample->cpu_time_ns > 0;

    if (!dying && !shut_down && !paused) {
        *end = (struct domain_end){.certain = false};
        return;
    }
    if (end->since_ns == 0) {
        end->since_ns = now_ns;
        end->since_pages = sample->tot_pages;
    }
    end->certain |= dying || shut_down || sample->tot_pages < end->since_pages;
}
