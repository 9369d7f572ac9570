#include "analyzer/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { BUSY_MS = 10000 };

static const char schema[] =
    "CREATE TABLE recording (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE,"
    " name TEXT NOT NULL, plan TEXT NOT NULL, reason TEXT, doubts TEXT NOT NULL,"
    " command TEXT NOT NULL, host TEXT NOT NULL, xen TEXT NOT NULL, kernel TEXT NOT NULL,"
    " pcpus INTEGER NOT NULL, emulation TEXT NOT NULL);"
    "CREATE TABLE run (id INTEGER PRIMARY KEY, recording INTEGER NOT NULL REFERENCES recording(id),"
    " operation TEXT NOT NULL, ended_by TEXT NOT NULL, domain TEXT NOT NULL,"
    " domain_type TEXT NOT NULL, vcpus INTEGER NOT NULL, memory_kib INTEGER NOT NULL,"
    " layered INTEGER NOT NULL, wall_ns INTEGER, reason TEXT);"
    "CREATE TABLE part (run INTEGER NOT NULL REFERENCES run(id), position INTEGER NOT NULL,"
    " phase TEXT NOT NULL, layer TEXT NOT NULL, ns INTEGER NOT NULL,"
    " PRIMARY KEY (run, position, layer)) WITHOUT ROWID;"
    "CREATE VIEW rows AS SELECT recording.id AS recording, name, plan,"
    " recording.reason AS recording_reason, run.id AS run, run.reason AS run_reason,"
    " host, xen, kernel, pcpus, emulation, operation, ended_by, domain, domain_type, vcpus,"
    " memory_kib, layered, position, phase, layer, ns"
    " FROM part JOIN run ON run.id = part.run JOIN recording ON recording.id = run.recording;";

bool xph_store_fail(const struct xph_store *store, struct xph_error *err)
{
    static const struct {
        int code;
        const char *remedy;
    } remedies[] = {
        {SQLITE_FULL, "make room on its disk; what was added before is kept"},
        {SQLITE_IOERR, "is its disk full or broken? What was added before is kept"},
        {SQLITE_BUSY, "another program is writing to it: try again"},
        {SQLITE_READONLY, "its file and directory must be writable, for its journal"},
        {SQLITE_CANTOPEN, "is there such a directory, and may you write to it?"},
        {SQLITE_NOTADB, "it is not a store: give the name of one, or of a file that is not there"},
        {SQLITE_CORRUPT, "it is damaged: make a new one from the recordings"},
        {SQLITE_CONSTRAINT, "it is damaged: make a new one from the recordings"},
    };
    const char *remedy = "make a new one from the recordings";

    for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
        if (remedies[i].code == (sqlite3_errcode(store->db) & 0xff))
            remedy = remedies[i].remedy;
    }
    return xph_fail(err, "%s: %s (%s)", store->path, sqlite3_errmsg(store->db), remedy);
}

bool xph_store_run(struct xph_store *store, const char *sql, struct xph_error *err)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
           xph_store_fail(store, err);
}

sqlite3_stmt *xph_store_prepare(struct xph_store *store, const char *sql, struct xph_error *err)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
        xph_store_fail(store, err);
    return statement;
}

const char *xph_store_text(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);

    return text ? text : "";
}

bool xph_store_step(struct xph_store *store, sqlite3_stmt *statement, struct xph_error *err)
{
    bool ok = sqlite3_step(statement) == SQLITE_DONE || xph_store_fail(store, err);

    sqlite3_reset(statement);
    return ok;
}

static bool read_number(struct xph_store *store, const char *sql, int *number,
                        struct xph_error *err)
{
    sqlite3_stmt *statement = xph_store_prepare(store, sql, err);
    bool ok;

    if (!statement)
        return false;
    ok = sqlite3_step(statement) == SQLITE_ROW || xph_store_fail(store, err);
    *number = ok ? sqlite3_column_int(statement, 0) : 0;
    sqlite3_finalize(statement);
    return ok;
}

/* A store that was cut gives what is left of it as if it were all. */
static bool check_intact(struct xph_store *store, struct xph_error *err)
{
    sqlite3_stmt *statement = xph_store_prepare(store, "PRAGMA quick_check(1)", err);
    const char *found;
    bool ok;

    if (!statement)
        return false;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        found = (const char *)sqlite3_column_text(statement, 0);
        ok = (found && strcmp(found, "ok") == 0) ||
             xph_fail(err, "%s is damaged: %.200s (make a new one from the recordings)",
                      store->path, found ? found : "?");
    } else {
        ok = xph_store_fail(store, err);
    }
    sqlite3_finalize(statement);
    return ok;
}

static bool make_schema(struct xph_store *store, struct xph_error *err)
{
    char marks[96];

    snprintf(marks, sizeof(marks), "PRAGMA application_id = %d; PRAGMA user_version = %d",
             XPH_STORE_APPLICATION, XPH_STORE_VERSION);
    return xph_store_run(store, schema, err) && xph_store_run(store, marks, err);
}

/* In a transaction: of two programs that make it at the same time one finds the other's. */
static bool check_schema(struct xph_store *store, enum xph_store_access access,
                         struct xph_error *err)
{
    int application, version, tables;

    if (!read_number(store, "PRAGMA application_id", &application, err) ||
        !read_number(store, "PRAGMA user_version", &version, err) ||
        !read_number(store, "SELECT count(*) FROM sqlite_master", &tables, err))
        return false;
    if (access == XPH_STORE_WRITE && tables == 0 && application == 0)
        return make_schema(store, err);
    if (application != XPH_STORE_APPLICATION)
        return xph_fail(err, "%s is a database, but not a store of xenphase: give another name",
                        store->path);
    if (version != XPH_STORE_VERSION)
        return xph_fail(err,
                        "%s has version %d of the schema, this xenphase knows version %d: use a "
                        "newer xenphase, or make a new store from the recordings",
                        store->path, version, XPH_STORE_VERSION);
    return check_intact(store, err);
}

bool xph_store_open(struct xph_store *store, const char *path, enum xph_store_access access,
                    struct xph_error *err)
{
    int flags = access == XPH_STORE_READ ? SQLITE_OPEN_READONLY
                                         : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    struct stat status;

    *store = (struct xph_store){.path = path};
    if (access == XPH_STORE_READ && stat(path, &status) != 0)
        return xph_fail_errno(err, errno, "cannot open the store %s (store add makes one)", path);
    if ((sqlite3_open_v2(path, &store->db, flags, NULL) == SQLITE_OK ||
         xph_store_fail(store, err)) &&
        sqlite3_busy_timeout(store->db, BUSY_MS) == SQLITE_OK &&
        xph_store_run(store, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", err) &&
        xph_store_run(store, access == XPH_STORE_READ ? "BEGIN" : "BEGIN IMMEDIATE", err) &&
        check_schema(store, access, err) && xph_store_run(store, "COMMIT", err))
        return true;
    xph_store_close(store);
    return false;
}

void xph_store_close(struct xph_store *store)
{
    sqlite3_close(store->db);
    store->db = NULL;
}
