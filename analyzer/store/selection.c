#include "analyzer/store/selection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    KIND_TEXT,    /* the whole, as the shell matches names of files */
    KIND_VERSION, /* ... or a beginning of it: 6.1 is 6.1.0-56 and not 6.12 */
    KIND_NUMBER,  /* N or N-M */
};

struct xph_filter_key {
    const char *name;
    const char *column;
    enum kind kind;
    const char *divisor; /* of a number, "" for none */
};

static const struct xph_filter_key keys[] = {
    {"kernel", "kernel", KIND_VERSION, ""},
    {"xen", "xen", KIND_VERSION, ""},
    {"host", "host", KIND_TEXT, ""},
    {"plan", "plan", KIND_TEXT, ""},
    {"emulation", "emulation", KIND_TEXT, ""},
    {"name", "name", KIND_TEXT, ""},
    {"command", "command", KIND_TEXT, ""},
    {"domain", "domain", KIND_TEXT, ""},
    {"type", "domain_type", KIND_TEXT, ""},
    {"operation", "operation", KIND_TEXT, ""},
    {"ended-by", "ended_by", KIND_TEXT, ""},
    {"vcpus", "vcpus", KIND_NUMBER, ""},
    {"memory", "memory_kib", KIND_NUMBER, " / 1024"},
    {"pcpus", "pcpus", KIND_NUMBER, ""},
    {"recording", "recording.id", KIND_NUMBER, ""},
};

enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static size_t key_length(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyz-_");
}

bool xph_is_filter(const char *text)
{
    return key_length(text) > 0 && text[key_length(text)] == '=';
}

static const struct xph_filter_key *find_key(const char *text)
{
    size_t length = key_length(text);

    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strlen(keys[i].name) == length && strncmp(keys[i].name, text, length) == 0)
            return &keys[i];
    }
    return NULL;
}

/* "N" or "N-M". */
static bool parse_range(struct xph_filter *filter)
{
    char *end;

    errno = 0;
    filter->low = filter->high = strtoll(filter->value, &end, 10);
    if (*end == '-' && end[1] >= '0' && end[1] <= '9')
        filter->high = strtoll(end + 1, &end, 10);
    return errno == 0 && *filter->value >= '0' && *filter->value <= '9' && *end == '\0' &&
           filter->low <= filter->high;
}

bool xph_selection_add(struct xph_selection *selection, const char *text, struct xph_error *err)
{
    struct xph_filter filter = {.key = find_key(text), .value = text + key_length(text) + 1};

    if (!filter.key)
        return xph_fail(err, "no such key: '%s' (there are " XPH_SELECTION_KEYS ")", text);
    if (selection->count == XPH_MAX_FILTERS)
        return xph_fail(err, "more than %d filters: fewer must do", XPH_MAX_FILTERS);
    if (filter.key->kind == KIND_NUMBER && !parse_range(&filter))
        return xph_fail(err, "%s wants a number N or N-M, not '%s'", filter.key->name,
                        filter.value);
    selection->filters[selection->count++] = filter;
    return true;
}

bool xph_selection_has(const struct xph_selection *selection, const char *column)
{
    for (size_t i = 0; i < selection->count; i++) {
        if (strcmp(selection->filters[i].key->column, column) == 0)
            return true;
    }
    return false;
}

char *xph_selection_sql(const struct xph_selection *selection)
{
    char *sql = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&sql, &size);

    if (!stream)
        return NULL;
    for (size_t i = 0; i < selection->count; i++) {
        const struct xph_filter_key *key = selection->filters[i].key;

        if (key->kind == KIND_NUMBER)
            fprintf(stream, " AND %s%s BETWEEN ? AND ?", key->column, key->divisor);
        else if (key->kind == KIND_VERSION)
            fprintf(stream, " AND (%s GLOB ? OR %s GLOB ? || '[^0-9A-Za-z]*')", key->column,
                    key->column);
        else
            fprintf(stream, " AND %s GLOB ?", key->column);
    }
    if (fclose(stream) == 0)
        return sql;
    free(sql);
    return NULL;
}

static bool bind_text(sqlite3_stmt *statement, int position, const char *text)
{
    return sqlite3_bind_text(statement, position, text, -1, SQLITE_STATIC) == SQLITE_OK;
}

bool xph_selection_bind(const struct xph_selection *selection, sqlite3_stmt *statement,
                        struct xph_error *err)
{
    int position = 1;
    bool ok = true;

    for (size_t i = 0; ok && i < selection->count; i++) {
        const struct xph_filter *filter = &selection->filters[i];

        if (filter->key->kind == KIND_NUMBER) {
            ok = sqlite3_bind_int64(statement, position++, filter->low) == SQLITE_OK &&
                 sqlite3_bind_int64(statement, position++, filter->high) == SQLITE_OK;
        } else {
            ok = bind_text(statement, position++, filter->value) &&
                 (filter->key->kind != KIND_VERSION ||
                  bind_text(statement, position++, filter->value));
        }
    }
    return ok || xph_fail(err, "out of memory");
}
