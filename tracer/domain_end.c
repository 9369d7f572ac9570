#include "tracer/domain_end.h"

/* Reasons for a shutdown; Xen's public/sched.h. After two of them a domain goes on, or another one
 * does for it. */
enum {
    SHUTDOWN_POWEROFF = 0,
    SHUTDOWN_REBOOT = 1,
    SHUTDOWN_SUSPEND = 2,
    SHUTDOWN_CRASH = 3,
    SHUTDOWN_WATCHDOG = 4,
    SHUTDOWN_SOFT_RESET = 5,
};

static uint32_t shutdown_reason(const struct xph_sample_domain *sample)
{
    return sample->flags >> 16 & 255;
}

static bool is_shut_down(const struct xph_sample_domain *sample)
{
    uint32_t reason = shutdown_reason(sample);

    return sample->flags & XPH_DOMAIN_SHUTDOWN && reason != SHUTDOWN_SUSPEND &&
           reason != SHUTDOWN_SOFT_RESET;
}

const char *domain_end_how(const struct xph_sample_domain *sample)
{
    if (!is_shut_down(sample))
        return "was destroyed";
    switch (shutdown_reason(sample)) {
    case SHUTDOWN_POWEROFF:
        return "powered off";
    case SHUTDOWN_REBOOT:
        return "rebooted";
    case SHUTDOWN_CRASH:
        return "crashed";
    case SHUTDOWN_WATCHDOG:
        return "was stopped by its watchdog";
    default:
        return "shut down";
    }
}

void domain_end_add(struct domain_end *end, const struct xph_sample_domain *sample, uint64_t now_ns)
{
    bool dying = sample->flags & XPH_DOMAIN_DYING;
    bool shut_down = is_shut_down(sample);
    /* A domain that is being made is paused, and its memory goes up and down. */
    bool paused = sample->flags & XPH_DOMAIN_PAUSED && sample->cpu_time_ns > 0;
    bool fell;

    if (!dying && !shut_down && !paused) {
        *end = (struct domain_end){.seen_unpaused = true, .seen_alive = true};
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
    if (fell || (!end->certain && (shut_down || dying)))
        end->sign_ns = now_ns;
    end->certain |= shut_down || end->taken_apart;
    if (!paused && !end->taken_apart) {
        end->seen_unpaused = true;
        end->since_ns = 0;
    } else if (end->since_ns == 0 && (fell || end->seen_unpaused)) {
        end->since_ns = now_ns;
    }
}
