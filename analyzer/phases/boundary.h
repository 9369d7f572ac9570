/*
 * Tables of phase boundaries: each row is one boundary of a save, a restoration or a migration, in
 * the order in which they come, and says which source gave it and how sure it is.
 */
#ifndef XPH_ANALYZER_PHASES_BOUNDARY_H
#define XPH_ANALYZER_PHASES_BOUNDARY_H

#include "analyzer/phases/phases.h"

/* What else ends before the row's own boundary. */
enum xph_boundary_extra {
    XPH_EXTRA_NONE,
    XPH_EXTRA_ROUNDS,  /* rounds of pre-copy, of which this is the last; none without any */
    XPH_EXTRA_SCRIPTS, /* hotplug scripts */
};

struct xph_boundary {
    const char *phase;  /* that ends with it; rows that follow each other with the same one are
                           other sources for it, the best first */
    const char *joined; /* its name where the boundary before it was not seen; NULL: the same */
    const char *ends_with;
    const char *failure; /* what can be said if it got no farther than to this phase */
    enum xph_boundary_source source;
    enum xph_certainty certainty;
    enum xph_boundary_extra extra;
    size_t moment; /* where it is in struct xph_move */
};

struct xph_boundary_table {
    const struct xph_boundary *rows;
    size_t count;
    size_t success; /* where the moment is by which it has succeeded */
    size_t through; /* where the moment is at which the stream was through */
    size_t gave_up; /* where the moment is at which the stream's task ended */
    size_t gone;    /* where the moment is that ends it where no process does */
    const char *gone_with;
    enum xph_operation_end gone_end;
};

/* Divides `operation`, which is a move, as the table says, up to its end; finds its downtime, and
 * when the source was gone. */
void xph_phases_by_table(struct xph_operation *operation, const struct xph_phase_input *input,
                         const struct xph_boundary_table *table);

/* Hotplug scripts that ran up to `end_ns`, one after the other, and what is between; returns
 * whether there were any. */
bool xph_phases_add_scripts(struct xph_operation *operation, const struct xph_toolstack *toolstack,
                            uint64_t end_ns);

#endif
