#include "analyzer/operation/toolstack.h"

#include <string.h>

enum {
    /* Xen's public/domctl.h and memory.h. */
    DOMCTL_CREATEDOMAIN = 1,
    DOMCTL_DESTROYDOMAIN = 2,
    DOMCTL_PAUSEDOMAIN = 3,
    DOMCTL_UNPAUSEDOMAIN = 4,
    DOMCTL_SETVCPUCONTEXT = 12,
    DOMCTL_SETHVMCONTEXT = 34,
    MEMORY_POPULATE_PHYSMAP = 6,
};

static const char image_function[] = "xc_dom_parse_image";

static void first(struct xph_moment *moment, uint64_t ns)
{
    if (!moment->known || ns < moment->ns)
        *moment = (struct xph_moment){true, ns};
}

static void last(struct xph_moment *moment, uint64_t ns)
{
    if (!moment->known || ns > moment->ns)
        *moment = (struct xph_moment){true, ns};
}

static void take_domctl(struct xph_toolstack *toolstack, const struct xph_task_call *call)
{
    switch (call->target.sub) {
    case DOMCTL_UNPAUSEDOMAIN:
        first(&toolstack->unpause, call->start_ns);
        break;
    case DOMCTL_PAUSEDOMAIN:
        first(&toolstack->pause, call->start_ns);
        break;
    case DOMCTL_DESTROYDOMAIN:
        toolstack->pid = call->pid;
        first(&toolstack->destroy, call->start_ns);
        /* It is called again and again while it is not done: the one that succeeds is the end. */
        if (call->result == 0)
            last(&toolstack->dead, call->end_ns);
        break;
    case DOMCTL_SETVCPUCONTEXT:
    case DOMCTL_SETHVMCONTEXT:
        last(&toolstack->built, call->end_ns);
        break;
    default:
        break;
    }
}

static bool within(uint64_t ns, uint64_t start_ns, uint64_t end_ns)
{
    return ns >= start_ns && ns <= end_ns;
}

/* The task that made the domain, and when. */
static void find_maker(const struct xph_evidence *evidence, const struct xph_domain_life *life,
                       struct xph_toolstack *toolstack)
{
    for (size_t i = 0; i < evidence->calls.count; i++) {
        const struct xph_task_call *call = &evidence->calls.calls[i];

        if (call->target.op != XPH_HYPERCALL_DOMCTL || call->target.sub != DOMCTL_CREATEDOMAIN ||
            !within(life->added.ns, call->start_ns, call->end_ns))
            continue;
        toolstack->pid = call->pid;
        first(&toolstack->create, call->start_ns);
        return;
    }
}

static void take_calls(const struct xph_evidence *evidence, uint16_t domid, uint64_t start_ns,
                       uint64_t end_ns, struct xph_toolstack *toolstack)
{
    for (size_t i = 0; i < evidence->calls.count; i++) {
        const struct xph_task_call *call = &evidence->calls.calls[i];

        if (!within(call->start_ns, start_ns, end_ns))
            continue;
        if (call->target.op == XPH_HYPERCALL_DOMCTL && call->target.domid == domid)
            take_domctl(toolstack, call);
        /* Memory operations name their domain where dom0's kernel does not look. */
        if (call->target.op == XPH_HYPERCALL_MEMORY_OP && toolstack->create.known &&
            call->target.sub == MEMORY_POPULATE_PHYSMAP && call->pid == toolstack->pid &&
            call->start_ns > toolstack->create.ns)
            first(&toolstack->populate, call->start_ns);
    }
}

static void find_image(const struct xph_evidence *evidence, struct xph_toolstack *toolstack)
{
    for (size_t i = 0; i < evidence->library_call_count && toolstack->create.known; i++) {
        const struct xph_library_call *call = &evidence->library_calls[i];

        if (call->pid == toolstack->pid && call->ns > toolstack->create.ns &&
            strcmp(call->function, image_function) == 0)
            first(&toolstack->image, call->ns);
    }
}

static void add_script(struct xph_toolstack *toolstack, const struct xph_script_run *run)
{
    size_t at = toolstack->script_count;

    if (at == XPH_MAX_SCRIPTS)
        return;
    for (; at > 0 && toolstack->scripts[at - 1].start_ns > run->start_ns; at--)
        toolstack->scripts[at] = toolstack->scripts[at - 1];
    toolstack->scripts[at] = *run;
    toolstack->script_count++;
}

/* A script that another script runs is part of that one. */
static void find_scripts(const struct xph_evidence *evidence, uint64_t start_ns, uint64_t end_ns,
                         struct xph_toolstack *toolstack)
{
    const struct xph_task_names *names = &evidence->builder.names;

    for (size_t i = 0; i < names->count; i++) {
        const struct xph_task_name *name = &names->names[i];
        struct xph_script_run run = {.start_ns = name->ns};

        if (!name->script || !within(name->ns, start_ns, end_ns) ||
            xph_task_script_at(names, name->parent, name->ns))
            continue;
        memcpy(run.name, name->name, sizeof(run.name));
        if (!xph_evidence_task_end(evidence, name->pid, name->ns, &run.end_ns) ||
            run.end_ns > end_ns)
            run.end_ns = end_ns;
        add_script(toolstack, &run);
    }
}

void xph_toolstack_find(const struct xph_evidence *evidence, const struct xph_domain_life *life,
                        uint64_t start_ns, uint64_t end_ns, struct xph_toolstack *toolstack)
{
    *toolstack = (struct xph_toolstack){0};
    if (life->added.known) {
        find_maker(evidence, life, toolstack);
        /* Before, the number was another domain's. */
        start_ns = toolstack->create.known ? toolstack->create.ns : life->added.ns;
    }
    take_calls(evidence, life->domid, start_ns, end_ns, toolstack);
    find_image(evidence, toolstack);
    find_scripts(evidence, start_ns, end_ns, toolstack);
}
