/*
 * Saving: toolstack prepare | setup | suspend | memory | state | the domain's end, as any other's.
 * The domain stands still from the end of its suspension on, so all of its memory is read once.
 */
#include <stddef.h>

#include "analyzer/phases/boundary.h"

static const char not_suspended[] = "the domain did not stop";

static const struct xph_boundary rows[] = {
    {"toolstack prepare", NULL, "the domain's reader begins (its first hypercall for it)",
     "nothing was read of the domain", XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE,
     offsetof(struct xph_move, begin)},
    {"setup", NULL, "the domain is asked to suspend itself (control/shutdown)", not_suspended,
     XPH_BOUNDARY_XENSTORE, XPH_CERTAINTY_LATE, XPH_EXTRA_NONE, offsetof(struct xph_move, asked)},
    {"setup", NULL, "the reader's last hypercall before the domain stopped", not_suspended,
     XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EARLY, XPH_EXTRA_NONE, offsetof(struct xph_move, read)},
    {"suspend", "setup and suspend", "the domain's last vCPU stopped running", not_suspended,
     XPH_BOUNDARY_RUN_STATES, XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE,
     offsetof(struct xph_move, stopped)},
    {"memory to the stream", "suspend and memory", "the first of its state is read",
     "broken off while its memory was read", XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT,
     XPH_EXTRA_NONE, offsetof(struct xph_move, state)},
    {"state to the stream", NULL, "the reader's last hypercall ended",
     "broken off while its state was read", XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT,
     XPH_EXTRA_NONE, offsetof(struct xph_move, done)},
    {"end of the stream", NULL, "pause asked for (pausedomain)", NULL, XPH_BOUNDARY_HYPERCALL,
     XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, pause)},
    {"end of the stream", NULL, "the domain ran again", NULL, XPH_BOUNDARY_RUN_STATES,
     XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, resumed)},
    {"device teardown", NULL, "end asked for (destroydomain)", NULL, XPH_BOUNDARY_HYPERCALL,
     XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, destroy)},
    {"domain kill", NULL, "destroydomain returned", NULL, XPH_BOUNDARY_HYPERCALL,
     XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, dead)},
    {"domain kill", NULL, "domain removed (domain_remove)", NULL, XPH_BOUNDARY_XEN,
     XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, removed)},
};

static const struct xph_boundary_table table = {
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .success = offsetof(struct xph_move, done),
    .through = offsetof(struct xph_move, done),
    .gave_up = offsetof(struct xph_move, reader_end),
    .gone = offsetof(struct xph_move, removed),
    .gone_with = "domain removed (domain_remove)",
    .gone_end = XPH_END_REMOVED,
};

void xph_phases_of_save(struct xph_operation *operation, const struct xph_phase_input *input)
{
    xph_phases_by_table(operation, input, &table);
}
