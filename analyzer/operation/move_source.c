/*
 * A domain is read out (Xen: tools/libs/guest/xg_sr_save.c): logging of dirty pages is switched on
 * if it is to run meanwhile, page types are asked for and pages mapped, batch by batch; each round
 * but the first begins with the log taken. Then the domain is suspended, what is dirty is read once
 * more, and its state.
 */
#include <string.h>

#include "analyzer/operation/move_ends.h"

enum {
    /* Xen's public/domctl.h, struct xen_domctl_shadow_op. */
    SHADOW_ENABLE_LOGDIRTY = 2,
    SHADOW_CLEAN = 11,
};

void xph_move_first(struct xph_moment *moment, uint64_t ns)
{
    if (!moment->known || ns < moment->ns)
        *moment = (struct xph_moment){true, ns};
}

void xph_move_last(struct xph_moment *moment, uint64_t ns)
{
    if (!moment->known || ns > moment->ns)
        *moment = (struct xph_moment){true, ns};
}

bool xph_move_is_domctl(const struct xph_task_call *call, uint16_t domid, uint16_t sub)
{
    return call->target.op == XPH_HYPERCALL_DOMCTL && call->target.domid == domid &&
           call->target.sub == sub;
}

struct xph_move_task xph_move_task_at(const struct xph_evidence *evidence, uint32_t pid,
                                      uint64_t ns)
{
    const struct xph_task_calls *calls = &evidence->calls;
    const struct xph_task_name *name = xph_task_name_at(&evidence->builder.names, pid, ns);
    const struct xph_task_call *end = calls->calls + calls->count;
    struct xph_move_task task = {.first = xph_task_call_after(calls, pid, name ? name->ns : 0)};

    task.ended.known = xph_evidence_task_end(evidence, pid, ns, &task.ended.ns);
    if (!task.first)
        task.first = end;
    for (task.end = task.first; task.end < end && task.end->pid == pid; task.end++) {
        if (task.ended.known && task.end->start_ns > task.ended.ns)
            break;
    }
    return task;
}

bool xph_move_is_helper(const struct xph_evidence *evidence, uint32_t pid, uint64_t ns)
{
    static const char libxl_helper[] = "libxl-save-helper";
    const struct xph_task_name *name = xph_task_name_at(&evidence->builder.names, pid, ns);

    return name && strcmp(name->name, libxl_helper) == 0;
}

static bool is_shadow_op(const struct xph_task_call *call, uint16_t domid, uint16_t operation)
{
    return xph_move_is_domctl(call, domid, XPH_DOMCTL_SHADOW_OP) &&
           call->target.detail == operation;
}

static bool reads_state(const struct xph_task_call *call, uint16_t domid)
{
    return xph_move_is_domctl(call, domid, XPH_MOVE_GETTSCINFO) ||
           xph_move_is_domctl(call, domid, XPH_MOVE_GETHVMCONTEXT) ||
           xph_move_is_domctl(call, domid, XPH_MOVE_GETVCPUCONTEXT);
}

static void read_calls(struct xph_move *move, const struct xph_move_task *task, uint64_t page_ns)
{
    uint16_t domid = move->source->domid;

    for (const struct xph_task_call *call = task->first; call < task->end; call++) {
        if (call->target.op == XPH_HYPERCALL_DOMCTL && call->target.domid == domid)
            xph_move_first(&move->begin, call->start_ns);
        if (is_shadow_op(call, domid, SHADOW_ENABLE_LOGDIRTY))
            xph_move_first(&move->dirty, call->start_ns);
        if (call->start_ns >= page_ns && reads_state(call, domid))
            xph_move_first(&move->state, call->start_ns);
        if (move->state.known)
            xph_move_last(&move->done, call->end_ns);
    }
}

/* When the vCPU ended its last run before `ns`; false if it had not stopped by then. */
static bool find_stop(const struct xph_actor *vcpu, uint64_t ns, struct xph_moment *stopped)
{
    long i = xph_history_before(vcpu, ns);

    if (i < 0)
        return true;
    if (vcpu->changes[i].activity == XPH_ACTIVITY_RUNNING ||
        vcpu->changes[i].activity == XPH_ACTIVITY_READY)
        return false;
    while (i > 0 && vcpu->changes[i - 1].activity != XPH_ACTIVITY_RUNNING)
        i--;
    if (i > 0)
        xph_move_last(stopped, vcpu->changes[i].ns);
    return true;
}

/*
 * When all vCPUs had stopped before `ns`. A domain whose state is read has, even if one of its
 * vCPUs is only seen to be blocked; where it was not read, a vCPU must be taken away from the
 * scheduler.
 */
static struct xph_moment find_stopped(const struct xph_move *move,
                                      const struct xph_history *history, uint64_t ns)
{
    struct xph_moment stopped = {0};
    bool suspended = move->state.known;

    for (uint32_t position = 1; position <= history->count; position++) {
        const struct xph_actor *actor = xph_history_at(history, position);
        long i;

        if (actor->kind != XPH_ACTOR_VCPU || actor->number >> 16 != move->source->domid)
            continue;
        if (!find_stop(actor, ns, &stopped))
            return (struct xph_moment){0};
        i = xph_history_before(actor, ns);
        suspended |= i >= 0 && actor->changes[i].activity == XPH_ACTIVITY_ABSENT;
    }
    stopped.known = stopped.known && suspended && stopped.ns > move->begin.ns;
    return stopped;
}

/* The first run after all was read, if it is still the same domain's. */
static void find_resumed(struct xph_move *move, const struct xph_history *history)
{
    uint64_t end_ns = move->source->removed.known ? move->source->removed.ns : UINT64_MAX;

    for (uint32_t position = 1; position <= history->count; position++) {
        const struct xph_actor *actor = xph_history_at(history, position);
        size_t i;

        if (actor->kind != XPH_ACTOR_VCPU || actor->number >> 16 != move->source->domid)
            continue;
        for (i = (size_t)(xph_history_before(actor, move->done.ns) + 1); i < actor->count; i++) {
            if (actor->changes[i].activity == XPH_ACTIVITY_RUNNING)
                break;
        }
        if (i < actor->count && actor->changes[i].ns < end_ns)
            xph_move_first(&move->resumed, actor->changes[i].ns);
    }
}

/* The last request up to `end_ns`: the guest may have been asked before and not have answered. */
static void find_request(struct xph_move *move, const struct xph_evidence *evidence,
                         uint64_t end_ns)
{
    for (size_t i = 0; i < evidence->suspend_count; i++) {
        const struct xph_suspend_request *request = &evidence->suspends[i];

        if (request->domid == move->source->domid && request->ns >= move->begin.ns &&
            request->ns <= end_ns)
            xph_move_last(&move->asked, request->ns);
    }
}

/* Xenstore's word for the request is told late: one that comes after the domain had stopped says
 * nothing. Where its state was not read, a domain that stopped without a request has crashed. */
static void find_suspension(struct xph_move *move, const struct xph_evidence *evidence)
{
    const struct xph_history *history = &evidence->builder.history;
    uint64_t end_ns = move->reader_end.known ? move->reader_end.ns : UINT64_MAX;

    if (move->state.known) {
        move->stopped = find_stopped(move, history, move->state.ns);
        find_request(move, evidence, move->stopped.known ? move->stopped.ns : move->state.ns);
        return;
    }
    find_request(move, evidence, end_ns);
    if (!move->asked.known)
        return;
    move->stopped = find_stopped(move, history, end_ns);
    if (move->stopped.ns < move->asked.ns)
        move->stopped.known = false;
}

/* The log of dirty pages is taken once more after the domain has stopped: that one ends no round,
 * even where it was not seen when that was. */
static void find_rounds(struct xph_move *move, const struct xph_move_task *task)
{
    for (const struct xph_task_call *call = task->first; call < task->end; call++) {
        if (move->stopped.known && call->start_ns >= move->stopped.ns)
            break;
        if (move->stopped.known)
            xph_move_last(&move->read, call->end_ns);
        if (!is_shadow_op(call, move->source->domid, SHADOW_CLEAN))
            continue;
        if (move->round_count < XPH_MAX_ROUNDS)
            move->round_ends_ns[move->round_count] = call->start_ns;
        move->round_count++;
    }
    if (!move->stopped.known && move->state.known && move->round_count > 0)
        move->round_count--;
}

/* libxl's helper is the stream's only; the toolstack is what started it. */
static uint32_t find_program(const struct xph_evidence *evidence, uint32_t reader, uint64_t ns)
{
    const struct xph_task_names *names = &evidence->builder.names;
    const struct xph_task_name *name = xph_task_name_at(names, reader, ns);
    uint32_t toolstack = reader, program;

    if (name && name->parent != 0 && xph_move_is_helper(evidence, reader, ns))
        toolstack = name->parent;
    program = xph_task_program_at(names, toolstack, ns);
    return program ? program : toolstack;
}

void xph_move_read_source(struct xph_move *move, const struct xph_evidence *evidence,
                          const struct xph_task_call *page)
{
    const struct xph_history *history = &evidence->builder.history;
    struct xph_move_task task = xph_move_task_at(evidence, page->pid, page->start_ns);

    move->reader = page->pid;
    move->reader_end = task.ended;
    move->page = (struct xph_moment){true, page->start_ns};
    move->program = find_program(evidence, page->pid, page->start_ns);
    read_calls(move, &task, page->start_ns);
    find_suspension(move, evidence);
    find_rounds(move, &task);
    if (move->done.known)
        find_resumed(move, history);
}
