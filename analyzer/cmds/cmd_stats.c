/*
 * xenphase stats: what the runs of a store say together.
 */
#include <getopt.h>
#include <stdio.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/views/stats.h"

enum { STATS_VERSION = 1, LEAST_RESAMPLES = 40, MOST_RESAMPLES = 1000000 };

struct stats_options {
    bool json, help;
    struct xph_bootstrap how;
    const char *store;
};

struct stats {
    const struct stats_options *options;
    json_t *groups; /* NULL for text */
    size_t count;
};

static const char help_text[] =
    "usage: xenphase stats [--json] [--seed N] [--resamples N] DB\n"
    "\n"
    "Statistics of the runs in the store DB (xenphase store): of each group of like runs "
    "(operation and what\n"
    "ended it, guest's type, vCPUs and memory, host, Xen, dom0 kernel, plan) the whole, each "
    "phase, "
    "and the\n"
    "layers in it. A run is a recording. Methods and rules of warnings are printed at the end.\n"
    "\n"
    "      --json         for programs (docs/format/stats-json.md)\n"
    "      --seed N       of the bootstrap's random numbers (1)\n"
    "      --resamples N  of the bootstrap (10000)\n"
    "  -h, --help         this text\n"
    "\n"
    "Exit status: 0; 1 on an error, or if no run counts; 2 on a wrong command line.\n";

static const struct option long_options[] = {
    {"json", no_argument, NULL, 'j'},
    {"seed", required_argument, NULL, 's'},
    {"resamples", required_argument, NULL, 'r'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool parse_options(struct stats_options *options, int argc, char **argv,
                          struct xph_error *err)
{
    unsigned long number;
    int option;

    *options = (struct stats_options){.how = {XPH_BOOTSTRAP_SEED, XPH_BOOTSTRAP_RESAMPLES}};
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        switch (option) {
        case 'j':
            options->json = true;
            break;
        case 's':
            /* GSL takes 0 for another seed, which would not be the one that is printed. */
            if (!xph_parse_number("seed", optarg, 1, UINT32_MAX, &options->how.seed, err))
                return false;
            break;
        case 'r':
            if (!xph_parse_number("resamples", optarg, LEAST_RESAMPLES, MOST_RESAMPLES, &number,
                                  err))
                return false;
            options->how.resamples = number;
            break;
        case 'h':
            options->help = true;
            break;
        default:
            return xph_fail(err, "see xenphase stats --help");
        }
    }
    if (options->help)
        return true;
    if (argc != optind + 1)
        return xph_fail(err, "which store? (xenphase stats DB, see --help)");
    options->store = argv[optind];
    return true;
}

static bool take_group(void *context, const struct xph_series_group *group, struct xph_error *err)
{
    struct stats *stats = context;

    stats->count++;
    if (stats->groups)
        return json_array_append_new(stats->groups, xph_stats_group_json(group)) == 0 ||
               xph_fail(err, "out of memory");
    xph_stats_group_text(stdout, group);
    return true;
}

static bool take_series(void *context, const struct xph_series_group *group,
                        const struct xph_series *series, struct xph_error *err)
{
    struct stats *stats = context;
    struct xph_statistics statistics;
    json_t *array;

    if (!xph_statistics_make(&stats->options->how, series->values, group->count, &statistics, err))
        return false;
    if (!stats->groups) {
        xph_stats_series_text(stdout, group, series, &statistics);
        return true;
    }
    array = json_object_get(json_array_get(stats->groups, stats->count - 1), "series");
    return json_array_append_new(array, xph_stats_series_json(group, series, &statistics)) == 0 ||
           xph_fail(err, "out of memory");
}

static bool finish(struct stats *stats, struct xph_error *err)
{
    json_t *root;
    bool ok;

    if (!stats->groups) {
        xph_stats_methods_text(stdout, &stats->options->how);
        return true;
    }
    root =
        json_pack("{s:s, s:i, s:o, s:O}", "format", "xenphase stats", "version", STATS_VERSION,
                  "methods", xph_stats_methods_json(&stats->options->how), "groups", stats->groups);
    ok = root && json_dumpf(root, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 &&
         fputc('\n', stdout) != EOF;
    json_decref(root);
    return ok || xph_fail(err, "cannot write the statistics as JSON");
}

int xph_cmd_stats(int argc, char **argv, struct xph_error *err)
{
    struct stats_options options;
    struct stats stats = {.options = &options};
    const struct xph_series_visitor visitor = {take_group, take_series, &stats};
    const struct xph_selection all = {.count = 0};
    struct xph_store store;
    bool ok;

    if (!parse_options(&options, argc, argv, err))
        return XPH_EXIT_USAGE;
    if (options.help) {
        fputs(help_text, stdout);
        return XPH_EXIT_OK;
    }
    if (!xph_store_open(&store, options.store, XPH_STORE_READ, err))
        return XPH_EXIT_ERROR;
    stats.groups = options.json ? json_array() : NULL;
    ok = xph_series_each(&store, &all, &visitor, err) && finish(&stats, err);
    json_decref(stats.groups);
    xph_store_close(&store);
    if (ok && stats.count == 0)
        ok = xph_fail(err, "no run in it counts (xenphase store list tells why)");
    return ok ? XPH_EXIT_OK : XPH_EXIT_ERROR;
}
