/*
 * xenphase dump: the records of a trace, decoded, one a line.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/cmds/dump_options.h"
#include "analyzer/decode/events.h"
#include "analyzer/machine/contradictions.h"
#include "analyzer/machine/follow.h"
#include "analyzer/symbols/symbols.h"
#include "analyzer/timeline/doubts.h"
#include "analyzer/views/dump_queue.h"
#include "analyzer/views/terminal_text.h"
#include "analyzer/views/xenstore_text.h"
#include "recording/recording.h"

static int list_events(void)
{
    size_t count;
    const struct xph_event *rows = xph_event_rows(&count);

    for (size_t i = 0; i < count; i++) {
        printf("0x%08x  %-28s %s", rows[i].id, rows[i].name, rows[i].fields);
        if (rows[i].since)
            printf("  [since Xen %d.%d]", rows[i].since / 100, rows[i].since % 100);
        if (rows[i].until)
            printf("  [until Xen %d.%d]", rows[i].until / 100, rows[i].until % 100);
        putchar('\n');
    }
    return XPH_EXIT_OK;
}

static uint32_t running_on(const struct xph_machine *machine, uint16_t pcpu)
{
    const struct xph_vcpu *vcpu = xph_machine_running(machine, pcpu);

    return vcpu ? (uint32_t)vcpu->domid << 16 | vcpu->vcpu : XPH_NO_VCPU;
}

/* Reads the time line to its end, whatever is printed: doubts are known only there. */
static bool queue_records(const struct xph_dump_options *options, struct xph_timeline *timeline,
                          struct xph_machine *machine, struct xph_dump_queue *queue,
                          struct xph_error *err)
{
    unsigned long left = options->limit ? options->limit : ULONG_MAX;
    struct xph_dump_item *item = xph_dump_queue_next(queue), unwanted;

    bool unfiltered = xph_dump_filter_is_open(&options->filter), ok = true;

    for (;;) {
        struct xph_record *record = item ? &item->record : &unwanted.record;

        if (!xph_timeline_next(timeline, record))
            break;
        ok = xph_machine_feed(machine, record, err);
        if (!ok)
            break;
        if (!item)
            continue;
        item->layout = xph_layout_find(queue->dump->layouts, record->event);
        item->vcpu = running_on(machine, record->pcpu);
        if (unfiltered || xph_dump_filter_passes(&options->filter, item))
            item = --left > 0 ? xph_dump_queue_next(queue) : NULL;
    }
    xph_dump_queue_take_back(queue, item);
    return ok;
}

static bool dump_records(const struct xph_dump_options *options, struct xph_timeline *timeline,
                         struct xph_machine *machine, struct xph_dump *dump, struct xph_error *err)
{
    struct xph_dump_queue queue;
    bool ok;

    if (options->view == xph_dump_csv)
        xph_dump_csv_header(dump);
    xph_output_flush(dump->output);
    if (!xph_dump_queue_open(&queue, dump, options->view, err))
        return false;
    ok = queue_records(options, timeline, machine, &queue, err) &&
         xph_machine_finish(machine, timeline->last_ns, err);
    xph_dump_queue_close(&queue);
    return ok;
}

static bool open_symbols(const struct xph_dump_options *options, struct xph_symbols *symbols,
                         struct xph_error *err)
{
    *symbols = (struct xph_symbols){0};
    for (size_t i = 0; i < options->symbol_count; i++) {
        if (!xph_symbols_add(symbols, options->symbol_files[i], options->build_id, err)) {
            xph_symbols_close(symbols);
            return false;
        }
    }
    return true;
}

/* What an address is called stands on the file's being the one of what ran. */
static void note_symbols(const struct xph_dump_options *options, const struct xph_symbols *symbols)
{
    for (size_t i = 0; i < symbols->count; i++) {
        const struct xph_symbol_file *file = &symbols->files[i];

        if (options->build_id && file->build_id[0] != '\0')
            continue;
        fputs("xenphase dump: note: nothing says that ", stderr);
        xph_print_text(stderr, options->symbol_files[i]);
        if (file->build_id[0] != '\0')
            fprintf(stderr,
                    " (build id %s) is what ran: the recording does not tell its build id, "
                    "--build-id can\n",
                    file->build_id);
        else
            fputs(" is what ran: it has no build id\n", stderr);
    }
}

static void doubt_dump(struct xph_doubts *doubts, const struct xph_dump *dump)
{
    const struct xph_xen_kind *kind = &dump->layouts->kind;
    char text[512];

    if (dump->unknown_records > 0)
        xph_doubt(doubts, "records of unknown events: %" PRIu64 ", shown as they are",
                  dump->unknown_records);
    if (dump->ambiguous_records > 0)
        xph_doubt(doubts,
                  "records that differ between versions of Xen: %" PRIu64
                  ", shown as the newest has them, as it is not known which it was",
                  dump->ambiguous_records);
    xph_xen_kind_text(kind, text, sizeof(text));
    if (kind->contradiction)
        xph_doubt(doubts, "%s: some records may be decoded wrongly", text);
    if (dump->addresses > 0 && dump->addresses_named == 0)
        xph_doubt(doubts, "the symbols name none of %" PRIu64 " addresses: are they of what ran?",
                  dump->addresses);
}

/* A bare trace does not say what wrote it; what was concluded is told, as all the rest depends on
 * it. */
static void note_kind(const struct xph_dump_options *options, const struct xph_xen_kind *kind)
{
    char text[512];

    if (!options->trace_path || kind->contradiction)
        return;
    xph_xen_kind_text(kind, text, sizeof(text));
    fprintf(stderr, "xenphase dump: note: decoded as of %s\n", text);
}

static bool dump_with(const struct xph_dump_options *options, struct xph_timeline *timeline,
                      struct xph_machine *machine, const struct xph_layouts *layouts,
                      const struct xph_symbols *symbols, struct xph_doubts *doubts,
                      struct xph_error *err)
{
    struct xph_output output;
    struct xph_dump dump;
    bool ok, written;

    if (!xph_output_open(&output, STDOUT_FILENO, err))
        return false;
    ok = xph_dump_open(&dump, layouts, symbols->count > 0 ? symbols : NULL, &output, err) &&
         dump_records(options, timeline, machine, &dump, err);
    written = xph_output_close(&output, ok ? err : &(struct xph_error){0});
    if (ok && written) {
        note_kind(options, &layouts->kind);
        note_symbols(options, symbols);
        doubt_dump(doubts, &dump);
    }
    xph_dump_close(&dump);
    return ok && written;
}

static bool dump(const struct xph_dump_options *options, struct xph_timeline *timeline,
                 struct xph_machine *machine, const struct xph_xen_kind *kind,
                 struct xph_doubts *doubts, struct xph_error *err)
{
    struct xph_layouts layouts;
    struct xph_symbols symbols;
    bool ok;

    if (!open_symbols(options, &symbols, err))
        return false;
    ok = xph_layouts_open(&layouts, kind, err) &&
         xph_dump_filter_select(&options->filter, &layouts, err) &&
         dump_with(options, timeline, machine, &layouts, &symbols, doubts, err);
    xph_layouts_close(&layouts);
    xph_symbols_close(&symbols);
    return ok;
}

static int dump_timeline(const struct xph_dump_options *options, struct xph_timeline *timeline,
                         const struct xph_xen_kind *kind, struct xph_doubts *doubts,
                         struct xph_error *err)
{
    struct xph_machine machine;
    bool ok;

    if (!xph_machine_open_timeline(&machine, timeline, NULL, err))
        return XPH_EXIT_ERROR;
    ok = dump(options, timeline, &machine, kind, doubts, err);
    xph_doubts_of_timeline(doubts, timeline);
    xph_doubts_of_machine(doubts, machine.contradictions);
    xph_machine_close(&machine);
    return ok ? xph_tell_doubts("dump", doubts) : XPH_EXIT_ERROR;
}

static int dump_xenstore(const struct xph_dump_options *options,
                         const struct xph_recording *recording, struct xph_doubts *doubts,
                         struct xph_error *err)
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
    return xph_tell_doubts("dump", doubts);
}

static int dump_recording(const struct xph_dump_options *options, struct xph_error *err)
{
    struct xph_doubts doubts = {0};
    struct xph_recording recording;
    struct xph_timeline timeline;
    struct xph_xen_kind kind;
    int code = XPH_EXIT_ERROR;

    if (!xph_recording_open(&recording, options->directory, err))
        return XPH_EXIT_ERROR;
    xph_doubts_of_recording(&doubts, &recording);
    if (options->xenstore) {
        code = dump_xenstore(options, &recording, &doubts, err);
    } else if (xph_timeline_open_recording(&timeline, &recording, NULL, err)) {
        xph_xen_kind_detect(&kind, recording.manifest.xen_version, recording.manifest.cpu_model,
                            &recording.trace);
        code = dump_timeline(options, &timeline, &kind, &doubts, err);
        xph_timeline_close(&timeline);
    }
    xph_recording_close(&recording);
    return code;
}

static int dump_bare_trace(const struct xph_dump_options *options, struct xph_error *err)
{
    struct xph_doubts doubts = {0};
    struct xph_mapped_file file;
    struct xph_timeline timeline;
    struct xph_xen_kind kind;
    int code = XPH_EXIT_ERROR;

    if (!xph_map_trace(options->trace_path, &file, err))
        return XPH_EXIT_ERROR;
    if (xph_timeline_open_mapped(&timeline, &file, 0, options->khz, err)) {
        if (timeline.file.pcpu_count == 0) {
            xph_fail(err, "%s is not a file of xentrace(8)", options->trace_path);
        } else {
            xph_xen_kind_detect(&kind, NULL, NULL, &file);
            code = dump_timeline(options, &timeline, &kind, &doubts, err);
        }
        xph_timeline_close(&timeline);
    }
    xph_unmap_file(&file);
    return code;
}

int xph_cmd_dump(int argc, char **argv, struct xph_error *err)
{
    struct xph_dump_options options;

    if (!xph_dump_options_parse(&options, argc, argv, err))
        return XPH_EXIT_USAGE;
    if (options.help) {
        fputs(xph_dump_help, stdout);
        return XPH_EXIT_OK;
    }
    if (options.list_events)
        return list_events();
    return options.trace_path ? dump_bare_trace(&options, err) : dump_recording(&options, err);
}
