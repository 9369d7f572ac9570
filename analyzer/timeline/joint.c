#include "analyzer/timeline/joint.h"

#include <inttypes.h>

#include "recording/kernel_file.h"

/* The sources are recorded for about the same time; a file whose stamps are farther off is not of
 * this recording. */
#define OUTSIDE_NS UINT64_C(60000000000)

const char *xph_source_name(enum xph_source source)
{
    static const char *const names[] = {"kernel", "xen", "samples", "xenstore", "console"};

    return source < XPH_SOURCES ? names[source] : "?";
}

/* dom0 may see a TSC that is shifted. */
static uint64_t xen_tsc(const struct xph_joint *joint, uint64_t dom0_tsc)
{
    return dom0_tsc + (uint64_t)joint->clock.xen_minus_dom0;
}

static bool next_kernel(struct xph_joint *joint, struct xph_joint_event *event)
{
    const struct xph_manifest *manifest = &joint->recording->manifest;
    uint64_t slack = (uint64_t)((unsigned __int128)OUTSIDE_NS * joint->clock.khz / 1000000);
    uint64_t start = manifest->recording_start.tsc, end = manifest->recording_end.tsc, tsc;

    if (!xph_kernel_reader_next(&joint->kernel, &event->kernel))
        return false;
    tsc = event->kernel.tsc;
    event->tsc = xen_tsc(joint, tsc);
    if (tsc + slack < start || (end > 0 && tsc > end + slack))
        joint->kernel_outside++;
    return true;
}

static bool next_record(struct xph_joint *joint, struct xph_joint_event *event)
{
    if (!xph_timeline_next(&joint->timeline, &event->record))
        return false;
    event->tsc = event->record.tsc;
    return true;
}

static bool next_sample(struct xph_joint *joint, struct xph_joint_event *event)
{
    if (!xph_sample_next(&joint->samples, &event->sample))
        return false;
    event->tsc = xen_tsc(joint, event->sample.header.tsc);
    return true;
}

static bool next_xenstore(struct xph_joint *joint, struct xph_joint_event *event)
{
    if (!xph_xenstore_next(&joint->xenstore, &event->xenstore))
        return false;
    event->tsc = xen_tsc(joint, event->xenstore.tsc);
    return true;
}

static bool next_console(struct xph_joint *joint, struct xph_joint_event *event)
{
    struct xph_console_log *console = xph_console_logs_first(&joint->consoles);

    if (!console)
        return false;
    event->console = console->next;
    event->tsc = xen_tsc(joint, console->next.tsc);
    xph_console_log_advance(console);
    return true;
}

static void advance(struct xph_joint *joint, enum xph_source number)
{
    static bool (*const next[XPH_SOURCES])(struct xph_joint *, struct xph_joint_event *) = {
        [XPH_SOURCE_KERNEL] = next_kernel,   [XPH_SOURCE_XEN] = next_record,
        [XPH_SOURCE_SAMPLES] = next_sample,  [XPH_SOURCE_XENSTORE] = next_xenstore,
        [XPH_SOURCE_CONSOLE] = next_console,
    };
    struct xph_joint_source *source = &joint->sources[number];

    source->next.source = number;
    source->over = !next[number](joint, &source->next);
    if (source->over)
        return;
    source->next.ns = xph_clock_ns(&joint->clock, source->next.tsc);
    /* Of Xen's records some may have been left out. */
    source->latest_tsc = number == XPH_SOURCE_XEN ? joint->timeline.last_tsc : source->next.tsc;
}

/* How exactly dom0's TSC could be related to Xen's, at the worse of the recording's two ends. */
static void note_clock_errors(struct xph_joint *joint, const struct xph_manifest *manifest)
{
    const struct xph_clock_pair *pairs[] = {&manifest->clock_start, &manifest->clock_end};
    uint64_t error = 0;

    for (size_t i = 0; i < 2; i++) {
        if (pairs[i]->tried && pairs[i]->matched && pairs[i]->error > error)
            error = pairs[i]->error;
    }
    for (int i = 0; i < XPH_SOURCES; i++) {
        if (i != XPH_SOURCE_XEN)
            joint->sources[i].error_ns = xph_clock_cycles_to_ns(&joint->clock, error);
    }
}

/* A file that cannot be read is a doubt, not the end. */
static bool open_small_sources(struct xph_joint *joint, struct xph_error *err)
{
    const struct xph_recording *recording = joint->recording;
    struct xph_joint_source *samples = &joint->sources[XPH_SOURCE_SAMPLES];
    struct xph_joint_source *xenstore = &joint->sources[XPH_SOURCE_XENSTORE];

    samples->present =
        recording->samples.size > 0 &&
        xph_sample_reader_open(&joint->samples, &recording->samples, &samples->problem);
    xenstore->present =
        recording->xenstore.size > 0 &&
        xph_xenstore_reader_open(&joint->xenstore, &recording->xenstore, &xenstore->problem);
    if (!xph_console_logs_open(&joint->consoles, recording->dirfd, err))
        return false;
    joint->sources[XPH_SOURCE_CONSOLE].present = joint->consoles.count > 0;
    return true;
}

bool xph_joint_open(struct xph_joint *joint, const struct xph_recording *recording,
                    const struct xph_timeline_options *options, struct xph_error *err)
{
    *joint = (struct xph_joint){.recording = recording};
    if (!xph_timeline_open_recording(&joint->timeline, recording, options, err))
        return false;
    joint->clock = joint->timeline.clock;
    note_clock_errors(joint, &recording->manifest);
    if (!open_small_sources(joint, err) ||
        !xph_kernel_reader_open(&joint->kernel, recording->dirfd, err)) {
        xph_joint_close(joint);
        return false;
    }
    joint->sources[XPH_SOURCE_XEN].present = joint->timeline.file.pcpu_count > 0;
    joint->sources[XPH_SOURCE_KERNEL].present = joint->kernel.problem[0] == '\0';
    for (int i = 0; i < XPH_SOURCES; i++) {
        if (joint->sources[i].present)
            advance(joint, (enum xph_source)i);
        else
            joint->sources[i].over = true;
    }
    return true;
}

void xph_joint_close(struct xph_joint *joint)
{
    xph_kernel_reader_close(&joint->kernel);
    xph_console_logs_close(&joint->consoles);
    xph_timeline_close(&joint->timeline);
}

/* A name is no event. */
static void note_delivered(struct xph_joint_source *source, const struct xph_joint_event *event)
{
    if (event->source == XPH_SOURCE_KERNEL && event->kernel.type == XPH_KERNEL_NAME)
        return;
    if (source->events++ == 0)
        source->first_tsc = source->last_tsc = event->tsc;
    if (event->tsc < source->last_tsc)
        source->disorder++;
    else
        source->last_tsc = event->tsc;
}

bool xph_joint_next(struct xph_joint *joint, struct xph_joint_event *event)
{
    struct xph_joint_source *first = NULL;

    for (int i = 0; i < XPH_SOURCES; i++) {
        struct xph_joint_source *source = &joint->sources[i];

        if (!source->over && (!first || source->latest_tsc < first->latest_tsc))
            first = source;
    }
    if (!first)
        return false;
    *event = first->next;
    note_delivered(first, event);
    advance(joint, event->source);
    return true;
}

static void doubt_kernel_file(const struct xph_chunk_check *check, struct xph_doubts *doubts)
{
    if (check->file_bytes == 0)
        return;
    if (!check->has_index)
        xph_doubt(doubts, "%s has no index of checksums: damage in it would not be seen",
                  XPH_FILE_KERNEL);
    if (check->missing_bytes > 0)
        xph_doubt(doubts, "%s is cut: %" PRIu64 " bytes are missing at its end", XPH_FILE_KERNEL,
                  check->missing_bytes);
    if (check->damaged_chunks > 0)
        xph_doubt(doubts,
                  "%s is damaged: %u chunks differ from their checksums, the first at byte "
                  "%" PRIu64,
                  XPH_FILE_KERNEL, check->damaged_chunks, check->first_damage);
}

static void doubt_kernel(const struct xph_joint *joint, struct xph_doubts *doubts)
{
    const struct xph_kernel_reader *kernel = &joint->kernel;
    const struct xph_manifest *manifest = &joint->recording->manifest;

    doubt_kernel_file(&kernel->check, doubts);
    /* A recording that was made without them lacks nothing. */
    if (kernel->problem[0] != '\0' && (manifest->kernel_sets || kernel->check.file_bytes > 0))
        xph_doubt(doubts, "dom0's kernel events are missing: %s",
                  manifest->kernel_unavailable ? manifest->kernel_unavailable : kernel->problem);
    if (kernel->invalid > 0)
        xph_doubt(doubts, "%" PRIu64 " of dom0's kernel events hold what cannot be",
                  kernel->invalid);
    /* The manifest has the kernel's own count, if the recorder lived to write it. */
    if (kernel->lost_places > 0 && manifest->kernel_lost_events == 0)
        xph_doubt(doubts, "dom0's kernel lost events in %" PRIu64 " places, %" PRIu64 " at least",
                  kernel->lost_places, kernel->lost);
    if (joint->kernel_outside > 0)
        xph_doubt(doubts,
                  "%" PRIu64 " of dom0's kernel events lie more than a minute before or after the "
                  "recording: %s is of another one, or by another clock",
                  joint->kernel_outside, XPH_FILE_KERNEL);
}

void xph_joint_doubts(const struct xph_joint *joint, struct xph_doubts *doubts)
{
    xph_doubts_of_timeline(doubts, &joint->timeline);
    doubt_kernel(joint, doubts);
    if (joint->samples.damaged)
        xph_doubt(doubts, "%s is cut or damaged at byte %zu", XPH_FILE_SAMPLES, joint->samples.at);
    if (joint->xenstore.damaged)
        xph_doubt(doubts, "%s is cut or damaged at byte %zu", XPH_FILE_XENSTORE,
                  joint->xenstore.at);
    for (size_t i = 0; i < joint->consoles.count; i++) {
        if (joint->consoles.logs[i].damaged > 0)
            xph_doubt(doubts, "%s/: %" PRIu64 " lines of domain %u have no TSC",
                      XPH_DIRECTORY_CONSOLE, joint->consoles.logs[i].damaged,
                      joint->consoles.logs[i].domid);
    }
    if (joint->consoles.left_out > 0)
        xph_doubt(doubts, "%" PRIu64 " files of consoles were not read: there are too many",
                  joint->consoles.left_out);
    for (int i = 0; i < XPH_SOURCES; i++) {
        if (joint->sources[i].problem.text[0] != '\0')
            xph_doubt(doubts, "%s", joint->sources[i].problem.text);
        if (i != XPH_SOURCE_XEN && joint->sources[i].disorder > 0)
            xph_doubt(doubts, "%" PRIu64 " events of source %s lie before an earlier one of it",
                      joint->sources[i].disorder, xph_source_name((enum xph_source)i));
    }
}
