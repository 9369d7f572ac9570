/*
 * xenphase compare: what changed from some runs to others, in which phase.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/compare/limit.h"
#include "analyzer/compare/source.h"
#include "analyzer/views/compare.h"

enum { LEAST_RESAMPLES = 40, MOST_RESAMPLES = 1000000, EXIT_EXCEEDED = 4, NO_SIDE = 2 };

struct compare_options {
    bool json, help, mix_hosts;
    const struct xph_factor *factor; /* NULL: A is compared with B */
    struct xph_bootstrap how;
    struct xph_selection both, filters[2];
    const char **paths[3]; /* of A, of B, of neither; as many as arguments have room */
    size_t path_count[3];
    struct xph_limit limits[XPH_MAX_LIMITS];
    size_t limit_count;
};

static const char help_text[] =
    "usage: xenphase compare [options] A B\n"
    "       xenphase compare [options] DB --a KEY=VALUE... --b KEY=VALUE...\n"
    "       xenphase compare [options] --a PATH... --b PATH...\n"
    "       xenphase compare [options] --trend memory|vcpus|pcpus A\n"
    "\n"
    "Tells whether runs B took another time than runs A, by how much, and in which phases; see\n"
    "docs/compare.md. A side is a store (xenphase store), a recording, or a directory of "
    "recordings;\n"
    "with --a and --b, several recordings, or those runs of a store to which each KEY=VALUE "
    "applies.\n"
    "What follows --a or --b belongs to it up to the next option. A path with a = in it begins "
    "with ./ or /.\n"
    "\n"
    "Keys: kernel, xen (6.1 is every 6.1.x), host, plan, emulation, name (the recording's path), "
    "command,\n"
    "domain, type, operation, ended-by (with * ? [] as in the shell); vcpus, memory (MiB), pcpus,\n"
    "recording (N or N-M). Runs are compared with like ones (operation, what ended it, guest's "
    "type, vCPUs and\n"
    "memory); what both --a and --b choose by may differ.\n"
    "\n"
    "      --a, --b ...      what A and B are\n"
    "      --both KEY=VALUE  both sides have only such runs\n"
    "      --mix-hosts       compare runs of several hosts, which is refused else\n"
    "      --fail-if '[OPERATION.]PHASE>NUMBER%'\n"
    "                        exit with 4 if that phase, or total, takes more than that longer; "
    "also ms, s;\n"
    "                        several times\n"
    "      --fail-by interval|estimate\n"
    "                        ... by the lower end of the difference's 95 % interval (the default), "
    "or by the\n"
    "                        difference itself\n"
    "      --trend FACTOR    instead: how time depends on memory, vcpus or pcpus, slope and "
    "interval "
    "by phase\n"
    "      --json            for programs (docs/format/compare-json.md)\n"
    "      --seed N          of the random numbers (1)\n"
    "      --resamples N     of the bootstrap (10000)\n"
    "  -h, --help            this text\n"
    "\n"
    "Exit status: 0; 1 on an error, if nothing can be compared, or if it cannot be told whether a "
    "--fail-if\n"
    "holds; 2 on a wrong command line; 3 if the comparison can be doubted; 4 if a --fail-if holds, "
    "doubts or not.\n";

enum {
    OPTION_A = 256,
    OPTION_B,
    OPTION_BOTH,
    OPTION_MIX_HOSTS,
    OPTION_FAIL_IF,
    OPTION_FAIL_BY,
    OPTION_TREND,
    OPTION_JSON,
    OPTION_SEED,
    OPTION_RESAMPLES,
};

static const struct option long_options[] = {
    {"a", required_argument, NULL, OPTION_A},
    {"b", required_argument, NULL, OPTION_B},
    {"both", required_argument, NULL, OPTION_BOTH},
    {"mix-hosts", no_argument, NULL, OPTION_MIX_HOSTS},
    {"fail-if", required_argument, NULL, OPTION_FAIL_IF},
    {"fail-by", required_argument, NULL, OPTION_FAIL_BY},
    {"trend", required_argument, NULL, OPTION_TREND},
    {"json", no_argument, NULL, OPTION_JSON},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"resamples", required_argument, NULL, OPTION_RESAMPLES},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool take_argument(struct compare_options *options, size_t side, const char *text,
                          struct xph_error *err)
{
    if (side != NO_SIDE && xph_is_filter(text))
        return xph_selection_add(&options->filters[side], text, err);
    options->paths[side][options->path_count[side]++] = text;
    return true;
}

static bool take_both(struct compare_options *options, const char *text, struct xph_error *err)
{
    if (!xph_is_filter(text))
        return xph_fail(err, "--both wants KEY=VALUE, not '%s'", text);
    return xph_selection_add(&options->both, text, err);
}

static bool take_limit(struct compare_options *options, const char *text, struct xph_error *err)
{
    if (options->limit_count == XPH_MAX_LIMITS)
        return xph_fail(err, "more than %d times --fail-if: fewer must do", XPH_MAX_LIMITS);
    return xph_limit_parse(text, &options->limits[options->limit_count++], err);
}

static bool take_fail_by(enum xph_limit_by *by, const char *text, struct xph_error *err)
{
    *by = strcmp(text, "estimate") == 0 ? XPH_LIMIT_BY_ESTIMATE : XPH_LIMIT_BY_INTERVAL;
    return *by == XPH_LIMIT_BY_ESTIMATE || strcmp(text, "interval") == 0 ||
           xph_fail(err, "--fail-by wants interval or estimate, not '%s'", text);
}

static bool take_number(struct compare_options *options, int option, const char *text,
                        struct xph_error *err)
{
    unsigned long number;

    /* GSL takes 0 for another seed, which would not be the one that is printed. */
    if (option == OPTION_SEED)
        return xph_parse_number("seed", text, 1, UINT32_MAX, &options->how.seed, err);
    if (!xph_parse_number("resamples", text, LEAST_RESAMPLES, MOST_RESAMPLES, &number, err))
        return false;
    options->how.resamples = number;
    return true;
}

/* An option, or what stands between options and belongs to the last --a or --b (`side`). */
static bool take_option(struct compare_options *options, int option, size_t *side,
                        enum xph_limit_by *by, struct xph_error *err)
{
    if (option != 1)
        *side = option == OPTION_A ? 0 : option == OPTION_B ? 1 : NO_SIDE;
    switch (option) {
    case 1:
    case OPTION_A:
    case OPTION_B:
        return take_argument(options, *side, optarg, err);
    case OPTION_BOTH:
        return take_both(options, optarg, err);
    case OPTION_MIX_HOSTS:
        options->mix_hosts = true;
        return true;
    case OPTION_FAIL_IF:
        return take_limit(options, optarg, err);
    case OPTION_FAIL_BY:
        return take_fail_by(by, optarg, err);
    case OPTION_TREND:
        options->factor = xph_factor_find(optarg);
        return options->factor != NULL ||
               xph_fail(err, "--trend wants memory, vcpus or pcpus, not '%s'", optarg);
    case OPTION_JSON:
        options->json = true;
        return true;
    case OPTION_SEED:
    case OPTION_RESAMPLES:
        return take_number(options, option, optarg, err);
    case 'h':
        options->help = true;
        return true;
    default:
        return xph_fail(err, "see xenphase compare --help");
    }
}

/* Paths that belong to neither side are one for each, or one store for both. */
static bool place_paths(struct compare_options *options, struct xph_error *err)
{
    size_t *counts = options->path_count;
    const char *const *loose = options->paths[NO_SIDE];

    if (counts[NO_SIDE] > 2 || (counts[NO_SIDE] > 0 && counts[0] + counts[1] > 0))
        return xph_fail(err, "which paths are A, and which B? (see xenphase compare --help)");
    if (counts[NO_SIDE] == 1 && (options->filters[0].count == 0 || options->filters[1].count == 0))
        return xph_fail(err, "of one store, A and B need --a KEY=VALUE and --b KEY=VALUE (see "
                             "xenphase compare --help)");
    for (size_t side = 0; side < 2 && counts[NO_SIDE] > 0; side++)
        options->paths[side][counts[side]++] = loose[counts[NO_SIDE] == 2 ? side : 0];
    if (counts[0] == 0 || counts[1] == 0)
        return xph_fail(err, "compare what with what? (xenphase compare A B, see --help)");
    return true;
}

/* A trend is one of A only. */
static bool place_trend_paths(struct compare_options *options, struct xph_error *err)
{
    size_t *counts = options->path_count;

    if (options->limit_count > 0 || counts[1] > 0 || options->filters[1].count > 0)
        return xph_fail(err, "--trend is of one set of runs: --b and --fail-if do not go with it");
    if (counts[0] + counts[NO_SIDE] == 0 || counts[NO_SIDE] > 1 ||
        (counts[0] > 0 && counts[NO_SIDE] > 0))
        return xph_fail(err, "a trend of which runs? (xenphase compare --trend FACTOR A)");
    if (counts[NO_SIDE] == 1)
        options->paths[0][counts[0]++] = options->paths[NO_SIDE][0];
    return true;
}

static bool parse_options(struct compare_options *options, int argc, char **argv,
                          struct xph_error *err)
{
    enum xph_limit_by by = XPH_LIMIT_BY_INTERVAL;
    size_t side = NO_SIDE;
    int option;

    /* The '-' lets arguments stay where they are: behind --a or --b. */
    while ((option = getopt_long(argc, argv, "-h", long_options, NULL)) != -1) {
        if (!take_option(options, option, &side, &by, err))
            return false;
    }
    for (; optind < argc; optind++) {
        if (!take_argument(options, NO_SIDE, argv[optind], err))
            return false;
    }
    for (size_t i = 0; i < options->limit_count; i++)
        options->limits[i].by = by;
    if (options->help)
        return true;
    return options->factor ? place_trend_paths(options, err) : place_paths(options, err);
}

/* What both sides choose by, each for itself, is what is to be different. */
static void free_facts(const struct compare_options *options, struct xph_compared *compared)
{
    for (size_t i = 0; i < XPH_CONDITIONS; i++)
        compared->free_facts[i] = xph_selection_has(&options->filters[0], xph_fact_names[i]) &&
                                  xph_selection_has(&options->filters[1], xph_fact_names[i]);
}

static bool read_side(const struct compare_options *options, struct xph_compared *compared,
                      size_t side, struct xph_error *err)
{
    struct xph_source source = {options->paths[side], options->path_count[side],
                                options->filters[side]};

    for (size_t i = 0; i < options->both.count; i++) {
        if (source.selection.count == XPH_MAX_FILTERS)
            return xph_fail(err, "more than %d filters: fewer must do", XPH_MAX_FILTERS);
        source.selection.filters[source.selection.count++] = options->both.filters[i];
    }
    return xph_source_read(&source, compared, side, err);
}

/* Takes over `root`. */
static bool print_json(json_t *root, struct xph_error *err)
{
    bool ok = root && json_dumpf(root, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 &&
              fputc('\n', stdout) != EOF;

    json_decref(root);
    return ok || xph_fail(err, "cannot write the comparison as JSON");
}

static bool any_compared(const struct xph_compared *compared, struct xph_error *err)
{
    for (size_t g = 0; g < compared->count; g++) {
        if (xph_group_is_compared(&compared->groups[g]))
            return true;
    }
    return xph_fail(err, "A and B have no like runs: nothing can be compared");
}

/* The comparison is shown even if a limit cannot be checked. */
static int show(const struct compare_options *options, const struct xph_compared *compared,
                struct xph_error *err)
{
    struct xph_limit_results limits;
    struct xph_error unchecked = {0};
    bool checked =
        xph_limits_check(options->limits, options->limit_count, compared, &limits, &unchecked);
    bool ok = true;
    int code;

    if (options->json)
        ok = print_json(xph_compare_json(compared, &limits, &options->how), err);
    else
        xph_compare_text(stdout, compared, &limits, &options->how);
    free(limits.results);
    code = xph_tell_doubts("compare", &compared->doubts);
    if (!ok)
        return XPH_EXIT_ERROR;
    if (!checked) {
        *err = unchecked;
        return XPH_EXIT_ERROR;
    }
    return limits.exceeded ? EXIT_EXCEEDED : code;
}

static int compare(const struct compare_options *options, struct xph_error *err)
{
    struct xph_compared compared = {.count = 0};
    int code = XPH_EXIT_ERROR;

    free_facts(options, &compared);
    if (read_side(options, &compared, 0, err) && read_side(options, &compared, 1, err) &&
        xph_compared_doubt(&compared, options->mix_hosts, err)) {
        if (!any_compared(&compared, err))
            xph_tell_doubts("compare", &compared.doubts);
        else if (xph_compared_judge(&compared, &options->how, err))
            code = show(options, &compared, err);
    }
    xph_compared_free(&compared);
    return code;
}

static bool show_trends(const struct compare_options *options, const struct xph_compared *compared,
                        json_t *groups, struct xph_error *err)
{
    bool ok = true;

    for (size_t g = 0; ok && g < compared->count; g++) {
        const struct xph_compared_group *group = &compared->groups[g];
        size_t count;
        struct xph_trend_series *series = xph_trends_of_group(group, options->factor, &count, err);

        ok = series != NULL;
        if (ok && options->json)
            ok = json_array_append_new(groups, xph_trend_group_json(group, series, count)) == 0 ||
                 xph_fail(err, "out of memory");
        else if (ok)
            xph_trend_text(stdout, group, options->factor, series, count);
        free(series);
    }
    if (ok && !options->json)
        xph_trend_methods_text(stdout);
    return ok;
}

static int find_trends(const struct compare_options *options, struct xph_error *err)
{
    struct xph_compared compared = {.has_factor = true, .factor = options->factor->fact};
    json_t *groups = json_array();
    int code = XPH_EXIT_ERROR;

    compared.free_facts[options->factor->fact] = true;
    if (read_side(options, &compared, 0, err) &&
        xph_trends_doubt(&compared, options->factor, options->mix_hosts, err) &&
        show_trends(options, &compared, groups, err) &&
        (!options->json ||
         print_json(xph_trend_json(json_incref(groups), &compared, options->factor), err)))
        code = xph_tell_doubts("compare", &compared.doubts);
    json_decref(groups);
    xph_compared_free(&compared);
    return code;
}

int xph_cmd_compare(int argc, char **argv, struct xph_error *err)
{
    struct compare_options options = {.how = {XPH_BOOTSTRAP_SEED, XPH_BOOTSTRAP_RESAMPLES}};
    const char **room = calloc(3 * (size_t)(argc + 2), sizeof(*room));
    int code = XPH_EXIT_USAGE;

    if (!room)
        return xph_fail(err, "out of memory"), XPH_EXIT_ERROR;
    for (size_t i = 0; i < 3; i++)
        options.paths[i] = room + i * (size_t)(argc + 2);
    if (parse_options(&options, argc, argv, err)) {
        code = XPH_EXIT_OK;
        if (options.help)
            fputs(help_text, stdout);
        else
            code = options.factor ? find_trends(&options, err) : compare(&options, err);
    }
    free(room);
    return code;
}
