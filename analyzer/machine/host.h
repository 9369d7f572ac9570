/*
 * The whole host at one moment: what Xen's machine does and what dom0's threads do in it, both fed
 * by the joint time line. pCPU -> vCPU -> thread of dom0 -> hypercall.
 */
#ifndef XPH_ANALYZER_MACHINE_HOST_H
#define XPH_ANALYZER_MACHINE_HOST_H

#include "analyzer/machine/dom0_tasks.h"
#include "analyzer/machine/machine.h"
#include "analyzer/timeline/doubts.h"
#include "analyzer/timeline/joint.h"

struct xph_host {
    struct xph_machine machine;
    struct xph_dom0_tasks tasks;
};

/* To be fed by `joint`. Either observer may be NULL. On failure there is nothing to close. */
bool xph_host_open(struct xph_host *host, const struct xph_joint *joint,
                   const struct xph_machine_observer *machine_observer,
                   const struct xph_dom0_observer *dom0_observer, struct xph_error *err);
void xph_host_close(struct xph_host *host);

/* Takes what `joint` has just delivered. */
bool xph_host_feed(struct xph_host *host, const struct xph_joint *joint,
                   const struct xph_joint_event *event, struct xph_error *err);

/* After the last event: tells the observers of what lasts to the end. */
bool xph_host_finish(struct xph_host *host, const struct xph_joint *joint, struct xph_error *err);

/* Where the two traces do not fit each other. */
void xph_host_doubts(const struct xph_host *host, struct xph_doubts *doubts);

#endif
