#include "tracer/probe_sets.h"

#include <string.h>

static const struct probe_set sets[] = {
/* Made by the Makefile: one initializer for each file. */
#include "probe_sets.inc"
};

const struct probe_set *probe_sets(size_t *count)
{
    *count = sizeof(sets) / sizeof(sets[0]);
    return sets;
}

const struct probe_set *probe_set_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        if (strlen(sets[i].name) == length && memcmp(sets[i].name, name, length) == 0)
            return &sets[i];
    }
    return NULL;
}
