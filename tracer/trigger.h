/*
 * Conditions that end a recording of the whole system: an operation that takes too long.
 */
#ifndef XPH_TRACER_TRIGGER_H
#define XPH_TRACER_TRIGGER_H

#include <stdio.h>

#include "recording/error.h"
#include "tracer/domain_list.h"

struct trigger_kind;

struct trigger {
    const struct trigger_kind *kind;
    uint64_t limit_ns;
};

/* Reads "KIND>SECONDS", with an s after the number or without. */
bool trigger_parse(struct trigger *trigger, const char *text, struct xph_error *err);

/* Lists the kinds for a help text, each line after `indent` spaces. */
void trigger_help(FILE *out, int indent);

enum { TRIGGER_MAX_TIMES = 10 }; /* the limit: so long a slow operation is waited for, at most */

/* An operation that takes longer than a limit. */
struct trigger_hit {
    struct trigger trigger;
    uint32_t domid;
    uint64_t first_ns; /* when the domain was first seen: with its domid, what it is known by */
    uint64_t began_ns;
    uint64_t ended_ns; /* 0 while it goes on */
};

/* Whether an operation of this kind takes longer than the limit, or took; then fills `hit`. */
bool trigger_fired(const struct trigger *trigger, const struct domain_list *domains,
                   uint64_t now_ns, struct trigger_hit *hit);

/* Fills hit->ended_ns once the operation has ended; returns whether it has. Of a domain that is not
 * listed any more, all has. */
bool trigger_ended(struct trigger_hit *hit, const struct domain_list *domains, uint64_t now_ns);

/* Whether it has gone on for so long that it is not waited for any more. */
bool trigger_overdue(const struct trigger_hit *hit, uint64_t now_ns);

/* "create of domain 5 took 12.000 s", or "takes more than" its limit. */
void trigger_text(const struct trigger_hit *hit, char *text, size_t size);

#endif
