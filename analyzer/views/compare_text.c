#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/views/compare.h"
#include "analyzer/views/terminal_text.h"

enum {
    NAME_WIDTH = 26,
    FACT_WIDTH = 10,
    MOST_LAYERS = 3,  /* of a phase */
    MOST_NEEDED = 100 /* runs of a side, when it is told how many would do */
};

/* Layers are shown of a phase with that part in the change, if they have that part in it. */
#define SHOWN_PART 0.1

static const char sides[] = "AB";

static double seconds(double ns)
{
    return ns / 1e9;
}

/* Its values of a side, or of both (2). */
static void print_fact(FILE *out, const struct xph_compared_fact *fact, size_t side, bool counts)
{
    const char *between = "";

    for (size_t i = 0; i < fact->count; i++) {
        const struct xph_fact_value *value = &fact->values[i];
        size_t runs = side < 2 ? value->runs[side] : value->runs[0] + value->runs[1];

        if (runs == 0)
            continue;
        fputs(between, out);
        xph_print_text(out, *value->text ? value->text : "none");
        if (counts && fact->count > 1)
            fprintf(out, " (%zu run%s)", runs, runs == 1 ? "" : "s");
        between = ", ";
    }
}

static void print_memory(FILE *out, const struct xph_compared_fact *fact)
{
    for (size_t i = 0; i < fact->count; i++)
        fprintf(out, "%s%lld", i > 0 ? ", " : "", atoll(fact->values[i].text) / 1024);
}

void xph_compare_head_text(FILE *out, const struct xph_compared_group *group)
{
    print_fact(out, &group->facts[XPH_FACT_OPERATION], 2, false);
    fputs(" of ", out);
    print_fact(out, &group->facts[XPH_FACT_TYPE], 2, false);
    fputs(", ", out);
    print_fact(out, &group->facts[XPH_FACT_VCPUS], 2, false);
    fputs(" vCPUs, ", out);
    print_memory(out, &group->facts[XPH_FACT_MEMORY]);
    fputs(" MiB, ended by ", out);
    print_fact(out, &group->facts[XPH_FACT_ENDED_BY], 2, false);
}

static void print_interval(FILE *out, const struct xph_comparison *comparison)
{
    if (comparison->has_interval)
        fprintf(out, ", 95 %% interval %+.3f to %+.3f s", seconds(comparison->interval.low),
                seconds(comparison->interval.high));
    if (comparison->has_interval && comparison->has_ratio)
        fprintf(out, " or %+.1f to %+.1f %%", 100 * comparison->ratio_interval.low,
                100 * comparison->ratio_interval.high);
}

/* Whether the whole changed. */
static void print_sentence(FILE *out, const struct xph_compared_group *group)
{
    const struct xph_compared_series *whole = &group->series[0];
    const struct xph_comparison *comparison = &whole->comparison;

    xph_compare_head_text(out, group);
    if (whole->different)
        fprintf(out, ": B takes %.3f s %s than A", seconds(fabs(comparison->difference)),
                comparison->difference > 0 ? "longer" : "less");
    else
        fprintf(out, ": %s: B less A is %+.3f s",
                comparison->test.least_p < XPH_LEVEL_WHOLE ? "no difference is shown"
                                                           : "so few runs cannot show a difference",
                seconds(comparison->difference));
    if (comparison->has_ratio)
        fprintf(out, " (%+.1f %%)", 100 * comparison->ratio);
    print_interval(out, comparison);
    fprintf(out, ", p = %.4f\n", comparison->test.p);
}

static void print_conditions(FILE *out, const struct xph_compared_group *group)
{
    size_t differing = 0;

    for (size_t side = 0; side < 2; side++) {
        fprintf(out, "  %c: %zu run%s", sides[side], group->count[side],
                group->count[side] == 1 ? "" : "s");
        if (group->operations[side] > group->count[side])
            fprintf(out, " with %zu operations: a run's value is the mean of its own",
                    group->operations[side]);
        if (group->doubtful[side] > 0)
            fprintf(out, "; %zu of them can be doubted (xenphase report tells why)",
                    group->doubtful[side]);
        fputc('\n', out);
    }
    for (size_t i = 0; i < XPH_FACTS; i++) {
        const struct xph_compared_fact *fact = &group->facts[i];
        bool differs = xph_fact_differs(fact);

        if (fact->count == 1 && (i < XPH_CONDITIONS || *fact->values[0].text == '\0'))
            continue;
        fprintf(out, "  %-*s ", FACT_WIDTH, xph_fact_names[i]);
        print_fact(out, fact, differs ? 0 : 2, true);
        if (differs) {
            fputs(" | ", out);
            print_fact(out, fact, 1, true);
            fputs("   <- differs", out);
            /* A plan is a label: it makes nothing faster. */
            differing += i != XPH_FACT_PLAN;
        }
        fputc('\n', out);
    }
    if (differing == 0)
        fputs("  nothing else that is known of the runs differs between A and B\n", out);
    if (differing > 1)
        fprintf(out, "  %zu things differ: which of them did it, these runs cannot tell\n",
                differing);
}

static void print_p(FILE *out, double p)
{
    fprintf(out, p < 0.0001 ? " %9.1e" : " %9.4f", p);
}

static void print_series(FILE *out, const struct xph_compared_series *series)
{
    const struct xph_comparison *comparison = &series->comparison;
    bool whole = *series->phase == '\0';

    fputs("  ", out);
    xph_print_padded_text(out, whole ? "total" : series->phase, NAME_WIDTH);
    fprintf(out, " %9.3f %9.3f %9.3f %9.3f %+10.3f ", seconds(comparison->mean[0]),
            seconds(comparison->mean[1]), seconds(comparison->median[0]),
            seconds(comparison->median[1]), seconds(comparison->difference));
    if (comparison->has_interval)
        fprintf(out, "%+9.3f to %+9.3f", seconds(comparison->interval.low),
                seconds(comparison->interval.high));
    else
        fprintf(out, "%22s", "-");
    if (whole)
        fprintf(out, " %7s", "");
    else
        fprintf(out, " %5.1f %%", 100 * series->part);
    fprintf(out, " %+6.2f", comparison->delta);
    print_p(out, comparison->test.p);
    if (whole)
        fprintf(out, " %9s", "");
    else
        print_p(out, series->corrected_p);
    fprintf(out, "%s\n", series->different ? "  changed" : "");
}

static void print_layers(FILE *out, const struct xph_compared_group *group, size_t at)
{
    const struct xph_compared_series *phase = &group->series[at];
    double least = SHOWN_PART * fabs(phase->comparison.difference);

    for (size_t i = at + 1; i < group->series_count && i <= at + MOST_LAYERS; i++) {
        const struct xph_compared_series *layer = &group->series[i];

        if (*layer->layer == '\0' || !(fabs(layer->comparison.difference) >= least) ||
            layer->comparison.difference == 0)
            return;
        fputs("    ", out);
        xph_print_padded_text(out, layer->layer, NAME_WIDTH - 2);
        fprintf(out, " %9.3f %9.3f %9s %9s %+10.3f\n", seconds(layer->comparison.mean[0]),
                seconds(layer->comparison.mean[1]), "", "", seconds(layer->comparison.difference));
    }
}

static void print_absent(FILE *out, const struct xph_compared_group *group,
                         const struct xph_compared_series *series)
{
    for (size_t side = 0; side < 2; side++) {
        if (series->absent[side] > 0)
            fprintf(out, "    not there in %zu of %zu runs of %c, where it counts as 0\n",
                    series->absent[side], group->count[side], sides[side]);
    }
}

static void print_table(FILE *out, const struct xph_compared_group *group)
{
    fprintf(out, "\n  %-*s %9s %9s %9s %9s %10s %22s %7s %6s %9s %9s\n", NAME_WIDTH, "seconds",
            "mean A", "mean B", "median A", "median B", "B less A", "95 % interval", "part",
            "delta", "p", "corrected");
    for (size_t i = 0; i < group->series_count; i++) {
        const struct xph_compared_series *series = &group->series[i];

        if (*series->layer != '\0')
            continue;
        print_series(out, series);
        print_absent(out, group, series);
        if (series->part >= SHOWN_PART)
            print_layers(out, group, i);
    }
}

/* What p the phase that changed most needs, and what so many runs can give at all. */
static void print_power(FILE *out, const struct xph_compared_group *group)
{
    double least = group->series[0].comparison.test.least_p;
    double phases = (double)group->phases;
    size_t needed = 2;

    if (least * phases >= XPH_LEVEL_PHASE || least >= XPH_LEVEL_WHOLE) {
        while (needed < MOST_NEEDED &&
               (xph_permutation_least_p(needed, needed) * phases >= XPH_LEVEL_PHASE ||
                xph_permutation_least_p(needed, needed) >= XPH_LEVEL_WHOLE))
            needed++;
        fprintf(
            out,
            "  %zu against %zu runs give no p below %.4f, corrected for %zu phases %.4f: %s can "
            "be told from chance, however far apart it is; %zu against %zu runs could do it\n",
            group->count[0], group->count[1], least, group->phases, fmin(1, least * phases),
            least >= XPH_LEVEL_WHOLE ? "nothing" : "no phase", needed, needed);
    }
    if (group->count[0] < XPH_BOOTSTRAP_FEW_RUNS || group->count[1] < XPH_BOOTSTRAP_FEW_RUNS)
        fprintf(out, "  the intervals are too narrow: there are fewer than %d runs on a side\n",
                XPH_BOOTSTRAP_FEW_RUNS);
}

static void print_warnings(FILE *out, const struct xph_compared_group *group)
{
    for (size_t side = 0; side < 2; side++) {
        const struct xph_warnings *warnings = &group->warnings[side];

        if (warnings->drift.found)
            fprintf(out, "  %c drifts: later runs take %s time, p = %.4f\n", sides[side],
                    warnings->drift.trend > 0 ? "more" : "less", warnings->drift.p);
        if (warnings->modes.found)
            fprintf(out, "  %c has two modes: %zu runs around %.3f s, %zu around %.3f s\n",
                    sides[side], warnings->modes.low_count, seconds(warnings->modes.low_mean),
                    group->count[side] - warnings->modes.low_count,
                    seconds(warnings->modes.high_mean));
        if (warnings->outliers.count > 0)
            fprintf(out, "  %c has %zu outlier%s\n", sides[side], warnings->outliers.count,
                    warnings->outliers.count == 1 ? "" : "s");
    }
}

static void print_limits(FILE *out, const struct xph_limit_results *limits)
{
    for (size_t i = 0; i < limits->count; i++) {
        const struct xph_limit_result *result = &limits->results[i];
        const struct xph_limit *limit = result->limit;

        fprintf(out, "%s: ", result->exceeded ? "EXCEEDED" : "kept");
        xph_print_text(out, limit->text);
        fputs(" by ", out);
        xph_compare_head_text(out, result->group);
        fprintf(out, ": %s ",
                limit->by == XPH_LIMIT_BY_ESTIMATE ? "the difference is"
                                                   : "the interval's lower end is");
        if (!result->has_value)
            fputs("of a mean of 0\n", out);
        else if (limit->is_ratio)
            fprintf(out, "%+.2f %%\n", 100 * result->value);
        else
            fprintf(out, "%+.3f ms\n", 1e3 * seconds(result->value));
    }
    if (limits->count > 0)
        fputc('\n', out);
}

static void print_methods(FILE *out, const struct xph_bootstrap *how)
{
    fprintf(out,
            "unit: the run (recording); part: of the sum of all phases' changes, whichever way\n"
            "interval: %s of the difference of means, %zu resamples, seed %lu\n"
            "delta: %s; p: %s,\n"
            "  all divisions up to %d, else %d at random with that seed; corrected: %s\n"
            "changed: %s\n",
            XPH_BOOTSTRAP_METHOD, how->resamples, how->seed, XPH_EFFECT_METHOD,
            XPH_PERMUTATION_METHOD, XPH_PERMUTATIONS_EXACT, XPH_PERMUTATIONS_RANDOM,
            XPH_CORRECTION_METHOD, XPH_LEVEL_RULE);
}

void xph_compare_text(FILE *out, const struct xph_compared *compared,
                      const struct xph_limit_results *limits, const struct xph_bootstrap *how)
{
    for (size_t g = 0; g < compared->count; g++) {
        const struct xph_compared_group *group = &compared->groups[g];

        if (!xph_group_is_compared(group))
            continue;
        print_sentence(out, group);
        print_conditions(out, group);
        print_table(out, group);
        print_power(out, group);
        print_warnings(out, group);
        fputc('\n', out);
    }
    print_limits(out, limits);
    print_methods(out, how);
}
