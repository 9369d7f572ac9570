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

/* Whether an operation of this kind takes longer than the limit, or took; `what` then says which.
 */
bool trigger_fired(const struct trigger *trigger, const struct domain_list *domains,
                   uint64_t now_ns, char *what, size_t size);

#endif
