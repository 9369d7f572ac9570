#include "analyzer/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/machine/contradictions.h"

static bool find_operations(struct xph_report *report, const struct xph_recording *recording,
                            const struct xph_evidence *evidence, struct xph_timeline *timeline,
                            struct xph_error *err)
{
    struct xph_domain_lives lives;
    bool ok;

    if (!xph_domain_lives_read(&lives, timeline, recording, err))
        return false;
    xph_doubts_of_skew(&report->doubts, &lives.skew, timeline->clock.khz);
    xph_doubts_of_machine(&report->doubts, lives.contradictions);
    ok = xph_operations_find(&lives, &recording->manifest, &timeline->clock, evidence,
                             &report->operations, &report->count, err);
    if (ok && report->count == XPH_MAX_OPERATIONS)
        xph_doubt(&report->doubts, "only the first %d operations are told", XPH_MAX_OPERATIONS);
    xph_domain_lives_free(&lives);
    return ok;
}

static bool divide_cpus(struct xph_report *report, const struct xph_recording *recording,
                        struct xph_error *err)
{
    struct xph_timeline timeline;
    bool ok;

    report->shares = calloc(report->count + 1, sizeof(*report->shares));
    if (!report->shares)
        return xph_fail(err, "out of memory");
    if (!xph_timeline_open_recording(&timeline, recording, err))
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

/* Further passes over the trace: the phases must be known before it can be told who held the CPUs
 * in them. */
static bool divide_operations(struct xph_report *report, const struct xph_recording *recording,
                              const struct xph_evidence *evidence, struct xph_error *err)
{
    struct xph_timeline timeline;
    bool ok;

    if (!xph_timeline_open_recording(&timeline, recording, err))
        return false;
    ok = find_operations(report, recording, evidence, &timeline, err);
    xph_timeline_close(&timeline);
    return ok && divide_cpus(report, recording, err) && make_budgets(report, evidence, err);
}

static bool read_evidence(struct xph_evidence *evidence, struct xph_report *report,
                          const struct xph_recording *recording, struct xph_error *err)
{
    struct xph_joint *joint = malloc(sizeof(*joint));
    bool ok;

    if (!joint)
        return xph_fail(err, "out of memory");
    ok = xph_joint_open(joint, recording, err);
    if (ok) {
        ok = xph_evidence_read(evidence, joint, &report->doubts, err);
        xph_joint_close(joint);
    }
    free(joint);
    return ok;
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
    struct xph_evidence evidence;
    bool ok;

    *report = (struct xph_report){.manifest = &recording->manifest};
    if (!has_trace(report->manifest, err))
        return false;
    xph_doubts_of_recording(&report->doubts, recording);
    if (!read_evidence(&evidence, report, recording, err))
        return false;
    ok = divide_operations(report, recording, evidence.known ? &evidence : NULL, err);
    xph_evidence_close(&evidence);
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
