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
    bool fell;

    if (!dying && !shut_down && !paused) {
        *end = (struct domain_end){.seen_unpaused = true};
        return;
    }
    if (end->stopped_ns == 0) {
        end->stopped_ns = now_ns;
        end->least_pages = sample->tot_pages;
    }
    fell = sample->tot_pages < end->least_pages;
    if (fell)
        end->least_pages = sample->tot_pages;
    end->taken_apart |= dying || fell;
    end->certain |= shut_down || end->taken_apart;
    if (!paused && !end->taken_apart) {
        end->seen_unpaused = true;
        end->since_ns = 0;
    } else if (end->since_ns == 0 && (fell || end->seen_unpaused)) {
        end->since_ns = now_ns;
    }
}
