/*
 * The runs of a store in groups of like ones, and of each group its series: one value a recording,
 * which is what was run again, for the whole, each phase, and each layer in it.
 */
#ifndef XPH_ANALYZER_STORE_SERIES_H
#define XPH_ANALYZER_STORE_SERIES_H

#include <stddef.h>

#include "analyzer/store/selection.h"
#include "analyzer/store/store.h"

struct xph_series_group {
    sqlite3_int64 number;
    /* What all of its runs have in common; valid until xph_series_each() goes on. */
    const char *operation, *ended_by, *domain_type, *host, *xen, *kernel, *emulation, *plan;
    sqlite3_int64 vcpus, memory_kib, pcpus;
    bool layered;              /* whose the time was is known */
    size_t operations;         /* of all its recordings */
    size_t doubtful;           /* recordings that can be doubted */
    size_t count;              /* recordings */
    sqlite3_int64 *recordings; /* their numbers, in the order they were added */
    size_t *in_recording;      /* how many operations each has */
};

struct xph_series {
    const char *phase; /* "" for the whole */
    const char *layer; /* "" for the whole phase */
    size_t absent;     /* recordings in which there is no such phase: it took no time there */
    double *values;    /* ns, the group's `count` of them; where a recording has several operations,
                          their mean */
};

struct xph_series_visitor {
    bool (*group)(void *context, const struct xph_series_group *group, struct xph_error *err);
    bool (*series)(void *context, const struct xph_series_group *group,
                   const struct xph_series *series, struct xph_error *err);
    void *context;
};

/* Visits each group of the runs that are selected, and then its series: the whole first, then by
 * phase in their order. What does not count is left out. Once for each time that the store is open.
 */
bool xph_series_each(struct xph_store *store, const struct xph_selection *selection,
                     const struct xph_series_visitor *visitor, struct xph_error *err);

#endif
