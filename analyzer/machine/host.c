#include "analyzer/machine/host.h"

#include <inttypes.h>
#include <string.h>

#include "analyzer/machine/follow.h"

static bool dom0_is_pvh(const struct xph_manifest *manifest)
{
    for (size_t i = 0; i < manifest->domain_count; i++) {
        if (manifest->domains[i].domid == 0)
            return strcmp(manifest->domains[i].type, "PVH") == 0;
    }
    return false;
}

/*
 * Does Xen record the hypercalls of dom0? It does so of PV guests where the mask lets the class and
 * the subclass pass (Xen: common/trace.c, __trace_var()).
 */
static bool hypercalls_traced(const struct xph_manifest *manifest)
{
    const uint32_t class_pv = 0x20, subclass_entry = 1;

    return !dom0_is_pvh(manifest) && (manifest->trace_mask >> 16 & class_pv) &&
           (manifest->trace_mask >> 12 & subclass_entry);
}

bool xph_host_open(struct xph_host *host, const struct xph_joint *joint,
                   const struct xph_machine_observer *machine_observer,
                   const struct xph_dom0_observer *dom0_observer, struct xph_error *err)
{
    bool traced = hypercalls_traced(&joint->recording->manifest);

    if (!xph_machine_open_timeline(&host->machine, &joint->timeline, machine_observer, err))
        return false;
    if (xph_dom0_tasks_open(&host->tasks, dom0_observer, traced, err))
        return true;
    xph_machine_close(&host->machine);
    return false;
}

void xph_host_close(struct xph_host *host)
{
    xph_dom0_tasks_close(&host->tasks);
    xph_machine_close(&host->machine);
}

/* What a source told is not true for ever after its last event. */
static bool end_sources(struct xph_host *host, const struct xph_joint *joint, struct xph_error *err)
{
    if (joint->sources[XPH_SOURCE_KERNEL].over && !host->tasks.kernel_over &&
        !xph_dom0_tasks_kernel_over(&host->tasks, err))
        return false;
    return !joint->sources[XPH_SOURCE_XEN].over || host->tasks.xen_over ||
           xph_dom0_tasks_xen_over(&host->tasks, joint->timeline.last_tsc, err);
}

bool xph_host_feed(struct xph_host *host, const struct xph_joint *joint,
                   const struct xph_joint_event *event, struct xph_error *err)
{
    bool ok = true;

    if (event->source == XPH_SOURCE_XEN)
        ok = xph_machine_feed(&host->machine, &event->record, err) &&
             xph_dom0_tasks_record(&host->tasks, &host->machine, &event->record, err);
    else if (event->source == XPH_SOURCE_KERNEL)
        ok = xph_dom0_tasks_kernel(&host->tasks, &event->kernel, event->tsc, event->ns, err);
    return ok && end_sources(host, joint, err);
}

bool xph_host_finish(struct xph_host *host, const struct xph_joint *joint, struct xph_error *err)
{
    return end_sources(host, joint, err) &&
           xph_machine_finish(&host->machine, joint->timeline.last_ns, err);
}

void xph_host_doubts(const struct xph_host *host, struct xph_doubts *doubts)
{
    const struct xph_join_check *join = &host->tasks.join;

    if (join->joined < join->checked)
        xph_doubt(doubts,
                  "%" PRIu64 " of %" PRIu64
                  " hypercalls of dom0 do not enclose Xen's record of them: the clocks do not fit, "
                  "or the vCPUs do not",
                  join->checked - join->joined, join->checked);
    if (join->unlike > 0)
        xph_doubt(doubts,
                  "in %" PRIu64 " places another thread of dom0 ran than the last switch said: "
                  "events are missing",
                  join->unlike);
    /* A recording may be without the event. */
    if (join->unwoken > 0 && join->wakings > 0)
        xph_doubt(doubts,
                  "%" PRIu64 " threads of dom0 slept and went on without having been woken: events "
                  "are missing",
                  join->unwoken);
    if (host->tasks.table.untold > 0)
        xph_doubt(doubts, "%" PRIu64 " threads of dom0 were too many to be kept",
                  host->tasks.table.untold);
}
