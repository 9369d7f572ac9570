#include "analyzer/operation/domain_life.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/events.h"
#include "recording/idle_rule.h"
#include "recording/samples.h"

enum { FIRST_CAPACITY = 16, DOMIDS = UINT16_MAX + 1 };

static struct xph_domain_life *add_life(struct xph_domain_lives *lives, uint16_t domid,
                                        struct xph_error *err)
{
    if (lives->count == lives->capacity) {
        size_t capacity = lives->capacity ? lives->capacity * 2 : FIRST_CAPACITY;
        struct xph_domain_life *grown = realloc(lives->lives, capacity * sizeof(*grown));

        if (!grown) {
            xph_fail(err, "out of memory for %zu domains", capacity);
            return NULL;
        }
        lives->lives = grown;
        lives->capacity = capacity;
    }
    lives->lives[lives->count++] = (struct xph_domain_life){.domid = domid};
    if (lives->first[domid] == 0)
        lives->first[domid] = (uint32_t)lives->count;
    lives->latest[domid] = (uint32_t)lives->count;
    return &lives->lives[lives->count - 1];
}

/* The latest domain of that number, made if there is none. NULL on error. */
static struct xph_domain_life *find_life(struct xph_domain_lives *lives, uint16_t domid,
                                         struct xph_error *err)
{
    if (lives->latest[domid] != 0)
        return &lives->lives[lives->latest[domid] - 1];
    return add_life(lives, domid, err);
}

static void note(struct xph_moment *moment, uint64_t ns)
{
    if (!moment->known)
        *moment = (struct xph_moment){true, ns};
}

static bool take_run_state(struct xph_domain_lives *lives, const struct xph_record *record,
                           struct xph_error *err)
{
    unsigned old = record->event >> 8 & 15, new = record->event >> 4 & 15;
    struct xph_domain_life *life;

    if (old != XPH_OFFLINE && new != XPH_RUNNING)
        return true;
    life = find_life(lives, (uint16_t)(record->words[0] >> 16), err);
    if (!life)
        return false;
    if (old == XPH_OFFLINE && life->added.known)
        note(&life->unpaused, record->time_ns);
    if (new == XPH_RUNNING)
        note(&life->first_run, record->time_ns);
    return true;
}

bool xph_domain_lives_record(struct xph_domain_lives *lives, const struct xph_record *record,
                             struct xph_error *err)
{
    struct xph_domain_life *life;

    if (record->extra_words == 0)
        return true;
    if (xph_event_is_runstate_change(record->event))
        return take_run_state(lives, record, err);
    if (record->event == XPH_EVENT_DOM_ADD) {
        life = add_life(lives, (uint16_t)record->words[0], err);
        if (life)
            note(&life->added, record->time_ns);
        return life != NULL;
    }
    if (record->event == XPH_EVENT_DOM_REM) {
        life = find_life(lives, (uint16_t)record->words[0], err);
        if (life)
            note(&life->removed, record->time_ns);
        return life != NULL;
    }
    return true;
}

/* The edges are only kept of domains that were created here, whose end of boot is looked for. */
bool xph_domain_lives_interval(struct xph_domain_lives *lives,
                               const struct xph_runstate_interval *interval, struct xph_error *err)
{
    struct xph_domain_life *life;

    if (interval->state != XPH_RUNNING || interval->domid == XPH_IDLE_DOMID)
        return true;
    life = find_life(lives, interval->domid, err);
    if (!life)
        return false;
    if (!life->last_run.known || interval->end_ns > life->last_run.ns)
        life->last_run = (struct xph_moment){true, interval->end_ns};
    if (!life->added.known || xph_run_edges_add(&life->edges, interval->start_ns, interval->end_ns))
        return true;
    return xph_fail(err, "out of memory for the run states of domain %u", life->domid);
}

bool xph_domain_lives_machine(struct xph_domain_lives *lives, const struct xph_machine *machine,
                              struct xph_error *err)
{
    memcpy(lives->contradictions, machine->contradictions, sizeof(machine->contradictions));
    return xph_skew_find(machine->skew, xph_machine_state_contradictions(machine->contradictions),
                         &lives->skew, err);
}

/* The toolstack pauses a domain before it takes its devices and memory; a new one is paused while
 * it is built. */
static void take_sample(struct xph_domain_lives *lives, const struct xph_clock *clock,
                        const struct xph_sample_domain *sample, uint64_t *last_pages)
{
    uint64_t now = xph_clock_dom0_ns(clock, sample->header.tsc);
    struct xph_domain_life *life;

    /* Only the first domain of a number can be older than the trace. */
    if (sample->header.domid >= DOMIDS || lives->first[sample->header.domid] == 0)
        return;
    life = &lives->lives[lives->first[sample->header.domid] - 1];
    if (life->added.known)
        return;
    if (sample->flags & (XPH_DOMAIN_PAUSED | XPH_DOMAIN_DYING))
        note(&life->paused, now);
    if (life->paused.known && sample->tot_pages < last_pages[life->domid])
        note(&life->memory_falls, now);
    last_pages[life->domid] = sample->tot_pages;
}

static bool read_samples(struct xph_domain_lives *lives, const struct xph_clock *clock,
                         const struct xph_mapped_file *file, struct xph_error *err)
{
    uint64_t *last_pages;
    struct xph_sample_reader reader;
    struct xph_error ignored;
    union xph_sample sample;
    bool ok = true;

    /* Without samples some boundaries are not known; the doubts say so. */
    if (!xph_sample_reader_open(&reader, file, &ignored))
        return true;
    last_pages = calloc(DOMIDS, sizeof(*last_pages));
    if (!last_pages)
        return xph_fail(err, "out of memory");
    while (ok && xph_sample_next(&reader, &sample)) {
        if (sample.header.type == XPH_SAMPLE_DOMAIN)
            take_sample(lives, clock, &sample.domain, last_pages);
        if (sample.header.type == XPH_SAMPLE_CLOCK)
            ok = xph_wall_clock_add(&lives->wall_clock, sample.header.tsc,
                                    sample.clock.monotonic_ns, err);
    }
    free(last_pages);
    return ok;
}

static void find_idle_moments(struct xph_domain_lives *lives)
{
    for (size_t i = 0; i < lives->count; i++) {
        struct xph_domain_life *life = &lives->lives[i];
        uint64_t end_ns = life->removed.known ? life->removed.ns : lives->last_ns;

        if (life->added.known && life->first_run.known)
            life->idle.known =
                xph_find_idle(&life->edges, life->first_run.ns, end_ns, XPH_IDLE_WINDOW_NS,
                              XPH_IDLE_MAX_RUN_NS, &life->idle.ns);
    }
}

bool xph_domain_lives_begin(struct xph_domain_lives *lives, const struct xph_manifest *manifest,
                            struct xph_error *err)
{
    *lives = (struct xph_domain_lives){0};
    lives->first = calloc(DOMIDS, sizeof(*lives->first));
    lives->latest = calloc(DOMIDS, sizeof(*lives->latest));
    if (!lives->first || !lives->latest)
        return xph_fail(err, "out of memory");
    return xph_wall_clock_open(&lives->wall_clock, manifest, err);
}

bool xph_domain_lives_end(struct xph_domain_lives *lives, const struct xph_clock *clock,
                          uint64_t last_ns, const struct xph_mapped_file *samples,
                          struct xph_error *err)
{
    lives->last_ns = last_ns;
    if (!read_samples(lives, clock, samples, err))
        return false;
    xph_wall_clock_sort(&lives->wall_clock);
    find_idle_moments(lives);
    return true;
}

const struct xph_domain_life *xph_domain_life_at(const struct xph_domain_lives *lives,
                                                 uint16_t domid, uint64_t ns)
{
    if (lives->first[domid] == 0)
        return NULL;
    for (size_t i = lives->first[domid] - 1; i < lives->latest[domid]; i++) {
        const struct xph_domain_life *life = &lives->lives[i];

        if (life->domid == domid && (!life->added.known || life->added.ns <= ns) &&
            (!life->removed.known || life->removed.ns >= ns))
            return life;
    }
    return NULL;
}

void xph_domain_lives_free(struct xph_domain_lives *lives)
{
    for (size_t i = 0; i < lives->count; i++)
        xph_run_edges_free(&lives->lives[i].edges);
    xph_wall_clock_close(&lives->wall_clock);
    xph_skew_offsets_free(&lives->skew);
    free(lives->lives);
    free(lives->first);
    free(lives->latest);
    *lives = (struct xph_domain_lives){0};
}
