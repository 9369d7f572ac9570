/*
 * Named sets of Xen trace events. Xen's mask selects classes and subclasses as a cross product
 * (Xen: common/trace.c).
 */
#ifndef XPH_TRACER_EVENT_SETS_H
#define XPH_TRACER_EVENT_SETS_H

#include <stddef.h>
#include <stdint.h>

struct event_set {
    const char *name;
    uint32_t mask;
    unsigned buffer_percent; /* of the room that `all` needs, by what a busy host writes */
    const char *summary;
};

/* The table, its length in *count. The first one is the default. */
const struct event_set *event_sets(size_t *count);

/* NULL if there is no set of that name. */
const struct event_set *event_set_find(const char *name);

#endif
