/*
 * Creation: toolstack prepare | domain build | guest boot. The boundaries are what any toolstack
 * must do.
 */
#include "analyzer/phases/boundary.h"

/* The guest never ran: all that can be told is when the command gave up. */
static void end_without_run(struct xph_operation *operation)
{
    operation->failure = "the domain was made, but never ran";
    if (!operation->returned.known)
        return;
    xph_operation_add_phase(operation, "domain build", operation->returned.ns,
                            "the command returned");
}

static void end_with_boot(struct xph_operation *operation, const struct xph_phase_input *input)
{
    const struct xph_domain_life *life = input->life;
    const struct xph_manifest *manifest = input->manifest;

    if (life->idle.known) {
        operation->ended_by = XPH_END_IDLE;
        xph_operation_add_phase(operation, "guest boot", life->idle.ns, "guest idle (run states)");
    } else if (life->removed.known) {
        operation->ended_by = XPH_END_REMOVED;
        operation->failure = "the guest was gone before it was idle";
        xph_operation_add_phase(operation, "guest boot", life->removed.ns,
                                "domain removed (Xen: domain_remove)");
    } else if (manifest->recording_end.tsc != 0) {
        operation->ended_by = XPH_END_RECORDING;
        xph_operation_add_phase(operation, "guest boot (goes on)",
                                xph_clock_dom0_ns(input->clock, manifest->recording_end.tsc),
                                "the recording ended");
    }
}

static void add_known(struct xph_operation *operation, const struct xph_moment *moment,
                      const char *name, const char *ends_with)
{
    if (moment->known)
        xph_operation_add_phase(operation, name, moment->ns, ends_with);
}

/* What dom0's kernel tells of the build. `runs_ns` is when the domain's first vCPU did. */
static void divide_build(struct xph_operation *operation, const struct xph_toolstack *toolstack,
                         uint64_t runs_ns)
{
    add_known(operation, &toolstack->image, "domain object",
              "kernel image looked at (toolstack's library)");
    add_known(operation, &toolstack->populate,
              toolstack->image.known ? "kernel image" : "domain object and image",
              "first memory asked for (hypercall populate_physmap)");
    add_known(operation, &toolstack->built, "memory and image copy",
              "last context set (hypercall)");
    xph_phases_add_scripts(operation, toolstack, runs_ns);
    add_known(operation, &toolstack->unpause,
              toolstack->script_count > 0 ? "devices" : "xenstore and devices",
              "unpause asked for (hypercall unpausedomain)");
}

void xph_phases_of_create(struct xph_operation *operation, const struct xph_phase_input *input)
{
    const struct xph_domain_life *life = input->life;
    const struct xph_toolstack *toolstack = input->toolstack;
    const struct xph_moment *runs = life->unpaused.known ? &life->unpaused : &life->first_run;

    /* A reboot: the toolstack's daemon makes the domain when the old one is gone. */
    if (operation->returned.known && operation->returned.ns < life->added.ns)
        xph_operation_add_phase(operation, "command", operation->returned.ns,
                                "the command returned");
    xph_operation_add_phase(operation, "toolstack prepare",
                            toolstack->create.known ? toolstack->create.ns : life->added.ns,
                            toolstack->create.known ? "domain asked for (hypercall createdomain)"
                                                    : "domain made (Xen: domain_add)");
    if (!life->first_run.known) {
        end_without_run(operation);
        return;
    }
    if (toolstack->create.known)
        divide_build(operation, toolstack, runs->ns);
    xph_operation_add_phase(operation, toolstack->unpause.known ? "unpause" : "domain build",
                            runs->ns, "first vCPU unpaused (run states)");
    end_with_boot(operation, input);
}
