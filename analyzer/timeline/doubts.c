#include "analyzer/timeline/doubts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "recording/kernel_file.h"
#include "recording/number_list.h"

/* Xen measures the TSC for some 50 ms at boot and Linux disciplines its clock: beyond this one of
 * them is wrong. Xen also steers dom0's clock by its platform timer once a second, so over a short
 * time it may be off by some milliseconds: 1.35 ms in 0.9 s were seen under emulation. Only what is
 * beyond that says something of the frequency. */
enum {
    FREQUENCY_TOLERANCE_PPM = 1000,
    CLOCK_STEERING_NS = 5000000,
    /* An emulated host whose machine does something else at times: 19 ms in 3 s were seen. */
    EMULATED_STEERING_NS = 40000000,
};

/* Of a text that was cut at `length`, how much is whole characters of UTF-8: half a one would make
 * it unfit for JSON. */
static size_t whole_characters(const char *text, size_t length)
{
    size_t start = length;

    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    return start > 0 && (unsigned char)text[start - 1] >= 0xc0 ? start - 1 : start;
}

void xph_doubt(struct xph_doubts *doubts, const char *format, ...)
{
    va_list args;
    char *text;

    if (doubts->count == XPH_MAX_DOUBTS)
        return;
    text = doubts->text[doubts->count++];
    va_start(args, format);
    if (vsnprintf(text, XPH_DOUBT_BYTES, format, args) >= XPH_DOUBT_BYTES)
        text[whole_characters(text, XPH_DOUBT_BYTES - 1)] = '\0';
    va_end(args);
}

static void doubt_file(struct xph_doubts *doubts, const char *name,
                       const struct xph_chunk_check *check)
{
    if (check->file_bytes == 0)
        xph_doubt(doubts, "%s is missing or empty", name);
    else if (!check->has_index)
        xph_doubt(doubts, "%s has no index of checksums: damage in it would not be seen", name);
    if (check->missing_bytes > 0)
        xph_doubt(doubts, "%s is cut: %" PRIu64 " bytes are missing at its end", name,
                  check->missing_bytes);
    if (check->damaged_chunks > 0)
        xph_doubt(
            doubts,
            "%s is damaged: %u chunks differ from their checksums, the first at byte %" PRIu64,
            name, check->damaged_chunks, check->first_damage);
    if (check->has_index && check->file_bytes > check->covered_bytes)
        xph_doubt(doubts, "%s: its last %" PRIu64 " bytes have no checksum", name,
                  check->file_bytes - check->covered_bytes);
}

static void doubt_state(struct xph_doubts *doubts, const struct xph_manifest *manifest)
{
    const char *reason = manifest->state_reason ? manifest->state_reason : "no reason is given";

    switch (manifest->state) {
    case XPH_STATE_COMPLETE:
        break;
    case XPH_STATE_RECORDING:
        xph_doubt(doubts,
                  "the recording was never finished: its recorder is still running, or was killed "
                  "(then xenphase repair finishes its files)");
        break;
    case XPH_STATE_INTERRUPTED:
        xph_doubt(doubts, "the recording was interrupted: %s", reason);
        break;
    case XPH_STATE_UNFINISHED:
        xph_doubt(doubts,
                  "the recording's files are not finished: %s (xenphase repair finishes "
                  "them)",
                  reason);
        break;
    case XPH_STATE_FAILED:
        xph_doubt(doubts, "recording failed: %s", reason);
        break;
    }
}

/* Its front was punched out and the hole is still there: the index says nothing of it. */
static bool has_hole(const struct xph_manifest *manifest, const struct xph_chunk_check *check)
{
    return manifest->ring_bytes > 0 && check->has_index && check->file_bytes > check->covered_bytes;
}

/* The last step of a recording, for which a full disk may have had no room. */
static void doubt_finish(struct xph_doubts *doubts, const struct xph_recording *recording)
{
    const struct xph_manifest *manifest = &recording->manifest;

    if (manifest->state != XPH_STATE_RECORDING && manifest->state != XPH_STATE_UNFINISHED &&
        (xph_kernel_parts_left(recording->dirfd) || has_hole(manifest, &recording->trace_check) ||
         has_hole(manifest, &recording->samples_check) ||
         has_hole(manifest, &recording->xenstore_check)))
        xph_doubt(doubts, "the recorder could not finish its files: xenphase repair does, where "
                          "there is room for it");
}

static void doubt_clock_pair(struct xph_doubts *doubts, const struct xph_clock_pair *pair,
                             const char *when)
{
    if (pair->tried && !pair->matched)
        xph_doubt(doubts,
                  "Xen did not trace what the recorder asked of it at the %s: tracing was off "
                  "then, or lost records, and how the clocks correspond is not known",
                  when);
}

/* All that dom0 stamped stands on a TSC that is Xen's, or differs by what was measured. */
static void doubt_clocks(struct xph_doubts *doubts, const struct xph_manifest *manifest)
{
    doubt_clock_pair(doubts, &manifest->clock_start, "start");
    doubt_clock_pair(doubts, &manifest->clock_end, "end");
    if (xph_clock_pairs_contradict(&manifest->clock_start, &manifest->clock_end))
        xph_doubt(doubts,
                  "Xen's TSC less dom0's was %" PRId64 " cycles (+-%" PRIu64
                  ") at the start, but %" PRId64 " (+-%" PRIu64
                  ") at the end: where what dom0 stamped stands is not known any better",
                  manifest->clock_start.xen_minus_dom0, manifest->clock_start.error,
                  manifest->clock_end.xen_minus_dom0, manifest->clock_end.error);
}

static void doubt_frequency(struct xph_doubts *doubts, const struct xph_manifest *manifest)
{
    double length_ns =
        (double)(manifest->recording_end.monotonic_ns - manifest->recording_start.monotonic_ns);
    double steering_ns = manifest->emulation ? EMULATED_STEERING_NS : CLOCK_STEERING_NS;
    double tolerance = FREQUENCY_TOLERANCE_PPM + steering_ns / length_ns * 1e6;
    double ppm;

    if (manifest->tsc_khz == 0 || manifest->tsc_khz_measured == 0)
        return;
    ppm = ((double)manifest->tsc_khz_measured / (double)manifest->tsc_khz - 1) * 1e6;
    if (ppm > tolerance || ppm < -tolerance)
        xph_doubt(doubts,
                  "the TSC runs at %" PRIu64 " kHz by Xen, but at %" PRIu64 " kHz by dom0's clock",
                  manifest->tsc_khz, manifest->tsc_khz_measured);
}

/* What is missing of the sources whose files are whole. */
static void doubt_sources(struct xph_doubts *doubts, const struct xph_manifest *manifest)
{
    if (manifest->kernel_lost_events > 0)
        xph_doubt(doubts, "%" PRIu64 " of dom0's kernel events were lost",
                  manifest->kernel_lost_events);
    if (manifest->kernel_missed_events > 0)
        xph_doubt(doubts,
                  "dom0's kernel passed over %" PRIu64
                  " of what its probes should have told, such as the ends of hypercalls",
                  manifest->kernel_missed_events);
    if (manifest->xenstore_unavailable)
        xph_doubt(doubts, "changes in xenstore are missing: %s", manifest->xenstore_unavailable);
    if (manifest->xenstore_dropped_events > 0)
        xph_doubt(doubts, "%" PRIu64 " changes in xenstore were too many to be kept",
                  manifest->xenstore_dropped_events);
    if (manifest->console_serial_unavailable)
        xph_doubt(doubts, "text of guests' serial ports is missing: %s",
                  manifest->console_serial_unavailable);
    if (manifest->console_serial_lost_writes > 0)
        xph_doubt(doubts, "%" PRIu64 " writes to guests' serial ports were lost",
                  manifest->console_serial_lost_writes);
    if (manifest->console_lost_bytes > 0)
        xph_doubt(doubts, "%" PRIu64 " bytes of guests' console text were lost",
                  manifest->console_lost_bytes);
}

/* pCPUs of which records are missing and nothing in the trace tells. */
static void doubt_pcpus(struct xph_doubts *doubts, const struct xph_manifest *manifest)
{
    uint32_t *pcpus = calloc(manifest->trace_tail_count + 1, sizeof(*pcpus));
    char list[XPH_DOUBT_BYTES / 2] = "";

    for (size_t i = 0; pcpus && i < manifest->trace_tail_count; i++)
        pcpus[i] = manifest->trace_tails[i].pcpu;
    if (pcpus)
        xph_number_list(list, sizeof(list), pcpus, manifest->trace_tail_count);
    free(pcpus);
    if (manifest->trace_off_count > 0)
        xph_doubt(doubts,
                  "Xen's tracing was off, or had another event mask, %" PRIu32
                  " times, for up to %.1f s in all: another program, or Xen itself, changed it "
                  "(see xl dmesg, and sources.xentrace.losses in the manifest for when)",
                  manifest->trace_off_count, (double)manifest->trace_off_ns / 1e9);
    if (manifest->trace_tail_loss)
        xph_doubt(doubts,
                  "the trace buffer of %s%s was full when its last records were taken: whether "
                  "more were lost is not known",
                  list[0] ? "CPU " : "a CPU", list);
    if (manifest->trace_unrecorded)
        xph_doubt(doubts,
                  "what CPU %s did is not recorded: it came online after Xen had made its trace "
                  "buffers (reboot, then record)",
                  manifest->trace_unrecorded);
}

void xph_doubts_of_recording(struct xph_doubts *doubts, const struct xph_recording *recording)
{
    const struct xph_manifest *manifest = &recording->manifest;

    doubt_state(doubts, manifest);
    doubt_finish(doubts, recording);
    if (manifest->trace_mask != 0)
        doubt_file(doubts, XPH_FILE_TRACE, &recording->trace_check);
    doubt_file(doubts, XPH_FILE_SAMPLES, &recording->samples_check);
    if (manifest->xenstore_wanted)
        doubt_file(doubts, XPH_FILE_XENSTORE, &recording->xenstore_check);
    doubt_sources(doubts, manifest);
    doubt_frequency(doubts, manifest);
    if (manifest->state == XPH_STATE_COMPLETE && manifest->trace_mask != 0)
        doubt_clocks(doubts, manifest);
    doubt_pcpus(doubts, manifest);
}

void xph_doubt_finding(struct xph_doubts *doubts, const struct xph_finding *finding,
                       const char *what)
{
    if (finding->count > 0)
        xph_doubt(doubts, "%s: %" PRIu64 ", the first at byte %" PRIu64, what, finding->count,
                  finding->first_offset);
}

void xph_doubts_of_damage(struct xph_doubts *doubts, const struct xph_trace_damage *damage)
{
    static const char *const what[XPH_DAMAGE_KINDS] = {
        [XPH_DAMAGE_WINDOW] = "windows of xen.trace mended, whose header contradicts what follows",
        [XPH_DAMAGE_HIDDEN] = "windows of xen.trace not read, as they lie within others",
        [XPH_DAMAGE_NO_RECORD] = "places in xen.trace passed over, as no record can be there",
        [XPH_DAMAGE_SHAPE] = "records in xen.trace that are not as Xen writes them",
        [XPH_DAMAGE_TIME] = "records in xen.trace with a time that cannot be, put where the one "
                            "before is",
        [XPH_DAMAGE_TIME_STEPS] = "records in xen.trace before an earlier one of their own pCPU",
        [XPH_DAMAGE_TIMELESS] = "pCPUs in xen.trace without any time, put at its beginning",
    };

    if (damage->cut)
        xph_doubt(doubts, "xen.trace ends in the middle of a window");
    if (damage->skipped_bytes > 0)
        xph_doubt(doubts,
                  "%" PRIu64 " bytes of xen.trace are no records, the first at byte %" PRIu64,
                  damage->skipped_bytes, damage->first_skipped);
    for (unsigned kind = 0; kind < XPH_DAMAGE_KINDS; kind++)
        xph_doubt_finding(doubts, &damage->findings[kind], what[kind]);
}

void xph_doubts_of_losses(struct xph_doubts *doubts, const struct xph_losses *losses, uint64_t khz)
{
    if (losses->records > 0)
        xph_doubt(doubts,
                  "%" PRIu64 " records were lost in %" PRIu64
                  " gap%s, the longest %.3f ms (use a larger --buffer-mib)",
                  losses->records, losses->gaps, losses->gaps == 1 ? "" : "s",
                  (double)losses->longest_cycles / (double)khz);
}

void xph_doubts_of_timeline(struct xph_doubts *doubts, const struct xph_timeline *timeline)
{
    xph_doubts_of_losses(doubts, &timeline->losses, timeline->clock.khz);
    xph_doubts_of_damage(doubts, &timeline->damage);
}
