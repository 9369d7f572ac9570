#include "analyzer/summary/summary.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/summary/reading.h"

static void add_lane(struct xph_summary *summary, const struct xph_lane *lane,
                     const struct xph_pcpu_windows *windows)
{
    uint64_t latest =
        lane->last_tsc > lane->cursor.latest_tsc ? lane->last_tsc : lane->cursor.latest_tsc;

    summary->pcpus[summary->pcpu_count++] =
        (struct xph_summary_pcpu){lane->cursor.pcpu, windows->list.count, lane->records,
                                  lane->bytes,       lane->first_tsc,     latest};
    xph_damage_join(&summary->damage, &lane->cursor.damage);
    xph_losses_join(&summary->losses, &lane->losses);
    if (lane->records == 0)
        return;
    if (summary->records == 0 || lane->first_tsc < summary->first_tsc)
        summary->first_tsc = lane->first_tsc;
    if (latest > summary->last_tsc)
        summary->last_tsc = latest;
    summary->records += lane->records;
    summary->bytes += lane->bytes;
    xph_machine_note(&summary->machine, lane->cursor.pcpu, lane->last_tsc, 0);
}

static bool add_up(struct xph_summary *summary, const struct xph_reading *reading,
                   struct xph_error *err)
{
    size_t count = reading->file->pcpu_count;
    bool failed = false;

    summary->damage = reading->file->damage;
    summary->pcpus = calloc(count + 1, sizeof(*summary->pcpus));
    if (!summary->pcpus)
        return xph_fail(err, "out of memory");
    for (size_t i = 0; i < count; i++) {
        add_lane(summary, &reading->lanes[i].lane, &reading->file->pcpus[i]);
        failed |= reading->lanes[i].lane.failed;
    }
    for (unsigned i = 0; i < reading->threads; i++)
        xph_tally_join(&summary->tally, &reading->tallies[i].tally);
    if (failed || summary->tally.failed)
        return xph_fail(err, "out of memory");
    return xph_machine_finish(&summary->machine, 0, err);
}

static bool read_lanes(struct xph_summary *summary, struct xph_trace_file *file, unsigned threads,
                       bool front_cut, struct xph_error *err)
{
    struct xph_reading reading;
    bool ok = xph_reading_open(&reading, file, &summary->machine, threads, front_cut, err) &&
              xph_reading_run(&reading) && add_up(summary, &reading, err);

    xph_reading_close(&reading);
    return ok;
}

static bool read_file(struct xph_summary *summary, struct xph_trace_file *file, unsigned threads,
                      bool front_cut, struct xph_error *err)
{
    struct xph_skew skew = {0};
    bool ok = xph_machine_open(&summary->machine, NULL, err) && xph_skew_open(&skew, err) &&
              xph_tally_open(&summary->tally, err);

    summary->machine.skew = &skew;
    ok = ok && read_lanes(summary, file, threads, front_cut, err) &&
         xph_skew_find(&skew, xph_machine_state_contradictions(summary->machine.contradictions),
                       &summary->skew, err);
    summary->machine.skew = NULL;
    xph_skew_close(&skew);
    return ok;
}

static bool read_with(struct xph_summary *summary, const uint8_t *data, size_t size,
                      const struct xph_mapped_file *mapping, unsigned threads, bool front_cut,
                      enum xph_window_trust trust, struct xph_error *err)
{
    struct xph_trace_file file;
    bool ok;

    memset(summary, 0, sizeof(*summary));
    if (!(mapping ? xph_trace_file_open_mapped(&file, mapping, trust, err)
                  : xph_trace_file_open(&file, data, size, trust, err)))
        return false;
    ok = read_file(summary, &file, threads, front_cut, err);
    xph_trace_file_close(&file);
    if (!ok)
        xph_summary_close(summary);
    return ok;
}

static bool read_trace(struct xph_summary *summary, const uint8_t *data, size_t size,
                       const struct xph_mapped_file *mapping, unsigned threads, bool front_cut,
                       struct xph_error *err)
{
    if (!read_with(summary, data, size, mapping, threads, front_cut, XPH_BELIEVE_SIZES, err))
        return false;
    /* Rare enough to begin again. */
    if (summary->damage.findings[XPH_DAMAGE_HIDDEN].count == 0)
        return true;
    xph_summary_close(summary);
    return read_with(summary, data, size, mapping, threads, front_cut, XPH_WALK_RECORDS, err);
}

bool xph_summary_read(struct xph_summary *summary, const struct xph_mapped_file *file,
                      unsigned threads, bool front_cut, struct xph_error *err)
{
    return read_trace(summary, file->data, file->size, file, threads, front_cut, err);
}

bool xph_summary_read_memory(struct xph_summary *summary, const uint8_t *data, size_t size,
                             unsigned threads, struct xph_error *err)
{
    return read_trace(summary, data, size, NULL, threads, false, err);
}

void xph_summary_close(struct xph_summary *summary)
{
    free(summary->pcpus);
    if (summary->tally.vcpus)
        xph_tally_close(&summary->tally);
    xph_machine_close(&summary->machine);
    xph_losses_free(&summary->losses);
    xph_skew_offsets_free(&summary->skew);
    memset(summary, 0, sizeof(*summary));
}

/* Xen steers its clock by its platform timer once a second, so over a short time it may be off by
 * some milliseconds; and emulated, by a part in a thousand over any time. */
static const double steering_ns = 5e6, steering_ppm = 1000;
enum { ENOUGH_INTERVALS = 100, ENOUGH_MS = 100 };

uint64_t xph_summary_estimate_khz(const struct xph_summary *summary, double *error_ppm)
{
    const struct xph_tally *tally = &summary->tally;

    if (tally->ran_intervals < ENOUGH_INTERVALS || tally->ran_ns < ENOUGH_MS * UINT64_C(1000000))
        return 0;
    *error_ppm =
        steering_ppm + steering_ns * (double)summary->pcpu_count / (double)tally->ran_ns * 1e6;
    return (uint64_t)((double)tally->ran_cycles / (double)tally->ran_ns * 1e6 + 0.5);
}
