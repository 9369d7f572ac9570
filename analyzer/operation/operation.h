/*
 * An operation on a domain, divided into phases that follow each other without a gap.
 */
#ifndef XPH_ANALYZER_OPERATION_OPERATION_H
#define XPH_ANALYZER_OPERATION_OPERATION_H

#include "analyzer/operation/domain_life.h"
#include "analyzer/path/evidence.h"
#include "recording/manifest.h"

/* A migration has the most: its boundaries, rounds of pre-copy and hotplug scripts. */
enum { XPH_MAX_PHASES = 80, XPH_PHASE_NAME_BYTES = 40 };

enum xph_operation_kind {
    XPH_OPERATION_CREATE,
    XPH_OPERATION_DESTROY,
    XPH_OPERATION_SAVE,
    XPH_OPERATION_RESTORE,
    XPH_OPERATION_MIGRATE,
};

/* Which source gave a phase's end. */
enum xph_boundary_source {
    XPH_BOUNDARY_UNTOLD, /* ends_with has it */
    XPH_BOUNDARY_XEN,    /* Xen's record of the domain itself */
    XPH_BOUNDARY_RUN_STATES,
    XPH_BOUNDARY_HYPERCALL, /* as dom0's kernel saw it */
    XPH_BOUNDARY_XENSTORE,
    XPH_BOUNDARY_KERNEL, /* a process of dom0's began or ended */
    XPH_BOUNDARY_RECORDER,
};

/* How sure it is. */
enum xph_certainty {
    XPH_CERTAINTY_UNTOLD, /* ends_with has it */
    XPH_CERTAINTY_EXACT,  /* stamped as it happened */
    XPH_CERTAINTY_LATE,   /* happened some time before: dom0 was told late */
    XPH_CERTAINTY_EARLY,  /* happened some time after: the last that is seen before it */
};

struct xph_phase {
    char
        name[XPH_PHASE_NAME_BYTES]; /* may hold any bytes: a script's name comes from a recording */
    uint64_t start_ns, end_ns;
    const char *ends_with; /* what marks its end, and where that was seen */
    enum xph_boundary_source source;
    enum xph_certainty certainty;
};

/* A stretch of time beside the phases. */
struct xph_stretch {
    bool known;
    uint64_t start_ns, end_ns;
};

/* The whole by dom0's CLOCK_MONOTONIC, not by the TSC that the phases are told in. */
struct xph_wall {
    bool known;
    uint64_t ns;
};

/* What ends an operation. */
enum xph_operation_end {
    XPH_END_COMMAND,   /* the command returned */
    XPH_END_PROCESS,   /* the toolstack's process ended */
    XPH_END_IDLE,      /* the guest was idle */
    XPH_END_REMOVED,   /* Xen dropped the domain's last reference */
    XPH_END_RECORDING, /* it went on when the recording ended */
    XPH_END_RUNS,      /* the guest ran again */
    XPH_OPERATION_ENDS,
};

struct xph_operation {
    enum xph_operation_kind kind;
    uint16_t domid;            /* of a migration, the source */
    struct xph_moment created; /* domain_add; not known of one that was there before */
    uint16_t target_domid;     /* of a migration within the host, else XPH_NO_DOMAIN */
    struct xph_moment target_created;
    const struct xph_domain_info *domain; /* of the manifest, NULL if unknown */
    /* The recorded command's, and measured by dom0's clock, too; or of a process of its own:
     * several operations in one command, or no command at all. */
    bool of_command;
    uint32_t pid;           /* of the process that came to its end, 0 if unknown */
    uint32_t toolstack_pid; /* of the task that made or destroyed the domain, 0 if unknown */
    enum xph_operation_end ended_by;
    uint64_t start_ns, end_ns;
    size_t phase_count;
    struct xph_phase phases[XPH_MAX_PHASES];
    struct xph_wall wall;
    struct xph_moment returned;  /* the command's or process's end */
    struct xph_moment released;  /* of a destroyed domain, Xen's domain_remove */
    struct xph_stretch downtime; /* from the guest's last run to its next one, if that was seen */
    const char *failure;         /* how far it got, if it did not succeed; else NULL */
};

/* Ends the phase that begins where the last one ended (the operation's start for the first). */
void xph_operation_add_phase(struct xph_operation *operation, const char *name, uint64_t end_ns,
                             const char *ends_with);

/* The sum of the phases. */
uint64_t xph_operation_sum_ns(const struct xph_operation *operation);

const char *xph_operation_kind_name(enum xph_operation_kind kind);

/* As "command", for programs. */
const char *xph_operation_end_name(enum xph_operation_end end);

/* As "run states" and "exact"; NULL for what ends_with tells. */
const char *xph_boundary_source_name(enum xph_boundary_source source);
const char *xph_certainty_name(enum xph_certainty certainty);

enum { XPH_MAX_OPERATIONS = 1024 };

/*
 * The operations of a recording: a creation for each domain that appeared and a destruction for
 * each that went away, unless that was part of a save, a restoration or a migration, which are told
 * instead; XPH_MAX_OPERATIONS at the most. `evidence` is what dom0's kernel told, NULL if it
 * did not.
 * `*operations` is the caller's to free.
 */
bool xph_operations_find(const struct xph_domain_lives *lives, const struct xph_manifest *manifest,
                         const struct xph_clock *clock, const struct xph_evidence *evidence,
                         struct xph_operation **operations, size_t *count, struct xph_error *err);

#endif
