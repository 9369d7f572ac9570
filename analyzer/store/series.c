#include "analyzer/store/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Only like is put with like; operations whose time is divided by layers have other phases than
 * those for which dom0's kernel events are missing. */
#define GROUP_COLUMNS                                                                              \
    "operation, ended_by, domain_type, host, xen, kernel, emulation, plan, vcpus, memory_kib,"     \
    " layered, pcpus"

static const char select_members[] =
    "CREATE TEMP TABLE member AS SELECT run.id AS run, recording.id AS recording, doubts, "
    "dense_rank() OVER (ORDER BY " GROUP_COLUMNS ") AS number, " GROUP_COLUMNS
    " FROM run JOIN recording ON recording.id = run.recording"
    " WHERE run.reason IS NULL AND recording.reason IS NULL";

static const char index_members[] = "CREATE INDEX temp.member_number ON member(number)";

static const char select_groups[] =
    "SELECT number, " GROUP_COLUMNS ", count(*), count(DISTINCT recording),"
    " count(DISTINCT CASE WHEN doubts <> '' THEN recording END)"
    " FROM member GROUP BY number ORDER BY number";

static const char select_recordings[] = "SELECT recording, count(*) FROM member WHERE number = ?"
                                        " GROUP BY recording ORDER BY recording";

static const char select_values[] =
    "WITH value AS (SELECT recording, position, phase, layer, ns FROM member JOIN part"
    " ON part.run = member.run WHERE number = ?1),"
    " place AS (SELECT phase, avg(position) AS at FROM value GROUP BY phase)"
    " SELECT '' AS phase, '' AS layer, recording, total(ns), -1 AS at FROM value GROUP BY recording"
    " UNION ALL SELECT value.phase, '', recording, total(ns), at FROM value JOIN place"
    " ON place.phase = value.phase GROUP BY value.phase, recording"
    " UNION ALL SELECT value.phase, layer, recording, total(ns), at FROM value JOIN place"
    " ON place.phase = value.phase WHERE layer <> 'all' GROUP BY value.phase, layer, recording"
    " ORDER BY at, phase, layer, recording";

struct walk {
    struct xph_store *store;
    const struct xph_series_visitor *visitor;
    struct xph_error *err;
};

static bool ended(const struct walk *walk, int step)
{
    return step == SQLITE_DONE || xph_store_fail(walk->store, walk->err);
}

static sqlite3_stmt *prepare_for(const struct walk *walk, const char *sql, sqlite3_int64 number)
{
    sqlite3_stmt *statement = xph_store_prepare(walk->store, sql, walk->err);

    if (statement)
        sqlite3_bind_int64(statement, 1, number);
    return statement;
}

static bool read_recordings(const struct walk *walk, struct xph_series_group *group)
{
    sqlite3_stmt *row = prepare_for(walk, select_recordings, group->number);
    size_t i = 0;
    int step = SQLITE_DONE;

    if (!row)
        return false;
    while (i < group->count && (step = sqlite3_step(row)) == SQLITE_ROW) {
        group->recordings[i] = sqlite3_column_int64(row, 0);
        group->in_recording[i++] = (size_t)sqlite3_column_int64(row, 1);
    }
    if (step == SQLITE_ROW)
        step = SQLITE_DONE;
    sqlite3_finalize(row);
    return ended(walk, step);
}

/* A series is the rows that follow each other with the same phase and layer. */
static bool visit_series(const struct walk *walk, const struct xph_series_group *group,
                         sqlite3_stmt *row, struct xph_series *series, int *step)
{
    char *phase = strdup(xph_store_text(row, 0)), *layer = strdup(xph_store_text(row, 1));
    bool ok = (phase && layer) || xph_fail(walk->err, "out of memory");
    size_t i = 0;

    memset(series->values, 0, group->count * sizeof(*series->values));
    series->absent = group->count;
    while (ok && *step == SQLITE_ROW && strcmp(phase, xph_store_text(row, 0)) == 0 &&
           strcmp(layer, xph_store_text(row, 1)) == 0) {
        /* Both are in the order of recordings. */
        while (i < group->count && group->recordings[i] != sqlite3_column_int64(row, 2))
            i++;
        if (i == group->count || !isfinite(sqlite3_column_double(row, 3))) {
            ok = xph_fail(walk->err, "%s is damaged: make a new one from the recordings",
                          walk->store->path);
            break;
        }
        series->values[i] = sqlite3_column_double(row, 3) / (double)group->in_recording[i];
        series->absent--;
        *step = sqlite3_step(row);
    }
    series->phase = phase;
    series->layer = layer;
    ok = ok && walk->visitor->series(walk->visitor->context, group, series, walk->err);
    free(phase);
    free(layer);
    return ok;
}

static bool visit_all_series(const struct walk *walk, const struct xph_series_group *group)
{
    struct xph_series series = {.values = calloc(group->count, sizeof(*series.values))};
    sqlite3_stmt *row = prepare_for(walk, select_values, group->number);
    bool ok = row && (series.values || xph_fail(walk->err, "out of memory"));
    int step = ok ? sqlite3_step(row) : SQLITE_DONE;

    while (ok && step == SQLITE_ROW)
        ok = visit_series(walk, group, row, &series, &step);
    ok = ok && ended(walk, step);
    sqlite3_finalize(row);
    free(series.values);
    return ok;
}

static bool visit_group(const struct walk *walk, sqlite3_stmt *row)
{
    struct xph_series_group group = {
        .number = sqlite3_column_int64(row, 0),
        .operation = xph_store_text(row, 1),
        .ended_by = xph_store_text(row, 2),
        .domain_type = xph_store_text(row, 3),
        .host = xph_store_text(row, 4),
        .xen = xph_store_text(row, 5),
        .kernel = xph_store_text(row, 6),
        .emulation = xph_store_text(row, 7),
        .plan = xph_store_text(row, 8),
        .vcpus = sqlite3_column_int64(row, 9),
        .memory_kib = sqlite3_column_int64(row, 10),
        .layered = sqlite3_column_int64(row, 11) != 0,
        .pcpus = sqlite3_column_int64(row, 12),
        .operations = (size_t)sqlite3_column_int64(row, 13),
        .count = (size_t)sqlite3_column_int64(row, 14),
        .doubtful = (size_t)sqlite3_column_int64(row, 15),
    };
    bool ok;

    group.recordings = calloc(group.count, sizeof(*group.recordings));
    group.in_recording = calloc(group.count, sizeof(*group.in_recording));
    ok = (group.recordings && group.in_recording) || xph_fail(walk->err, "out of memory");
    ok = ok && read_recordings(walk, &group) &&
         walk->visitor->group(walk->visitor->context, &group, walk->err) &&
         visit_all_series(walk, &group);
    free(group.recordings);
    free(group.in_recording);
    return ok;
}

static bool make_members(struct xph_store *store, const struct xph_selection *selection,
                         struct xph_error *err)
{
    char *filters = xph_selection_sql(selection), *sql = NULL;
    sqlite3_stmt *statement;
    bool ok;

    if (!filters || asprintf(&sql, "%s%s", select_members, filters) < 0) {
        free(filters);
        return xph_fail(err, "out of memory");
    }
    statement = xph_store_prepare(store, sql, err);
    ok = statement && xph_selection_bind(selection, statement, err) &&
         xph_store_step(store, statement, err);
    sqlite3_finalize(statement);
    free(filters);
    free(sql);
    return ok && xph_store_run(store, index_members, err);
}

bool xph_series_each(struct xph_store *store, const struct xph_selection *selection,
                     const struct xph_series_visitor *visitor, struct xph_error *err)
{
    const struct walk walk = {store, visitor, err};
    sqlite3_stmt *row;
    bool ok = true;
    int step = SQLITE_DONE;

    if (!make_members(store, selection, err))
        return false;
    row = xph_store_prepare(store, select_groups, err);
    if (!row)
        return false;
    while (ok && (step = sqlite3_step(row)) == SQLITE_ROW)
        ok = visit_group(&walk, row);
    ok = ok && ended(&walk, step);
    sqlite3_finalize(row);
    return ok;
}
