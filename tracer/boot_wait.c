#include "tracer/boot_wait.h"

#include <stdio.h>

#include "tracer/clock.h"

static bool has_ended(const struct sampled_domain *domain)
{
    return domain->gone.monotonic_ns != 0 || (domain->end.certain && domain->end.seen_alive);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void look_at(struct boot_look *look, const struct sampled_domain *domain)
{
    bool ended = has_ended(domain);

    if (ended) {
        look->ended++;
        look->last_end_ns =
            later(look->last_end_ns, later(domain->end.sign_ns, domain->gone.monotonic_ns));
    }
    if (!domain->is_new)
        return;
    if (ended && !domain->idle_watch.idle) {
        look->failed_domid = domain->last.header.domid;
        look->failed_how = domain_end_how(&domain->last);
    } else if (!ended) {
        *(domain->idle_watch.idle ? &look->booted : &look->booting) += 1;
    }
}

void boot_wait_look(struct boot_look *look, const struct domain_list *domains)
{
    *look = (struct boot_look){.failed_how = NULL};
    for (size_t i = 0; i < domain_list_count(domains); i++)
        look_at(look, domain_list_at(domains, i));
}

enum boot_progress boot_wait_judge(const struct boot_look *look, uint64_t command_end_ns,
                                   uint64_t now_ns)
{
    uint64_t since_ns = later(command_end_ns, look->last_end_ns);

    if (look->booting > 0)
        return BOOT_GOES_ON;
    if (look->booted > 0 && look->booted >= look->ended)
        return BOOT_DONE;
    if (now_ns < since_ns + BOOT_WAIT_SECONDS * XPH_NS_PER_SECOND)
        return BOOT_GOES_ON;
    return look->booted > 0 ? BOOT_DONE : BOOT_NO_DOMAIN;
}

void boot_wait_text(const struct boot_look *look, enum boot_progress progress, char *text,
                    size_t size)
{
    text[0] = '\0';
    if (look->failed_how)
        snprintf(text, size, "domain %u %s before it was idle%s", look->failed_domid,
                 look->failed_how, progress == BOOT_NO_DOMAIN ? ", and no other came" : "");
    else if (progress == BOOT_NO_DOMAIN)
        snprintf(text, size, "no new domain came within %d s of %s end", BOOT_WAIT_SECONDS,
                 look->ended ? "another's" : "the command's");
}
