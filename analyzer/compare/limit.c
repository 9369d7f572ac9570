#include "analyzer/compare/limit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const operations[] = {"create", "destroy", "save", "restore", "migrate"};

static const struct {
    const char *name;
    double factor;
    bool is_ratio;
} units[] = {{"%", 0.01, true}, {"ms", 1e6, false}, {"s", 1e9, false}};

static bool parse_value(const char *text, struct xph_limit *limit)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || !isfinite(value))
        return false;
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(end, units[i].name) == 0) {
            limit->most = value * units[i].factor;
            limit->is_ratio = units[i].is_ratio;
            return true;
        }
    }
    return false;
}

bool xph_limit_parse(const char *text, struct xph_limit *limit, struct xph_error *err)
{
    const char *value = strrchr(text, '>'), *phase = text;
    enum xph_limit_by by = limit->by;

    *limit = (struct xph_limit){.text = text, .by = by};
    if (!value || value == text || !parse_value(value + 1, limit))
        return xph_fail(err,
                        "--fail-if wants [OPERATION.]PHASE>NUMBER with %%, ms or s, as "
                        "'create.total>5%%', not '%s'",
                        text);
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        size_t length = strlen(operations[i]);

        if (strncmp(text, operations[i], length) == 0 && text[length] == '.') {
            limit->operation = text;
            limit->operation_length = length;
            phase = text + length + 1;
        }
    }
    while (value > phase && value[-1] == ' ')
        value--;
    limit->phase = phase;
    limit->phase_length = (size_t)(value - phase);
    if (limit->phase_length == strlen("total") && strncmp(phase, "total", 5) == 0)
        limit->phase_length = 0;
    else if (limit->phase_length == 0)
        return xph_fail(err, "--fail-if '%s': of which phase? (the whole is total)", text);
    return true;
}

static bool is_named(const char *name, const char *text, size_t length)
{
    return strlen(name) == length && strncmp(name, text, length) == 0;
}

static bool is_about(const struct xph_limit *limit, const struct xph_compared_group *group)
{
    if (!xph_group_is_compared(group))
        return false;
    return !limit->operation || is_named(group->facts[XPH_FACT_OPERATION].values[0].text,
                                         limit->operation, limit->operation_length);
}

static const struct xph_compared_series *find_series(const struct xph_limit *limit,
                                                     const struct xph_compared_group *group)
{
    for (size_t i = 0; i < group->series_count; i++) {
        if (*group->series[i].layer == '\0' &&
            is_named(group->series[i].phase, limit->phase, limit->phase_length))
            return &group->series[i];
    }
    return NULL;
}

/* What grew from nothing grew by more than any part of it. */
static void check_value(struct xph_limit_result *result, const struct xph_comparison *comparison)
{
    const struct xph_limit *limit = result->limit;
    bool estimate = limit->by == XPH_LIMIT_BY_ESTIMATE;
    double ns = estimate ? comparison->difference : comparison->interval.low;

    result->has_value = !limit->is_ratio || comparison->has_ratio;
    result->value = ns;
    if (limit->is_ratio)
        result->value = estimate ? comparison->ratio : comparison->ratio_interval.low;
    result->exceeded = result->has_value ? result->value > limit->most : ns > 0;
}

static bool check_limit(const struct xph_limit *limit, const struct xph_compared *compared,
                        struct xph_limit_results *results, struct xph_error *err)
{
    size_t before = results->count;

    for (size_t g = 0; g < compared->count; g++) {
        const struct xph_compared_group *group = &compared->groups[g];
        struct xph_limit_result *result = &results->results[results->count];
        const struct xph_compared_series *series =
            is_about(limit, group) ? find_series(limit, group) : NULL;

        if (!series)
            continue;
        if (!series->comparison.has_interval && limit->by == XPH_LIMIT_BY_INTERVAL)
            return xph_fail(err,
                            "--fail-if '%s': one run has no interval: make more, or take "
                            "--fail-by estimate",
                            limit->text);
        *result = (struct xph_limit_result){.limit = limit, .group = group};
        check_value(result, &series->comparison);
        results->exceeded = results->exceeded || result->exceeded;
        results->count++;
    }
    return results->count > before ||
           xph_fail(err, "--fail-if '%s': A and B have no such operation or phase to compare",
                    limit->text);
}

bool xph_limits_check(const struct xph_limit *limits, size_t count,
                      const struct xph_compared *compared, struct xph_limit_results *results,
                      struct xph_error *err)
{
    bool ok;

    *results = (struct xph_limit_results){
        .results = calloc(count * compared->count + 1, sizeof(*results->results))};
    ok = results->results != NULL || xph_fail(err, "out of memory");
    for (size_t i = 0; ok && i < count; i++)
        ok = check_limit(&limits[i], compared, results, err);
    return ok;
}
