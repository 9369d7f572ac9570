/*
 * The phases of each kind of operation: one file a kind in this folder.
 */
#ifndef XPH_ANALYZER_PHASES_PHASES_H
#define XPH_ANALYZER_PHASES_PHASES_H

#include "analyzer/operation/move.h"
#include "analyzer/operation/operation.h"
#include "analyzer/operation/toolstack.h"

/* What a table of phases has to work with. */
struct xph_phase_input {
    const struct xph_domain_life *life;
    const struct xph_move *move; /* of a save, restoration or migration; else NULL */
    const struct xph_manifest *manifest;
    const struct xph_clock *clock;
    const struct xph_toolstack *toolstack; /* of a move, what made the target; nothing in it is
                                              known without dom0's kernel events */
    uint64_t last_ns;                      /* of the trace */
};

/* Divides `operation`, whose kind, domain, start and command's end are filled, into its phases. */
void xph_phases_of_create(struct xph_operation *operation, const struct xph_phase_input *input);
void xph_phases_of_destroy(struct xph_operation *operation, const struct xph_phase_input *input);
void xph_phases_of_save(struct xph_operation *operation, const struct xph_phase_input *input);
void xph_phases_of_restore(struct xph_operation *operation, const struct xph_phase_input *input);
void xph_phases_of_migrate(struct xph_operation *operation, const struct xph_phase_input *input);

#endif
