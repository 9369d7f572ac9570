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
    [XPH_OPERATION_SAVE] = {"save", xph_phases_of_save},
    [XPH_OPERATION_RESTORE] = {"restore", xph_phases_of_restore},
    [XPH_OPERATION_MIGRATE] = {"migrate", xph_phases_of_migrate},
};

const char *xph_operation_kind_name(enum xph_operation_kind kind)
{
    return kinds[kind].name;
}

const char *xph_operation_end_name(enum xph_operation_end end)
{
    static const char *const names[] = {
        [XPH_END_COMMAND] = "command", [XPH_END_PROCESS] = "process",     [XPH_END_IDLE] = "idle",
        [XPH_END_REMOVED] = "removed", [XPH_END_RECORDING] = "recording", [XPH_END_RUNS] = "runs",
    };
    _Static_assert(sizeof(names) / sizeof(names[0]) == XPH_OPERATION_ENDS, "each end has a name");

    return names[end];
}

const char *xph_boundary_source_name(enum xph_boundary_source source)
{
    static const char *const names[] = {
        [XPH_BOUNDARY_UNTOLD] = NULL,
        [XPH_BOUNDARY_XEN] = "Xen's trace",
        [XPH_BOUNDARY_RUN_STATES] = "run states",
        [XPH_BOUNDARY_HYPERCALL] = "hypercall",
        [XPH_BOUNDARY_XENSTORE] = "xenstore",
        [XPH_BOUNDARY_KERNEL] = "dom0 kernel",
        [XPH_BOUNDARY_RECORDER] = "recorder",
    };

    return names[source];
}

const char *xph_certainty_name(enum xph_certainty certainty)
{
    static const char *const names[] = {
        [XPH_CERTAINTY_UNTOLD] = NULL,
        [XPH_CERTAINTY_EXACT] = "exact",
        [XPH_CERTAINTY_LATE] = "late",
        [XPH_CERTAINTY_EARLY] = "early",
    };

    return names[certainty];
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
                              const struct xph_phase_input *input)
{
    const struct xph_toolstack *toolstack = input->toolstack;
    const struct xph_domain_life *life = input->life;

    if (input->move)
        return xph_move_start_ns(input->move);
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
                             const struct xph_phase_input *input, bool has_command)
{
    const struct xph_toolstack *toolstack = input->toolstack;
    uint64_t deed_ns = first_deed_ns(operation, input), start_ns = 0;
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

struct finding {
    const struct xph_domain_lives *lives;
    const struct xph_manifest *manifest;
    const struct xph_clock *clock;
    const struct xph_evidence *evidence;
    struct xph_moves moves;
};

/* When the command returned, if that is in the recording, which can end before (--max-time). */
static struct xph_moment find_return(const struct xph_manifest *manifest,
                                     const struct xph_clock *clock)
{
    uint64_t end_tsc = manifest->recording_end.tsc;
    bool known = manifest->command_ended && (end_tsc == 0 || manifest->command_end.tsc <= end_tsc);

    return (struct xph_moment){known, xph_clock_dom0_ns(clock, manifest->command_end.tsc)};
}

/* What is known of it before it is divided. */
static void begin(struct xph_operation *operation, enum xph_operation_kind kind,
                  const struct xph_domain_life *life, uint64_t touched_ns,
                  const struct finding *finding)
{
    const struct xph_manifest *manifest = finding->manifest;
    bool has_command = manifest->command_start.tsc != 0;
    uint64_t start_ns =
        has_command ? xph_clock_dom0_ns(finding->clock, manifest->command_start.tsc) : 0;

    *operation = (struct xph_operation){
        .kind = kind,
        .domid = life->domid,
        .created = life->added,
        .target_domid = XPH_NO_DOMAIN,
        .domain = xph_manifest_domain(manifest, life->domid,
                                      xph_clock_dom0_tsc(finding->clock, touched_ns)),
        .of_command = has_command,
        .pid = manifest->command_pid,
        .start_ns = start_ns,
        .end_ns = start_ns,
        .returned = find_return(manifest, finding->clock),
    };
}

static void divide(struct xph_operation *operation, const struct xph_phase_input *input,
                   const struct finding *finding)
{
    bound_by_process(operation, finding->evidence, input, operation->of_command);
    kinds[operation->kind].divide(operation, input);
    measure_wall(operation, &finding->lives->wall_clock, finding->clock);
}

/* False if the domain's end is not seen to have been anybody's doing. */
static bool fill(struct xph_operation *operation, enum xph_operation_kind kind,
                 const struct xph_domain_life *life, const struct finding *finding)
{
    struct xph_toolstack toolstack = {0};
    const struct xph_phase_input input = {life,           NULL,       finding->manifest,
                                          finding->clock, &toolstack, finding->lives->last_ns};

    begin(operation, kind, life, life->added.known ? life->added.ns : life->removed.ns, finding);
    if (finding->evidence && kind == XPH_OPERATION_CREATE)
        xph_toolstack_find_creation(finding->evidence, life, &toolstack);
    else if (finding->evidence)
        xph_toolstack_find_destruction(finding->evidence, life, &toolstack);
    if (kind == XPH_OPERATION_DESTROY && life->added.known && !toolstack.destroy.known)
        return false;
    divide(operation, &input, finding);
    return true;
}

/* A domain that runs on while it is read out is not saved, but migrated, wherever to. */
static enum xph_operation_kind kind_of_move(const struct xph_move *move)
{
    if (!move->source)
        return XPH_OPERATION_RESTORE;
    return move->target || move->dirty.known ? XPH_OPERATION_MIGRATE : XPH_OPERATION_SAVE;
}

static void fill_move(struct xph_operation *operation, const struct xph_move *move,
                      const struct finding *finding)
{
    const struct xph_domain_life *life = move->source ? move->source : move->target;
    struct xph_toolstack toolstack = {0};
    const struct xph_phase_input input = {life,           move,       finding->manifest,
                                          finding->clock, &toolstack, finding->lives->last_ns};

    begin(operation, kind_of_move(move), life, xph_move_start_ns(move), finding);
    if (move->source && move->target) {
        operation->target_domid = move->target->domid;
        operation->target_created = move->target->added;
    }
    if (finding->evidence && move->target)
        xph_toolstack_find_creation(finding->evidence, move->target, &toolstack);
    toolstack.pid = move->source ? move->reader : move->maker;
    toolstack.program = move->program;
    divide(operation, &input, finding);
}

/* What came before the command began is not its doing. */
static bool belongs(uint64_t touched_ns, const struct finding *finding)
{
    uint64_t start_tsc = finding->manifest->command_start.tsc;

    return start_tsc == 0 || touched_ns >= xph_clock_dom0_ns(finding->clock, start_tsc);
}

/* A target that never ran went away with the move that failed. */
static bool is_part_of_move(const struct xph_domain_life *life, enum xph_operation_kind kind,
                            const struct xph_moves *moves)
{
    for (size_t i = 0; i < moves->count; i++) {
        const struct xph_move *move = &moves->moves[i];

        if (move->target == life && (kind == XPH_OPERATION_CREATE || !life->first_run.known))
            return true;
        if (move->source == life && kind == XPH_OPERATION_DESTROY && move->source_destroyed)
            return true;
    }
    return false;
}

static size_t find_of_life(const struct finding *finding, const struct xph_domain_life *life,
                           struct xph_operation *operations, size_t room)
{
    size_t count = 0;

    if (count < room && life->added.known && belongs(life->added.ns, finding) &&
        !is_part_of_move(life, XPH_OPERATION_CREATE, &finding->moves))
        count += fill(&operations[count], XPH_OPERATION_CREATE, life, finding);
    for (size_t i = 0; count < room && i < finding->moves.count; i++) {
        const struct xph_move *move = &finding->moves.moves[i];

        if ((move->source ? move->source : move->target) == life &&
            belongs(xph_move_start_ns(move), finding))
            fill_move(&operations[count++], move, finding);
    }
    if (count < room && life->removed.known && belongs(life->removed.ns, finding) &&
        !is_part_of_move(life, XPH_OPERATION_DESTROY, &finding->moves))
        count += fill(&operations[count], XPH_OPERATION_DESTROY, life, finding);
    return count;
}

bool xph_operations_find(const struct xph_domain_lives *lives, const struct xph_manifest *manifest,
                         const struct xph_clock *clock, const struct xph_evidence *evidence,
                         struct xph_operation **operations, size_t *count, struct xph_error *err)
{
    struct finding finding = {
        .lives = lives, .manifest = manifest, .clock = clock, .evidence = evidence};
    size_t capacity;

    *count = 0;
    *operations = NULL;
    if (!xph_moves_find(&finding.moves, lives, manifest, clock, evidence, err))
        return false;
    capacity = 2 * lives->count + finding.moves.count;
    if (capacity > XPH_MAX_OPERATIONS)
        capacity = XPH_MAX_OPERATIONS;
    *operations = calloc(capacity + 1, sizeof(**operations));
    for (size_t i = 0; *operations && i < lives->count; i++)
        *count +=
            find_of_life(&finding, &lives->lives[i], &(*operations)[*count], capacity - *count);
    xph_moves_free(&finding.moves);
    return *operations || xph_fail(err, "out of memory for %zu operations", capacity);
}
