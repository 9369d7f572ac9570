/*
 * xenphase report: the phases of the recorded operations.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/views/report.h"
#include "recording/recording.h"

enum { DEFAULT_WIDTH = 100, OPTION_JSON = 256, OPTION_CRITICAL_PATH, OPTION_FOLDED };

static const char help_text[] =
    "usage: xenphase report [--json | --critical-path | --folded] DIR\n"
    "\n"
    "Finds what was done to domains in the recording DIR (create, destroy, save, restore, migrate) "
    "and prints each\n"
    "operation's phases, whose the time in each was, who held the CPUs, and how their sum compares "
    "with the time that\n"
    "dom0's own clock measured; of a migration its downtime, too.\n"
    "\n"
    "      --json           the same for programs (docs/format/report-json.md)\n"
    "      --critical-path  each piece of the chain that the operation waited for, one a line\n"
    "      --folded         operation;phase;layer;actor;activity and microseconds, for flame "
    "graphs\n"
    "  -h, --help           this text\n"
    "\n"
    "NO_COLOR and COLUMNS are honoured.\n"
    "Exit status: 0; 1 on an error or if there is no operation; 2 on a wrong command line; 3 if "
    "the "
    "report is there,\n"
    "but the recording is incomplete, damaged or lossy.\n";

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

static int print_report(const struct xph_report *report, int view, struct xph_error *err)
{
    switch (view) {
    case OPTION_JSON:
        if (!xph_report_json(stdout, report, err))
            return XPH_EXIT_ERROR;
        break;
    case OPTION_CRITICAL_PATH:
        xph_critical_path_text(stdout, report);
        break;
    case OPTION_FOLDED:
        xph_folded_stacks_text(stdout, report);
        break;
    default:
        xph_report_text(stdout, report, terminal_width(),
                        isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
    }
    if (report->count == 0) {
        xph_fail(err,
                 "no domain was created, destroyed, saved, restored or migrated in this recording");
        return XPH_EXIT_ERROR;
    }
    return report->doubts.count > 0 ? XPH_EXIT_DOUBTFUL : XPH_EXIT_OK;
}

int xph_cmd_report(int argc, char **argv, struct xph_error *err)
{
    static const struct option long_options[] = {
        {"json", no_argument, NULL, OPTION_JSON},
        {"critical-path", no_argument, NULL, OPTION_CRITICAL_PATH},
        {"folded", no_argument, NULL, OPTION_FOLDED},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct xph_report report;
    struct xph_recording recording;
    int option, view = 0, code = XPH_EXIT_ERROR;

    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help_text, stdout);
            return XPH_EXIT_OK;
        }
        if (option == '?' || view != 0)
            return xph_fail(err, "see xenphase report --help"), XPH_EXIT_USAGE;
        view = option;
    }
    if (optind + 1 != argc)
        return xph_fail(err, "which recording? (xenphase report DIR, see --help)"), XPH_EXIT_USAGE;
    if (!xph_recording_open(&recording, argv[optind], err))
        return XPH_EXIT_ERROR;
    if (xph_report_make(&report, &recording, err))
        code = print_report(&report, view, err);
    xph_report_free(&report);
    xph_recording_close(&recording);
    return code;
}
