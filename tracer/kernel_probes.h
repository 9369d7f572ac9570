/*
 * Turns sets of probes (probes/dom0/NAME.probes) into events of a tracefs instance.
 */
#ifndef XPH_TRACER_KERNEL_PROBES_H
#define XPH_TRACER_KERNEL_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tracefs.h>

#include "recording/error.h"
#include "tracer/kernel_head.h"
#include "tracer/probe_line.h"
#include "tracer/probe_sets.h"

struct kernel_probes {
    struct kernel_event *events; /* those that are there and enabled */
    size_t count;
    struct missing_probe {
        char *name;   /* owned */
        char *reason; /* owned */
    } * missing;      /* what the running kernel does not offer */
    size_t missing_count;
};

/*
 * Creates the probes of `set` and enables them and its events in `instance`, adding to `probes`.
 * `xen_version` ("4.17") is that of the libraries that are probed.
 * What the kernel refuses becomes a missing probe; false only where memory is short.
 */
bool kernel_probes_add(struct kernel_probes *probes, struct tracefs_instance *instance,
                       const char *xen_version, const struct probe_set *set, struct xph_error *err);

/* "EVENT: REASON; ..." for what is missing, to be freed; NULL if nothing is. */
char *kernel_probes_missing_text(const struct kernel_probes *probes);

/* How often they were passed over, as one returned while too many others were under way, or was met
 * within another. While they are there. */
uint64_t kernel_probes_missed(const struct kernel_probes *probes);

/* Whether any probe of KERNEL_PROBE_SYSTEM is defined. */
bool kernel_probes_exist(void);

/* Removes all probes of KERNEL_PROBE_SYSTEM from the kernel, whoever made them; none may be in use
 * any more. Returns how many of them went. */
unsigned kernel_probes_remove_all(void);

/* Whether one is there and could not be removed, and why. */
bool kernel_probes_left(struct xph_error *why);

/* Removes the probes that were made for `probes`, none of which may be in use any more. */
void kernel_probes_remove(const struct kernel_probes *probes);
void kernel_probes_free(struct kernel_probes *probes);

#endif
