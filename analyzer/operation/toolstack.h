/*
 * What a toolstack was seen to do to a domain: the moments that any toolstack must come to, by its
 * hypercalls, and what libxenguest and the hotplug scripts tell between them.
 */
#ifndef XPH_ANALYZER_OPERATION_TOOLSTACK_H
#define XPH_ANALYZER_OPERATION_TOOLSTACK_H

#include "analyzer/operation/domain_life.h"
#include "analyzer/path/evidence.h"

enum { XPH_MAX_SCRIPTS = 16 };

/* A hotplug script, from the start of its program to its end. */
struct xph_script_run {
    char name[XPH_PROGRAM_NAME_BYTES];
    uint64_t start_ns, end_ns;
};

/* Moments that were not seen are not known. */
struct xph_toolstack {
    uint32_t pid;     /* of the task that made or destroyed the domain; 0: unknown */
    uint32_t program; /* of the one whose program it is part of, as xl destroys in a child; or 0 */
    struct xph_moment create;   /* createdomain is called */
    struct xph_moment image;    /* the kernel's image is read and unpacked */
    struct xph_moment populate; /* the first memory is asked for */
    struct xph_moment built;    /* the last vCPU's or domain's context is set */
    struct xph_moment unpause;  /* unpausedomain is called */
    struct xph_moment pause;    /* pausedomain is called */
    struct xph_moment destroy;  /* destroydomain is called */
    struct xph_moment dead;     /* destroydomain returns */
    size_t script_count;
    struct xph_script_run scripts[XPH_MAX_SCRIPTS]; /* those that ran between start and end, in the
                                                       order of their starts */
};

/* What was done to make `life`'s domain, or to destroy it. A domid that is used again is another
 * domain: `life` says when it was this one's. */
void xph_toolstack_find_creation(const struct xph_evidence *evidence,
                                 const struct xph_domain_life *life,
                                 struct xph_toolstack *toolstack);
void xph_toolstack_find_destruction(const struct xph_evidence *evidence,
                                    const struct xph_domain_life *life,
                                    struct xph_toolstack *toolstack);

#endif
