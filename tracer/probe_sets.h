/*
 * The sets of dom0 kernel events, as built into the program from probes/dom0/NAME.probes.
 */
#ifndef XPH_TRACER_PROBE_SETS_H
#define XPH_TRACER_PROBE_SETS_H

#include <stddef.h>

struct probe_set {
    const char *name;
    const char *summary; /* the file's first line, a comment */
    const char *text;    /* the whole file; what its lines mean: probes/README.md */
};

const struct probe_set *probe_sets(size_t *count);

/* NULL if no set has the name of `length` bytes. */
const struct probe_set *probe_set_find(const char *name, size_t length);

#endif
