/*
 * xenphase marks: what guests said of themselves with xenphase-mark.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/machine/contradictions.h"
#include "analyzer/machine/follow.h"
#include "analyzer/timeline/doubts.h"
#include "analyzer/views/marks.h"
#include "analyzer/views/terminal_text.h"
#include "recording/recording.h"

struct marks_options {
    bool json, help;
    const char *directory;
};

static const char help_text[] =
    "usage: xenphase marks [--json] DIR\n"
    "\n"
    "Lists the marks that guests made with xenphase-mark while DIR was recorded: seconds since "
    "the\n"
    "recording's start, the vCPU, the way, seconds of the guest's own CLOCK_MONOTONIC, name and "
    "value;\n"
    "then the spans of time that guests told of, on the host's time line with their error.\n"
    "\n"
    "      --json           as JSON (docs/format/marks-json.md)\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit status: 0; 1 on an error; 2 on a wrong command line; 3 if the recording is incomplete, "
    "damaged or lossy,\n"
    "or marks in it are.\n";

static const struct option long_options[] = {
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool parse_options(struct marks_options *options, int argc, char **argv,
                          struct xph_error *err)
{
    int option;

    *options = (struct marks_options){0};
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (option == 'j')
            options->json = true;
        else if (option == 'h')
            options->help = true;
        else
            return xph_fail(err, "see xenphase marks --help");
    }
    if (options->help)
        return true;
    if (argc != optind + 1)
        return xph_fail(err, "which recording? (xenphase marks DIR, see --help)");
    options->directory = argv[optind];
    return true;
}

static bool take_record(void *context, const struct xph_machine *machine,
                        const struct xph_record *record, struct xph_error *err)
{
    return xph_guest_marks_feed(context, record, xph_machine_running(machine, record->pcpu), err);
}

static bool read_trace(struct xph_guest_marks *marks, const struct xph_recording *recording,
                       struct xph_doubts *doubts, struct xph_error *err)
{
    const struct xph_follower follower = {.record = take_record, .context = marks};
    struct xph_finding contradictions[XPH_CONTRADICTIONS];
    struct xph_timeline timeline;
    bool ok;

    if (!xph_timeline_open_recording(&timeline, recording, NULL, err))
        return false;
    ok = xph_machine_follow(&timeline, &follower, contradictions, err);
    if (ok) {
        xph_doubts_of_timeline(doubts, &timeline);
        xph_doubts_of_machine(doubts, contradictions);
    }
    xph_timeline_close(&timeline);
    return ok;
}

static bool read_xenstore(struct xph_guest_marks *marks, const struct xph_recording *recording,
                          struct xph_doubts *doubts, struct xph_error *err)
{
    const struct xph_clock clock = xph_clock_of_recording(recording);
    struct xph_xenstore_reader reader;
    struct xph_xenstore_event event;

    if (recording->xenstore.size == 0)
        return true;
    if (!xph_xenstore_reader_open(&reader, &recording->xenstore, err))
        return false;
    while (xph_xenstore_next(&reader, &event)) {
        if (!xph_guest_marks_xenstore(marks, &clock, &event, err))
            return false;
    }
    if (reader.damaged)
        xph_doubt(doubts, "%s is cut or damaged at byte %zu", XPH_FILE_XENSTORE, reader.at);
    return true;
}

static void doubt_marks(struct xph_doubts *doubts, const struct xph_guest_mark_faults *faults)
{
    const struct {
        uint64_t count;
        const char *what;
    } rows[] = {
        {faults->torn, "guests' marks began and did not end"},
        {faults->damaged, "guests' marks cannot be read"},
        {faults->stray, "pieces of guests' marks belong to none whose start is there"},
        {faults->unplaced, "pieces of guests' marks are of an unknown guest"},
        {faults->dropped, "guests' marks are beyond what is kept of one domain"},
        {faults->missing, "guests' marks are missing, as their senders counted them"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].count > 0)
            xph_doubt(doubts, "%" PRIu64 " %s", rows[i].count, rows[i].what);
    }
}

/* Who made marks, each with its clock. */
static bool find_domains(struct xph_marks_view *view, struct xph_error *err)
{
    bool *seen = calloc(UINT16_MAX + 1, sizeof(*seen));
    size_t count = 0;

    if (!seen)
        return xph_fail(err, "out of memory for guests' marks");
    for (size_t i = 0; i < view->marks->count; i++) {
        count += !seen[view->marks->marks[i].domid];
        seen[view->marks->marks[i].domid] = true;
    }
    view->domains = calloc(count ? count : 1, sizeof(*view->domains));
    for (unsigned domid = 0; view->domains && domid <= UINT16_MAX; domid++) {
        struct xph_marking_domain *domain = &view->domains[view->domain_count];

        if (!seen[domid])
            continue;
        domain->domid = (uint16_t)domid;
        if (!xph_guest_clock_open(&domain->clock, view->marks, domain->domid, err))
            break;
        view->domain_count++;
    }
    free(seen);
    if (!view->domains || view->domain_count < count)
        return xph_fail(err, "out of memory for %zu domains", count);
    return true;
}

static int show(const struct marks_options *options, struct xph_marks_view *view,
                struct xph_error *err)
{
    if (!options->json)
        xph_marks_text(stdout, view);
    else if (!xph_marks_json(stdout, view, err))
        return XPH_EXIT_ERROR;
    return xph_tell_doubts("marks", view->doubts);
}

static int list_marks(const struct marks_options *options, const struct xph_recording *recording,
                      struct xph_guest_marks *marks, struct xph_error *err)
{
    struct xph_doubts doubts = {0};
    struct xph_marks_view view = {.marks = marks, .doubts = &doubts};
    int code = XPH_EXIT_ERROR;

    xph_doubts_of_recording(&doubts, recording);
    if (!read_trace(marks, recording, &doubts, err) ||
        !read_xenstore(marks, recording, &doubts, err))
        return XPH_EXIT_ERROR;
    xph_guest_marks_finish(marks);
    doubt_marks(&doubts, &marks->faults);
    if (find_domains(&view, err))
        code = show(options, &view, err);
    for (size_t i = 0; i < view.domain_count; i++)
        xph_guest_clock_close(&view.domains[i].clock);
    free(view.domains);
    return code;
}

int xph_cmd_marks(int argc, char **argv, struct xph_error *err)
{
    struct marks_options options;
    struct xph_recording recording;
    struct xph_guest_marks marks;
    int code = XPH_EXIT_ERROR;

    if (!parse_options(&options, argc, argv, err))
        return XPH_EXIT_USAGE;
    if (options.help) {
        fputs(help_text, stdout);
        return XPH_EXIT_OK;
    }
    if (!xph_recording_open(&recording, options.directory, err))
        return XPH_EXIT_ERROR;
    if (xph_guest_marks_open(&marks, err)) {
        code = list_marks(&options, &recording, &marks, err);
        xph_guest_marks_close(&marks);
    }
    xph_recording_close(&recording);
    return code;
}
