#include "tracer/trigger.h"

#include <stdlib.h>
#include <string.h>

/* An operation on a domain, as the sampler sees it: when it began and when it ended, by
 * CLOCK_MONOTONIC in ns; 0 if not yet. */
struct trigger_kind {
    const char *name, *summary;
    uint64_t (*began)(const struct sampled_domain *domain);
    uint64_t (*ended)(const struct sampled_domain *domain);
};

static uint64_t made(const struct sampled_domain *domain)
{
    return domain->is_new ? domain->first.monotonic_ns : 0;
}

static uint64_t ran(const struct sampled_domain *domain)
{
    if (!domain->is_new)
        return 0;
    return domain->ran_ns ? domain->ran_ns : domain->gone.monotonic_ns;
}

static uint64_t idle(const struct sampled_domain *domain)
{
    return domain->idle_watch.idle ? domain->idle_watch.idle_since.monotonic_ns
                                   : domain->gone.monotonic_ns;
}

/* A domain that is only paused may go on, and one that has only shut down may be kept. One that is
 * gone was destroyed, whatever its samples showed of that. */
static uint64_t ending(const struct sampled_domain *domain)
{
    uint64_t gone_ns = domain->gone.monotonic_ns;

    if (!domain->end.taken_apart && gone_ns == 0)
        return 0;
    return domain->end.since_ns ? domain->end.since_ns : gone_ns;
}

static uint64_t gone(const struct sampled_domain *domain)
{
    return domain->gone.monotonic_ns;
}

static const struct trigger_kind kinds[] = {
    {"create", "from a new domain's appearance to its first run", made, ran},
    {"boot", "from a new domain's first run to its first idle second", ran, idle},
    {"destroy",
     "of any domain, from its pause, or the first memory it gives back, to its end; its shutdown "
     "is none",
     ending, gone},
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]), MAX_LIMIT_SECONDS = 24 * 3600 };

void trigger_help(FILE *out, int indent)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        fprintf(out, "%*s%-10s %s\n", indent, "", kinds[i].name, kinds[i].summary);
    fprintf(out, "%*s%-10s %s\n", indent, "", "", "(new: not there when the recording began)");
}

bool trigger_parse(struct trigger *trigger, const char *text, struct xph_error *err)
{
    size_t length = strcspn(text, ">");
    const char *number = text + length + (text[length] == '>');
    char *end;
    double seconds = strtod(number, &end);

    *trigger = (struct trigger){.limit_ns = (uint64_t)(seconds * 1e9)};
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strlen(kinds[i].name) == length && memcmp(kinds[i].name, text, length) == 0)
            trigger->kind = &kinds[i];
    }
    if (trigger->kind && end != number && (*end == '\0' || strcmp(end, "s") == 0) && seconds > 0 &&
        seconds <= MAX_LIMIT_SECONDS)
        return true;
    return xph_fail(err, "--trigger wants KIND>SECONDS such as 'create>10s', not '%s' (see --help)",
                    text);
}

bool trigger_fired(const struct trigger *trigger, const struct domain_list *domains,
                   uint64_t now_ns, struct trigger_hit *hit)
{
    for (size_t i = 0; i < domain_list_count(domains); i++) {
        const struct sampled_domain *domain = domain_list_at(domains, i);
        uint64_t began = trigger->kind->began(domain), ended = trigger->kind->ended(domain);

        if (began == 0 || (ended ? ended : now_ns) < began + trigger->limit_ns)
            continue;
        *hit = (struct trigger_hit){*trigger, domain->last.header.domid, domain->first.monotonic_ns,
                                    began, ended};
        return true;
    }
    return false;
}

bool trigger_ended(struct trigger_hit *hit, const struct domain_list *domains, uint64_t now_ns)
{
    for (size_t i = 0; hit->ended_ns == 0 && i < domain_list_count(domains); i++) {
        const struct sampled_domain *domain = domain_list_at(domains, i);

        if (domain->last.header.domid != hit->domid || domain->first.monotonic_ns != hit->first_ns)
            continue;
        hit->ended_ns = hit->trigger.kind->ended(domain);
        return hit->ended_ns != 0;
    }
    if (hit->ended_ns == 0)
        hit->ended_ns = now_ns;
    return true;
}

bool trigger_overdue(const struct trigger_hit *hit, uint64_t now_ns)
{
    return hit->ended_ns == 0 &&
           now_ns >= hit->began_ns + TRIGGER_MAX_TIMES * hit->trigger.limit_ns;
}

void trigger_text(const struct trigger_hit *hit, char *text, size_t size)
{
    snprintf(text, size, "%s of domain %u %s %.3f s", hit->trigger.kind->name, hit->domid,
             hit->ended_ns ? "took" : "takes more than",
             (double)(hit->ended_ns ? hit->ended_ns - hit->began_ns : hit->trigger.limit_ns) / 1e9);
}
