#include "analyzer/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/machine/contradictions.h"
#include "analyzer/report/gather.h"
#include "analyzer/report/sieves.h"

static bool find_operations(struct xph_report *report, const struct xph_gathered *gathered,
                            const struct xph_evidence *evidence, struct xph_error *err)
{
    const struct xph_domain_lives *lives = &gathered->lives;

    xph_doubts_of_skew(&report->doubts, &lives->skew, gathered->clock.khz);
    xph_doubts_of_machine(&report->doubts, lives->contradictions);
    if (!xph_operations_find(lives, report->manifest, &gathered->clock, evidence,
                             &report->operations, &report->count, err))
        return false;
    if (report->count == XPH_MAX_OPERATIONS)
        xph_doubt(&report->doubts, "only the first %d operations are told", XPH_MAX_OPERATIONS);
    return true;
}

/* The phases must be known before it can be told who held the CPUs in them: by what was logged of
 * it, or else in another pass over the trace. */
static bool divide_cpus(struct xph_report *report, const struct xph_recording *recording,
                        const struct xph_run_log *runs, struct xph_error *err)
{
    const struct xph_timeline_options options = {.sieve = &xph_sieve_of_machine};
    struct xph_timeline timeline;
    bool ok;

    report->shares = calloc(report->count + 1, sizeof(*report->shares));
    if (!report->shares)
        return xph_fail(err, "out of memory");
    if (!runs->given_up)
        return xph_cpu_shares_of_log(report->operations, report->count, recording->manifest.pcpus,
                                     runs, report->shares, err);
    if (!xph_timeline_open_recording(&timeline, recording, &options, err))
        return false;
    ok = xph_cpu_shares(report->operations, report->count, recording->manifest.pcpus, &timeline,
                        report->shares, err);
    xph_timeline_close(&timeline);
    return ok;
}

static bool make_budgets(struct xph_report *report, const struct xph_evidence *evidence,
                         struct xph_error *err)
{
    report->budgets = calloc(report->count + 1, sizeof(*report->budgets));
    if (!report->budgets)
        return xph_fail(err, "out of memory");
    for (size_t i = 0; i < report->count; i++) {
        if (!xph_operation_budget_make(&report->operations[i], evidence, report->manifest,
                                       &report->budgets[i], err))
            return false;
    }
    return true;
}

static bool has_trace(const struct xph_manifest *manifest, struct xph_error *err)
{
    if (manifest->trace_events && strcmp(manifest->trace_events, "off") == 0)
        return xph_fail(err, "it was recorded with --events off: without Xen's trace there are no "
                             "phases to tell");
    return true;
}

bool xph_report_make(struct xph_report *report, const struct xph_recording *recording,
                     struct xph_error *err)
{
    const struct xph_evidence *evidence;
    struct xph_gathered gathered;
    bool ok;

    *report = (struct xph_report){.manifest = &recording->manifest};
    if (!has_trace(report->manifest, err))
        return false;
    xph_doubts_of_recording(&report->doubts, recording);
    if (!xph_gather(&gathered, recording, &report->doubts, err))
        return false;
    evidence = gathered.evidence.known ? &gathered.evidence : NULL;
    ok = find_operations(report, &gathered, evidence, err) &&
         divide_cpus(report, recording, &gathered.runs, err) && make_budgets(report, evidence, err);
    xph_gathered_free(&gathered);
    return ok;
}

void xph_report_free(struct xph_report *report)
{
    for (size_t i = 0; report->budgets && i < report->count; i++)
        xph_operation_budget_close(&report->budgets[i]);
    free(report->budgets);
    free(report->operations);
    free(report->shares);
}
