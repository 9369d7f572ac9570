/*
 * The critical path: for each nanosecond between two moments, who or what the operation was waiting
 * for. It is walked backwards from the end: while the actor ran or was ready, the time is its own;
 * while it waited, the time is that of whoever woke it, as far back as the wait goes; what that one
 * waited for in this time is looked for in the same way. So the pieces follow each other without a
 * gap, and their sum is the whole.
 *
 * The method is that of the bounded critical path in Giraldeau and Dagenais, "Wait analysis of
 * distributed systems using kernel tracing" (IEEE TPDS 2016).
 */
#ifndef XPH_ANALYZER_PATH_CRITICAL_PATH_H
#define XPH_ANALYZER_PATH_CRITICAL_PATH_H

#include "analyzer/path/history.h"

struct xph_path_piece {
    uint64_t start_ns, end_ns;
    uint32_t actor; /* whose time it is; XPH_NOBODY where nothing is known */
    uint32_t
        waiting; /* the actor that this one was waited for by, XPH_NOBODY for the first one's own */
    uint16_t cpu;     /* where it ran or was to run */
    uint8_t activity; /* of the actor: running, ready, waiting for the cause, or absent */
    uint8_t cause;    /* what ended the wait, if the piece is one */
};

struct xph_path {
    struct xph_path_piece *pieces; /* in time; owned */
    size_t count, capacity;
};

/* Walks back from `end_ns`, where `actor` came to the operation's end, to `start_ns`. The caller
 * closes `path`. */
bool xph_critical_path(const struct xph_history *history, uint32_t actor, uint64_t start_ns,
                       uint64_t end_ns, struct xph_path *path, struct xph_error *err);
void xph_path_close(struct xph_path *path);

#endif
