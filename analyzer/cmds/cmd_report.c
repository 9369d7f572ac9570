/*
 * xenphase report: the phases of the recorded operations.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/machine/contradictions.h"
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

static bool find_operations(struct xph_report *report, const struct xph_recording *recording,
                            const struct xph_evidence *evidence, struct xph_timeline *timeline,
                            struct xph_error *err)
{
    struct xph_domain_lives lives;
    bool ok;

    if (!xph_domain_lives_read(&lives, timeline, recording, err))
        return false;
    xph_doubts_of_skew(&report->doubts, &lives.skew, timeline->clock.khz);
    xph_doubts_of_machine(&report->doubts, lives.contradictions);
    ok = xph_operations_find(&lives, &recording->manifest, &timeline->clock, evidence,
                             &report->operations, &report->count, err);
    if (ok && report->count == XPH_MAX_OPERATIONS)
        xph_doubt(&report->doubts, "only the first %d operations are told", XPH_MAX_OPERATIONS);
    xph_domain_lives_free(&lives);
    return ok;
}

static bool divide_cpus(struct xph_report *report, const struct xph_recording *recording,
                        struct xph_error *err)
{
    struct xph_timeline timeline;
    bool ok;

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

static bool make_budgets(struct xph_report *report, const struct xph_evidence *evidence,
                         struct xph_error *err)
{
    report->budgets = calloc(report->count + 1, sizeof(*report->budgets));
    if (!report->budgets)
        return xph_fail(err, "out of memory");
    for (size_t i = 0; i < report->count; i++) {
        if (!xph_operation_budget_make(&report->operations[i], evidence, report->manifest,
                                       &report->budgets[i], err))
            return false;
    }
    return true;
}

/* Further passes over the trace: the phases must be known before it can be told who held the CPUs
 * in them. */
static bool divide_operations(struct xph_report *report, const struct xph_recording *recording,
                              const struct xph_evidence *evidence, struct xph_error *err)
{
    struct xph_timeline timeline;
    bool ok;

    if (!xph_timeline_open_recording(&timeline, recording, err))
        return false;
    ok = find_operations(report, recording, evidence, &timeline, err);
    xph_timeline_close(&timeline);
    return ok && divide_cpus(report, recording, err) && make_budgets(report, evidence, err);
}

static bool read_evidence(struct xph_evidence *evidence, struct xph_report *report,
                          const struct xph_recording *recording, struct xph_error *err)
{
    struct xph_joint *joint = malloc(sizeof(*joint));
    bool ok;

    if (!joint)
        return xph_fail(err, "out of memory");
    ok = xph_joint_open(joint, recording, err);
    if (ok) {
        ok = xph_evidence_read(evidence, joint, &report->doubts, err);
        xph_joint_close(joint);
    }
    free(joint);
    return ok;
}

static bool make_report(struct xph_report *report, const struct xph_recording *recording,
                        struct xph_error *err)
{
    struct xph_evidence evidence;
    bool ok;

    report->manifest = &recording->manifest;
    xph_doubts_of_recording(&report->doubts, recording);
    if (!read_evidence(&evidence, report, recording, err))
        return false;
    ok = divide_operations(report, recording, evidence.known ? &evidence : NULL, err);
    xph_evidence_close(&evidence);
    return ok;
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

static bool can_report(const struct xph_manifest *manifest, const char *path, struct xph_error *err)
{
    if (manifest->trace_events && strcmp(manifest->trace_events, "off") == 0)
        return xph_fail(err,
                        "%s was recorded with --events off: without Xen's trace there are no "
                        "phases to tell",
                        path);
    return true;
}

static void free_report(struct xph_report *report)
{
    for (size_t i = 0; report->budgets && i < report->count; i++)
        xph_operation_budget_close(&report->budgets[i]);
    free(report->budgets);
    free(report->operations);
    free(report->shares);
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
    struct xph_report report = {0};
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
    if (!can_report(&recording.manifest, argv[optind], err))
        code = XPH_EXIT_ERROR;
    else if (make_report(&report, &recording, err))
        code = print_report(&report, view, err);
    free_report(&report);
    xph_recording_close(&recording);
    return code;
}
