/*
 * xenphase summary: what a trace holds, counted.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/decode/threads.h"
#include "analyzer/machine/contradictions.h"
#include "analyzer/views/summary.h"
#include "analyzer/views/terminal_text.h"
#include "recording/recording.h"

enum { OPTION_JSON = 256, OPTION_TRACE, OPTION_KHZ, OPTION_THREADS };

/* Emulated clocks may be off by more than the estimate's error: only what is far beyond it is a
 * wrong frequency. */
enum { DOUBTED = 3 };

struct summary_options {
    bool json, help;
    const char *trace_path; /* a bare xentrace file instead of a recording; "-": from a pipe */
    uint64_t khz;           /* 0: not given */
    unsigned threads;
    const char *directory;
};

static const char help_text[] =
    "usage: xenphase summary [options] DIR\n"
    "       xenphase summary [options] --trace FILE|- [--khz N]\n"
    "\n"
    "Counts what a trace of Xen holds: records by class and event, run states of each vCPU and "
    "domain, hypercalls, VM exits\n"
    "by reason with their time in Xen, lost records.\n"
    "\n"
    "      --trace FILE     a file of xentrace(8) instead of a recording; - reads it from the "
    "standard input\n"
    "                       (by way of a file in $TMPDIR that has no name)\n"
    "      --khz N          the TSC's frequency in kHz, which such a file does not tell (xl dmesg: "
    "\"Detected ... MHz\n"
    "                       processor\"); without it, it is estimated from the scheduler's "
    "records\n"
    "      --threads N      read with so many threads (as many as there are CPUs)\n"
    "      --json           the same for programs (docs/format/summary-json.md)\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit status: 0; 1 on an error; 2 on a wrong command line; 3 if the trace is incomplete, "
    "damaged or lossy.\n";

static const struct option long_options[] = {
    {"json", no_argument, NULL, OPTION_JSON},
    {"trace", required_argument, NULL, OPTION_TRACE},
    {"khz", required_argument, NULL, OPTION_KHZ},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool parse_option(struct summary_options *options, int option, struct xph_error *err)
{
    unsigned long number;

    switch (option) {
    case OPTION_JSON:
        options->json = true;
        return true;
    case OPTION_TRACE:
        options->trace_path = optarg;
        return true;
    case OPTION_KHZ:
        if (!xph_parse_number("khz", optarg, 1, XPH_MAX_KHZ, &number, err))
            return false;
        options->khz = number;
        return true;
    case OPTION_THREADS:
        if (!xph_parse_number("threads", optarg, 1, XPH_MAX_THREADS, &number, err))
            return false;
        options->threads = (unsigned)number;
        return true;
    case 'h':
        options->help = true;
        return true;
    default:
        return xph_fail(err, "see xenphase summary --help");
    }
}

static unsigned default_threads(void)
{
    unsigned cpus = xph_usable_cpus();

    return cpus > XPH_MAX_THREADS ? XPH_MAX_THREADS : cpus;
}

static bool parse_options(struct summary_options *options, int argc, char **argv,
                          struct xph_error *err)
{
    int option;

    *options = (struct summary_options){.threads = default_threads()};
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (!parse_option(options, option, err))
            return false;
    }
    if (options->help)
        return true;
    if (options->trace_path ? argc != optind : argc != optind + 1)
        return xph_fail(err, "which recording? (xenphase summary DIR, see --help)");
    if (options->khz != 0 && !options->trace_path)
        return xph_fail(err, "--khz goes with --trace only: a recording tells the frequency");
    options->directory = argv[optind];
    return true;
}

/* The frequency that times are told by: the given one, or else the estimate. */
static bool choose_frequency(struct xph_summary_view *view, uint64_t khz, struct xph_doubts *doubts,
                             struct xph_error *err)
{
    double ppm;

    view->khz_estimate = xph_summary_estimate_khz(view->summary, &view->khz_error_ppm);
    view->khz_estimated = khz == 0;
    view->clock.khz = khz != 0 ? khz : view->khz_estimate;
    if (view->clock.khz == 0)
        return xph_fail(err, "the TSC's frequency is not known, and the trace has too few of the "
                             "scheduler's records to estimate it: give it with --khz");
    if (khz == 0 || view->khz_estimate == 0)
        return true;
    ppm = ((double)view->khz_estimate / (double)khz - 1) * 1e6;
    if (ppm > DOUBTED * view->khz_error_ppm || -ppm > DOUBTED * view->khz_error_ppm)
        xph_doubt(doubts,
                  "the TSC runs at %llu kHz by what was told, but at %llu kHz by the scheduler's "
                  "records",
                  (unsigned long long)khz, (unsigned long long)view->khz_estimate);
    return true;
}

static bool print_summary(const struct summary_options *options, struct xph_summary_view *view,
                          uint64_t khz, struct xph_doubts *doubts, struct xph_error *err)
{
    if (!choose_frequency(view, khz, doubts, err))
        return false;
    xph_doubts_of_losses(doubts, &view->summary->losses, view->clock.khz);
    xph_doubts_of_damage(doubts, &view->summary->damage);
    xph_doubts_of_skew(doubts, &view->summary->skew, view->clock.khz);
    xph_doubts_of_machine(doubts, view->summary->machine.contradictions);
    return options->json ? xph_summary_json(stdout, view, err)
                         : xph_summary_text(stdout, view, err);
}

/* `view` has the manifest and when the recording began, where there is one. */
static int summarize(const struct summary_options *options, const struct xph_mapped_file *trace,
                     struct xph_summary_view *view, uint64_t khz, struct xph_doubts *doubts,
                     struct xph_error *err)
{
    struct xph_summary summary;
    bool ok;

    if (!xph_summary_read(&summary, trace, options->threads,
                          view->manifest && view->manifest->ring_bytes > 0, err))
        return XPH_EXIT_ERROR;
    view->summary = &summary;
    view->doubts = doubts;
    if (view->clock.start_tsc == 0)
        view->clock.start_tsc = summary.first_tsc;
    if (!view->manifest && summary.pcpu_count == 0)
        ok = xph_fail(err, "%s is not a file of xentrace(8)",
                      strcmp(options->trace_path, "-") == 0 ? "the standard input"
                                                            : options->trace_path);
    else
        ok = print_summary(options, view, khz, doubts, err);
    xph_summary_close(&summary);
    return ok ? xph_tell_doubts("summary", doubts) : XPH_EXIT_ERROR;
}

static int summarize_recording(const struct summary_options *options, struct xph_error *err)
{
    struct xph_doubts doubts = {0};
    struct xph_recording recording;
    struct xph_summary_view view;
    int code;

    if (!xph_recording_open(&recording, options->directory, err))
        return XPH_EXIT_ERROR;
    xph_doubts_of_recording(&doubts, &recording);
    view = (struct xph_summary_view){
        .manifest = &recording.manifest,
        .clock.start_tsc = xph_clock_of_recording(&recording).start_tsc,
    };
    code = summarize(options, &recording.trace, &view, recording.manifest.tsc_khz, &doubts, err);
    xph_recording_close(&recording);
    return code;
}

static int summarize_trace(const struct summary_options *options, struct xph_error *err)
{
    struct xph_doubts doubts = {0};
    struct xph_mapped_file file;
    struct xph_summary_view view = {.manifest = NULL};
    int code;

    if (!xph_map_trace(options->trace_path, &file, err))
        return XPH_EXIT_ERROR;
    code = summarize(options, &file, &view, options->khz, &doubts, err);
    xph_unmap_file(&file);
    return code;
}

int xph_cmd_summary(int argc, char **argv, struct xph_error *err)
{
    struct summary_options options;

    if (!parse_options(&options, argc, argv, err))
        return XPH_EXIT_USAGE;
    if (options.help) {
        fputs(help_text, stdout);
        return XPH_EXIT_OK;
    }
    return options.trace_path ? summarize_trace(&options, err) : summarize_recording(&options, err);
}
