/*
 * The domains that the sampler has seen: those that live, and the last ones of those that are gone.
 * A domain is known by its domid only while it lives, as domids are used again.
 */
#ifndef XPH_TRACER_DOMAIN_LIST_H
#define XPH_TRACER_DOMAIN_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/manifest.h"
#include "recording/samples.h"
#include "tracer/domain_end.h"
#include "tracer/idle.h"

/* So many domains that are gone are kept, for a recording of the whole system may go on for weeks,
 * and its manifest must fit the disk space that is set aside for it. */
enum { DOMAIN_LIST_MAX_PAST = 1024 };

struct sampled_domain {
    struct xph_sample_domain last;
    uint64_t seen; /* the last sample that it was in */
    bool is_new;   /* not there at the first sample */
    /* When it was first seen, had first run and was gone; 0 if not (yet). */
    struct xph_instant first, gone;
    uint64_t ran_ns;
    struct domain_end end;
    struct idle_watch idle_watch; /* of a new domain */
};

/* Whether a sample with its domid can be one of the domain, and is not of another one that took the
 * domid between two samples. */
bool sampled_domain_is(const struct sampled_domain *domain, const struct xph_sample_domain *sample);

struct domain_list {
    struct sampled_domain *living; /* in the order in which they were first seen */
    size_t living_count, living_capacity;
    size_t next;                 /* after the one found last, where the next one is likely to be */
    struct sampled_domain *past; /* a ring, the oldest at past_first */
    size_t past_first, past_count, past_capacity;
    uint64_t dropped; /* of the past ones, how many were too many */
};

/* The living domain with this domid, NULL if there is none. */
struct sampled_domain *domain_list_find(struct domain_list *list, uint32_t domid);

/* Adds a living domain, all zero; NULL if there is no memory. Pointers into the list are void then,
 * as they are after domain_list_end(). */
struct sampled_domain *domain_list_add(struct domain_list *list);

/* A living domain is gone; the oldest of those may be dropped for it. */
void domain_list_end(struct domain_list *list, struct sampled_domain *domain);

/* All that are kept, by number: the past ones, oldest first, then the living. */
size_t domain_list_count(const struct domain_list *list);
const struct sampled_domain *domain_list_at(const struct domain_list *list, size_t number);

/* Safe on one that is all zero. */
void domain_list_free(struct domain_list *list);

#endif
