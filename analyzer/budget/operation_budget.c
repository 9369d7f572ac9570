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

/* The domain's vCPU that ran last before the end. */
static bool find_vcpu(const struct xph_history *history, uint16_t domid, uint64_t end_ns,
                      struct path_end *end)
{
    bool found = false;
    uint64_t ns;

    for (uint32_t position = 1; position <= history->count; position++) {
        const struct xph_actor *actor = xph_history_at(history, position);

        if (actor->kind != XPH_ACTOR_VCPU || actor->number >> 16 != domid ||
            !last_run(actor, end_ns, &ns) || (found && ns <= end->ns))
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

/* The command's task, and when it ended. */
static bool find_command(const struct xph_evidence *evidence, const struct xph_manifest *manifest,
                         const struct xph_operation *operation, struct path_end *end)
{
    const struct xph_history *history = &evidence->builder.history;
    uint32_t pid = operation->pid;
    const struct xph_actor *actor;
    long i;

    if (pid == 0 && operation->of_command)
        pid = command_pid(evidence, manifest, operation->start_ns);
    end->actor = pid == 0 ? XPH_NOBODY : xph_history_find(history, XPH_ACTOR_TASK, pid);
    if (end->actor == XPH_NOBODY)
        return false;
    actor = xph_history_at(history, end->actor);
    i = xph_history_before(actor, operation->end_ns);
    end->ns = i >= 0 && actor->changes[i].activity == XPH_ACTIVITY_ABSENT ? actor->changes[i].ns
                                                                          : operation->end_ns;
    return true;
}

/* After the last actor was done: the recorder notices a command's end a little later; a guest that
 * is idle does nothing more. */
static bool add_tail(const struct xph_operation *operation, const struct path_end *end, bool guest,
                     struct xph_owned_path *path, struct xph_error *err)
{
    struct xph_owner owner = {guest ? XPH_LAYER_WAITING : XPH_LAYER_DOM0_PROCESS, "",
                              "the end is noticed"};

    strcpy(owner.actor, guest ? "guest" : "recorder");
    return xph_owned_path_add(path, end->ns, operation->end_ns, &owner, err);
}

static bool find_end(const struct xph_operation *operation, const struct xph_evidence *evidence,
                     const struct xph_manifest *manifest, struct path_end *end, bool *guest)
{
    *guest = operation->kind == XPH_OPERATION_CREATE &&
             find_vcpu(&evidence->builder.history, operation->domid, operation->end_ns, end);
    return *guest || find_command(evidence, manifest, operation, end);
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

bool xph_operation_budget_make(const struct xph_operation *operation,
                               const struct xph_evidence *evidence,
                               const struct xph_manifest *manifest,
                               struct xph_operation_budget *budget, struct xph_error *err)
{
    struct path_end end = {0};
    bool guest = false;

    *budget = (struct xph_operation_budget){0};
    if (!evidence) {
        budget->unknown = "dom0's kernel events are missing";
        return true;
    }
    if (!find_end(operation, evidence, manifest, &end, &guest)) {
        budget->unknown = "dom0's kernel events do not show who did it";
        return true;
    }
    if (walk(operation, evidence, &end, &budget->path, err) &&
        add_tail(operation, &end, guest, &budget->path, err) &&
        xph_budget_make(operation, &budget->path, &budget->budget, err))
        return true;
    xph_operation_budget_close(budget);
    return false;
}

void xph_operation_budget_close(struct xph_operation_budget *budget)
{
    xph_owned_path_close(&budget->path);
    xph_budget_close(&budget->budget);
}
