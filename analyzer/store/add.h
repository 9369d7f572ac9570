/*
 * Recordings into a store. A recording that cannot count (incomplete, damaged, its command failed,
 * nothing found in it) is there with its reason, and so is an operation that did not succeed.
 */
#ifndef XPH_ANALYZER_STORE_ADD_H
#define XPH_ANALYZER_STORE_ADD_H

#include "analyzer/store/store.h"

enum { XPH_STORE_REASON_BYTES = 1200 };

struct xph_store_added {
    bool known;                          /* it was there already: nothing was changed */
    char reason[XPH_STORE_REASON_BYTES]; /* why it does not count; "" if it does */
};

/* `plan` is what the runs belong to, "" for nothing. A recording that was there and could not count
 * is read again, as xenphase repair may have mended it. False where it cannot be told which
 * recording it is, or the store fails; then the store is as before. */
bool xph_store_add(struct xph_store *store, const char *path, const char *plan,
                   struct xph_store_added *added, struct xph_error *err);

#endif
