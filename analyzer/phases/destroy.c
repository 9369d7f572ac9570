/*
 * Destruction: toolstack prepare | device teardown | domain kill | toolstack finish. The command's
 * end is the operation's: that Xen drops the last reference later is told apart. Of a command that
 * had returned before the domain was touched, the domain's end is.
 */
#include "analyzer/phases/phases.h"

/* Boundaries in their order; one that was not seen is left out, and its phase is part of the next
 * one. */
static void add_known(struct xph_operation *operation, const struct xph_moment *moment,
                      const char *name, const char *ends_with)
{
    if (moment->known && moment->ns < operation->returned.ns)
        xph_operation_add_phase(operation, name, moment->ns, ends_with);
}

/* The command only asked for it (shutdown, reboot): the guest and the toolstack's daemon do the
 * rest, and dom0's clock was not read when they were done. */
static void end_without_command(struct xph_operation *operation, const struct xph_domain_life *life)
{
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
                                 const struct xph_toolstack *toolstack)
{
    add_known(operation, &toolstack->pause, "toolstack prepare",
              "pause asked for (hypercall pausedomain)");
    add_known(operation, &toolstack->destroy, "device teardown",
              "end asked for (hypercall destroydomain)");
    add_known(operation, &toolstack->dead, "domain kill", "destroydomain returned (hypercall)");
    xph_operation_add_phase(operation, toolstack->dead.known ? "toolstack finish" : "domain kill",
                            operation->returned.ns, "the command returned");
}

static void divide_by_samples(struct xph_operation *operation, const struct xph_domain_life *life)
{
    add_known(operation, &life->paused, "toolstack prepare", "domain paused (samples)");
    add_known(operation, &life->memory_falls, "device teardown",
              "first memory given back (samples)");
    add_known(operation, &life->removed, "domain kill", "domain removed (Xen: domain_remove)");
    xph_operation_add_phase(
        operation, life->removed.ns < operation->returned.ns ? "toolstack finish" : "domain kill",
        operation->returned.ns, "the command returned");
}

void xph_phases_of_destroy(struct xph_operation *operation, const struct xph_phase_input *input)
{
    const struct xph_domain_life *life = input->life;
    const struct xph_manifest *manifest = input->manifest;

    operation->released = life->removed;
    if (!operation->returned.known) {
        operation->failure = "the command had not ended when the recording did";
        xph_operation_add_phase(operation, "toolstack and domain kill", life->removed.ns,
                                "domain removed (Xen: domain_remove)");
        return;
    }
    /* Xen drops the last reference after a command that did it all has returned, too: its domain
     * was paused before. Without samples that is not known, and the command is taken for it. */
    if (life->paused.known && life->paused.ns >= operation->returned.ns) {
        end_without_command(operation, life);
        return;
    }
    if (input->toolstack->destroy.known)
        divide_by_hypercalls(operation, input->toolstack);
    else
        divide_by_samples(operation, life);
    operation->wall = (struct xph_wall){
        .known = true,
        .ns = manifest->command_end.monotonic_ns - manifest->command_start.monotonic_ns,
        .of = "command's start to its end",
    };
}
