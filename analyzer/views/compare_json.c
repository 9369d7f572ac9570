#include "analyzer/views/compare.h"
#include "analyzer/views/json_text.h"

enum { COMPARE_VERSION = 1 };

json_t *xph_compare_facts_json(const struct xph_compared_group *group)
{
    json_t *facts = json_object();

    for (size_t i = 0; i < XPH_FACTS; i++) {
        const struct xph_compared_fact *fact = &group->facts[i];
        json_t *values = json_array();

        for (size_t v = 0; v < fact->count; v++)
            json_array_append_new(values, json_pack("{s:o, s:I, s:I}", "value",
                                                    xph_escaped_text(fact->values[v].text), "a",
                                                    (json_int_t)fact->values[v].runs[0], "b",
                                                    (json_int_t)fact->values[v].runs[1]));
        json_object_set_new(
            facts, xph_fact_names[i],
            json_pack("{s:b, s:o}", "differs", (int)xph_fact_differs(fact), "values", values));
    }
    return facts;
}

static json_t *interval_json(bool known, const struct xph_interval *interval)
{
    return known ? json_pack("[f, f]", interval->low, interval->high) : json_null();
}

static json_t *test_json(const struct xph_permutation *test)
{
    return json_pack("{s:f, s:f, s:b, s:f}", "p", test->p, "least_p", test->least_p, "exact",
                     (int)test->exact, "divisions", test->divisions);
}

static json_t *layer_json(const struct xph_compared_series *series)
{
    return json_pack("{s:o, s:f, s:f, s:f}", "layer", xph_escaped_text(series->layer), "mean_a",
                     series->comparison.mean[0], "mean_b", series->comparison.mean[1], "difference",
                     series->comparison.difference);
}

static json_t *series_json(const struct xph_compared_series *series)
{
    const struct xph_comparison *comparison = &series->comparison;
    bool has_ratio_interval = comparison->has_interval && comparison->has_ratio;

    return json_pack(
        "{s:o, s:f, s:f, s:f, s:f, s:I, s:I, s:f, s:o, s:o, s:o, s:f, s:o, s:b, s:[]}", "phase",
        xph_escaped_text(series->phase), "mean_a", comparison->mean[0], "mean_b",
        comparison->mean[1], "median_a", comparison->median[0], "median_b", comparison->median[1],
        "absent_a", (json_int_t)series->absent[0], "absent_b", (json_int_t)series->absent[1],
        "difference", comparison->difference, "interval",
        interval_json(comparison->has_interval, &comparison->interval), "ratio",
        comparison->has_ratio ? json_real(comparison->ratio) : json_null(), "ratio_interval",
        interval_json(has_ratio_interval, &comparison->ratio_interval), "delta", comparison->delta,
        "test", test_json(&comparison->test), "different", (int)series->different, "layers");
}

/* The whole, and an array of the phases. */
static json_t *add_series(json_t *object, const struct xph_compared_group *group)
{
    json_t *phases = json_array(), *phase = NULL;

    for (size_t i = 0; i < group->series_count; i++) {
        const struct xph_compared_series *series = &group->series[i];

        if (*series->layer != '\0') {
            json_array_append_new(json_object_get(phase, "layers"), layer_json(series));
            continue;
        }
        phase = series_json(series);
        if (*series->phase == '\0') {
            json_object_set_new(object, "total", phase);
            continue;
        }
        json_object_set_new(phase, "part", json_real(series->part));
        json_object_set_new(phase, "corrected_p", json_real(series->corrected_p));
        json_array_append_new(phases, phase);
    }
    json_object_set_new(object, "phases", phases);
    return object;
}

static json_t *group_json(const struct xph_compared_group *group)
{
    return add_series(json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "facts",
                                xph_compare_facts_json(group), "runs_a",
                                (json_int_t)group->count[0], "runs_b", (json_int_t)group->count[1],
                                "operations_a", (json_int_t)group->operations[0], "operations_b",
                                (json_int_t)group->operations[1], "doubtful_runs_a",
                                (json_int_t)group->doubtful[0], "doubtful_runs_b",
                                (json_int_t)group->doubtful[1]),
                      group);
}

static json_t *limits_json(const struct xph_compared *compared,
                           const struct xph_limit_results *limits)
{
    json_t *array = json_array();
    size_t group = 0, place = 0;

    for (size_t i = 0; i < limits->count; i++) {
        const struct xph_limit_result *result = &limits->results[i];
        bool estimate = result->limit->by == XPH_LIMIT_BY_ESTIMATE;

        /* Its place in groups[], which has only those that were compared. */
        for (group = place = 0; &compared->groups[group] != result->group; group++)
            place += xph_group_is_compared(&compared->groups[group]);
        json_array_append_new(
            array, json_pack("{s:o, s:I, s:s, s:s, s:f, s:o, s:b}", "limit",
                             xph_escaped_text(result->limit->text), "group", (json_int_t)place,
                             "by", estimate ? "estimate" : "interval", "unit",
                             result->limit->is_ratio ? "ratio" : "ns", "most", result->limit->most,
                             "value", result->has_value ? json_real(result->value) : json_null(),
                             "exceeded", (int)result->exceeded));
    }
    return array;
}

static json_t *methods_json(const struct xph_bootstrap *how)
{
    return json_pack("{s:s, s:I, s:I, s:f, s:s, s:s, s:s, s:s}", "intervals", XPH_BOOTSTRAP_METHOD,
                     "resamples", (json_int_t)how->resamples, "seed", (json_int_t)how->seed,
                     "confidence", 0.95, "effect", XPH_EFFECT_METHOD, "test",
                     XPH_PERMUTATION_METHOD, "correction", XPH_CORRECTION_METHOD, "different",
                     XPH_LEVEL_RULE);
}

json_t *xph_compare_json(const struct xph_compared *compared,
                         const struct xph_limit_results *limits, const struct xph_bootstrap *how)
{
    json_t *groups = json_array(), *doubts = json_array();

    for (size_t g = 0; g < compared->count; g++) {
        if (xph_group_is_compared(&compared->groups[g]))
            json_array_append_new(groups, group_json(&compared->groups[g]));
    }
    for (size_t i = 0; i < compared->doubts.count; i++)
        json_array_append_new(doubts, xph_escaped_text(compared->doubts.text[i]));
    return json_pack("{s:s, s:i, s:o, s:o, s:o, s:o}", "format", "xenphase compare", "version",
                     COMPARE_VERSION, "methods", methods_json(how), "groups", groups, "limits",
                     limits_json(compared, limits), "doubts", doubts);
}
