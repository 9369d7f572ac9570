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

static bool within(uint64_t ns, uint64_t start_ns, uint64_t end_ns)
{
    return ns >= start_ns && ns <= end_ns;
}

/* The task that made the domain, and when. Two may be at it at once, and Xen makes one after the
 * other: what each of them got is in its call, if Xen's record of it was seen. */
static void find_maker(const struct xph_evidence *evidence, const struct xph_domain_life *life,
                       struct xph_toolstack *toolstack)
{
    const struct xph_task_call *maker = NULL;

    for (size_t i = 0; i < evidence->calls.count; i++) {
        const struct xph_task_call *call = &evidence->calls.calls[i];

        if (call->target.op != XPH_HYPERCALL_DOMCTL || call->target.sub != DOMCTL_CREATEDOMAIN ||
            !within(life->added.ns, call->start_ns, call->end_ns))
            continue;
        if (call->created == life->domid || (!maker && call->created == XPH_NO_DOMAIN))
            maker = call;
    }
    if (!maker)
        return;
    toolstack->pid = maker->pid;
    first(&toolstack->create, maker->start_ns);
}

static bool is_domctl(const struct xph_task_call *call, uint16_t domid)
{
    return call->target.op == XPH_HYPERCALL_DOMCTL && call->target.domid == domid;
}

/* What belongs to a creation comes before the domain runs; a guest's later own ways do not. */
static void take_building(const struct xph_evidence *evidence, const struct xph_domain_life *life,
                          struct xph_toolstack *toolstack)
{
    uint64_t start_ns = toolstack->create.ns;
    uint64_t end_ns = life->first_run.known ? life->first_run.ns : UINT64_MAX;

    for (size_t i = 0; i < evidence->calls.count; i++) {
        const struct xph_task_call *call = &evidence->calls.calls[i];

        if (!within(call->start_ns, start_ns, end_ns))
            continue;
        if (is_domctl(call, life->domid) && call->target.sub == DOMCTL_UNPAUSEDOMAIN)
            first(&toolstack->unpause, call->start_ns);
        if (is_domctl(call, life->domid) &&
            (call->target.sub == DOMCTL_SETVCPUCONTEXT || call->target.sub == DOMCTL_SETHVMCONTEXT))
            last(&toolstack->built, call->end_ns);
        /* Memory operations name their domain where dom0's kernel does not look. */
        if (call->target.op == XPH_HYPERCALL_MEMORY_OP && call->pid == toolstack->pid &&
            call->target.sub == MEMORY_POPULATE_PHYSMAP)
            first(&toolstack->populate, call->start_ns);
    }
}

static uint64_t life_start_ns(const struct xph_domain_life *life)
{
    return life->added.known ? life->added.ns : 0;
}

static void find_destroyer(const struct xph_evidence *evidence, const struct xph_domain_life *life,
                           struct xph_toolstack *toolstack)
{
    uint64_t end_ns = life->removed.known ? life->removed.ns : UINT64_MAX;

    for (size_t i = 0; i < evidence->calls.count; i++) {
        const struct xph_task_call *call = &evidence->calls.calls[i];

        if (!is_domctl(call, life->domid) || call->target.sub != DOMCTL_DESTROYDOMAIN ||
            !within(call->start_ns, life_start_ns(life), end_ns))
            continue;
        if (!toolstack->destroy.known || call->start_ns < toolstack->destroy.ns)
            toolstack->pid = call->pid;
        first(&toolstack->destroy, call->start_ns);
        /* It is called again and again while it is not done: the one that succeeds is the end. */
        if (call->result == 0)
            last(&toolstack->dead, call->end_ns);
    }
}

/* The last pause before the end, as somebody may have paused the domain long ago. */
static void find_pause(const struct xph_evidence *evidence, const struct xph_domain_life *life,
                       struct xph_toolstack *toolstack)
{
    for (size_t i = 0; i < evidence->calls.count; i++) {
        const struct xph_task_call *call = &evidence->calls.calls[i];

        if (is_domctl(call, life->domid) && call->target.sub == DOMCTL_PAUSEDOMAIN &&
            within(call->start_ns, life_start_ns(life), toolstack->destroy.ns))
            last(&toolstack->pause, call->start_ns);
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

/* Those of the toolstack's program: others may be at work at the same time. A script that another
 * script runs is part of that one. */
static void find_scripts(const struct xph_evidence *evidence, uint64_t start_ns, uint64_t end_ns,
                         struct xph_toolstack *toolstack)
{
    uint32_t maker = toolstack->program ? toolstack->program : toolstack->pid;
    const struct xph_task_names *names = &evidence->builder.names;

    for (size_t i = 0; i < names->count; i++) {
        const struct xph_task_name *name = &names->names[i];
        struct xph_script_run run = {.start_ns = name->ns};

        if (!name->script || !within(name->ns, start_ns, end_ns) ||
            xph_task_script_at(names, name->parent, name->ns) ||
            !xph_task_comes_from(names, name->pid, name->ns, maker))
            continue;
        memcpy(run.name, name->name, sizeof(run.name));
        if (!xph_evidence_task_end(evidence, name->pid, name->ns, &run.end_ns) ||
            run.end_ns > end_ns)
            run.end_ns = end_ns;
        add_script(toolstack, &run);
    }
}

void xph_toolstack_find_creation(const struct xph_evidence *evidence,
                                 const struct xph_domain_life *life,
                                 struct xph_toolstack *toolstack)
{
    *toolstack = (struct xph_toolstack){0};
    find_maker(evidence, life, toolstack);
    if (!toolstack->create.known)
        return;
    toolstack->program =
        xph_task_program_at(&evidence->builder.names, toolstack->pid, toolstack->create.ns);
    take_building(evidence, life, toolstack);
    find_image(evidence, toolstack);
    find_scripts(evidence, toolstack->create.ns,
                 life->first_run.known ? life->first_run.ns : UINT64_MAX, toolstack);
}

void xph_toolstack_find_destruction(const struct xph_evidence *evidence,
                                    const struct xph_domain_life *life,
                                    struct xph_toolstack *toolstack)
{
    *toolstack = (struct xph_toolstack){0};
    find_destroyer(evidence, life, toolstack);
    if (!toolstack->destroy.known)
        return;
    toolstack->program =
        xph_task_program_at(&evidence->builder.names, toolstack->pid, toolstack->destroy.ns);
    find_pause(evidence, life, toolstack);
}
