#include "analyzer/path/critical_path.h"

#include <stdlib.h>

enum {
    FIRST_PIECES = 64,
    /* Who waits for whom, one in another: deeper than any toolstack, and a bound for what a damaged
     * recording can make of it. */
    MAX_DEPTH = 32,
};

struct walk {
    const struct xph_history *history;
    struct xph_path *path; /* its pieces last first, while it is walked */
    struct xph_error *err;
};

static bool add_piece(struct walk *walk, const struct xph_path_piece *piece)
{
    struct xph_path *path = walk->path;

    if (piece->end_ns <= piece->start_ns)
        return true;
    if (path->count == path->capacity) {
        size_t capacity = path->capacity ? path->capacity * 2 : FIRST_PIECES;
        struct xph_path_piece *grown = realloc(path->pieces, capacity * sizeof(*grown));

        if (!grown)
            return xph_fail(walk->err, "out of memory for %zu pieces of the critical path",
                            capacity);
        path->pieces = grown;
        path->capacity = capacity;
    }
    path->pieces[path->count++] = *piece;
    return true;
}

static bool walk_back(struct walk *walk, uint32_t actor, uint32_t waiting, uint64_t start_ns,
                      uint64_t end_ns, unsigned depth);

/* The piece of `actor` between its change `i` and `end_ns`, or what it waited for then. */
static bool walk_change(struct walk *walk, uint32_t position, uint32_t waiting, long i,
                        uint64_t start_ns, uint64_t end_ns, unsigned depth)
{
    const struct xph_actor *actor = xph_history_at(walk->history, position);
    const struct xph_change *change = &actor->changes[i];
    const struct xph_change *next = (size_t)i + 1 < actor->count ? change + 1 : NULL;
    struct xph_path_piece piece = {start_ns,    end_ns,           position,         waiting,
                                   change->cpu, change->activity, XPH_CAUSE_UNKNOWN};

    if (change->activity == XPH_ACTIVITY_WAITING && change->cause == XPH_CAUSE_STOPPED) {
        /* Not followed: who lets it go on ends the stop, but is not what it waited for. */
        piece.cause = XPH_CAUSE_STOPPED;
        return add_piece(walk, &piece);
    }
    if (change->activity == XPH_ACTIVITY_WAITING || change->activity == XPH_ACTIVITY_ABSENT) {
        if (next && next->cause == XPH_CAUSE_ACTOR && next->by != position && depth < MAX_DEPTH)
            return walk_back(walk, next->by, position, start_ns, end_ns, depth + 1);
        piece.cause = next ? next->cause : XPH_CAUSE_UNKNOWN;
    }
    return add_piece(walk, &piece);
}

static bool walk_back(struct walk *walk, uint32_t position, uint32_t waiting, uint64_t start_ns,
                      uint64_t end_ns, unsigned depth)
{
    const struct xph_actor *actor = xph_history_at(walk->history, position);
    long i = xph_history_before(actor, end_ns);

    for (; i >= 0 && end_ns > start_ns; i--) {
        const struct xph_change *change = &actor->changes[i];
        uint64_t from = change->ns > start_ns ? change->ns : start_ns;

        if (!walk_change(walk, position, waiting, i, from, end_ns, depth))
            return false;
        end_ns = from;
        /* Before, it was not there: whoever made it, or woke it as the first thing that is known of
         * it, was at work. */
        if ((change->cause == XPH_CAUSE_BIRTH || (i == 0 && change->cause == XPH_CAUSE_ACTOR)) &&
            change->by != position && depth < MAX_DEPTH)
            return walk_back(walk, change->by, waiting, start_ns, end_ns, depth + 1);
    }
    return add_piece(walk, &(struct xph_path_piece){start_ns, end_ns, position, waiting, 0,
                                                    XPH_ACTIVITY_ABSENT, XPH_CAUSE_UNKNOWN});
}

static void turn_round(struct xph_path *path)
{
    for (size_t i = 0, j = path->count; i + 1 < j; i++) {
        struct xph_path_piece piece = path->pieces[i];

        path->pieces[i] = path->pieces[--j];
        path->pieces[j] = piece;
    }
}

bool xph_critical_path(const struct xph_history *history, uint32_t actor, uint64_t start_ns,
                       uint64_t end_ns, struct xph_path *path, struct xph_error *err)
{
    struct walk walk = {history, path, err};

    *path = (struct xph_path){0};
    if (!walk_back(&walk, actor, XPH_NOBODY, start_ns, end_ns, 0)) {
        xph_path_close(path);
        return false;
    }
    turn_round(path);
    return true;
}

void xph_path_close(struct xph_path *path)
{
    free(path->pieces);
    *path = (struct xph_path){0};
}
