/*
 * Whose each piece of the critical path is: its layer, the actor and what that did. Pieces of the
 * path are cut where dom0's vCPU was not run by Xen and where a task was in a hypercall.
 */
#ifndef XPH_ANALYZER_PATH_OWNER_H
#define XPH_ANALYZER_PATH_OWNER_H

#include "analyzer/path/critical_path.h"
#include "analyzer/path/task_calls.h"
#include "analyzer/path/task_names.h"

enum xph_layer {
    XPH_LAYER_HYPERVISOR,
    XPH_LAYER_DOM0_PROCESS, /* a process, in its own code and in the kernel's for it */
    XPH_LAYER_DOM0_KERNEL,  /* its own threads, and its way into Xen */
    XPH_LAYER_GUEST,
    XPH_LAYER_WAITING,
    XPH_LAYER_STOLEN,
    XPH_LAYER_UNEXPLAINED,
    XPH_LAYERS,
};

enum { XPH_OWNER_TEXT_BYTES = 48 };

/* Nothing but zeros is behind the texts' ends: owners are compared as a whole. */
struct xph_owner {
    enum xph_layer layer;
    char actor[XPH_OWNER_TEXT_BYTES];    /* any bytes but NUL: names come from a recording */
    char activity[XPH_OWNER_TEXT_BYTES]; /* "" where the layer tells it all */
};

struct xph_owned_piece {
    uint64_t start_ns, end_ns;
    uint32_t owner; /* position in owners */
};

struct xph_owned_path {
    struct xph_owner *owners; /* each once; owned */
    size_t owner_count, owner_capacity;
    uint16_t *index;                /* hash of the owner to its position + 1; owned */
    struct xph_owned_piece *pieces; /* in time, without a gap; owned */
    size_t count, capacity;
};

/* What is known besides the path. */
struct xph_owner_evidence {
    const struct xph_history *history;
    const struct xph_task_names *names;
    const struct xph_task_calls *calls;
};

const char *xph_layer_name(enum xph_layer layer);

/* The caller closes `owned`. */
bool xph_own_path(const struct xph_path *path, const struct xph_owner_evidence *evidence,
                  struct xph_owned_path *owned, struct xph_error *err);
/* Adds a piece of a path that goes on where the last one ended; none if it is empty. */
bool xph_owned_path_add(struct xph_owned_path *owned, uint64_t start_ns, uint64_t end_ns,
                        const struct xph_owner *owner, struct xph_error *err);
void xph_owned_path_close(struct xph_owned_path *owned);

#endif
