#include "analyzer/views/store_rows.h"

#include "analyzer/views/json_text.h"
#include "analyzer/views/terminal_text.h"

enum { KERNEL_WIDTH = 18, PLAN_WIDTH = 12 };

static const char all_rows[] = "SELECT * FROM rows ORDER BY recording, run, position, layer";

typedef bool print_row(FILE *out, sqlite3_stmt *row, size_t number);

/* Each row of `sql` by `print`. */
static bool print_rows(FILE *out, struct xph_store *store, const char *sql, print_row *print,
                       struct xph_error *err)
{
    sqlite3_stmt *row = xph_store_prepare(store, sql, err);
    bool ok = row != NULL;
    int step = SQLITE_DONE;

    for (size_t i = 0; ok && (step = sqlite3_step(row)) == SQLITE_ROW; i++)
        ok = print(out, row, i) || xph_fail(err, "out of memory");
    if (ok && step != SQLITE_DONE)
        ok = xph_store_fail(store, err);
    sqlite3_finalize(row);
    return ok;
}

static bool list_row(FILE *out, sqlite3_stmt *row, size_t number)
{
    const char *reason = xph_store_text(row, 5);

    if (number == 0)
        fprintf(out, "%6s %5s %-*s %-*s %s\n", "number", "runs", PLAN_WIDTH, "plan", KERNEL_WIDTH,
                "kernel", "recording");
    fprintf(out, "%6lld %5lld ", (long long)sqlite3_column_int64(row, 0),
            (long long)sqlite3_column_int64(row, 1));
    xph_print_padded_text(out, xph_store_text(row, 2), PLAN_WIDTH);
    fputc(' ', out);
    xph_print_padded_text(out, xph_store_text(row, 3), KERNEL_WIDTH);
    fputc(' ', out);
    xph_print_text(out, xph_store_text(row, 4));
    if (*reason != '\0') {
        fputs("  does not count: ", out);
        xph_print_text(out, reason);
    }
    fputc('\n', out);
    return true;
}

bool xph_store_list_text(FILE *out, struct xph_store *store, struct xph_error *err)
{
    return print_rows(
        out, store,
        "SELECT id, (SELECT count(*) FROM run WHERE run.recording = recording.id AND "
        "run.reason IS NULL AND recording.reason IS NULL), plan, kernel, name, reason "
        "FROM recording ORDER BY id",
        list_row, err);
}

/* RFC 4180: quoted, with quotes doubled. A spreadsheet may take what begins with one of these for a
 * formula. */
static void print_csv_text(FILE *out, const char *text)
{
    fputc('"', out);
    if (*text == '=' || *text == '+' || *text == '-' || *text == '@')
        fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', out);
        xph_print_bytes(out, text, 1);
    }
    fputc('"', out);
}

static bool csv_row(FILE *out, sqlite3_stmt *row, size_t number)
{
    int columns = sqlite3_column_count(row);

    for (int i = 0; number == 0 && i < columns; i++)
        fprintf(out, "%s%s", sqlite3_column_name(row, i), i + 1 < columns ? "," : "\r\n");
    for (int i = 0; i < columns; i++) {
        if (sqlite3_column_type(row, i) == SQLITE_INTEGER)
            fprintf(out, "%lld", (long long)sqlite3_column_int64(row, i));
        else if (sqlite3_column_type(row, i) != SQLITE_NULL)
            print_csv_text(out, xph_store_text(row, i));
        fputs(i + 1 < columns ? "," : "\r\n", out);
    }
    return true;
}

bool xph_store_rows_csv(FILE *out, struct xph_store *store, struct xph_error *err)
{
    return print_rows(out, store, all_rows, csv_row, err);
}

static json_t *value_of(sqlite3_stmt *row, int column)
{
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL:
        return json_null();
    case SQLITE_INTEGER:
        return json_integer(sqlite3_column_int64(row, column));
    default:
        return xph_escaped_text(xph_store_text(row, column));
    }
}

static bool json_row(FILE *out, sqlite3_stmt *row, size_t number)
{
    json_t *object = json_object();
    bool ok = object != NULL;

    for (int i = 0; ok && i < sqlite3_column_count(row); i++)
        ok = json_object_set_new(object, sqlite3_column_name(row, i), value_of(row, i)) == 0;
    if (ok) {
        fputs(number > 0 ? ",\n" : "\n", out);
        json_dumpf(object, out, JSON_COMPACT | JSON_ENSURE_ASCII);
    }
    json_decref(object);
    return ok;
}

bool xph_store_rows_json(FILE *out, struct xph_store *store, struct xph_error *err)
{
    bool ok;

    fprintf(out, "{\"format\": \"xenphase store\", \"version\": %d, \"rows\": [",
            XPH_STORE_VERSION);
    ok = print_rows(out, store, all_rows, json_row, err);
    fputs("\n]}\n", out);
    return ok;
}
