/*
 * Which runs of a store are meant: all to which each of several KEY=VALUE applies.
 */
#ifndef XPH_ANALYZER_STORE_SELECTION_H
#define XPH_ANALYZER_STORE_SELECTION_H

#include <stddef.h>

#include "analyzer/store/store.h"

enum { XPH_MAX_FILTERS = 16 };

struct xph_filter_key;

struct xph_filter {
    const struct xph_filter_key *key;
    const char *value;       /* the caller's */
    sqlite3_int64 low, high; /* of a number */
};

struct xph_selection {
    struct xph_filter filters[XPH_MAX_FILTERS];
    size_t count;
};

/* For help: the keys, and what their values may be. */
#define XPH_SELECTION_KEYS                                                                         \
    "kernel, xen, host, plan, emulation, name (the recording's path), command, domain, type, "     \
    "operation, ended-by, vcpus, memory (MiB), pcpus, recording (its number)"

/* Whether `text` has the form KEY=VALUE, be there such a key or not. */
bool xph_is_filter(const char *text);
/* `text`, KEY=VALUE, must outlive the selection. False if there is no such key, or its value is
 * none. */
bool xph_selection_add(struct xph_selection *selection, const char *text, struct xph_error *err);
/* Whether it says something of `column` of the store. */
bool xph_selection_has(const struct xph_selection *selection, const char *column);

/* What stands behind "WHERE ..." of a statement on the tables run and recording: "" or " AND ...";
 * the caller frees it. NULL without memory. */
char *xph_selection_sql(const struct xph_selection *selection);
/* Binds the values to that, which has the statement's only parameters. */
bool xph_selection_bind(const struct xph_selection *selection, sqlite3_stmt *statement,
                        struct xph_error *err);

#endif
