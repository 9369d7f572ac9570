#include "analyzer/views/compare.h"
#include "analyzer/views/json_text.h"

enum { TREND_VERSION = 1 };

static json_t *series_json(const struct xph_trend_series *series)
{
    const struct xph_trend *trend = &series->trend;
    json_t *interval = trend->has_interval
                           ? json_pack("[f, f]", trend->interval.low, trend->interval.high)
                           : json_null();

    return json_pack("{s:o, s:f, s:o, s:f, s:f}", "phase", xph_escaped_text(series->phase), "slope",
                     trend->slope, "interval", interval, "intercept", trend->intercept, "explained",
                     trend->explained);
}

json_t *xph_trend_group_json(const struct xph_compared_group *group,
                             const struct xph_trend_series *series, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        if (series[i].trend.known)
            json_array_append_new(array, series_json(&series[i]));
    }
    return json_pack("{s:o, s:I, s:o}", "facts", xph_compare_facts_json(group), "runs",
                     (json_int_t)group->count[0], "series", array);
}

json_t *xph_trend_json(json_t *groups, const struct xph_compared *compared,
                       const struct xph_factor *factor)
{
    json_t *doubts = json_array();

    for (size_t i = 0; i < compared->doubts.count; i++)
        json_array_append_new(doubts, xph_escaped_text(compared->doubts.text[i]));
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:f, s:o, s:o}", "format", "xenphase trend",
                     "version", TREND_VERSION, "method", XPH_TREND_METHOD, "factor", factor->name,
                     "unit", factor->unit, "confidence", 0.95, "groups", groups, "doubts", doubts);
}
