/*
 * xenphase report: the phases of the recorded operation.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/views/report.h"
#include "recording/recording.h"

enum { DEFAULT_WIDTH = 100, OPTION_JSON = 256 };

static const char help_text[] =
    "usage: xenphase report [--json] DIR\n"
    "\n"
    "Finds the domain that was created or destroyed in the recording DIR and prints the "
    "operation's phases, who held the\n"
    "CPUs in each, and how their sum compares with the time that dom0's own clock measured.\n"
    "\n"
    "      --json           the same for programs (docs/format/report-json.md)\n"
    "  -h, --help           this text\n"
    "\n"
    "NO_COLOR and COLUMNS are honoured.\n"
    "Exit status: 0; 1 on an error or if no domain was created or destroyed; 2 on a wrong command "
    "line; 3 if the report\n"
    "is there, but the recording is incomplete, damaged or lossy.\n";

static unsigned terminal_width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;

    if (columns && atoi(columns) > 0)
        return (unsigned)atoi(columns);
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return DEFAULT_WIDTH;
}

static bool find_operations(struct xph_report *report, const struct xph_recording *recording,
                            struct xph_timeline *timeline, struct xph_error *err)
{
    struct xph_domain_lives lives;
    bool ok;

    if (!xph_domain_lives_read(&lives, timeline, recording, err))
        return false;
    xph_doubts_of_timeline(&report->doubts, timeline);
    ok = xph_operations_find(&lives, &recording->manifest, &timeline->clock, &report->operations,
                             &report->count, err);
    xph_domain_lives_free(&lives);
    return ok;
}

/* Two passes over the trace: the phases must be known before it can be told who held the CPUs in
 * them. */
static bool make_report(struct xph_report *report, const struct xph_recording *recording,
                        struct xph_error *err)
{
    struct xph_timeline timeline;
    bool ok;

    report->manifest = &recording->manifest;
    xph_doubts_of_recording(&report->doubts, recording);
    if (!xph_timeline_open_recording(&timeline, recording, err))
        return false;
    ok = find_operations(report, recording, &timeline, err);
    xph_timeline_close(&timeline);
    if (!ok)
        return false;
    report->shares = calloc(report->count + 1, sizeof(*report->shares));
    if (!report->shares)
        return xph_fail(err, "out of memory");
    if (!xph_timeline_open_recording(&timeline, recording, err))
        return false;
    ok = xph_cpu_shares(report->operations, report->count, recording->manifest.pcpus, &timeline,
                        report->shares, err);
    xph_timeline_close(&timeline);
    return ok;
}

static int print_report(const struct xph_report *report, bool json, struct xph_error *err)
{
    if (json) {
        if (!xph_report_json(stdout, report, err))
            return XPH_EXIT_ERROR;
    } else {
        xph_report_text(stdout, report, terminal_width(),
                        isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
    }
    if (report->count == 0) {
        xph_fail(err, "no domain was created or destroyed in this recording");
        return XPH_EXIT_ERROR;
    }
    return report->doubts.count > 0 ? XPH_EXIT_DOUBTFUL : XPH_EXIT_OK;
}

static bool can_report(const struct xph_manifest *manifest, const char *path, struct xph_error *err)
{
    if (!manifest->argv || !manifest->argv[0])
        return xph_fail(err,
                        "%s was recorded with --system: operations in it are not told apart yet "
                        "(see xenphase dump --summary %s)",
                        path, path);
    if (manifest->command_start.tsc == 0)
        return xph_fail(err,
                        "%s: the recorder was killed before it wrote down when the command began, "
                        "so there are no phases to tell (see xenphase dump --summary %s)",
                        path, path);
    if (manifest->trace_events && strcmp(manifest->trace_events, "off") == 0)
        return xph_fail(err,
                        "%s was recorded with --events off: without Xen's trace there are no "
                        "phases to tell",
                        path);
    return true;
}

int xph_cmd_report(int argc, char **argv, struct xph_error *err)
{
    static const struct option long_options[] = {{"json", no_argument, NULL, OPTION_JSON},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    struct xph_report report = {0};
    struct xph_recording recording;
    bool json = false;
    int option, code = XPH_EXIT_ERROR;

    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help_text, stdout);
            return XPH_EXIT_OK;
        }
        if (option != OPTION_JSON)
            return xph_fail(err, "see xenphase report --help"), XPH_EXIT_USAGE;
        json = true;
    }
    if (optind + 1 != argc)
        return xph_fail(err, "which recording? (xenphase report DIR, see --help)"), XPH_EXIT_USAGE;
    if (!xph_recording_open(&recording, argv[optind], err))
        return XPH_EXIT_ERROR;
    if (!can_report(&recording.manifest, argv[optind], err))
        code = XPH_EXIT_ERROR;
    else if (make_report(&report, &recording, err))
        code = print_report(&report, json, err);
    free(report.operations);
    free(report.shares);
    xph_recording_close(&recording);
    return code;
}
