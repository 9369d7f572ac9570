#include "analyzer/views/json_text.h"
#include "analyzer/views/stats.h"

json_t *xph_stats_group_json(const struct xph_series_group *group)
{
    json_t *recordings = json_array();

    for (size_t i = 0; i < group->count; i++)
        json_array_append_new(recordings, json_integer(group->recordings[i]));
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:[]}", "operation",
        xph_escaped_text(group->operation), "ended_by", xph_escaped_text(group->ended_by),
        "domain_type", xph_escaped_text(group->domain_type), "host", xph_escaped_text(group->host),
        "xen", xph_escaped_text(group->xen), "kernel", xph_escaped_text(group->kernel), "emulation",
        xph_escaped_text(group->emulation), "plan", xph_escaped_text(group->plan), "vcpus",
        (json_int_t)group->vcpus, "memory_kib", (json_int_t)group->memory_kib, "operations",
        (json_int_t)group->operations, "doubtful_runs", (json_int_t)group->doubtful, "recordings",
        recordings, "series");
}

/* One run has none. */
static json_t *interval_json(const struct xph_statistics *statistics,
                             const struct xph_interval *interval)
{
    if (!statistics->has_deviation)
        return json_null();
    return json_pack("[f, f]", interval->low, interval->high);
}

static json_t *quantile_json(const struct xph_quantile *quantile)
{
    return json_pack("{s:f, s:b}", "value", quantile->value, "is_maximum",
                     (int)quantile->is_maximum);
}

static json_t *warnings_json(const struct xph_series_group *group,
                             const struct xph_warnings *warnings)
{
    json_t *object = json_object();

    if (warnings->drift.found)
        json_object_set_new(
            object, "drift",
            json_pack("{s:f, s:f}", "p", warnings->drift.p, "kendall_s", warnings->drift.trend));
    if (warnings->modes.found)
        json_object_set_new(object, "two_modes",
                            json_pack("{s:f, s:I, s:f, s:f}", "share", warnings->modes.share,
                                      "low_count", (json_int_t)warnings->modes.low_count,
                                      "low_mean", warnings->modes.low_mean, "high_mean",
                                      warnings->modes.high_mean));
    if (warnings->outliers.count > 0)
        json_object_set_new(object, "outliers",
                            json_pack("{s:I, s:I, s:f}", "count",
                                      (json_int_t)warnings->outliers.count, "worst_recording",
                                      (json_int_t)group->recordings[warnings->outliers.worst],
                                      "worst_score", warnings->outliers.worst_score));
    return object;
}

json_t *xph_stats_series_json(const struct xph_series_group *group, const struct xph_series *series,
                              const struct xph_statistics *statistics)
{
    json_t *deviation = statistics->has_deviation ? json_real(statistics->deviation) : json_null();

    return json_pack("{s:o, s:o, s:I, s:I, s:f, s:o, s:f, s:f, s:f, s:o, s:o, s:o, s:o, s:b, s:o}",
                     "phase", xph_escaped_text(series->phase), "layer",
                     xph_escaped_text(series->layer), "n", (json_int_t)statistics->count, "absent",
                     (json_int_t)series->absent, "mean", statistics->mean, "deviation", deviation,
                     "median", statistics->median, "min", statistics->min, "max", statistics->max,
                     "p95", quantile_json(&statistics->p95), "p99", quantile_json(&statistics->p99),
                     "mean_interval", interval_json(statistics, &statistics->mean_interval),
                     "median_interval", interval_json(statistics, &statistics->median_interval),
                     "interval_too_narrow", (int)(statistics->count < XPH_BOOTSTRAP_FEW_RUNS),
                     "warnings", warnings_json(group, &statistics->warnings));
}

json_t *xph_stats_methods_json(const struct xph_bootstrap *how)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:f, s:s, s:s, s:s}", "quantiles", XPH_QUANTILE_METHOD,
                     "intervals", XPH_BOOTSTRAP_METHOD, "resamples", (json_int_t)how->resamples,
                     "seed", (json_int_t)how->seed, "confidence", 0.95, "drift", XPH_DRIFT_RULE,
                     "two_modes", XPH_MODES_RULE, "outliers", XPH_OUTLIER_RULE);
}
