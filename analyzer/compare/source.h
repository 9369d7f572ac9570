/*
 * Where a side's runs come from: a store, or recordings, which are put into a store in memory.
 */
#ifndef XPH_ANALYZER_COMPARE_SOURCE_H
#define XPH_ANALYZER_COMPARE_SOURCE_H

#include "analyzer/compare/compare.h"

struct xph_source {
    const char *const *paths; /* one store, or recordings and directories of recordings */
    size_t count;             /* > 0 */
    struct xph_selection selection;
};

/* Adds the source's runs to `side` (0 is A, 1 is B), and as doubts what of it does not count. */
bool xph_source_read(const struct xph_source *source, struct xph_compared *compared, size_t side,
                     struct xph_error *err);

#endif
