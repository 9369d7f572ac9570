/*
 * Domains that go through a stream: one that is read out of its memory (save), one that is made of
 * what was read (restore), or both at once (migration to the same host). What shows them are
 * hypercalls that libxenguest makes for any toolstack; names of programs only say what these
 * cannot.
 */
#ifndef XPH_ANALYZER_OPERATION_MOVE_H
#define XPH_ANALYZER_OPERATION_MOVE_H

#include "analyzer/operation/domain_life.h"
#include "analyzer/path/evidence.h"
#include "recording/manifest.h"

enum { XPH_MAX_ROUNDS = 24 };

/* Moments that were not seen are not known. Without dom0's kernel events only those are that Xen's
 * own records tell. */
struct xph_move {
    const struct xph_domain_life *source; /* NULL: restored; of the lives */
    const struct xph_domain_life *target; /* NULL: saved, or migrated elsewhere; of the lives */
    uint32_t reader;         /* pid of the task that reads the source out; 0: unknown */
    uint32_t writer;         /* pid of the task that fills the target; 0: unknown */
    uint32_t maker;          /* pid of the task that made the target; 0: unknown */
    uint32_t program;        /* pid whose program moves it: the toolstack's; 0: unknown */
    bool source_destroyed;   /* the source's end is part of it */
    struct xph_moment begin; /* the reader's first hypercall for the source */
    struct xph_moment dirty; /* logging of dirty pages is asked for */
    struct xph_moment page;  /* the first pages' types are asked for */
    size_t round_count;      /* pre-copy rounds that ended with the log of dirty pages taken */
    uint64_t round_ends_ns[XPH_MAX_ROUNDS]; /* of the first ones */
    struct xph_moment asked;                /* the source is asked to suspend itself */
    struct xph_moment read;       /* the reader's last hypercall before the source stopped ended */
    struct xph_moment stopped;    /* the source ran for the last time */
    struct xph_moment state;      /* the first of its vCPUs' and devices' state is read */
    struct xph_moment done;       /* the last hypercall of the reader ended, after state */
    struct xph_moment reader_end; /* the task is gone */
    struct xph_moment resumed;    /* the source ran again */
    struct xph_moment create;     /* the target is asked for */
    struct xph_moment added;      /* Xen has it: domain_add */
    struct xph_moment fill;       /* the target's first memory is asked for by the writer */
    struct xph_moment set;        /* the first of its vCPUs' and devices' state is set */
    struct xph_moment built;      /* the last of it is set */
    struct xph_moment writer_end; /* the task is gone */
    struct xph_moment unpause;    /* unpausedomain is called for the target */
    struct xph_moment runs;       /* the target runs for the first time */
    struct xph_moment pause, destroy, dead; /* of the source, as in struct xph_toolstack */
    struct xph_moment removed; /* Xen dropped the source's last reference: domain_remove */
};

struct xph_moves {
    struct xph_move *moves; /* owned */
    size_t count, capacity;
};

/*
 * All moves. `evidence` is NULL where dom0's kernel told nothing: then only migrations are found,
 * by two domains of one UUID in the manifest. `lives` must outlive `moves`, which the caller frees.
 */
bool xph_moves_find(struct xph_moves *moves, const struct xph_domain_lives *lives,
                    const struct xph_manifest *manifest, const struct xph_clock *clock,
                    const struct xph_evidence *evidence, struct xph_error *err);
/* The first that was seen of the move. */
uint64_t xph_move_start_ns(const struct xph_move *move);
void xph_moves_free(struct xph_moves *moves);

#endif
