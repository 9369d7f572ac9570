/*
 * A summary with all that a view shows of it.
 */
#ifndef XPH_ANALYZER_VIEWS_SUMMARY_H
#define XPH_ANALYZER_VIEWS_SUMMARY_H

#include <stdio.h>

#include "analyzer/summary/summary.h"
#include "analyzer/timeline/clock.h"
#include "analyzer/timeline/doubts.h"
#include "recording/manifest.h"

struct xph_summary_view {
    const struct xph_summary *summary;
    const struct xph_manifest *manifest; /* NULL of a bare trace */
    struct xph_clock clock;
    uint64_t khz_estimate; /* by the scheduler's records, 0 if there are too few */
    double khz_error_ppm;
    bool khz_estimated; /* the clock is by the estimate: nobody told the frequency */
    const struct xph_doubts *doubts;
};

/* False without memory. */
bool xph_summary_text(FILE *out, const struct xph_summary_view *view, struct xph_error *err);

/* The same as JSON, described in docs/format/summary-json.md. False without memory. */
bool xph_summary_json(FILE *out, const struct xph_summary_view *view, struct xph_error *err);

/* For both: what is shown, in the order in which it is shown. */

/* The vCPUs by domain and number: pointers into the machine, the caller's to free. */
const struct xph_vcpu **xph_summary_vcpus(const struct xph_summary *summary, struct xph_error *err);

/* The events that were met, by id; the caller's to free. */
const struct xph_event_count **xph_summary_events(const struct xph_summary *summary, size_t *count,
                                                  struct xph_error *err);

/* Records of events that the table of events does not have. */
uint64_t xph_summary_unknown_records(const struct xph_summary *summary);

/* Writes the event's name into `name`. */
void xph_summary_event_name(uint32_t event, char *name, size_t size);

/* Times with the most in all first: VM exits by reason, or hypercalls by number. */
struct xph_summary_times {
    uint32_t key;
    const struct xph_times *times;
};
size_t xph_summary_hypercalls(const struct xph_summary *summary,
                              struct xph_summary_times list[static XPH_HYPERCALLS]);
size_t xph_summary_vmexits(const struct xph_summary *summary,
                           struct xph_summary_times list[static XPH_MAX_REASONS]);

/* Is the key of a VM exit AMD's? Up to Xen 4.18 AMD's had Intel's event: then the codes tell. */
bool xph_summary_is_svm(const struct xph_summary *summary, uint32_t key);

#endif
