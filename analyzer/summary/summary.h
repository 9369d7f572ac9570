/*
 * What a trace holds, counted: in one pass over each pCPU's records, several pCPUs at a time where
 * there are threads for it. Memory is bounded, whatever the file's size.
 */
#ifndef XPH_ANALYZER_SUMMARY_SUMMARY_H
#define XPH_ANALYZER_SUMMARY_SUMMARY_H

#include "analyzer/machine/machine.h"
#include "analyzer/machine/skew.h"
#include "analyzer/summary/tally.h"
#include "analyzer/timeline/losses.h"
#include "recording/files.h"

/* A pCPU's records. */
struct xph_summary_pcpu {
    uint16_t pcpu;
    uint64_t windows, records, bytes;
    uint64_t first_tsc, last_tsc;
};

struct xph_summary {
    uint64_t records, bytes;      /* without fillers and the headers of windows */
    uint64_t first_tsc, last_tsc; /* the earliest and the latest of all records */
    size_t pcpu_count;
    struct xph_summary_pcpu *pcpus; /* ascending by number; owned */
    struct xph_tally tally;
    struct xph_machine machine; /* as it was at the end of the trace */
    struct xph_losses losses;
    struct xph_trace_damage damage;
    struct xph_skew_offsets skew; /* between the pCPUs' TSCs */
};

enum { XPH_MAX_THREADS = 64 };

/* Reads the whole file; with `front_cut` one of a ring, whose front is gone. On failure there is
 * nothing to close. */
bool xph_summary_read(struct xph_summary *summary, const struct xph_mapped_file *file,
                      unsigned threads, bool front_cut, struct xph_error *err);

/* The same of a trace in memory. */
bool xph_summary_read_memory(struct xph_summary *summary, const uint8_t *data, size_t size,
                             unsigned threads, struct xph_error *err);
void xph_summary_close(struct xph_summary *summary);

/* The frequency of the TSC by the scheduler's own measure of how long vCPUs ran, 0 if the trace
 * does not have enough of it; *error_ppm is how far off it may be. */
uint64_t xph_summary_estimate_khz(const struct xph_summary *summary, double *error_ppm);

#endif
