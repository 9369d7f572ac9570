#include "tracer/event_sets.h"

#include <string.h>
#include <xen/trace.h>

enum {
    ANY_SUBCLASS = 0xf << TRC_SUBCLS_SHIFT,
    SUBCLASS_1 = 1 << TRC_SUBCLS_SHIFT,
    SUBCLASS_2 = 2 << TRC_SUBCLS_SHIFT,
    SUBCLASS_8 = 8 << TRC_SUBCLS_SHIFT,
};

#define MASK(classes, subclasses) (((classes) & ~(uint32_t)ANY_SUBCLASS) | (subclasses))
#define SCHEDULING                (TRC_GEN | TRC_SCHED | TRC_DOM0OP)

/*
 * Of the bytes that `all` writes while guests come, go and migrate, 35 % are hypercalls and faults,
 * 30 % VM exits, 30 % the scheduler's, two thirds of these its own decisions. On the path of a
 * creation it is the hypercalls and faults of dom0 itself that cost (docs/overhead.md), and the
 * phases do not need them: what the toolstack asks of Xen is told by dom0's kernel.
 */
static const struct event_set sets[] = {
    {"lifecycle", MASK(SCHEDULING, SUBCLASS_1 | SUBCLASS_8), 10,
     "run states, wake-ups, domains: what phases need, and the cheapest"},
    {"sched", MASK(SCHEDULING, SUBCLASS_1 | SUBCLASS_2 | SUBCLASS_8), 30,
     "lifecycle, and the decisions of Xen's scheduler"},
    {"hypercalls", MASK(SCHEDULING | TRC_PV, SUBCLASS_1 | SUBCLASS_8), 50,
     "lifecycle, and each hypercall and fault of PV guests and dom0"},
    {"boot", MASK(SCHEDULING | TRC_PV | TRC_HVM | TRC_GUEST, SUBCLASS_1 | SUBCLASS_2 | SUBCLASS_8),
     100, "hypercalls, and every VM exit of HVM and PVH guests with its cause"},
    {"all", TRC_ALL, 100, "everything that Xen can trace"},
    {"off", 0, 0, "nothing: no trace, so no report"},
};

const struct event_set *event_sets(size_t *count)
{
    *count = sizeof(sets) / sizeof(sets[0]);
    return sets;
}

const struct event_set *event_set_find(const char *name)
{
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        if (strcmp(sets[i].name, name) == 0)
            return &sets[i];
    }
    return NULL;
}
