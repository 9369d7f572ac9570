#include "analyzer/phases/boundary.h"

#include <stdio.h>
#include <string.h>

/* A table on its way through a move. */
struct walk {
    struct xph_operation *operation;
    const struct xph_phase_input *input;
    const struct xph_boundary_table *table;
    uint64_t end_ns;                  /* of the operation */
    const struct xph_boundary *added; /* the last row that was; NULL */
    bool rounds_added;
};

static struct xph_moment moment_at(const struct xph_move *move, size_t offset)
{
    struct xph_moment moment;

    memcpy(&moment, (const char *)move + offset, sizeof(moment));
    return moment;
}

static void add_phase(struct xph_operation *operation, const char *name, uint64_t end_ns,
                      const char *ends_with, enum xph_boundary_source source,
                      enum xph_certainty certainty)
{
    size_t before = operation->phase_count;

    xph_operation_add_phase(operation, name, end_ns, ends_with);
    if (operation->phase_count == before)
        return;
    operation->phases[before].source = source;
    operation->phases[before].certainty = certainty;
}

bool xph_phases_add_scripts(struct xph_operation *operation, const struct xph_toolstack *toolstack,
                            uint64_t end_ns)
{
    bool any = false;

    for (size_t i = 0; i < toolstack->script_count; i++) {
        const struct xph_script_run *script = &toolstack->scripts[i];
        char name[XPH_PHASE_NAME_BYTES];

        if (script->start_ns < operation->end_ns || script->end_ns > end_ns)
            continue;
        snprintf(name, sizeof(name), "script %s", script->name);
        xph_operation_add_phase(operation, any ? "devices" : "xenstore", script->start_ns,
                                "a hotplug script begins (dom0 kernel)");
        xph_operation_add_phase(operation, name, script->end_ns,
                                "the hotplug script ended (dom0 kernel)");
        any = true;
    }
    return any;
}

static bool is_same_phase(const struct xph_boundary *row, const struct xph_boundary *other)
{
    return other && strcmp(row->phase, other->phase) == 0;
}

/* Was the boundary before the row's seen, whichever source gave it? */
static bool follows(const struct walk *walk, const struct xph_boundary *row)
{
    const struct xph_boundary *before = row;

    while (before > walk->table->rows && is_same_phase(row, before))
        before--;
    return is_same_phase(row, before) || is_same_phase(before, walk->added);
}

/* As "pre-copy round 2", or of all from there to the last one, if they are too many. */
static void name_round(const struct xph_boundary *row, size_t round, size_t last, char *name,
                       size_t size)
{
    if (round == last)
        snprintf(name, size, "%s %zu", row->phase, round);
    else
        snprintf(name, size, "%ss %zu-%zu", row->phase, round, last);
}

static size_t kept_rounds(const struct xph_move *move)
{
    return move->round_count < XPH_MAX_ROUNDS ? move->round_count : XPH_MAX_ROUNDS;
}

/* The rounds but the last are told even where that one's end was not seen. */
static void add_rounds(struct walk *walk, const struct xph_boundary *row)
{
    const struct xph_move *move = walk->input->move;

    walk->rounds_added = true;
    for (size_t i = 0; i < kept_rounds(move) && move->round_ends_ns[i] < walk->end_ns; i++) {
        char name[XPH_PHASE_NAME_BYTES];

        name_round(row, i + 1, i + 1, name, sizeof(name));
        add_phase(walk->operation, name, move->round_ends_ns[i],
                  "log of dirty pages taken (shadow_op clean)", XPH_BOUNDARY_HYPERCALL,
                  XPH_CERTAINTY_EXACT);
    }
}

/* The phase that ends with the row; `broken` says how it ended otherwise, "" if it did not. */
static void name_phase(const struct walk *walk, const struct xph_boundary *row, bool devices,
                       const char *broken, char *name, size_t size)
{
    const struct xph_move *move = walk->input->move;
    char whole[XPH_PHASE_NAME_BYTES];

    if (row->extra == XPH_EXTRA_ROUNDS)
        name_round(row, kept_rounds(move) + 1, move->round_count + 1, whole, sizeof(whole));
    else
        snprintf(whole, sizeof(whole), "%s",
                 devices                              ? "devices"
                 : row->joined && !follows(walk, row) ? row->joined
                                                      : row->phase);
    snprintf(name, size, "%.*s%s", (int)(size - strlen(broken) - 1), whole, broken);
}

static void take_row(struct walk *walk, const struct xph_boundary *row)
{
    const struct xph_move *move = walk->input->move;
    struct xph_moment moment = moment_at(move, row->moment);
    char name[XPH_PHASE_NAME_BYTES];
    bool devices = false;

    if (is_same_phase(row, walk->added))
        return;
    if (row->extra == XPH_EXTRA_ROUNDS && !move->dirty.known)
        return;
    if (row->extra == XPH_EXTRA_ROUNDS && !walk->rounds_added)
        add_rounds(walk, row);
    /* What lies before the boundary that was added last is a clock's or a recording's mistake. */
    if (!moment.known || moment.ns >= walk->end_ns || moment.ns < walk->operation->end_ns)
        return;
    if (row->extra == XPH_EXTRA_SCRIPTS)
        devices = xph_phases_add_scripts(walk->operation, walk->input->toolstack, moment.ns);
    name_phase(walk, row, devices, "", name, sizeof(name));
    add_phase(walk->operation, name, moment.ns, row->ends_with, row->source, row->certainty);
    walk->added = row;
}

/* The first row behind the last one that was added, of another phase: what was under way. */
static const struct xph_boundary *find_next(const struct walk *walk)
{
    const struct xph_boundary_table *table = walk->table;
    const struct xph_boundary *row = walk->added ? walk->added : table->rows;

    while (row < table->rows + table->count &&
           (is_same_phase(row, walk->added) ||
            (row->extra == XPH_EXTRA_ROUNDS && !walk->input->move->dirty.known)))
        row++;
    return row < table->rows + table->count ? row : NULL;
}

struct end {
    uint64_t ns;
    const char *seen_by;
    enum xph_boundary_source source;
};

static struct end end_with_process(struct xph_operation *operation)
{
    operation->ended_by = operation->of_command ? XPH_END_COMMAND : XPH_END_PROCESS;
    return (struct end){operation->returned.ns,
                        operation->of_command ? "the command returned"
                                              : "the toolstack's process ended",
                        operation->of_command ? XPH_BOUNDARY_RECORDER : XPH_BOUNDARY_KERNEL};
}

static struct end end_with_recording(struct xph_operation *operation,
                                     const struct xph_phase_input *input)
{
    uint64_t end_tsc = input->manifest->recording_end.tsc;

    operation->ended_by = XPH_END_RECORDING;
    return (struct end){end_tsc != 0 ? xph_clock_dom0_ns(input->clock, end_tsc) : input->last_ns,
                        "the recording ended", XPH_BOUNDARY_RECORDER};
}

/* A command may only ask a daemon for it, and return before anything was seen of it. */
static struct end find_end(struct xph_operation *operation, const struct xph_phase_input *input,
                           const struct xph_boundary_table *table)
{
    const struct xph_move *move = input->move;
    struct xph_moment gone = moment_at(move, table->gone), gave_up;

    if (operation->returned.known && operation->returned.ns >= xph_move_start_ns(move))
        return end_with_process(operation);
    if (moment_at(move, table->success).known) {
        if (!gone.known)
            return end_with_recording(operation, input);
        operation->ended_by = table->gone_end;
        return (struct end){gone.ns, table->gone_with, XPH_BOUNDARY_XEN};
    }
    gave_up = moment_at(move, table->gave_up);
    if (!gave_up.known)
        return end_with_recording(operation, input);
    operation->ended_by = XPH_END_PROCESS;
    operation->of_command = false;
    operation->pid = move->reader ? move->reader : move->writer;
    return (struct end){gave_up.ns, "the stream's task ended", XPH_BOUNDARY_KERNEL};
}

/* It was under way in this phase when the stream's task ended, or the whole, or the recording. */
static void break_off(struct walk *walk, const struct xph_boundary *row, const struct end *end)
{
    struct xph_moment gave_up = moment_at(walk->input->move, walk->table->gave_up);
    struct xph_moment through = moment_at(walk->input->move, walk->table->through);
    bool cut = walk->operation->ended_by == XPH_END_RECORDING;
    char name[XPH_PHASE_NAME_BYTES];

    walk->operation->failure = cut ? "it had not ended when the recording did" : row->failure;
    name_phase(walk, row, false, cut ? " (goes on)" : " (failed)", name, sizeof(name));
    if (!cut && !through.known && gave_up.known && gave_up.ns >= walk->operation->end_ns &&
        gave_up.ns < end->ns) {
        add_phase(walk->operation, name, gave_up.ns, "the stream's task ended", XPH_BOUNDARY_KERNEL,
                  XPH_CERTAINTY_EXACT);
        snprintf(name, sizeof(name), "giving up");
    }
    add_phase(walk->operation, name, end->ns, end->seen_by, end->source, XPH_CERTAINTY_EXACT);
}

/* All that was to be done is done: what is left is the toolstack's own, or the source's end. */
static void finish(struct walk *walk, const struct xph_boundary *row, const struct end *end)
{
    bool cut = walk->operation->ended_by == XPH_END_RECORDING;
    char name[XPH_PHASE_NAME_BYTES] = "toolstack finish";

    if (row && walk->input->move->source_destroyed)
        name_phase(walk, row, false, cut ? " (goes on)" : "", name, sizeof(name));
    add_phase(walk->operation, name, end->ns, end->seen_by, end->source, XPH_CERTAINTY_EXACT);
}

/* From the guest's last run to its next one: the target's, or its own after a checkpoint, or where
 * moving it failed. */
static struct xph_stretch find_downtime(const struct xph_move *move)
{
    const struct xph_moment *again = &move->runs;

    if (!move->stopped.known)
        return (struct xph_stretch){0};
    if (!again->known || again->ns <= move->stopped.ns)
        again = &move->resumed;
    return (struct xph_stretch){again->known && again->ns > move->stopped.ns, move->stopped.ns,
                                again->ns};
}

void xph_phases_by_table(struct xph_operation *operation, const struct xph_phase_input *input,
                         const struct xph_boundary_table *table)
{
    struct xph_moment success = moment_at(input->move, table->success);
    const struct end end = find_end(operation, input, table);
    struct walk walk = {operation, input, table, end.ns, NULL, false};
    const struct xph_boundary *next;

    if (input->move->source_destroyed)
        operation->released = input->move->source->removed;
    operation->downtime = find_downtime(input->move);
    for (size_t i = 0; i < table->count; i++)
        take_row(&walk, &table->rows[i]);
    next = find_next(&walk);
    if (next && (!success.known || success.ns > end.ns))
        break_off(&walk, next, &end);
    else
        finish(&walk, next, &end);
}
