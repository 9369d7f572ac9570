/*
 * A domain is made of a stream (Xen: tools/libs/guest/xg_sr_restore.c). It comes to be as any
 * other; then memory is asked for and filled batch by batch, and state is set that a domain which
 * boots does not have.
 */
#include <string.h>

#include "analyzer/operation/move_ends.h"
#include "analyzer/operation/toolstack.h"

static const char restore_function[] = "xc_domain_restore";

struct search {
    const struct xph_evidence *evidence;
    const struct xph_domain_life *life;
    uint64_t start_ns, end_ns; /* while it was made */
};

static bool is_within(const struct search *search, uint64_t ns)
{
    return ns >= search->start_ns && ns <= search->end_ns;
}

/* libxenguest says it itself, where its functions are probed. */
static uint32_t writer_by_function(const struct search *search)
{
    const struct xph_evidence *evidence = search->evidence;

    for (size_t i = 0; i < evidence->library_call_count; i++) {
        const struct xph_library_call *call = &evidence->library_calls[i];

        if (call->has_domid && call->domid == search->life->domid && is_within(search, call->ns) &&
            strcmp(call->function, restore_function) == 0)
            return call->pid;
    }
    return 0;
}

/* MSRs alone are no sign: a toolstack may set them of a domain that boots, too, as for SGX. */
static bool is_of_pv_stream(const struct xph_task_call *call, uint16_t domid)
{
    return xph_move_is_domctl(call, domid, XPH_MOVE_SET_EXT_VCPUCONTEXT) ||
           xph_move_is_domctl(call, domid, XPH_MOVE_SETVCPUEXTSTATE);
}

/* Before any state is set, a program that only handles streams maps its memory. */
static bool is_mapped_by_helper(const struct search *search, const struct xph_task_call *call)
{
    return call->target.command == XPH_PRIVCMD_MMAP_BATCH &&
           call->target.domid == search->life->domid &&
           xph_move_is_helper(search->evidence, call->pid, call->start_ns);
}

/*
 * Who builds an HVM or PVH domain that is to boot asks for the context that Xen gave it and changes
 * that; a stream's is set as it comes. A PV domain that boots has no extended state yet.
 */
static uint32_t writer_by_calls(const struct search *search)
{
    const struct xph_task_calls *calls = &search->evidence->calls;
    uint16_t domid = search->life->domid;
    uint32_t builder = 0, helper = 0;

    for (size_t i = 0; i < calls->count; i++) {
        const struct xph_task_call *call = &calls->calls[i];

        if (!is_within(search, call->start_ns))
            continue;
        if (xph_move_is_domctl(call, domid, XPH_MOVE_GETHVMCONTEXT))
            builder = call->pid;
        if (is_of_pv_stream(call, domid) ||
            (xph_move_is_domctl(call, domid, XPH_MOVE_SETHVMCONTEXT) && call->pid != builder))
            return call->pid;
        if (helper == 0 && is_mapped_by_helper(search, call))
            helper = call->pid;
    }
    return helper;
}

static bool sets_state(const struct xph_task_call *call, uint16_t domid)
{
    return is_of_pv_stream(call, domid) ||
           xph_move_is_domctl(call, domid, XPH_MOVE_SET_VCPU_MSRS) ||
           xph_move_is_domctl(call, domid, XPH_MOVE_SETVCPUCONTEXT) ||
           xph_move_is_domctl(call, domid, XPH_MOVE_SETHVMCONTEXT);
}

static void read_calls(struct xph_move *move, const struct search *search)
{
    const struct xph_task_calls *calls = &search->evidence->calls;
    uint16_t domid = search->life->domid;
    struct xph_move_task task;
    const struct xph_task_call *call = xph_task_call_after(calls, move->writer, search->start_ns);

    if (!call)
        return;
    task = xph_move_task_at(search->evidence, move->writer, call->start_ns);
    move->writer_end = task.ended;
    for (call = task.first; call < task.end; call++) {
        if (!is_within(search, call->start_ns))
            continue;
        /* Memory operations name their domain where dom0's kernel does not look. */
        if (call->target.op == XPH_HYPERCALL_MEMORY_OP &&
            call->target.sub == XPH_MOVE_POPULATE_PHYSMAP)
            xph_move_first(&move->fill, call->start_ns);
        if (!sets_state(call, domid))
            continue;
        xph_move_first(&move->set, call->start_ns);
        xph_move_last(&move->built, call->end_ns);
    }
}

bool xph_move_read_target(struct xph_move *move, const struct xph_evidence *evidence,
                          const struct xph_domain_life *life)
{
    struct search search = {evidence, life, life->added.ns, UINT64_MAX};
    struct xph_toolstack toolstack;
    uint32_t writer;

    if (life->first_run.known)
        search.end_ns = life->first_run.ns;
    else if (life->removed.known)
        search.end_ns = life->removed.ns;
    writer = writer_by_function(&search);
    if (writer == 0)
        writer = writer_by_calls(&search);
    if (writer == 0)
        return false;
    xph_toolstack_find_creation(evidence, life, &toolstack);
    move->target = life;
    move->writer = writer;
    move->maker = toolstack.pid;
    move->program = toolstack.program ? toolstack.program : toolstack.pid;
    move->create = toolstack.create;
    move->added = life->added;
    move->unpause = toolstack.unpause;
    move->runs = life->first_run;
    read_calls(move, &search);
    return true;
}
