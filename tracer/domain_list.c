#include "tracer/domain_list.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

/* Doubles the room; false if there is no memory. */
static bool grow(struct sampled_domain **domains, size_t *capacity)
{
    size_t wanted = *capacity ? *capacity * 2 : FIRST_CAPACITY;
    struct sampled_domain *grown = realloc(*domains, wanted * sizeof(*grown));

    if (!grown)
        return false;
    *domains = grown;
    *capacity = wanted;
    return true;
}

/* A domain's UUID can be changed, and its CPU time seems to go back where clocks of CPUs differ;
 * but not both at once. */
bool sampled_domain_is(const struct sampled_domain *domain, const struct xph_sample_domain *sample)
{
    return memcmp(domain->last.handle, sample->handle, sizeof(sample->handle)) == 0 ||
           sample->cpu_time_ns >= domain->last.cpu_time_ns;
}

struct sampled_domain *domain_list_find(struct domain_list *list, uint32_t domid)
{
    for (size_t i = 0; i < list->living_count; i++) {
        size_t at = (list->next + i) % list->living_count;

        if (list->living[at].last.header.domid != domid)
            continue;
        list->next = at + 1;
        return &list->living[at];
    }
    return NULL;
}

struct sampled_domain *domain_list_add(struct domain_list *list)
{
    struct sampled_domain *domain;

    if (list->living_count == list->living_capacity && !grow(&list->living, &list->living_capacity))
        return NULL;
    domain = &list->living[list->living_count++];
    *domain = (struct sampled_domain){.seen = 0};
    return domain;
}

static void keep_past(struct domain_list *list, const struct sampled_domain *domain)
{
    if (list->past_count == list->past_capacity && list->past_capacity < DOMAIN_LIST_MAX_PAST &&
        list->past_first == 0)
        grow(&list->past, &list->past_capacity);
    if (list->past_count < list->past_capacity) {
        list->past[list->past_count++] = *domain;
        return;
    }
    list->dropped++;
    if (list->past_capacity == 0)
        return;
    list->past[list->past_first] = *domain;
    list->past_first = (list->past_first + 1) % list->past_capacity;
}

void domain_list_end(struct domain_list *list, struct sampled_domain *domain)
{
    size_t at = (size_t)(domain - list->living);

    idle_watch_end(&domain->idle_watch);
    keep_past(list, domain);
    list->living_count--;
    memmove(domain, domain + 1, (list->living_count - at) * sizeof(*domain));
}

size_t domain_list_count(const struct domain_list *list)
{
    return list->past_count + list->living_count;
}

const struct sampled_domain *domain_list_at(const struct domain_list *list, size_t number)
{
    if (number < list->past_count)
        return &list->past[(list->past_first + number) % list->past_count];
    return &list->living[number - list->past_count];
}

void domain_list_free(struct domain_list *list)
{
    for (size_t i = 0; i < list->living_count; i++)
        idle_watch_close(&list->living[i].idle_watch);
    free(list->living);
    free(list->past);
    *list = (struct domain_list){.living = NULL};
}
