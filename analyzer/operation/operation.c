#include "analyzer/operation/operation.h"

#include <stdio.h>
#include <stdlib.h>

#include "analyzer/phases/phases.h"

static const struct {
    const char *name;
    void (*divide)(struct xph_operation *operation, const struct xph_phase_input *input);
} kinds[] = {
    [XPH_OPERATION_CREATE] = {"create", xph_phases_of_create},
    [XPH_OPERATION_DESTROY] = {"destroy", xph_phases_of_destroy},
};

const char *xph_operation_kind_name(enum xph_operation_kind kind)
{
    return kinds[kind].name;
}

void xph_operation_add_phase(struct xph_operation *operation, const char *name, uint64_t end_ns,
                             const char *ends_with)
{
    struct xph_phase *phase;

    if (operation->phase_count == XPH_MAX_PHASES)
        return;
    /* A boundary before the last one (clocks of pCPUs that differ by a few cycles) makes an empty
     * phase. */
    if (end_ns < operation->end_ns)
        end_ns = operation->end_ns;
    phase = &operation->phases[operation->phase_count++];
    *phase =
        (struct xph_phase){.start_ns = operation->end_ns, .end_ns = end_ns, .ends_with = ends_with};
    snprintf(phase->name, sizeof(phase->name), "%s", name);
    operation->end_ns = end_ns;
}

uint64_t xph_operation_sum_ns(const struct xph_operation *operation)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < operation->phase_count; i++)
        sum += operation->phases[i].end_ns - operation->phases[i].start_ns;
    return sum;
}

/* The first thing that the process was seen to do to the domain. */
static uint64_t first_deed_ns(const struct xph_operation *operation,
                              const struct xph_toolstack *toolstack,
                              const struct xph_domain_life *life)
{
    if (operation->kind == XPH_OPERATION_CREATE)
        return toolstack->create.known ? toolstack->create.ns : life->added.ns;
    if (toolstack->pause.known)
        return toolstack->pause.ns;
    return toolstack->destroy.known ? toolstack->destroy.ns : life->removed.ns;
}

/* When the program that did it began, before it did it; false if that was not seen. */
static bool find_program_start(const struct xph_evidence *evidence,
                               const struct xph_toolstack *toolstack, uint64_t deed_ns,
                               uint64_t *start_ns)
{
    const struct xph_task_name *name =
        toolstack->program ? xph_task_name_at(&evidence->builder.names, toolstack->program, deed_ns)
                           : NULL;

    if (!name || !name->program)
        return false;
    *start_ns = name->ns;
    return true;
}

/*
 * Where a process of its own did it, the operation is from its program's start to its end: of
 * several in one command, and where there is no command. A daemon's is from what it did first on.
 */
static void bound_by_process(struct xph_operation *operation, const struct xph_evidence *evidence,
                             const struct xph_toolstack *toolstack,
                             const struct xph_domain_life *life, bool has_command)
{
    uint64_t deed_ns = first_deed_ns(operation, toolstack, life), start_ns = 0;
    bool started = evidence && find_program_start(evidence, toolstack, deed_ns, &start_ns) &&
                   start_ns >= operation->start_ns;

    operation->toolstack_pid = toolstack->pid;
    if (has_command && (!started || operation->pid == 0 || toolstack->program == operation->pid))
        return;
    operation->of_command = false;
    operation->pid = started ? toolstack->program : toolstack->pid;
    operation->start_ns = operation->end_ns = started ? start_ns : deed_ns;
    operation->returned = (struct xph_moment){0};
    if (started)
        operation->returned.known =
            xph_evidence_task_end(evidence, operation->pid, deed_ns, &operation->returned.ns);
}

static void measure_wall(struct xph_operation *operation, const struct xph_wall_clock *wall_clock,
                         const struct xph_clock *clock)
{
    uint64_t start, end;

    operation->wall.known =
        xph_wall_clock_at(wall_clock, xph_clock_dom0_tsc(clock, operation->start_ns), &start) &&
        xph_wall_clock_at(wall_clock, xph_clock_dom0_tsc(clock, operation->end_ns), &end) &&
        end >= start;
    if (operation->wall.known)
        operation->wall.ns = end - start;
}

/* False if the domain's end is not seen to have been anybody's doing. */
static bool fill(struct xph_operation *operation, enum xph_operation_kind kind,
                 const struct xph_domain_life *life, const struct xph_manifest *manifest,
                 const struct xph_clock *clock, const struct xph_evidence *evidence,
                 const struct xph_wall_clock *wall_clock)
{
    bool has_command = manifest->command_start.tsc != 0;
    struct xph_toolstack toolstack = {0};
    struct xph_phase_input input = {life, manifest, clock, &toolstack};
    uint64_t start_ns = has_command ? xph_clock_dom0_ns(clock, manifest->command_start.tsc) : 0;
    const struct xph_moment *touched = life->added.known ? &life->added : &life->removed;

    *operation = (struct xph_operation){
        .kind = kind,
        .domid = life->domid,
        .domain =
            xph_manifest_domain(manifest, life->domid, xph_clock_dom0_tsc(clock, touched->ns)),
        .of_command = has_command,
        .pid = manifest->command_pid,
        .start_ns = start_ns,
        .end_ns = start_ns,
        .returned = {manifest->command_ended, xph_clock_dom0_ns(clock, manifest->command_end.tsc)},
    };
    if (evidence && kind == XPH_OPERATION_CREATE)
        xph_toolstack_find_creation(evidence, life, &toolstack);
    else if (evidence)
        xph_toolstack_find_destruction(evidence, life, &toolstack);
    if (kind == XPH_OPERATION_DESTROY && life->added.known && !toolstack.destroy.known)
        return false;
    bound_by_process(operation, evidence, &toolstack, life, has_command);
    kinds[kind].divide(operation, &input);
    measure_wall(operation, wall_clock, clock);
    return true;
}

/* What came before the command began is not its doing. */
static bool belongs(const struct xph_moment *touched, const struct xph_manifest *manifest,
                    const struct xph_clock *clock)
{
    return touched->known && (manifest->command_start.tsc == 0 ||
                              touched->ns >= xph_clock_dom0_ns(clock, manifest->command_start.tsc));
}

bool xph_operations_find(const struct xph_domain_lives *lives, const struct xph_manifest *manifest,
                         const struct xph_clock *clock, const struct xph_evidence *evidence,
                         struct xph_operation **operations, size_t *count, struct xph_error *err)
{
    size_t capacity = lives->count < XPH_MAX_OPERATIONS / 2 ? 2 * lives->count : XPH_MAX_OPERATIONS;

    *count = 0;
    *operations = calloc(capacity + 1, sizeof(**operations));
    if (!*operations)
        return xph_fail(err, "out of memory for %zu operations", capacity);
    for (size_t i = 0; i < lives->count; i++) {
        const struct xph_domain_life *life = &lives->lives[i];

        if (*count < capacity && belongs(&life->added, manifest, clock))
            *count += fill(&(*operations)[*count], XPH_OPERATION_CREATE, life, manifest, clock,
                           evidence, &lives->wall_clock);
        if (*count < capacity && belongs(&life->removed, manifest, clock))
            *count += fill(&(*operations)[*count], XPH_OPERATION_DESTROY, life, manifest, clock,
                           evidence, &lives->wall_clock);
    }
    return true;
}
