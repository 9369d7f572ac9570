#include "analyzer/operation/move.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/operation/move_ends.h"
#include "analyzer/operation/toolstack.h"

/* More than any recording has; bounds for what a damaged one can make of it. */
enum { FIRST_CAPACITY = 4, MAX_MOVES = 256, MAX_LOOKUPS = 4096, MAX_LIVES = 1024 };

struct finding {
    struct xph_moves *moves;
    const struct xph_domain_lives *lives;
    const struct xph_manifest *manifest;
    const struct xph_clock *clock;
    const struct xph_evidence *evidence;
    struct xph_error *err;
};

static struct xph_move *add_move(struct finding *finding)
{
    struct xph_moves *moves = finding->moves;

    if (moves->count == moves->capacity) {
        size_t capacity = moves->capacity ? moves->capacity * 2 : FIRST_CAPACITY;
        struct xph_move *grown = realloc(moves->moves, capacity * sizeof(*grown));

        if (!grown) {
            xph_fail(finding->err, "out of memory for %zu moves of domains", capacity);
            return NULL;
        }
        moves->moves = grown;
        moves->capacity = capacity;
    }
    moves->moves[moves->count] = (struct xph_move){0};
    return &moves->moves[moves->count++];
}

/* Is the call part of a move that was found? A pid that is used again is another task. */
static bool is_told(const struct xph_moves *moves, const struct xph_domain_life *source,
                    const struct xph_task_call *page)
{
    for (size_t i = moves->count; i-- > 0;) {
        const struct xph_move *move = &moves->moves[i];

        if (move->source == source && move->reader == page->pid &&
            (!move->reader_end.known || page->start_ns <= move->reader_end.ns))
            return true;
    }
    return false;
}

/* Reading a domain takes thousands of calls: only the first of each task and domain is looked at.
 */
static bool is_looked_at(const struct xph_task_call *call, const struct xph_task_call *last,
                         const struct xph_domain_life *source)
{
    return last && last->pid == call->pid && last->target.domid == call->target.domid &&
           (!source || !source->removed.known || call->start_ns <= source->removed.ns);
}

static bool find_sources(struct finding *finding)
{
    const struct xph_task_calls *calls = &finding->evidence->calls;
    const struct xph_task_call *last = NULL;
    const struct xph_domain_life *source = NULL;
    size_t lookups = 0;

    for (size_t i = 0; i < calls->count && finding->moves->count < MAX_MOVES; i++) {
        const struct xph_task_call *call = &calls->calls[i];
        struct xph_move *move;

        if (!xph_move_is_domctl(call, call->target.domid, XPH_MOVE_GETPAGEFRAMEINFO3))
            continue;
        if (!is_looked_at(call, last, source)) {
            if (lookups++ == MAX_LOOKUPS)
                break;
            last = call;
            source = xph_domain_life_at(finding->lives, call->target.domid, call->start_ns);
        }
        if (!source || is_told(finding->moves, source, call))
            continue;
        move = add_move(finding);
        if (!move)
            return false;
        move->source = source;
        xph_move_read_source(move, finding->evidence, call);
    }
    return true;
}

static const char *uuid_at(const struct finding *finding, const struct xph_domain_life *life,
                           uint64_t ns)
{
    const struct xph_domain_info *info =
        xph_manifest_domain(finding->manifest, life->domid, xph_clock_dom0_tsc(finding->clock, ns));

    return info ? info->uuid : "";
}

/* The same domain has the same UUID on both sides, wherever the toolstack keeps it. */
static bool may_be_same(const struct finding *finding, const struct xph_move *source,
                        const struct xph_move *target, bool *sure)
{
    const char *from = uuid_at(finding, source->source, source->begin.ns);
    const char *to = uuid_at(finding, target->target, target->target->added.ns);

    *sure = from[0] != '\0' && strcmp(from, to) == 0;
    return *sure || from[0] == '\0' || to[0] == '\0';
}

/* The target was made by a process of the one that reads the source out, as xl starts its receiver
 * itself, or through a shell. */
static bool is_receiver(const struct finding *finding, const struct xph_move *source,
                        const struct xph_move *target)
{
    return source->program != 0 &&
           xph_task_comes_from(&finding->evidence->builder.names, target->maker,
                               target->target->added.ns, source->program);
}

static bool overlaps(const struct xph_move *source, const struct xph_move *target)
{
    uint64_t end_ns = source->reader_end.known ? source->reader_end.ns : UINT64_MAX;
    uint64_t from_ns = target->fill.known ? target->fill.ns : target->target->added.ns;

    return source->begin.known && from_ns >= source->begin.ns && from_ns <= end_ns;
}

/* The source that the target is filled from: by UUID, by process, or as the only one that it can
 * be. Only moves up to `count` have sources. NULL if there is none. */
static struct xph_move *find_source_of(const struct finding *finding, const struct xph_move *target,
                                       size_t count)
{
    struct xph_move *only = NULL;
    size_t candidates = 0;

    for (size_t i = 0; i < count; i++) {
        struct xph_move *source = &finding->moves->moves[i];
        bool sure;

        if (source->target || source->source == target->target || !overlaps(source, target) ||
            !may_be_same(finding, source, target, &sure))
            continue;
        if (sure || is_receiver(finding, source, target))
            return source;
        only = source;
        candidates++;
    }
    return candidates == 1 ? only : NULL;
}

static void join(struct xph_move *source, const struct xph_move *target)
{
    source->target = target->target;
    source->writer = target->writer;
    source->maker = target->maker;
    source->create = target->create;
    source->added = target->added;
    source->fill = target->fill;
    source->set = target->set;
    source->built = target->built;
    source->writer_end = target->writer_end;
    source->unpause = target->unpause;
    source->runs = target->runs;
}

static size_t examined_lives(const struct finding *finding)
{
    return finding->lives->count < MAX_LIVES ? finding->lives->count : MAX_LIVES;
}

static bool find_targets(struct finding *finding)
{
    size_t count = finding->moves->count;

    for (size_t i = 0; i < examined_lives(finding) && finding->moves->count < MAX_MOVES; i++) {
        const struct xph_domain_life *life = &finding->lives->lives[i];
        struct xph_move target = {0}, *move;

        if (!life->added.known || !xph_move_read_target(&target, finding->evidence, life))
            continue;
        move = find_source_of(finding, &target, count);
        if (move) {
            join(move, &target);
            continue;
        }
        move = add_move(finding);
        if (!move)
            return false;
        *move = target;
    }
    return true;
}

/* Some ask for page types for other ends, as to take bad memory from a domain: these neither have
 * dirty pages logged, nor the domain suspended. */
static bool is_only_looked_at(const struct finding *finding, const struct xph_move *move)
{
    return move->source && !move->target && !move->dirty.known && !move->asked.known &&
           !move->state.known &&
           !xph_move_is_helper(finding->evidence, move->reader, move->page.ns);
}

static void drop_others(struct finding *finding)
{
    struct xph_moves *moves = finding->moves;
    size_t kept = 0;

    for (size_t i = 0; i < moves->count; i++) {
        if (!is_only_looked_at(finding, &moves->moves[i]))
            moves->moves[kept++] = moves->moves[i];
    }
    moves->count = kept;
}

/* Its end is part of the move once all was read of it and it did not run again. */
static void find_destruction(const struct finding *finding, struct xph_move *move)
{
    struct xph_toolstack toolstack;

    if (!move->state.known || move->resumed.known)
        return;
    xph_toolstack_find_destruction(finding->evidence, move->source, &toolstack);
    if (!toolstack.destroy.known || toolstack.destroy.ns < move->state.ns)
        return;
    move->source_destroyed = true;
    move->pause = toolstack.pause;
    move->destroy = toolstack.destroy;
    move->dead = toolstack.dead;
    move->removed = move->source->removed;
}

/* Without dom0's kernel events: a domain comes whose UUID another one still has. */
static const struct xph_domain_life *find_twin(const struct finding *finding,
                                               const struct xph_domain_life *target)
{
    const struct xph_manifest *manifest = finding->manifest;
    const char *uuid = uuid_at(finding, target, target->added.ns);

    for (size_t i = 0; uuid[0] != '\0' && i < manifest->domain_count; i++) {
        const struct xph_domain_info *info = &manifest->domains[i];
        const struct xph_domain_life *life;

        if (info->domid == target->domid || strcmp(info->uuid, uuid) != 0)
            continue;
        life = xph_domain_life_at(finding->lives, info->domid, target->added.ns);
        if (life)
            return life;
    }
    return NULL;
}

static bool find_twins(struct finding *finding)
{
    for (size_t i = 0; i < examined_lives(finding) && finding->moves->count < MAX_MOVES; i++) {
        const struct xph_domain_life *life = &finding->lives->lives[i];
        const struct xph_domain_life *source = life->added.known ? find_twin(finding, life) : NULL;
        struct xph_move *move;

        if (!source)
            continue;
        move = add_move(finding);
        if (!move)
            return false;
        move->source = source;
        move->target = life;
        move->added = life->added;
        move->runs = life->first_run;
        if (move->runs.known && source->last_run.known && source->last_run.ns < move->runs.ns)
            move->stopped = source->last_run;
        move->source_destroyed = move->stopped.known && source->removed.known;
        if (move->source_destroyed)
            move->removed = source->removed;
    }
    return true;
}

bool xph_moves_find(struct xph_moves *moves, const struct xph_domain_lives *lives,
                    const struct xph_manifest *manifest, const struct xph_clock *clock,
                    const struct xph_evidence *evidence, struct xph_error *err)
{
    struct finding finding = {moves, lives, manifest, clock, evidence, err};
    bool ok;

    *moves = (struct xph_moves){0};
    if (evidence)
        ok = find_sources(&finding) && find_targets(&finding);
    else
        ok = find_twins(&finding);
    if (ok && evidence)
        drop_others(&finding);
    for (size_t i = 0; ok && evidence && i < moves->count; i++) {
        if (moves->moves[i].source)
            find_destruction(&finding, &moves->moves[i]);
    }
    if (!ok)
        xph_moves_free(moves);
    return ok;
}

uint64_t xph_move_start_ns(const struct xph_move *move)
{
    uint64_t ns = move->create.known ? move->create.ns : move->target ? move->target->added.ns : 0;

    if (!move->begin.known)
        return ns;
    return move->target && ns < move->begin.ns ? ns : move->begin.ns;
}

void xph_moves_free(struct xph_moves *moves)
{
    free(moves->moves);
    *moves = (struct xph_moves){0};
}
