/*
 * xenphase dump: the records of a trace, decoded, one a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/decode/events.h"
#include "analyzer/machine/contradictions.h"
#include "analyzer/timeline/doubts.h"
#include "analyzer/views/dump_text.h"
#include "analyzer/views/terminal_text.h"
#include "analyzer/views/xenstore_text.h"
#include "recording/recording.h"

struct dump_options {
    bool xenstore, help;
    const char *event;      /* NULL: all */
    long domid;             /* -1: all */
    unsigned long limit;    /* 0: no limit */
    const char *trace_path; /* a bare xentrace file instead of a recording */
    uint64_t khz;
    const char *directory;
};

static const char help_text[] =
    "usage: xenphase dump [options] DIR\n"
    "       xenphase dump [options] --trace FILE --khz N\n"
    "\n"
    "Lists the records of a recording: seconds since its start, pCPU, the vCPU that runs there, "
    "event, fields.\n"
    "\n"
    "      --xenstore       changes in xenstore instead, with the values that were read then\n"
    "      --event NAME     only this event (its name, or its id such as 0x41001)\n"
    "      --domain N       only records of pCPUs on which a vCPU of domain N runs\n"
    "      --limit N        stop after N lines\n"
    "      --trace FILE     a file of xentrace(8) instead of a recording; it does not tell the "
    "TSC's frequency:\n"
    "      --khz N          the TSC's frequency in kHz (xl dmesg: \"Detected ... MHz processor\")\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit status: 0; 1 on an error; 2 on a wrong command line; 3 if the recording is incomplete, "
    "damaged or lossy.\n";

enum { OPTION_XENSTORE = 256, OPTION_EVENT, OPTION_DOMAIN, OPTION_LIMIT, OPTION_TRACE, OPTION_KHZ };

static const struct option long_options[] = {
    {"xenstore", no_argument, NULL, OPTION_XENSTORE},
    {"event", required_argument, NULL, OPTION_EVENT},
    {"domain", required_argument, NULL, OPTION_DOMAIN},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    {"trace", required_argument, NULL, OPTION_TRACE},
    {"khz", required_argument, NULL, OPTION_KHZ},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool parse_count(const char *name, const char *text, unsigned long max, unsigned long *value,
                        struct xph_error *err)
{
    char *end;

    errno = 0;
    *value = strtoul(text, &end, 10);
    if (errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && *value <= max)
        return true;
    return xph_fail(err, "--%s wants a number up to %lu, not '%s'", name, max, text);
}

static bool parse_option(struct dump_options *options, int option, struct xph_error *err)
{
    unsigned long number;

    switch (option) {
    case OPTION_XENSTORE:
        options->xenstore = true;
        return true;
    case OPTION_EVENT:
        options->event = optarg;
        return true;
    case OPTION_DOMAIN:
        if (!parse_count("domain", optarg, UINT16_MAX, &number, err))
            return false;
        options->domid = (long)number;
        return true;
    case OPTION_LIMIT:
        return parse_count("limit", optarg, ULONG_MAX - 1, &options->limit, err);
    case OPTION_TRACE:
        options->trace_path = optarg;
        return true;
    case OPTION_KHZ:
        if (!parse_count("khz", optarg, 100000000, &number, err))
            return false;
        options->khz = number;
        return number > 0 || xph_fail(err, "--khz wants a frequency");
    case 'h':
        options->help = true;
        return true;
    default:
        return xph_fail(err, "see xenphase dump --help");
    }
}

static bool parse_options(struct dump_options *options, int argc, char **argv,
                          struct xph_error *err)
{
    int option;

    *options = (struct dump_options){.domid = -1};
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (!parse_option(options, option, err))
            return false;
    }
    if (options->help)
        return true;
    if (options->trace_path ? argc != optind : argc != optind + 1)
        return xph_fail(err, "which recording? (xenphase dump DIR, see --help)");
    if (options->trace_path && options->khz == 0)
        return xph_fail(err, "a bare trace does not tell the TSC's frequency: give it with --khz");
    if (options->xenstore && (options->event || options->domid >= 0 || options->trace_path))
        return xph_fail(err, "--xenstore goes with --limit only");
    options->directory = argv[optind];
    return true;
}

static bool selected(const struct dump_options *options, const struct xph_machine *machine,
                     const struct xph_record *record)
{
    const struct xph_vcpu *vcpu = xph_machine_running(machine, record->pcpu);
    char name[64], fields[8], *end;

    if (options->domid >= 0 && (!vcpu || vcpu->domid != options->domid))
        return false;
    if (!options->event)
        return true;
    if (strtoul(options->event, &end, 16) == record->event && *end == '\0')
        return true;
    xph_record_text(record, name, sizeof(name), fields, sizeof(fields));
    return strcmp(name, options->event) == 0;
}

/* Reads the time line to its end, whatever is printed: doubts are known only there. */
static bool dump(const struct dump_options *options, struct xph_timeline *timeline,
                 struct xph_machine *machine, struct xph_error *err)
{
    struct xph_record record;
    unsigned long lines = 0;

    while (xph_timeline_next(timeline, &record)) {
        if (!xph_machine_feed(machine, &record, err))
            return false;
        if ((options->limit == 0 || lines < options->limit) &&
            selected(options, machine, &record)) {
            lines++;
            xph_dump_record(stdout, machine, &record);
            if (ferror(stdout))
                return xph_fail_errno(err, errno, "cannot write the output");
        }
    }
    return xph_machine_finish(machine, timeline->last_ns, err);
}

static int tell_doubts(const struct xph_doubts *doubts)
{
    for (size_t i = 0; i < doubts->count; i++) {
        fputs("xenphase dump: in doubt: ", stderr);
        xph_print_text(stderr, doubts->text[i]);
        fputc('\n', stderr);
    }
    return doubts->count > 0 ? XPH_EXIT_DOUBTFUL : XPH_EXIT_OK;
}

static int dump_timeline(const struct dump_options *options, struct xph_timeline *timeline,
                         struct xph_doubts *doubts, struct xph_error *err)
{
    struct xph_machine machine;
    bool ok;

    if (!xph_machine_open(&machine, NULL, err))
        return XPH_EXIT_ERROR;
    ok = dump(options, timeline, &machine, err);
    xph_doubts_of_timeline(doubts, timeline);
    xph_doubts_of_machine(doubts, machine.contradictions);
    xph_machine_close(&machine);
    if (!ok)
        return XPH_EXIT_ERROR;
    return tell_doubts(doubts);
}

static int dump_xenstore(const struct dump_options *options, const struct xph_recording *recording,
                         struct xph_doubts *doubts, struct xph_error *err)
{
    const struct xph_manifest *manifest = &recording->manifest;
    struct xph_clock clock = xph_clock_of_recording(recording);
    struct xph_xenstore_reader reader;
    struct xph_xenstore_event event;

    if (recording->xenstore.size == 0) {
        xph_fail(err, "%s has no changes of xenstore (%s)", options->directory,
                 manifest->xenstore_wanted ? "the file is empty" : "it was recorded without them");
        return XPH_EXIT_ERROR;
    }
    if (clock.khz == 0) {
        xph_fail(err, "%s does not tell the TSC's frequency", options->directory);
        return XPH_EXIT_ERROR;
    }
    if (!xph_xenstore_reader_open(&reader, &recording->xenstore, err))
        return XPH_EXIT_ERROR;
    for (unsigned long lines = 0; options->limit == 0 || lines < options->limit; lines++) {
        if (!xph_xenstore_next(&reader, &event))
            break;
        xph_dump_xenstore_event(stdout, &clock, &event);
    }
    if (reader.damaged)
        xph_doubt(doubts, "%s is cut or damaged at byte %zu", XPH_FILE_XENSTORE, reader.at);
    return tell_doubts(doubts);
}

static int dump_recording(const struct dump_options *options, struct xph_error *err)
{
    struct xph_doubts doubts = {0};
    struct xph_recording recording;
    struct xph_timeline timeline;
    int code = XPH_EXIT_ERROR;

    if (!xph_recording_open(&recording, options->directory, err))
        return XPH_EXIT_ERROR;
    xph_doubts_of_recording(&doubts, &recording);
    if (options->xenstore) {
        code = dump_xenstore(options, &recording, &doubts, err);
    } else if (xph_timeline_open_recording(&timeline, &recording, err)) {
        code = dump_timeline(options, &timeline, &doubts, err);
        xph_timeline_close(&timeline);
    }
    xph_recording_close(&recording);
    return code;
}

static int dump_bare_trace(const struct dump_options *options, struct xph_error *err)
{
    struct xph_doubts doubts = {0};
    struct xph_mapped_file file;
    struct xph_timeline timeline;
    int code = XPH_EXIT_ERROR;

    if (!xph_map_file(AT_FDCWD, options->trace_path, &file, err))
        return XPH_EXIT_ERROR;
    if (xph_timeline_open_mapped(&timeline, &file, 0, options->khz, err)) {
        if (timeline.file.pcpu_count == 0)
            xph_fail(err, "%s is not a file of xentrace(8)", options->trace_path);
        else
            code = dump_timeline(options, &timeline, &doubts, err);
        xph_timeline_close(&timeline);
    }
    xph_unmap_file(&file);
    return code;
}

int xph_cmd_dump(int argc, char **argv, struct xph_error *err)
{
    struct dump_options options;

    if (!parse_options(&options, argc, argv, err))
        return XPH_EXIT_USAGE;
    if (options.help) {
        fputs(help_text, stdout);
        return XPH_EXIT_OK;
    }
    return options.trace_path ? dump_bare_trace(&options, err) : dump_recording(&options, err);
}
