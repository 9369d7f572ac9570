#include "analyzer/budget/operation_budget.h"

#include <string.h>

/* The command's program starts within so long after the recorder forked. */
#define PROGRAM_STARTS_WITHIN_NS UINT64_C(5000000000)

/* Where the walk begins: who came to the operation's end, and when. */
struct path_end {
    uint32_t actor;
    uint64_t ns;
};

/* When the actor stopped running for the last time up to `end_ns`; false if it never ran. */
static bool last_run(const struct xph_actor *actor, uint64_t end_ns, uint64_t *ns)
{
    for (long i = xph_history_before(actor, end_ns); i >= 0; i--) {
        if (actor->changes[i].activity != XPH_ACTIVITY_RUNNING)
            continue;
        *ns = (size_t)i + 1 < actor->count && actor->changes[i + 1].ns < end_ns
                  ? actor->changes[i + 1].ns
                  : end_ns;
        return true;
    }
    return false;
}

/* The domain's vCPU that ran last in the operation. */
static bool find_vcpu(const struct xph_history *history, const struct xph_operation *operation,
                      struct path_end *end)
{
    bool found = false;
    uint64_t ns;

    for (uint32_t position = 1; position <= history->count; position++) {
        const struct xph_actor *actor = xph_history_at(history, position);

        if (actor->kind != XPH_ACTOR_VCPU || actor->number >> 16 != operation->domid ||
            !last_run(actor, operation->end_ns, &ns) || ns <= operation->start_ns ||
            (found && ns <= end->ns))
            continue;
        *end = (struct path_end){position, ns};
        found = true;
    }
    return found;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The recorded command's task in a recording of before its pid was kept: the first one that began
 * to run a program of its name. */
static uint32_t command_pid(const struct xph_evidence *evidence,
                            const struct xph_manifest *manifest, uint64_t start_ns)
{
    const struct xph_task_names *names = &evidence->builder.names;
    const struct xph_task_name *first = NULL;

    if (!manifest->argv || !manifest->argv[0])
        return 0;
    for (size_t i = 0; i < names->count; i++) {
        const struct xph_task_name *name = &names->names[i];

        if (name->ns >= start_ns && name->ns - start_ns < PROGRAM_STARTS_WITHIN_NS &&
            (!first || name->ns < first->ns) &&
            strncmp(name->name, base_name(manifest->argv[0]), sizeof(name->name) - 1) == 0)
            first = name;
    }
    return first ? first->pid : 0;
}

/* The task that came to the end, and when it ended. */
static bool find_task(const struct xph_evidence *evidence, const struct xph_operation *operation,
                      uint32_t pid, struct path_end *end)
{
    const struct xph_history *history = &evidence->builder.history;
    const struct xph_actor *actor;
    long i;

    end->actor = pid == 0 ? XPH_NOBODY : xph_history_find(history, XPH_ACTOR_TASK, pid);
    if (end->actor == XPH_NOBODY)
        return false;
    actor = xph_history_at(history, end->actor);
    i = xph_history_before(actor, operation->end_ns);
    end->ns = operation->end_ns;
    if (i >= 0 && actor->changes[i].activity == XPH_ACTIVITY_ABSENT &&
        actor->changes[i].ns > operation->start_ns)
        end->ns = actor->changes[i].ns;
    return true;
}

/* What is between the last actor's end and the operation's. */
static struct xph_owner tail_owner(const struct xph_operation *operation)
{
    static const struct xph_owner owners[] = {
        [XPH_END_COMMAND] = {XPH_LAYER_DOM0_PROCESS, "recorder", "the end is noticed"},
        [XPH_END_PROCESS] = {XPH_LAYER_UNEXPLAINED, "", ""},
        [XPH_END_IDLE] = {XPH_LAYER_WAITING, "guest", "idle"},
        [XPH_END_REMOVED] = {XPH_LAYER_WAITING, "Xen", "last references dropped"},
        [XPH_END_RECORDING] = {XPH_LAYER_WAITING, "guest", "idle"},
        [XPH_END_RUNS] = {XPH_LAYER_UNEXPLAINED, "", ""},
    };
    _Static_assert(sizeof(owners) / sizeof(owners[0]) == XPH_OPERATION_ENDS, "one for each end");
    /* A guest that ended, or was ended, before it had booted. */
    static const struct xph_owner gone = {XPH_LAYER_WAITING, "guest", "until it is removed"};

    if (operation->kind == XPH_OPERATION_CREATE && operation->ended_by == XPH_END_REMOVED)
        return gone;
    if (operation->kind != XPH_OPERATION_CREATE && operation->ended_by == XPH_END_RECORDING)
        return owners[XPH_END_PROCESS];
    return owners[operation->ended_by];
}

static bool find_end(const struct xph_operation *operation, const struct xph_evidence *evidence,
                     const struct xph_manifest *manifest, struct path_end *end)
{
    uint32_t pid =
        operation->ended_by == XPH_END_REMOVED ? operation->toolstack_pid : operation->pid;

    if (operation->kind == XPH_OPERATION_CREATE &&
        find_vcpu(&evidence->builder.history, operation, end))
        return true;
    if (pid == 0 && operation->of_command)
        pid = command_pid(evidence, manifest, operation->start_ns);
    return find_task(evidence, operation, pid, end);
}

static bool walk(const struct xph_operation *operation, const struct xph_evidence *evidence,
                 const struct path_end *end, struct xph_owned_path *owned, struct xph_error *err)
{
    const struct xph_owner_evidence owners = {&evidence->builder.history, &evidence->builder.names,
                                              &evidence->calls};
    struct xph_path path;
    bool ok;

    if (!xph_critical_path(owners.history, end->actor, operation->start_ns, end->ns, &path, err))
        return false;
    ok = xph_own_path(&path, &owners, owned, err);
    xph_path_close(&path);
    return ok;
}

/* The path as far as it lies in the downtime; what of that is outside of the path is not told. */
static bool make_downtime(const struct xph_operation *operation,
                          struct xph_operation_budget *budget, struct xph_error *err)
{
    const struct xph_stretch *downtime = &operation->downtime;
    struct xph_operation alone = {.start_ns = downtime->start_ns, .end_ns = downtime->start_ns};

    if (!downtime->known)
        return true;
    xph_operation_add_phase(&alone, "downtime", downtime->end_ns, "");
    return xph_budget_make(&alone, &budget->path, &budget->downtime, err);
}

bool xph_operation_budget_make(const struct xph_operation *operation,
                               const struct xph_evidence *evidence,
                               const struct xph_manifest *manifest,
                               struct xph_operation_budget *budget, struct xph_error *err)
{
    struct xph_owner tail = tail_owner(operation);
    struct path_end end = {0};

    *budget = (struct xph_operation_budget){0};
    if (!evidence) {
        budget->unknown = "dom0's kernel events are missing";
        return true;
    }
    if (!find_end(operation, evidence, manifest, &end)) {
        budget->unknown = "dom0's kernel events do not show who did it";
        return true;
    }
    if (walk(operation, evidence, &end, &budget->path, err) &&
        xph_owned_path_add(&budget->path, end.ns, operation->end_ns, &tail, err) &&
        xph_budget_make(operation, &budget->path, &budget->budget, err) &&
        make_downtime(operation, budget, err))
        return true;
    xph_operation_budget_close(budget);
    return false;
}

void xph_operation_budget_close(struct xph_operation_budget *budget)
{
    xph_owned_path_close(&budget->path);
    xph_budget_close(&budget->budget);
    xph_budget_close(&budget->downtime);
}
