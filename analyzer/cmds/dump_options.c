#include "analyzer/cmds/dump_options.h"

#include <getopt.h>
#include <limits.h>

#include "analyzer/cmds/commands.h"

const char xph_dump_help[] =
    "usage: xenphase dump [options] DIR\n"
    "       xenphase dump [options] --trace FILE --khz N\n"
    "\n"
    "Lists the records of a recording: seconds since its start, pCPU, the vCPU that runs there, "
    "event, fields.\n"
    "\n"
    "which records:\n"
    "      --event NAME     only this event: its name, a pattern (csched2:*), its id (0x41001), or "
    "a class (hvm);\n"
    "                       may be given several times\n"
    "      --domain N       only records of pCPUs on which a vCPU of domain N runs, and those that "
    "name the domain\n"
    "      --vcpu dNvM      the same for one vCPU\n"
    "      --pcpu N         only this pCPU's records\n"
    "      --from S, --to S only records from, up to so many seconds after the start\n"
    "      --around S[,W]   only records at most W seconds (0.01) before or after S\n"
    "      --limit N        stop after N lines\n"
    "form:\n"
    "      --json           an object a line (docs/format/dump-json.md)\n"
    "      --csv            comma-separated values, with a header\n"
    "      --symbols [dN:]FILE\n"
    "                       names for addresses: xen-syms, vmlinux, System.map; with dN: for those "
    "of domain N only;\n"
    "                       may be given several times (a kernel that was moved at boot, by KASLR, "
    "has others)\n"
    "      --build-id HEX   the build id that the ELF files of symbols must have\n"
    "      --xenstore       changes in xenstore instead, with the values that were read then\n"
    "      --list-events    the events that are known, with their fields\n"
    "input:\n"
    "      --trace FILE     a file of xentrace(8) instead of a recording (- reads it from the "
    "standard input); it does\n"
    "                       not tell the TSC's frequency:\n"
    "      --khz N          the TSC's frequency in kHz (xl dmesg: \"Detected ... MHz processor\")\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit status: 0; 1 on an error; 2 on a wrong command line; 3 if the recording is incomplete, "
    "damaged or lossy.\n";

enum {
    OPTION_XENSTORE = 256,
    OPTION_LIST_EVENTS,
    OPTION_EVENT,
    OPTION_DOMAIN,
    OPTION_VCPU,
    OPTION_PCPU,
    OPTION_FROM,
    OPTION_TO,
    OPTION_AROUND,
    OPTION_LIMIT,
    OPTION_JSON,
    OPTION_CSV,
    OPTION_SYMBOLS,
    OPTION_BUILD_ID,
    OPTION_TRACE,
    OPTION_KHZ
};

static const struct option long_options[] = {
    {"xenstore", no_argument, NULL, OPTION_XENSTORE},
    {"list-events", no_argument, NULL, OPTION_LIST_EVENTS},
    {"event", required_argument, NULL, OPTION_EVENT},
    {"domain", required_argument, NULL, OPTION_DOMAIN},
    {"vcpu", required_argument, NULL, OPTION_VCPU},
    {"pcpu", required_argument, NULL, OPTION_PCPU},
    {"from", required_argument, NULL, OPTION_FROM},
    {"to", required_argument, NULL, OPTION_TO},
    {"around", required_argument, NULL, OPTION_AROUND},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    {"json", no_argument, NULL, OPTION_JSON},
    {"csv", no_argument, NULL, OPTION_CSV},
    {"symbols", required_argument, NULL, OPTION_SYMBOLS},
    {"build-id", required_argument, NULL, OPTION_BUILD_ID},
    {"trace", required_argument, NULL, OPTION_TRACE},
    {"khz", required_argument, NULL, OPTION_KHZ},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Options whose text the filter takes. */
static const struct {
    int option;
    bool (*parse)(struct xph_dump_filter *filter, const char *text, struct xph_error *err);
} filter_options[] = {
    {OPTION_EVENT, xph_dump_filter_event},   {OPTION_DOMAIN, xph_dump_filter_domain},
    {OPTION_VCPU, xph_dump_filter_vcpu},     {OPTION_PCPU, xph_dump_filter_pcpu},
    {OPTION_FROM, xph_dump_filter_from},     {OPTION_TO, xph_dump_filter_to},
    {OPTION_AROUND, xph_dump_filter_around},
};

static bool add_symbol_file(struct xph_dump_options *options, const char *file,
                            struct xph_error *err)
{
    if (options->symbol_count == XPH_DUMP_SYMBOL_FILES)
        return xph_fail(err, "--symbols can be given %d times", XPH_DUMP_SYMBOL_FILES);
    options->symbol_files[options->symbol_count++] = file;
    return true;
}

static bool set_view(struct xph_dump_options *options, xph_dump_record *view, struct xph_error *err)
{
    if (options->view != xph_dump_text)
        return xph_fail(err, "the output is text, or --json, or --csv: one of them");
    options->view = view;
    return true;
}

static bool parse_filter_option(struct xph_dump_options *options, int option, bool *ok,
                                struct xph_error *err)
{
    for (size_t i = 0; i < sizeof(filter_options) / sizeof(filter_options[0]); i++) {
        if (filter_options[i].option == option) {
            options->filtered = true;
            *ok = filter_options[i].parse(&options->filter, optarg, err);
            return true;
        }
    }
    return false;
}

static bool parse_option(struct xph_dump_options *options, int option, struct xph_error *err)
{
    unsigned long number;
    bool ok;

    if (parse_filter_option(options, option, &ok, err))
        return ok;
    switch (option) {
    case OPTION_XENSTORE:
        options->xenstore = true;
        return true;
    case OPTION_LIST_EVENTS:
        options->list_events = true;
        return true;
    case OPTION_LIMIT:
        return xph_parse_number("limit", optarg, 0, ULONG_MAX - 1, &options->limit, err);
    case OPTION_JSON:
        return set_view(options, xph_dump_json, err);
    case OPTION_CSV:
        return set_view(options, xph_dump_csv, err);
    case OPTION_SYMBOLS:
        return add_symbol_file(options, optarg, err);
    case OPTION_BUILD_ID:
        options->build_id = optarg;
        return true;
    case OPTION_TRACE:
        options->trace_path = optarg;
        return true;
    case OPTION_KHZ:
        if (!xph_parse_number("khz", optarg, 1, XPH_MAX_KHZ, &number, err))
            return false;
        options->khz = number;
        return true;
    case 'h':
        options->help = true;
        return true;
    default:
        return xph_fail(err, "see xenphase dump --help");
    }
}

static bool check_options(const struct xph_dump_options *options, struct xph_error *err)
{
    bool records_only =
        options->filtered || options->view != xph_dump_text || options->symbol_count > 0;

    if (options->trace_path && options->khz == 0)
        return xph_fail(err, "a bare trace does not tell the TSC's frequency: give it with --khz");
    if (options->xenstore && (records_only || options->trace_path))
        return xph_fail(err, "--xenstore goes with --limit only");
    if (options->build_id && options->symbol_count == 0)
        return xph_fail(err, "--build-id is for files given with --symbols");
    if (options->filter.from_ns > options->filter.to_ns)
        return xph_fail(err, "--from is after --to");
    return true;
}

bool xph_dump_options_parse(struct xph_dump_options *options, int argc, char **argv,
                            struct xph_error *err)
{
    int option;

    *options = (struct xph_dump_options){.view = xph_dump_text};
    xph_dump_filter_open(&options->filter);
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (!parse_option(options, option, err))
            return false;
    }
    if (options->help || options->list_events)
        return true;
    if (options->trace_path ? argc != optind : argc != optind + 1)
        return xph_fail(err, "which recording? (xenphase dump DIR, see --help)");
    options->directory = argv[optind];
    return check_options(options, err);
}
