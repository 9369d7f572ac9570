/*
 * The Xen host that we run on: may we trace it, and what is it.
 */
#ifndef XPH_TRACER_XEN_HOST_H
#define XPH_TRACER_XEN_HOST_H

#include <xenctrl.h>

#include "recording/error.h"
#include "recording/manifest.h"

struct xen_host {
    xc_interface *xch;
    xentoollog_logger *log; /* for the Xen libraries; not owned */
    unsigned cpu_slots;     /* highest pCPU number + 1 */
    uint64_t tsc_khz;       /* as measured by Xen at boot */
    char version[16];       /* "4.17", as its libraries are called */
};

/* Opens the control interface. Fails with a remedy where we are not root, not on Xen or not in its
 * control domain. */
bool xen_host_open(struct xen_host *host, xentoollog_logger *log, struct xph_error *err);
void xen_host_close(struct xen_host *host);

/* Tells of each pCPU (`online` has cpu_slots) whether it is online now; false where Xen does not
 * tell.
 */
bool xen_host_online(const struct xen_host *host, bool *online);

/* Fills the manifest's facts about the host; the strings are owned by the manifest. */
bool xen_host_describe(const struct xen_host *host, struct xph_manifest *manifest,
                       struct xph_error *err);

#endif
