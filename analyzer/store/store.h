/*
 * The store: what many recordings say, as rows in a SQLite file. Its schema is described in
 * docs/format/store.md. Each recording comes in by one transaction: a program that is killed leaves
 * it there as a whole or not at all.
 */
#ifndef XPH_ANALYZER_STORE_STORE_H
#define XPH_ANALYZER_STORE_STORE_H

#include <sqlite3.h>

#include "recording/error.h"

enum { XPH_STORE_APPLICATION = 0x58504853, XPH_STORE_VERSION = 1 };

struct xph_store {
    sqlite3 *db;
    const char *path; /* the caller's */
};

enum xph_store_access { XPH_STORE_READ, XPH_STORE_WRITE /* and make it, if it is not there */ };

/* Refuses what is no store of this version. The caller closes `store`, on success only. */
bool xph_store_open(struct xph_store *store, const char *path, enum xph_store_access access,
                    struct xph_error *err);
void xph_store_close(struct xph_store *store);

/* Runs statements that take no parameters. */
bool xph_store_run(struct xph_store *store, const char *sql, struct xph_error *err);
/* NULL after filling `err`; else the caller's to finalize. */
sqlite3_stmt *xph_store_prepare(struct xph_store *store, const char *sql, struct xph_error *err);
/* A row's text, "" for NULL; valid until the next step. */
const char *xph_store_text(sqlite3_stmt *row, int column);
/* Runs a statement that gives no rows, and resets it. */
bool xph_store_step(struct xph_store *store, sqlite3_stmt *statement, struct xph_error *err);
/* Fills `err` with what SQLite says of its last failure, and what can be done; returns false. */
bool xph_store_fail(const struct xph_store *store, struct xph_error *err);

#endif
