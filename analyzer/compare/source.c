#include "analyzer/compare/source.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/store/add.h"
#include "recording/files.h"

enum { MOST_NAMED = 3 }; /* of what does not count */

static const char select_identities[] =
    "SELECT DISTINCT identity FROM recording JOIN run ON run.recording = recording.id"
    " WHERE recording.reason IS NULL AND run.reason IS NULL";

static const char select_left_out[] =
    "SELECT name, min(coalesce(recording.reason, run.reason)) FROM recording"
    " LEFT JOIN run ON run.recording = recording.id"
    " WHERE coalesce(recording.reason, run.reason) IS NOT NULL";

static bool is_recording(const char *directory, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s/" XPH_FILE_MANIFEST, directory, name);
    return access(path, F_OK) == 0;
}

static bool add_recording(struct xph_store *store, const char *path, struct xph_error *err)
{
    struct xph_store_added added;

    return xph_store_add(store, path, "", &added, err);
}

/* In the order of their names, as they usually were made. */
static bool add_directory(struct xph_store *store, const char *path, struct xph_error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, versionsort), found = 0;
    bool ok = count >= 0 || xph_fail_errno(err, errno, "cannot read %s", path);
    char name[PATH_MAX];

    for (int i = 0; i < count; i++) {
        if (ok && entries[i]->d_name[0] != '.' && is_recording(path, entries[i]->d_name)) {
            snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
            ok = add_recording(store, name, err);
            found++;
        }
        free(entries[i]);
    }
    free(entries);
    if (ok && found == 0)
        return xph_fail(err, "%s is no recording, no store, and has no recordings in it", path);
    return ok;
}

static bool add_path(struct xph_store *store, const char *path, struct xph_error *err)
{
    return is_recording(path, ".") ? add_recording(store, path, err)
                                   : add_directory(store, path, err);
}

static bool open_source(struct xph_store *store, const struct xph_source *source,
                        struct xph_error *err)
{
    struct stat status;
    bool ok;

    for (size_t i = 0; i < source->count; i++) {
        if (stat(source->paths[i], &status) != 0)
            return xph_fail_errno(err, errno, "cannot open %s", source->paths[i]);
        if (S_ISDIR(status.st_mode))
            continue;
        if (source->count > 1)
            return xph_fail(err, "%s is a file: a side is one store, or recordings",
                            source->paths[i]);
        return xph_store_open(store, source->paths[i], XPH_STORE_READ, err);
    }
    ok = xph_store_open(store, ":memory:", XPH_STORE_WRITE, err);
    if (!ok)
        return false;
    for (size_t i = 0; ok && i < source->count; i++)
        ok = add_path(store, source->paths[i], err);
    if (!ok)
        xph_store_close(store);
    return ok;
}

/* `sql`, and behind its WHERE the source's filters and `rest`. */
static sqlite3_stmt *prepare(struct xph_store *store, const struct xph_source *source,
                             const char *sql, const char *rest, struct xph_error *err)
{
    char *filters = xph_selection_sql(&source->selection), *whole = NULL;
    sqlite3_stmt *statement = NULL;

    if (!filters || asprintf(&whole, "%s%s%s", sql, filters, rest) < 0) {
        whole = NULL;
        xph_fail(err, "out of memory");
    } else {
        statement = xph_store_prepare(store, whole, err);
    }
    free(filters);
    free(whole);
    if (statement && !xph_selection_bind(&source->selection, statement, err)) {
        sqlite3_finalize(statement);
        statement = NULL;
    }
    return statement;
}

static bool read_identities(struct xph_store *store, const struct xph_source *source,
                            struct xph_compared *compared, size_t side, struct xph_error *err)
{
    sqlite3_stmt *row = prepare(store, source, select_identities, " ORDER BY identity", err);
    int step = SQLITE_DONE;
    bool ok = row != NULL;

    while (ok && (step = sqlite3_step(row)) == SQLITE_ROW) {
        size_t count = compared->identity_count[side];
        char **more = reallocarray(compared->identities[side], count + 1, sizeof(*more));

        ok = more != NULL;
        if (ok) {
            compared->identities[side] = more;
            more[count] = strdup(xph_store_text(row, 0));
            ok = more[count] != NULL;
            compared->identity_count[side] += ok;
        }
        ok = ok || xph_fail(err, "out of memory");
    }
    if (ok && step != SQLITE_DONE)
        ok = xph_store_fail(store, err);
    sqlite3_finalize(row);
    return ok;
}

static bool doubt_left_out(struct xph_store *store, const struct xph_source *source,
                           struct xph_compared *compared, size_t side, struct xph_error *err)
{
    sqlite3_stmt *row = prepare(store, source, select_left_out,
                                " GROUP BY recording.id ORDER BY recording.id", err);
    size_t count = 0;
    int step = SQLITE_DONE;

    if (!row)
        return false;
    for (; (step = sqlite3_step(row)) == SQLITE_ROW; count++) {
        if (count < MOST_NAMED)
            xph_doubt(&compared->doubts, "%c: %.100s does not count: %.100s", (int)("AB"[side]),
                      xph_store_text(row, 0), xph_store_text(row, 1));
    }
    sqlite3_finalize(row);
    if (step != SQLITE_DONE)
        return xph_store_fail(store, err);
    if (count > MOST_NAMED)
        xph_doubt(&compared->doubts, "%c: nor do %zu other recordings", (int)("AB"[side]),
                  count - MOST_NAMED);
    return true;
}

bool xph_source_read(const struct xph_source *source, struct xph_compared *compared, size_t side,
                     struct xph_error *err)
{
    struct xph_collector collector = {.compared = compared, .side = side};
    const struct xph_series_visitor visitor = xph_collector_visitor(&collector);
    struct xph_store store;
    bool ok;

    if (!open_source(&store, source, err))
        return false;
    ok = read_identities(&store, source, compared, side, err) &&
         doubt_left_out(&store, source, compared, side, err) &&
         xph_series_each(&store, &source->selection, &visitor, err);
    xph_store_close(&store);
    if (ok && compared->identity_count[side] == 0)
        return xph_fail(err, "%c has no run that counts%s", (int)("AB"[side]),
                        source->selection.count > 0
                            ? ": do its filters fit? (xenphase store export shows what there is)"
                            : " (xenphase report tells what is in a recording)");
    return ok;
}
