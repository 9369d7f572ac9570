#include "analyzer/path/evidence.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_LIBRARY_CALLS = 64, FIRST_SUSPENDS = 4 };

static bool keep_call(void *context, const struct xph_task *task,
                      const struct xph_hypercall_span *span, struct xph_error *err)
{
    struct xph_evidence *evidence = context;

    return xph_task_calls_add(&evidence->calls, task->pid, span, err);
}

static bool keep_library_call(struct xph_evidence *evidence, const struct xph_kernel_event *event,
                              uint64_t ns, struct xph_error *err)
{
    struct xph_library_call *call;

    if (evidence->library_call_count == evidence->library_call_capacity) {
        size_t capacity = evidence->library_call_capacity ? evidence->library_call_capacity * 2
                                                          : FIRST_LIBRARY_CALLS;
        struct xph_library_call *grown =
            realloc(evidence->library_calls, capacity * sizeof(*grown));

        if (!grown)
            return xph_fail(err, "out of memory for %zu library calls", capacity);
        evidence->library_calls = grown;
        evidence->library_call_capacity = capacity;
    }
    call = &evidence->library_calls[evidence->library_call_count++];
    *call =
        (struct xph_library_call){.pid = event->pid,
                                  .ns = ns,
                                  .has_domid = event->call.has_value && event->call.value >= 0 &&
                                               event->call.value < XPH_NO_DOMAIN,
                                  .domid = (uint16_t)event->call.value};
    memcpy(call->function, event->call.function, sizeof(call->function));
    return true;
}

/* As "/local/domain/7/control/shutdown", which a toolstack sets to "suspend" (Xen:
 * docs/misc/xenstore-paths.pandoc); the guest takes it away. False for any other change. */
static bool find_suspended(const struct xph_xenstore_event *event, uint16_t *domid)
{
    static const char before[] = "/local/domain/", after[] = "/control/shutdown";
    static const char wanted[] = "suspend";
    const char *at = event->path, *end = event->path + event->path_bytes;
    uint32_t number = 0;

    if (event->state != XPH_XENSTORE_VALUE || event->value_bytes != sizeof(wanted) - 1 ||
        memcmp(event->value, wanted, sizeof(wanted) - 1) != 0 ||
        event->path_bytes < sizeof(before) - 1 || memcmp(at, before, sizeof(before) - 1) != 0)
        return false;
    for (at += sizeof(before) - 1; at < end && *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (uint32_t)(*at - '0');
        if (number >= XPH_NO_DOMAIN)
            return false;
    }
    *domid = (uint16_t)number;
    return (size_t)(end - at) == sizeof(after) - 1 && memcmp(at, after, sizeof(after) - 1) == 0;
}

static bool keep_suspend(struct xph_evidence *evidence, uint16_t domid, uint64_t ns,
                         struct xph_error *err)
{
    if (evidence->suspend_count == evidence->suspend_capacity) {
        size_t capacity =
            evidence->suspend_capacity ? evidence->suspend_capacity * 2 : FIRST_SUSPENDS;
        struct xph_suspend_request *grown = realloc(evidence->suspends, capacity * sizeof(*grown));

        if (!grown)
            return xph_fail(err, "out of memory for %zu requests to suspend", capacity);
        evidence->suspends = grown;
        evidence->suspend_capacity = capacity;
    }
    evidence->suspends[evidence->suspend_count++] = (struct xph_suspend_request){domid, ns};
    return true;
}

bool xph_evidence_begin(struct xph_evidence_reading *reading, struct xph_evidence *evidence,
                        const struct xph_joint *joint, const struct xph_machine_observer *observer,
                        struct xph_error *err)
{
    const struct xph_dom0_observer dom0_observer = {.hypercall = keep_call, .context = evidence};

    *evidence = (struct xph_evidence){0};
    *reading = (struct xph_evidence_reading){.evidence = evidence, .joint = joint};
    if (!xph_history_builder_open(&evidence->builder, err))
        return false;
    if (xph_host_open(&reading->host, joint, observer, &dom0_observer, err))
        return true;
    xph_evidence_close(evidence);
    return false;
}

bool xph_evidence_take(struct xph_evidence_reading *reading, const struct xph_joint_event *event,
                       struct xph_error *err)
{
    struct xph_evidence *evidence = reading->evidence;
    uint16_t domid;

    if (event->source == XPH_SOURCE_KERNEL && event->kernel.type == XPH_KERNEL_CALL &&
        !keep_library_call(evidence, &event->kernel, event->ns, err))
        return false;
    if (event->source == XPH_SOURCE_KERNEL &&
        !xph_history_take_kernel(&evidence->builder, &event->kernel, event->ns, err))
        return false;
    if (event->source == XPH_SOURCE_XEN &&
        !xph_history_take_xen(&evidence->builder, &reading->host.machine, &event->record, err))
        return false;
    if (event->source == XPH_SOURCE_XENSTORE && find_suspended(&event->xenstore, &domid) &&
        !keep_suspend(evidence, domid, event->ns, err))
        return false;
    return xph_host_feed(&reading->host, reading->joint, event, err);
}

bool xph_evidence_end(struct xph_evidence_reading *reading, bool ok, struct xph_doubts *doubts,
                      struct xph_error *err)
{
    struct xph_evidence *evidence = reading->evidence;

    ok = ok && xph_host_finish(&reading->host, reading->joint, err);
    if (ok) {
        xph_joint_doubts(reading->joint, doubts);
        xph_host_doubts(&reading->host, doubts);
        evidence->known = reading->joint->sources[XPH_SOURCE_KERNEL].events > 0;
        xph_task_names_sort(&evidence->builder.names);
        xph_task_calls_sort(&evidence->calls);
    } else {
        xph_evidence_close(evidence);
    }
    xph_host_close(&reading->host);
    return ok;
}

bool xph_evidence_task_end(const struct xph_evidence *evidence, uint32_t pid, uint64_t since_ns,
                           uint64_t *end_ns)
{
    const struct xph_history *history = &evidence->builder.history;
    uint32_t position = xph_history_find(history, XPH_ACTOR_TASK, pid);
    const struct xph_actor *actor;

    if (position == XPH_NOBODY)
        return false;
    actor = xph_history_at(history, position);
    for (size_t i = (size_t)(xph_history_before(actor, since_ns) + 1); i < actor->count; i++) {
        if (actor->changes[i].activity != XPH_ACTIVITY_ABSENT)
            continue;
        *end_ns = actor->changes[i].ns;
        return true;
    }
    return false;
}

void xph_evidence_close(struct xph_evidence *evidence)
{
    xph_history_builder_close(&evidence->builder);
    xph_task_calls_close(&evidence->calls);
    free(evidence->library_calls);
    free(evidence->suspends);
    *evidence = (struct xph_evidence){0};
}
