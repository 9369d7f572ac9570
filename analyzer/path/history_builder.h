/*
 * Makes the history of all actors out of what dom0's kernel and Xen tell, event by event in the
 * order of time.
 */
#ifndef XPH_ANALYZER_PATH_HISTORY_BUILDER_H
#define XPH_ANALYZER_PATH_HISTORY_BUILDER_H

#include "analyzer/decode/record.h"
#include "analyzer/kernel/kernel_event.h"
#include "analyzer/machine/machine.h"
#include "analyzer/path/history.h"
#include "analyzer/path/task_names.h"

struct xph_history_builder {
    struct xph_history history;
    struct xph_task_names names;
    /* Of each pCPU, what its last hypercall was, and when: it may be what wakes a vCPU; and which
     * vCPU ran there last. Owned. */
    struct xph_pcpu_past {
        uint64_t hypercall_ns;
        uint32_t hypercall_op;
        uint32_t ran; /* an actor */
    } * pcpus;
    /* The last interrupt on each of dom0's CPUs. Owned. */
    struct xph_last_interrupt {
        uint64_t ns;
        uint8_t cause;
    } * interrupts;
    /* Who sent an event last, by hypercall, and when. */
    uint64_t event_sent_ns;
    uint32_t event_sender; /* an actor */
    uint8_t *named;        /* a bit for each pid whose name is known; owned */
    uint64_t start_ns;     /* of the first event */
    bool started;
};

/* Does a hypercall with this number wake, start or unpause a vCPU? Of all others it only counts
 * that they came after such a one. */
bool xph_hypercall_wakes(uint32_t op);

bool xph_history_builder_open(struct xph_history_builder *builder, struct xph_error *err);
void xph_history_builder_close(struct xph_history_builder *builder);

bool xph_history_take_kernel(struct xph_history_builder *builder,
                             const struct xph_kernel_event *event, uint64_t ns,
                             struct xph_error *err);

/* To be called before the machine is fed with the record. */
bool xph_history_take_xen(struct xph_history_builder *builder, const struct xph_machine *machine,
                          const struct xph_record *record, struct xph_error *err);

#endif
