/*
 * Destruction: toolstack prepare | device teardown | domain kill | toolstack finish. The command's
 * end is the operation's: that Xen drops the last reference later is told apart.
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
    add_known(operation, &life->paused, "toolstack prepare", "domain paused (samples)");
    add_known(operation, &life->memory_falls, "device teardown",
              "first memory given back (samples)");
    add_known(operation, &life->removed, "domain kill", "domain removed (Xen: domain_remove)");
    xph_operation_add_phase(
        operation, life->removed.ns < operation->returned.ns ? "toolstack finish" : "domain kill",
        operation->returned.ns, "the command returned");
    operation->wall = (struct xph_wall){
        .known = true,
        .ns = manifest->command_end.monotonic_ns - manifest->command_start.monotonic_ns,
        .of = "command's start to its end",
    };
}
