/*
 * Migration: toolstack prepare | setup | each round of pre-copy | suspend | stop-and-copy | state |
 * the target's devices | unpause | the source's end, as any other's. Of one to another host only
 * the source's side is seen. What the guest stood still for, from the source's last run to the
 * target's first one, is told apart.
 */
#include <stddef.h>

#include "analyzer/phases/boundary.h"

static const char while_running[] = "broken off while memory was copied and the source ran on";
static const char not_suspended[] = "the source did not stop";

static const struct xph_boundary rows[] = {
    {"toolstack prepare", NULL, "target asked for (createdomain)", "no target was made",
     XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE,
     offsetof(struct xph_move, create)},
    {"toolstack prepare", NULL, "target made (domain_add)", "no target was made", XPH_BOUNDARY_XEN,
     XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, added)},
    {"setup", "toolstack prepare", "logging of dirty pages asked for (shadow_op)",
     "broken off before memory was copied", XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT,
     XPH_EXTRA_NONE, offsetof(struct xph_move, dirty)},
    {"pre-copy round", NULL, "the source is asked to suspend itself (control/shutdown)",
     while_running, XPH_BOUNDARY_XENSTORE, XPH_CERTAINTY_LATE, XPH_EXTRA_ROUNDS,
     offsetof(struct xph_move, asked)},
    {"pre-copy round", NULL, "the reader's last hypercall before the source stopped", while_running,
     XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EARLY, XPH_EXTRA_ROUNDS,
     offsetof(struct xph_move, read)},
    {"suspend", "copy and suspend", "the source's last vCPU stopped running", not_suspended,
     XPH_BOUNDARY_RUN_STATES, XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE,
     offsetof(struct xph_move, stopped)},
    {"stop-and-copy", "suspend and stop-and-copy", "the first of the source's state is read",
     "broken off while the rest of memory was copied", XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT,
     XPH_EXTRA_NONE, offsetof(struct xph_move, state)},
    {"state", NULL, "the last of the target's state is set", "broken off while state was copied",
     XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, built)},
    {"state", NULL, "the reader's last hypercall ended", "broken off while state was copied",
     XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, done)},
    {"target's devices", NULL, "unpause asked for (unpausedomain)",
     "the target was filled, but never ran", XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT,
     XPH_EXTRA_SCRIPTS, offsetof(struct xph_move, unpause)},
    {"unpause", "resume on the target", "the target runs", "the target was unpaused, but never ran",
     XPH_BOUNDARY_RUN_STATES, XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, runs)},
    {"hand over", "target elsewhere", "pause of the source asked for (pausedomain)", NULL,
     XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, pause)},
    {"source's devices", NULL, "end of the source asked for (destroydomain)", NULL,
     XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE,
     offsetof(struct xph_move, destroy)},
    {"source's kill", "source's end", "destroydomain returned", NULL, XPH_BOUNDARY_HYPERCALL,
     XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, dead)},
    {"source's kill", "source's end", "source removed (domain_remove)", NULL, XPH_BOUNDARY_XEN,
     XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, removed)},
};

static const struct xph_boundary_table within = {
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .success = offsetof(struct xph_move, runs),
    .through = offsetof(struct xph_move, done),
    .gave_up = offsetof(struct xph_move, reader_end),
    .gone = offsetof(struct xph_move, removed),
    .gone_with = "source removed (domain_remove)",
    .gone_end = XPH_END_REMOVED,
};

void xph_phases_of_migrate(struct xph_operation *operation, const struct xph_phase_input *input)
{
    struct xph_boundary_table table = within;

    /* What happens to it elsewhere is not seen here. */
    if (!input->move->target)
        table.success = offsetof(struct xph_move, done);
    xph_phases_by_table(operation, input, &table);
}
