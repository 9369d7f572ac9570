/*
 * Restoration: toolstack prepare | domain object | memory | state | xenstore and devices | unpause
 * | toolstack finish. The same is seen of a domain that is migrated here from another host.
 */
#include <stddef.h>

#include "analyzer/phases/boundary.h"

static const char not_filled[] = "broken off while its memory was filled";

static const struct xph_boundary rows[] = {
    {"toolstack prepare", NULL, "domain asked for (createdomain)", not_filled,
     XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE,
     offsetof(struct xph_move, create)},
    {"toolstack prepare", NULL, "domain made (domain_add)", not_filled, XPH_BOUNDARY_XEN,
     XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, added)},
    {"domain object", "toolstack prepare", "first memory asked for (populate_physmap)",
     "the domain was made, but no memory came from the stream", XPH_BOUNDARY_HYPERCALL,
     XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, fill)},
    {"memory from the stream", "domain object and memory", "the first of its state is set",
     not_filled, XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE,
     offsetof(struct xph_move, set)},
    {"state from the stream", NULL, "the last of its state is set",
     "broken off while its state was set", XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT,
     XPH_EXTRA_NONE, offsetof(struct xph_move, built)},
    {"xenstore and devices", NULL, "unpause asked for (unpausedomain)",
     "the domain was filled, but never ran", XPH_BOUNDARY_HYPERCALL, XPH_CERTAINTY_EXACT,
     XPH_EXTRA_SCRIPTS, offsetof(struct xph_move, unpause)},
    {"unpause", "devices and unpause", "the domain runs", "the domain was unpaused, but never ran",
     XPH_BOUNDARY_RUN_STATES, XPH_CERTAINTY_EXACT, XPH_EXTRA_NONE, offsetof(struct xph_move, runs)},
};

static const struct xph_boundary_table table = {
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .success = offsetof(struct xph_move, runs),
    .through = offsetof(struct xph_move, built),
    .gave_up = offsetof(struct xph_move, writer_end),
    .gone = offsetof(struct xph_move, runs),
    .gone_with = "the domain runs",
    .gone_end = XPH_END_RUNS,
};

void xph_phases_of_restore(struct xph_operation *operation, const struct xph_phase_input *input)
{
    xph_phases_by_table(operation, input, &table);
}
