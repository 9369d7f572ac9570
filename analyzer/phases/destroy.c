/*
 * Destruction: toolstack prepare | device teardown | domain kill | toolstack finish. The end of the
 * command, or of the toolstack's process, is the operation's: that Xen drops the last reference
 * later is told apart. Where there is none (a daemon), or it came before the domain was touched,
 * the domain's end is.
 */
#include "analyzer/phases/phases.h"

/* Where the operation ends, and by what. */
struct end {
    uint64_t ns;
    const char *seen_by;
};

/* Boundaries in their order; one that was not seen is left out, and its phase is part of the next
 * one. */
static void add_known(struct xph_operation *operation, const struct xph_moment *moment,
                      const struct end *end, const char *name, const char *ends_with)
{
    if (moment->known && moment->ns < end->ns)
        xph_operation_add_phase(operation, name, moment->ns, ends_with);
}

/* The command only asked for it (shutdown, reboot): the guest and the toolstack's daemon do the
 * rest, and dom0's clock was not read when they were done. */
static void end_without_command(struct xph_operation *operation, const struct xph_domain_life *life)
{
    operation->ended_by = XPH_END_REMOVED;
    xph_operation_add_phase(operation, "command", operation->returned.ns, "the command returned");
    if (life->paused.known)
        xph_operation_add_phase(operation, "shutdown", life->paused.ns, "domain paused (samples)");
    if (life->memory_falls.known)
        xph_operation_add_phase(operation, "device teardown", life->memory_falls.ns,
                                "first memory given back (samples)");
    xph_operation_add_phase(operation, life->paused.known ? "domain kill" : "shutdown and kill",
                            life->removed.ns, "domain removed (Xen: domain_remove)");
}

/* The toolstack's own hypercalls say it to the microsecond. */
static void divide_by_hypercalls(struct xph_operation *operation,
                                 const struct xph_toolstack *toolstack, const struct end *end)
{
    add_known(operation, &toolstack->pause, end, "toolstack prepare",
              "pause asked for (hypercall pausedomain)");
    add_known(operation, &toolstack->destroy, end, "device teardown",
              "end asked for (hypercall destroydomain)");
    add_known(operation, &toolstack->dead, end, "domain kill",
              "destroydomain returned (hypercall)");
    xph_operation_add_phase(
        operation,
        toolstack->dead.known && toolstack->dead.ns < end->ns ? "toolstack finish" : "domain kill",
        end->ns, end->seen_by);
}

static void divide_by_samples(struct xph_operation *operation, const struct xph_domain_life *life,
                              const struct end *end)
{
    add_known(operation, &life->paused, end, "toolstack prepare", "domain paused (samples)");
    add_known(operation, &life->memory_falls, end, "device teardown",
              "first memory given back (samples)");
    add_known(operation, &life->removed, end, "domain kill", "domain removed (Xen: domain_remove)");
    xph_operation_add_phase(operation,
                            life->removed.ns < end->ns ? "toolstack finish" : "domain kill",
                            end->ns, end->seen_by);
}

static struct end find_end(struct xph_operation *operation, const struct xph_domain_life *life)
{
    operation->ended_by = operation->of_command ? XPH_END_COMMAND : XPH_END_PROCESS;
    if (operation->returned.known)
        return (struct end){operation->returned.ns, operation->of_command
                                                        ? "the command returned"
                                                        : "the toolstack's process ended"};
    operation->ended_by = XPH_END_REMOVED;
    if (operation->of_command)
        operation->failure = "the command had not ended when the recording did";
    return (struct end){life->removed.ns, "domain removed (Xen: domain_remove)"};
}

void xph_phases_of_destroy(struct xph_operation *operation, const struct xph_phase_input *input)
{
    const struct xph_domain_life *life = input->life;
    struct end end = find_end(operation, life);

    operation->released = life->removed;
    /* Xen drops the last reference after a command that did it all has returned, too: its domain
     * was paused before. Without samples that is not known, and the command is taken for it. */
    if (operation->of_command && operation->returned.known && life->paused.known &&
        life->paused.ns >= operation->returned.ns) {
        end_without_command(operation, life);
        return;
    }
    if (input->toolstack->destroy.known)
        divide_by_hypercalls(operation, input->toolstack, &end);
    else
        divide_by_samples(operation, life, &end);
}
