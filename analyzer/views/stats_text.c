#include "analyzer/views/stats.h"
#include "analyzer/views/terminal_text.h"

enum { NAME_WIDTH = 26 };

static double seconds(double ns)
{
    return ns / 1e9;
}

void xph_stats_group_text(FILE *out, const struct xph_series_group *group)
{
    const char *const parts[][2] = {{"plan ", group->plan},
                                    {"host ", group->host},
                                    {"Xen ", group->xen},
                                    {"dom0 Linux ", group->kernel},
                                    {"emulated by ", group->emulation}};

    fputc('\n', out);
    xph_print_text(out, group->operation);
    fputs(" of ", out);
    xph_print_text(out, *group->domain_type ? group->domain_type : "?");
    fprintf(out, ", %lld vCPUs, %lld MiB, ended by: ", (long long)group->vcpus,
            (long long)group->memory_kib / 1024);
    xph_print_text(out, group->ended_by);
    fputs("\n ", out);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (*parts[i][1] == '\0')
            continue;
        fprintf(out, " %s", parts[i][0]);
        xph_print_text(out, parts[i][1]);
    }
    fprintf(out, "\n  %zu run%s", group->count, group->count == 1 ? "" : "s");
    if (group->operations > group->count)
        fprintf(out, " with %zu operations: a run's value is the mean of its own",
                group->operations);
    if (group->doubtful > 0)
        fprintf(out, "; %zu of them can be doubted (xenphase report tells why)", group->doubtful);
    fprintf(out, "\n  seconds %*s %9s %19s %9s %9s %9s %9s %9s %9s\n", NAME_WIDTH - 8, "", "mean",
            "95 % interval", "deviation", "median", "min", "max", "p95", "p99");
}

static void print_note(FILE *out, const char *note)
{
    fprintf(out, "  %*s   %s", NAME_WIDTH, "", note);
}

static void print_percentile_notes(FILE *out, const struct xph_statistics *statistics)
{
    if (!statistics->has_deviation) {
        print_note(out, "one run: how others would differ from it, nobody can tell\n");
        return;
    }
    if (statistics->p95.is_maximum)
        print_note(out, "p95 and p99 are the maximum in effect: ");
    else if (statistics->p99.is_maximum)
        print_note(out, "p99 is the maximum in effect: ");
    if (statistics->p99.is_maximum)
        fprintf(out, "of %zu runs none is beyond it\n", statistics->count);
    if (statistics->count < XPH_BOOTSTRAP_FEW_RUNS) {
        print_note(out, "the interval is too narrow: ");
        fprintf(out, "%zu runs are fewer than %d\n", statistics->count, XPH_BOOTSTRAP_FEW_RUNS);
    }
}

static void print_warnings(FILE *out, const struct xph_series_group *group,
                           const struct xph_warnings *warnings)
{
    if (warnings->drift.found) {
        print_note(out, "drift: ");
        fprintf(out, "later runs take %s time, p = %.4f\n",
                warnings->drift.trend > 0 ? "more" : "less", warnings->drift.p);
    }
    if (warnings->modes.found) {
        print_note(out, "two modes: ");
        fprintf(out, "%zu runs around %.3f, %zu around %.3f\n", warnings->modes.low_count,
                seconds(warnings->modes.low_mean), group->count - warnings->modes.low_count,
                seconds(warnings->modes.high_mean));
    }
    if (warnings->outliers.count > 0) {
        print_note(out, "outliers: ");
        fprintf(out, "%zu, the worst in recording %lld of the store\n", warnings->outliers.count,
                (long long)group->recordings[warnings->outliers.worst]);
    }
}

void xph_stats_series_text(FILE *out, const struct xph_series_group *group,
                           const struct xph_series *series, const struct xph_statistics *statistics)
{
    bool whole = *series->phase == '\0';
    int indent = *series->layer != '\0' ? 2 : 0;

    /* Most layers have no part in most phases. */
    if (indent > 0 && statistics->max == 0)
        return;
    fprintf(out, "  %*s", indent, "");
    xph_print_padded_text(out, whole ? "total" : (*series->layer ? series->layer : series->phase),
                          NAME_WIDTH - indent);
    fprintf(out, " %9.3f ", seconds(statistics->mean));
    if (statistics->has_deviation)
        fprintf(out, "%9.3f-%9.3f %9.3f", seconds(statistics->mean_interval.low),
                seconds(statistics->mean_interval.high), seconds(statistics->deviation));
    else
        fprintf(out, "%19s %9s", "-", "-");
    fprintf(out, " %9.3f %9.3f %9.3f %9.3f %9.3f\n", seconds(statistics->median),
            seconds(statistics->min), seconds(statistics->max), seconds(statistics->p95.value),
            seconds(statistics->p99.value));
    if (whole)
        print_percentile_notes(out, statistics);
    if (series->absent > 0) {
        print_note(out, "");
        fprintf(out, "not there in %zu of %zu runs, where it counts as 0\n", series->absent,
                group->count);
    }
    print_warnings(out, group, &statistics->warnings);
}

void xph_stats_methods_text(FILE *out, const struct xph_bootstrap *how)
{
    fprintf(out,
            "\nunit: the run (recording); median and percentiles: %s; deviation: by n - 1\n"
            "interval of the mean: %s, %zu resamples, seed %lu\n"
            "drift: %s\ntwo modes: %s\noutliers: %s\n"
            "Of many rows some are warned of by chance: drift in one of twenty.\n",
            XPH_QUANTILE_METHOD, XPH_BOOTSTRAP_METHOD, how->resamples, how->seed, XPH_DRIFT_RULE,
            XPH_MODES_RULE, XPH_OUTLIER_RULE);
}
