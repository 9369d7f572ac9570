/*
 * What domains are called, as xenstore tells it, and until when: a number is another domain's
 * later.
 */
#ifndef XPH_TRACER_XENSTORE_NAMES_H
#define XPH_TRACER_XENSTORE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xenstore_names {
    struct known_name *list; /* owned, `count` of them, in the order in which they were met */
    size_t count;
};

/* What the living domain `domid` is called from now on. Forgotten where memory is short; of too
 * many, the first that is gone is forgotten. */
void xenstore_names_set(struct xenstore_names *names, uint32_t domid, const char *name);

/* Its directory was gone at `tsc`. */
void xenstore_names_end(struct xenstore_names *names, uint32_t domid, uint64_t tsc);

/* What the domain was called that had `domid` at `tsc` or soon after, NULL if it is not known. */
const char *xenstore_names_find(const struct xenstore_names *names, uint32_t domid, uint64_t tsc);

void xenstore_names_free(struct xenstore_names *names);

#endif
