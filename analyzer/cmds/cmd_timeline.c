/*
 * xenphase timeline: the events of all sources in one order of time, one a line; or what dom0 did,
 * added up.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/machine/dom0_tally.h"
#include "analyzer/machine/host.h"
#include "analyzer/views/dom0_text.h"
#include "analyzer/views/terminal_text.h"
#include "analyzer/views/timeline_text.h"

enum { DEFAULT_ROWS = 25 };

struct timeline_options {
    bool summary, threads, help;
    bool sources[XPH_SOURCES];
    uint64_t from_ns, to_ns;
    unsigned long rows;
    const char *directory;
};

static const char help_text[] =
    "usage: xenphase timeline [options] DIR\n"
    "\n"
    "Lists the events of all sources of a recording in one order of time: seconds since its start, "
    "source, where it\n"
    "happened, who was there (the vCPU and, in dom0, the thread that it runs), event, fields.\n"
    "\n"
    "      --source NAME,...  only these of kernel (dom0's), xen, samples, xenstore, console\n"
    "      --from SECONDS     only events at or after this time\n"
    "      --to SECONDS       only events before this time\n"
    "      --summary          instead of events: CPU time of dom0 by program, hypercalls, "
    "processes\n"
    "      --threads          with --summary: CPU time by thread, too\n"
    "      --top N            rows of each table of the summary (25; 0: all)\n"
    "  -h, --help             this text\n"
    "\n"
    "Exit status: 0; 1 on an error; 2 on a wrong command line; 3 if the recording is incomplete, "
    "damaged or lossy.\n";

enum { OPTION_SOURCE = 256, OPTION_FROM, OPTION_TO, OPTION_SUMMARY, OPTION_THREADS, OPTION_TOP };

static const struct option long_options[] = {
    {"source", required_argument, NULL, OPTION_SOURCE},
    {"from", required_argument, NULL, OPTION_FROM},
    {"to", required_argument, NULL, OPTION_TO},
    {"summary", no_argument, NULL, OPTION_SUMMARY},
    {"threads", no_argument, NULL, OPTION_THREADS},
    {"top", required_argument, NULL, OPTION_TOP},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool parse_seconds(const char *name, const char *text, uint64_t *ns, struct xph_error *err)
{
    const double most = 1e9;
    char *end;
    double seconds = strtod(text, &end);

    if (*text < '0' || *text > '9' || *end != '\0' || !(seconds >= 0 && seconds <= most))
        return xph_fail(err, "--%s wants seconds since the recording's start, not '%s'", name,
                        text);
    *ns = (uint64_t)(seconds * 1e9 + 0.5);
    return true;
}

static bool parse_sources(struct timeline_options *options, char *names, struct xph_error *err)
{
    char *rest = names, *name;

    memset(options->sources, 0, sizeof(options->sources));
    while ((name = strsep(&rest, ","))) {
        int i = 0;

        while (i < XPH_SOURCES && strcmp(name, xph_source_name((enum xph_source)i)) != 0)
            i++;
        if (i == XPH_SOURCES)
            return xph_fail(err,
                            "no such source: '%s' (there are kernel, xen, samples, xenstore, "
                            "console)",
                            name);
        options->sources[i] = true;
    }
    return true;
}

static bool parse_option(struct timeline_options *options, int option, struct xph_error *err)
{
    switch (option) {
    case OPTION_SOURCE:
        return parse_sources(options, optarg, err);
    case OPTION_FROM:
        return parse_seconds("from", optarg, &options->from_ns, err);
    case OPTION_TO:
        return parse_seconds("to", optarg, &options->to_ns, err);
    case OPTION_SUMMARY:
        options->summary = true;
        return true;
    case OPTION_THREADS:
        options->threads = true;
        return true;
    case OPTION_TOP:
        return xph_parse_number("top", optarg, 0, ULONG_MAX - 1, &options->rows, err);
    case 'h':
        options->help = true;
        return true;
    default:
        return xph_fail(err, "see xenphase timeline --help");
    }
}

static bool parse_options(struct timeline_options *options, int argc, char **argv,
                          struct xph_error *err)
{
    bool filtered = false, top = false;
    int option;

    *options = (struct timeline_options){.to_ns = UINT64_MAX, .rows = DEFAULT_ROWS};
    for (int i = 0; i < XPH_SOURCES; i++)
        options->sources[i] = true;
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (!parse_option(options, option, err))
            return false;
        filtered |= option == OPTION_SOURCE || option == OPTION_FROM || option == OPTION_TO;
        top |= option == OPTION_TOP;
    }
    if (options->help)
        return true;
    if (argc != optind + 1)
        return xph_fail(err, "which recording? (xenphase timeline DIR, see --help)");
    if (options->summary && filtered)
        return xph_fail(err, "--summary adds up all of a recording: no --source, --from or --to");
    if ((top || options->threads) && !options->summary)
        return xph_fail(err, "--top and --threads go with --summary");
    options->directory = argv[optind];
    return true;
}

/* What is followed while the time line is read. */
struct reading {
    const struct timeline_options *options;
    struct xph_joint joint;
    struct xph_host host;
    struct xph_dom0_tally tally;
    struct xph_layouts layouts;
    struct xph_dump dump;
};

static bool open_decoder(struct reading *reading, const struct xph_recording *recording,
                         struct xph_error *err)
{
    struct xph_xen_kind kind;

    xph_xen_kind_detect(&kind, recording->manifest.xen_version, recording->manifest.cpu_model,
                        &recording->trace);
    return xph_layouts_open(&reading->layouts, &kind, err) &&
           xph_dump_open(&reading->dump, &reading->layouts, NULL, NULL, err);
}

static void close_decoder(struct reading *reading)
{
    xph_dump_close(&reading->dump);
    xph_layouts_close(&reading->layouts);
}

static bool open_host(struct reading *reading, struct xph_error *err)
{
    const struct xph_dom0_observer observer = {.interval = xph_dom0_tally_interval,
                                               .hypercall = xph_dom0_tally_hypercall,
                                               .context = &reading->tally};

    if (!xph_dom0_tally_open(&reading->tally, err))
        return false;
    if (xph_host_open(&reading->host, &reading->joint, NULL, &observer, err))
        return true;
    xph_dom0_tally_close(&reading->tally);
    return false;
}

static bool open_reading(struct reading *reading, const struct timeline_options *options,
                         const struct xph_recording *recording, struct xph_error *err)
{
    *reading = (struct reading){.options = options};
    if (!xph_joint_open(&reading->joint, recording, NULL, err))
        return false;
    if (open_decoder(reading, recording, err) && open_host(reading, err))
        return true;
    close_decoder(reading);
    xph_joint_close(&reading->joint);
    return false;
}

static void close_reading(struct reading *reading)
{
    xph_host_close(&reading->host);
    xph_dom0_tally_close(&reading->tally);
    close_decoder(reading);
    xph_joint_close(&reading->joint);
}

static bool selected(const struct timeline_options *options, const struct xph_joint_event *event)
{
    bool name = event->source == XPH_SOURCE_KERNEL && event->kernel.type == XPH_KERNEL_NAME;

    return !options->summary && !name && options->sources[event->source] &&
           event->ns >= options->from_ns && event->ns < options->to_ns;
}

static bool print_summary(struct reading *reading, struct xph_error *err)
{
    const struct timeline_options *options = reading->options;

    return xph_dom0_text(stdout, &reading->joint, &reading->host.tasks, &reading->tally,
                         options->rows, err) &&
           (!options->threads ||
            xph_dom0_threads_text(stdout, &reading->joint.clock, &reading->host.tasks.table,
                                  options->rows, err));
}

/* To the end, whatever is printed: doubts are known only there. */
static bool read_all(struct reading *reading, struct xph_error *err)
{
    struct xph_joint_event event;

    while (xph_joint_next(&reading->joint, &event)) {
        if (!xph_host_feed(&reading->host, &reading->joint, &event, err))
            return false;
        if (selected(reading->options, &event)) {
            xph_timeline_event_text(stdout, &reading->dump, &event, &reading->host.machine,
                                    &reading->host.tasks);
            if (ferror(stdout))
                return xph_fail_errno(err, errno, "cannot write the output");
        }
    }
    return xph_host_finish(&reading->host, &reading->joint, err) &&
           (!reading->options->summary || print_summary(reading, err));
}

static int show(const struct timeline_options *options, const struct xph_recording *recording,
                struct xph_error *err)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    struct xph_doubts doubts = {0};
    int code = XPH_EXIT_ERROR;

    if (!reading)
        return xph_fail(err, "out of memory"), XPH_EXIT_ERROR;
    xph_doubts_of_recording(&doubts, recording);
    if (open_reading(reading, options, recording, err)) {
        if (read_all(reading, err)) {
            xph_joint_doubts(&reading->joint, &doubts);
            xph_host_doubts(&reading->host, &doubts);
            code = xph_tell_doubts("timeline", &doubts);
        }
        close_reading(reading);
    }
    free(reading);
    return code;
}

int xph_cmd_timeline(int argc, char **argv, struct xph_error *err)
{
    struct timeline_options options;
    struct xph_recording recording;
    int code;

    if (!parse_options(&options, argc, argv, err))
        return XPH_EXIT_USAGE;
    if (options.help) {
        fputs(help_text, stdout);
        return XPH_EXIT_OK;
    }
    if (!xph_recording_open(&recording, options.directory, err))
        return XPH_EXIT_ERROR;
    code = show(&options, &recording, err);
    xph_recording_close(&recording);
    return code;
}
