#include "analyzer/store/add.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyzer/report/report.h"
#include "analyzer/views/terminal_text.h"

enum { IDENTITY_BYTES = 33 };

static bool bind_text(sqlite3_stmt *statement, int position, const char *text)
{
    return sqlite3_bind_text(statement, position, text ? text : "", -1, SQLITE_TRANSIENT) ==
           SQLITE_OK;
}

/* Other people's bytes, as they are shown: a store's text is UTF-8. */
static bool bind_bytes(sqlite3_stmt *statement, int position, const char *bytes)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    bool ok;

    if (!stream)
        return false;
    xph_print_text(stream, bytes ? bytes : "");
    ok = fclose(stream) == 0 && bind_text(statement, position, text);
    free(text);
    return ok;
}

static bool bind_number(sqlite3_stmt *statement, int position, uint64_t number)
{
    return sqlite3_bind_int64(statement, position, (sqlite3_int64)number) == SQLITE_OK;
}

/* What `count` texts are, one after the other, with `between` between them. */
static bool bind_list(sqlite3_stmt *statement, int position, const char *const *texts, size_t count,
                      const char *between)
{
    char *list = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&list, &size);
    bool ok;

    if (!stream)
        return false;
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%s%s", i > 0 ? between : "", texts[i]);
    ok = fclose(stream) == 0 && bind_bytes(statement, position, list);
    free(list);
    return ok;
}

static bool bind_doubts(sqlite3_stmt *statement, int position, const struct xph_doubts *doubts)
{
    const char *texts[XPH_MAX_DOUBTS];

    for (size_t i = 0; i < doubts->count; i++)
        texts[i] = doubts->text[i];
    return bind_list(statement, position, texts, doubts->count, "; ");
}

static bool bind_command(sqlite3_stmt *statement, int position, char *const *argv)
{
    size_t count = 0;

    while (argv && argv[count])
        count++;
    return bind_list(statement, position, (const char *const *)argv, count, " ");
}

/* "" is NULL. */
static bool bind_reason(sqlite3_stmt *statement, int position, const char *reason)
{
    return *reason == '\0' || bind_bytes(statement, position, reason);
}

/* No two recordings of one host begin in the same nanosecond and cycle; copies of one do, and what
 * repair changes is not in it. */
static bool identify(const struct xph_manifest *manifest, char identity[IDENTITY_BYTES],
                     struct xph_error *err)
{
    char text[512];
    XXH128_hash_t hash;

    if (manifest->recording_start.tsc == 0 || manifest->recording_start.monotonic_ns == 0)
        return xph_fail(err, "its manifest does not tell when it began, so that nobody can tell "
                             "whether it was added before");
    snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 " %.256s", manifest->recording_start.tsc,
             manifest->recording_start.monotonic_ns, manifest->hostname ? manifest->hostname : "");
    hash = XXH3_128bits(text, strlen(text));
    snprintf(identity, IDENTITY_BYTES, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
             (uint64_t)hash.low64);
    return true;
}

static bool is_damaged(const struct xph_chunk_check *check)
{
    return check->missing_bytes > 0 || check->damaged_chunks > 0;
}

/* Why the recording cannot count, whatever is in it; leaves `reason` where it can. */
static void judge_recording(const struct xph_recording *recording, char *reason)
{
    const struct xph_manifest *manifest = &recording->manifest;

    if (manifest->state != XPH_STATE_COMPLETE)
        snprintf(reason, XPH_STORE_REASON_BYTES, "incomplete: %s%s%.900s",
                 xph_recording_state_name(manifest->state), manifest->state_reason ? ", " : "",
                 manifest->state_reason ? manifest->state_reason : "");
    else if (recording->trace_check.file_bytes == 0)
        snprintf(reason, XPH_STORE_REASON_BYTES, "incomplete: it has no " XPH_FILE_TRACE);
    else if (is_damaged(&recording->trace_check) || is_damaged(&recording->samples_check) ||
             is_damaged(&recording->xenstore_check))
        snprintf(reason, XPH_STORE_REASON_BYTES, "damaged: xenphase report tells where");
    else if (manifest->command_ended && manifest->exit_status != 0)
        snprintf(reason, XPH_STORE_REASON_BYTES, "failed: the command ended with exit status %d",
                 manifest->exit_status);
}

static bool add_recording_row(struct xph_store *store, const char *identity, const char *path,
                              const char *plan, const struct xph_report *report,
                              const struct xph_store_added *added, struct xph_error *err)
{
    const struct xph_manifest *manifest = report->manifest;
    sqlite3_stmt *row = xph_store_prepare(
        store, "INSERT INTO recording VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", err);
    size_t length = strlen(path);
    char *name;
    bool ok;

    if (!row)
        return false;
    while (length > 1 && path[length - 1] == '/')
        length--;
    name = strndup(path, length);
    ok = (name && bind_text(row, 1, identity) && bind_bytes(row, 2, name) &&
          bind_bytes(row, 3, plan) && bind_reason(row, 4, added->reason) &&
          bind_doubts(row, 5, &report->doubts) && bind_command(row, 6, manifest->argv) &&
          bind_bytes(row, 7, manifest->hostname) && bind_bytes(row, 8, manifest->xen_version) &&
          bind_bytes(row, 9, manifest->dom0_kernel) && bind_number(row, 10, manifest->pcpus) &&
          bind_bytes(row, 11, manifest->emulation)) ||
         xph_fail(err, "out of memory");
    ok = ok && xph_store_step(store, row, err);
    free(name);
    sqlite3_finalize(row);
    return ok;
}

static bool add_part(struct xph_store *store, sqlite3_stmt *part, sqlite3_int64 run, size_t p,
                     const char *phase, const char *layer, uint64_t ns, struct xph_error *err)
{
    if (!bind_number(part, 1, (uint64_t)run) || !bind_number(part, 2, p) ||
        !bind_bytes(part, 3, phase) || !bind_text(part, 4, layer) || !bind_number(part, 5, ns))
        return xph_fail(err, "out of memory");
    return xph_store_step(store, part, err);
}

/* Layers, or "all" where whose the time was is not known: they add up to the phase. */
static bool add_parts(struct xph_store *store, sqlite3_int64 run,
                      const struct xph_operation *operation,
                      const struct xph_operation_budget *budget, struct xph_error *err)
{
    sqlite3_stmt *part = xph_store_prepare(store, "INSERT INTO part VALUES (?, ?, ?, ?, ?)", err);
    bool ok = part != NULL;

    for (size_t p = 0; ok && p < operation->phase_count; p++) {
        const struct xph_phase *phase = &operation->phases[p];

        if (budget->unknown)
            ok = add_part(store, part, run, p, phase->name, "all", phase->end_ns - phase->start_ns,
                          err);
        for (unsigned layer = 0; ok && !budget->unknown && layer < XPH_LAYERS; layer++)
            ok = add_part(store, part, run, p, phase->name, xph_layer_name(layer),
                          xph_budget_layer_ns(&budget->budget, &budget->path, p, layer), err);
    }
    sqlite3_finalize(part);
    return ok;
}

static const char *run_reason(const struct xph_operation *operation)
{
    if (operation->failure)
        return operation->failure;
    return operation->ended_by == XPH_END_RECORDING ? "it went on when the recording ended" : "";
}

static bool add_run(struct xph_store *store, sqlite3_int64 recording,
                    const struct xph_operation *operation,
                    const struct xph_operation_budget *budget, struct xph_error *err)
{
    const struct xph_domain_info *domain = operation->domain;
    sqlite3_stmt *row = xph_store_prepare(
        store, "INSERT INTO run VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", err);
    bool ok;

    if (!row)
        return false;
    ok = (bind_number(row, 1, (uint64_t)recording) &&
          bind_text(row, 2, xph_operation_kind_name(operation->kind)) &&
          bind_text(row, 3, xph_operation_end_name(operation->ended_by)) &&
          bind_bytes(row, 4, domain ? domain->name : "") &&
          bind_text(row, 5, domain ? domain->type : "") &&
          bind_number(row, 6, domain ? domain->vcpus : 0) &&
          bind_number(row, 7, domain ? domain->memory_kib : 0) &&
          bind_number(row, 8, !budget->unknown) &&
          (!operation->wall.known || bind_number(row, 9, operation->wall.ns)) &&
          bind_reason(row, 10, run_reason(operation))) ||
         xph_fail(err, "out of memory");
    ok = ok && xph_store_step(store, row, err);
    sqlite3_finalize(row);
    return ok && add_parts(store, sqlite3_last_insert_rowid(store->db), operation, budget, err);
}

static bool forget(struct xph_store *store, const char *identity, struct xph_error *err)
{
    static const char *const statements[] = {
        "DELETE FROM part WHERE run IN (SELECT run.id FROM run JOIN recording ON recording.id ="
        " run.recording WHERE identity = ?)",
        "DELETE FROM run WHERE recording IN (SELECT id FROM recording WHERE identity = ?)",
        "DELETE FROM recording WHERE identity = ?",
    };

    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        sqlite3_stmt *statement = xph_store_prepare(store, statements[i], err);
        bool ok = statement &&
                  (bind_text(statement, 1, identity) || xph_fail(err, "out of memory")) &&
                  xph_store_step(store, statement, err);

        sqlite3_finalize(statement);
        if (!ok)
            return false;
    }
    return true;
}

/* Whether the recording is there and counts. */
static bool counts(struct xph_store *store, const char *identity, bool *known,
                   struct xph_error *err)
{
    sqlite3_stmt *statement = xph_store_prepare(
        store, "SELECT 1 FROM recording WHERE identity = ? AND reason IS NULL", err);
    int step;

    if (!statement)
        return false;
    step = bind_text(statement, 1, identity) ? sqlite3_step(statement) : SQLITE_NOMEM;
    *known = step == SQLITE_ROW;
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        xph_store_fail(store, err);
    sqlite3_finalize(statement);
    return step == SQLITE_ROW || step == SQLITE_DONE;
}

/* The operations of a report that could not be made whole are none. */
static bool add_rows(struct xph_store *store, const char *identity, const char *path,
                     const char *plan, const struct xph_report *report, bool made,
                     const struct xph_store_added *added, struct xph_error *err)
{
    sqlite3_int64 recording;

    if (!forget(store, identity, err) ||
        !add_recording_row(store, identity, path, plan, report, added, err))
        return false;
    recording = sqlite3_last_insert_rowid(store->db);
    for (size_t i = 0; made && i < report->count; i++) {
        if (!add_run(store, recording, &report->operations[i], &report->budgets[i], err))
            return false;
    }
    return true;
}

static bool add_in_transaction(struct xph_store *store, const char *identity, const char *path,
                               const char *plan, const struct xph_report *report, bool made,
                               struct xph_store_added *added, struct xph_error *err)
{
    struct xph_error ignored;
    bool ok;

    if (!xph_store_run(store, "BEGIN IMMEDIATE", err))
        return false;
    ok = counts(store, identity, &added->known, err) &&
         (added->known || add_rows(store, identity, path, plan, report, made, added, err)) &&
         xph_store_run(store, "COMMIT", err);
    if (!ok && sqlite3_get_autocommit(store->db) == 0)
        xph_store_run(store, "ROLLBACK", &ignored);
    return ok;
}

static bool add_recording(struct xph_store *store, const char *identity, const char *path,
                          const char *plan, const struct xph_recording *recording,
                          struct xph_store_added *added, struct xph_error *err)
{
    struct xph_report report;
    struct xph_error unread = {0};
    bool made = xph_report_make(&report, recording, &unread), ok;

    judge_recording(recording, added->reason);
    if (!made && added->reason[0] == '\0')
        snprintf(added->reason, sizeof(added->reason), "it cannot be read: %s", unread.text);
    else if (report.count == 0 && added->reason[0] == '\0')
        snprintf(added->reason, sizeof(added->reason), "nothing was done to a domain in it");
    ok = add_in_transaction(store, identity, path, plan, &report, made, added, err);
    xph_report_free(&report);
    return ok;
}

bool xph_store_add(struct xph_store *store, const char *path, const char *plan,
                   struct xph_store_added *added, struct xph_error *err)
{
    struct xph_recording recording;
    char identity[IDENTITY_BYTES];
    bool ok;

    *added = (struct xph_store_added){0};
    if (!xph_recording_open(&recording, path, err))
        return false;
    /* To make a report of it takes passes over its whole trace: not of one that is there. */
    ok = identify(&recording.manifest, identity, err) &&
         counts(store, identity, &added->known, err) &&
         (added->known || add_recording(store, identity, path, plan, &recording, added, err));
    xph_recording_close(&recording);
    return ok;
}
