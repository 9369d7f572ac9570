/*
 * xenphase store: what many recordings say, in one file.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/store/add.h"
#include "analyzer/views/store_rows.h"
#include "analyzer/views/terminal_text.h"

struct store_options {
    bool csv, json, help;
    const char *plan, *action, *store;
    char **recordings;
    int count;
};

static const char help_text[] =
    "usage: xenphase store add [--plan NAME] DB RECORDING...\n"
    "       xenphase store list DB\n"
    "       xenphase store export [--csv | --json] DB\n"
    "\n"
    "add puts the phases and layers of recordings into the store DB, a SQLite file\n"
    "(docs/format/store.md), which it makes if it is not there. The same recording is never in it\n"
    "twice, wherever it lies. One that is incomplete, damaged, or whose command failed is in it "
    "with the\n"
    "reason and does not count. list shows the recordings, export a row for each run, phase and "
    "layer.\n"
    "\n"
    "      --plan NAME  add: what the runs belong to\n"
    "      --csv        export: as CSV (the default)\n"
    "      --json       export: as JSON\n"
    "  -h, --help       this text\n"
    "\n"
    "Exit status: 0; 1 on an error, or if a recording could not be added (the others were); 2 on a "
    "wrong command\n"
    "line; 3 if all were added, but some do not count.\n";

static const struct option long_options[] = {
    {"plan", required_argument, NULL, 'p'},
    {"csv", no_argument, NULL, 'c'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

typedef int store_action(const struct store_options *options, struct xph_error *err);

/* What is wrong with one recording is told at once: the others are added all the same. */
static void tell(const char *path, const char *what, const char *why)
{
    fputs("xenphase store: ", stderr);
    xph_print_text(stderr, path);
    fprintf(stderr, ": %s", what);
    xph_print_text(stderr, why);
    fputc('\n', stderr);
}

static int add_one(struct xph_store *store, const char *path, const char *plan,
                   struct xph_error *err)
{
    struct xph_store_added added;

    if (!xph_store_add(store, path, plan, &added, err)) {
        tell(path, "not added: ", err->text);
        return XPH_EXIT_ERROR;
    }
    if (added.known) {
        tell(path, "it is there already", "");
    } else if (added.reason[0] != '\0') {
        tell(path, "added, but does not count: ", added.reason);
        return XPH_EXIT_DOUBTFUL;
    }
    return XPH_EXIT_OK;
}

static int add(const struct store_options *options, struct xph_error *err)
{
    struct xph_store store;
    int code = XPH_EXIT_OK;
    int failed = 0;

    if (!xph_store_open(&store, options->store, XPH_STORE_WRITE, err))
        return XPH_EXIT_ERROR;
    for (int i = 0; i < options->count; i++) {
        int one = add_one(&store, options->recordings[i], options->plan, err);

        failed += one == XPH_EXIT_ERROR;
        if (one != XPH_EXIT_OK && code != XPH_EXIT_ERROR)
            code = one;
    }
    xph_store_close(&store);
    if (failed > 0)
        xph_fail(err, "%d of %d recordings were not added", failed, options->count);
    return code;
}

static int show(const struct store_options *options,
                bool (*view)(FILE *out, struct xph_store *store, struct xph_error *err),
                struct xph_error *err)
{
    struct xph_store store;
    bool ok;

    if (!xph_store_open(&store, options->store, XPH_STORE_READ, err))
        return XPH_EXIT_ERROR;
    ok = view(stdout, &store, err);
    xph_store_close(&store);
    return ok ? XPH_EXIT_OK : XPH_EXIT_ERROR;
}

static int list(const struct store_options *options, struct xph_error *err)
{
    return show(options, xph_store_list_text, err);
}

static int export_rows(const struct store_options *options, struct xph_error *err)
{
    return show(options, options->json ? xph_store_rows_json : xph_store_rows_csv, err);
}

static const struct {
    const char *name;
    store_action *run;
    bool recordings;
} actions[] = {{"add", add, true}, {"list", list, false}, {"export", export_rows, false}};

static bool parse_options(struct store_options *options, int argc, char **argv,
                          struct xph_error *err)
{
    int option;

    *options = (struct store_options){.plan = ""};
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        switch (option) {
        case 'p':
            options->plan = optarg;
            break;
        case 'c':
            options->csv = true;
            break;
        case 'j':
            options->json = true;
            break;
        case 'h':
            options->help = true;
            break;
        default:
            return xph_fail(err, "see xenphase store --help");
        }
    }
    if (options->help)
        return true;
    if (argc < optind + 2)
        return xph_fail(err, "do what with which store? (xenphase store add|list|export DB, see "
                             "--help)");
    options->action = argv[optind];
    options->store = argv[optind + 1];
    options->recordings = argv + optind + 2;
    options->count = argc - optind - 2;
    return true;
}

static bool fits(const struct store_options *options, bool recordings, struct xph_error *err)
{
    if (recordings != (options->count > 0))
        return xph_fail(err, recordings ? "which recordings? (see xenphase store --help)"
                                        : "recordings are for store add only");
    if ((options->csv && options->json) ||
        ((options->csv || options->json) && strcmp(options->action, "export") != 0) ||
        (options->plan[0] != '\0' && !recordings))
        return xph_fail(err, "these options do not go together, see xenphase store --help");
    return true;
}

int xph_cmd_store(int argc, char **argv, struct xph_error *err)
{
    struct store_options options;

    if (!parse_options(&options, argc, argv, err))
        return XPH_EXIT_USAGE;
    if (options.help) {
        fputs(help_text, stdout);
        return XPH_EXIT_OK;
    }
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(options.action, actions[i].name) == 0)
            return fits(&options, actions[i].recordings, err) ? actions[i].run(&options, err)
                                                              : XPH_EXIT_USAGE;
    }
    return xph_fail(err, "no such action: '%s' (add, list or export)", options.action),
           XPH_EXIT_USAGE;
}
