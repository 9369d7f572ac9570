#include <math.h>
#include <stdlib.h>

#include "analyzer/views/compare.h"
#include "analyzer/views/terminal_text.h"

enum { NAME_WIDTH = 26 };

static double seconds(double ns)
{
    return ns / 1e9;
}

static bool is_shown(const struct xph_trend *trend)
{
    return trend->has_interval && (trend->interval.low > 0 || trend->interval.high < 0);
}

static void print_sentence(FILE *out, const struct xph_compared_group *group,
                           const struct xph_factor *factor, const struct xph_trend *trend)
{
    xph_compare_head_text(out, group);
    if (!trend->known) {
        fprintf(out, ": no trend, as all are of the same %s\n", factor->name);
        return;
    }
    if (is_shown(trend))
        fprintf(out, ": the whole takes %.3f s %s for each %s more", seconds(fabs(trend->slope)),
                trend->slope > 0 ? "longer" : "less", factor->unit);
    else
        fprintf(out, ": no trend is shown: %+.3f s for each %s more", seconds(trend->slope),
                factor->unit);
    if (trend->has_interval)
        fprintf(out, ", 95 %% interval %+.3f to %+.3f s", seconds(trend->interval.low),
                seconds(trend->interval.high));
    fputc('\n', out);
}

static void print_values(FILE *out, const struct xph_compared_group *group,
                         const struct xph_factor *factor)
{
    const struct xph_compared_fact *fact = &group->facts[factor->fact];

    fprintf(out, "  %zu run%s:", group->count[0], group->count[0] == 1 ? "" : "s");
    for (size_t i = 0; i < fact->count; i++)
        fprintf(out, "%s %zu with %.4g %s", i > 0 ? "," : "", fact->values[i].runs[0],
                strtod(fact->values[i].text, NULL) / factor->scale, factor->unit);
    fputc('\n', out);
}

static void print_series(FILE *out, const struct xph_trend_series *series)
{
    const struct xph_trend *trend = &series->trend;

    fputs("  ", out);
    xph_print_padded_text(out, *series->phase ? series->phase : "total", NAME_WIDTH);
    fprintf(out, " %+10.3f ", seconds(trend->slope));
    if (trend->has_interval)
        fprintf(out, "%+9.3f to %+9.3f", seconds(trend->interval.low),
                seconds(trend->interval.high));
    else
        fprintf(out, "%22s", "-");
    fprintf(out, " %+10.3f %7.1f %%\n", seconds(trend->intercept), 100 * trend->explained);
}

void xph_trend_text(FILE *out, const struct xph_compared_group *group,
                    const struct xph_factor *factor, const struct xph_trend_series *series,
                    size_t count)
{
    if (count == 0)
        return;
    print_sentence(out, group, factor, &series[0].trend);
    if (!series[0].trend.known) {
        fputc('\n', out);
        return;
    }
    print_values(out, group, factor);
    fprintf(out, "\n  %-*s %10s %22s %10s %9s\n", NAME_WIDTH, "seconds", "slope", "95 % interval",
            "at 0", "explained");
    for (size_t i = 0; i < count; i++)
        print_series(out, &series[i]);
    if (group->facts[factor->fact].count == 2)
        fprintf(out,
                "  two values of %s: whether it is a straight line between them, nobody can tell\n",
                factor->name);
    fputc('\n', out);
}

void xph_trend_methods_text(FILE *out)
{
    fprintf(out,
            "unit: the run (recording); slope: %s;\n"
            "  explained: of the variance, by the line; intervals are not corrected for the number "
            "of phases\n",
            XPH_TREND_METHOD);
}
