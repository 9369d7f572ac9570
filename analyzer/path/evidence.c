#include "analyzer/path/evidence.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_LIBRARY_CALLS = 64 };

struct reading {
    struct xph_evidence *evidence;
    struct xph_joint *joint;
    struct xph_host host;
};

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
    *call = (struct xph_library_call){.pid = event->pid, .ns = ns};
    memcpy(call->function, event->call.function, sizeof(call->function));
    return true;
}

static bool take(struct reading *reading, const struct xph_joint_event *event,
                 struct xph_error *err)
{
    struct xph_evidence *evidence = reading->evidence;

    if (event->source == XPH_SOURCE_KERNEL && event->kernel.type == XPH_KERNEL_CALL &&
        !keep_library_call(evidence, &event->kernel, event->ns, err))
        return false;
    if (event->source == XPH_SOURCE_KERNEL &&
        !xph_history_take_kernel(&evidence->builder, &event->kernel, event->ns, err))
        return false;
    if (event->source == XPH_SOURCE_XEN &&
        !xph_history_take_xen(&evidence->builder, &reading->host.machine, &event->record, err))
        return false;
    return xph_host_feed(&reading->host, reading->joint, event, err);
}

static bool read_events(struct reading *reading, struct xph_error *err)
{
    struct xph_joint_event event;

    while (xph_joint_next(reading->joint, &event)) {
        if (!take(reading, &event, err))
            return false;
    }
    return xph_host_finish(&reading->host, reading->joint, err);
}

static bool read_joint(struct xph_evidence *evidence, struct xph_joint *joint,
                       struct xph_doubts *doubts, struct xph_error *err)
{
    struct xph_dom0_observer observer = {.hypercall = keep_call, .context = evidence};
    struct reading reading = {.evidence = evidence, .joint = joint};
    bool ok;

    if (!xph_host_open(&reading.host, joint, NULL, &observer, err))
        return false;
    ok = read_events(&reading, err);
    xph_joint_doubts(joint, doubts);
    xph_host_doubts(&reading.host, doubts);
    xph_host_close(&reading.host);
    return ok;
}

bool xph_evidence_read(struct xph_evidence *evidence, struct xph_joint *joint,
                       struct xph_doubts *doubts, struct xph_error *err)
{
    *evidence = (struct xph_evidence){0};
    if (!xph_history_builder_open(&evidence->builder, err))
        return false;
    if (!read_joint(evidence, joint, doubts, err)) {
        xph_evidence_close(evidence);
        return false;
    }
    evidence->known = joint->sources[XPH_SOURCE_KERNEL].events > 0;
    xph_task_names_sort(&evidence->builder.names);
    xph_task_calls_sort(&evidence->calls);
    return true;
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
    *evidence = (struct xph_evidence){0};
}
