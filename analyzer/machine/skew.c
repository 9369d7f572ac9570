#include "analyzer/machine/skew.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/trace_file.h"
#include "analyzer/machine/skew_search.h"

/* Sums of bounds stay within 64 bits; longer gaps bound nothing that matters. */
#define NO_BOUND (UINT64_MAX / (4 * XPH_SKEW_PCPUS))

bool xph_skew_open(struct xph_skew *skew, struct xph_error *err)
{
    *skew = (struct xph_skew){.sample_limit = XPH_SKEW_SAMPLE};
    skew->positions = calloc(XPH_MAX_PCPUS, sizeof(*skew->positions));
    skew->gaps = malloc(sizeof(*skew->gaps) * XPH_SKEW_PCPUS * XPH_SKEW_PCPUS);
    skew->sample = malloc(sizeof(*skew->sample) * XPH_SKEW_SAMPLE);
    if (skew->positions && skew->gaps && skew->sample)
        return true;
    xph_skew_close(skew);
    return xph_fail(err, "out of memory");
}

void xph_skew_close(struct xph_skew *skew)
{
    free(skew->positions);
    free(skew->gaps);
    free(skew->sample);
    *skew = (struct xph_skew){0};
}

static uint64_t *gap(const struct xph_skew *skew, size_t from, size_t to)
{
    return &skew->gaps[from * XPH_SKEW_PCPUS + to];
}

size_t xph_skew_position(struct xph_skew *skew, uint16_t pcpu)
{
    size_t position = skew->pcpu_count;

    if (skew->positions[pcpu] != 0 || position == XPH_SKEW_PCPUS)
        return skew->positions[pcpu];
    /* Only the part that is in use takes memory. */
    for (size_t other = 0; other <= position; other++)
        *gap(skew, position, other) = *gap(skew, other, position) = UINT64_MAX;
    skew->pcpus[skew->pcpu_count++] = pcpu;
    return skew->positions[pcpu] = (uint16_t)skew->pcpu_count;
}

void xph_skew_pair(struct xph_skew *skew, uint16_t from, uint16_t to, uint64_t cycles)
{
    size_t first = xph_skew_position(skew, from), second = xph_skew_position(skew, to);
    uint64_t *least;

    if (first == 0 || second == 0)
        return;
    skew->pairs++;
    least = gap(skew, first - 1, second - 1);
    if (cycles < *least)
        *least = cycles;
}

void xph_skew_loss(struct xph_skew *skew, uint64_t since_tsc)
{
    while (skew->sample_count > 0 && skew->sample[skew->sample_count - 1].tsc >= since_tsc)
        skew->sample_count--;
    skew->sample_limit = skew->sample_count;
}

/* The shortest ways from the reference to all others, or, backwards, from all others to it
 * (Dijkstra's: gaps are not negative). */
static void find_ways(const struct xph_skew *skew, size_t reference, bool backwards,
                      uint64_t *lengths)
{
    bool done[XPH_SKEW_PCPUS] = {false};

    for (size_t i = 0; i < skew->pcpu_count; i++)
        lengths[i] = i == reference ? 0 : UINT64_MAX;
    for (;;) {
        size_t next = XPH_SKEW_PCPUS;

        for (size_t i = 0; i < skew->pcpu_count; i++) {
            if (!done[i] && lengths[i] != UINT64_MAX &&
                (next == XPH_SKEW_PCPUS || lengths[i] < lengths[next]))
                next = i;
        }
        if (next == XPH_SKEW_PCPUS)
            return;
        done[next] = true;
        for (size_t i = 0; i < skew->pcpu_count; i++) {
            uint64_t step = backwards ? *gap(skew, i, next) : *gap(skew, next, i);

            if (step < NO_BOUND && lengths[next] + step < lengths[i])
                lengths[i] = lengths[next] + step;
        }
    }
}

/* The lowest pCPU of which a gap is known; XPH_SKEW_PCPUS if there is none. */
static size_t find_reference(const struct xph_skew *skew)
{
    size_t found = XPH_SKEW_PCPUS;

    for (size_t from = 0; from < skew->pcpu_count; from++) {
        for (size_t to = 0; to < skew->pcpu_count; to++) {
            bool known = *gap(skew, from, to) != UINT64_MAX || *gap(skew, to, from) != UINT64_MAX;

            if (known && (found == XPH_SKEW_PCPUS || skew->pcpus[from] < skew->pcpus[found]))
                found = from;
        }
    }
    return found;
}

static int compare_offsets(const void *a, const void *b)
{
    const struct xph_skew_offset *first = a, *second = b;

    return first->pcpu < second->pcpu ? -1 : first->pcpu > second->pcpu;
}

/* `ahead`, by position, is what the gaps are less: the order that they were taken in. */
static bool bound_offsets(const struct xph_skew *skew, const int64_t *ahead,
                          struct xph_skew_offsets *offsets, struct xph_error *err)
{
    uint64_t most[XPH_SKEW_PCPUS], least[XPH_SKEW_PCPUS];
    size_t reference = find_reference(skew);

    if (reference == XPH_SKEW_PCPUS)
        return true;
    offsets->list = calloc(skew->pcpu_count, sizeof(*offsets->list));
    if (!offsets->list)
        return xph_fail(err, "out of memory");
    offsets->reference = skew->pcpus[reference];
    offsets->pairs = skew->pairs;
    find_ways(skew, reference, false, most);
    find_ways(skew, reference, true, least);
    for (size_t i = 0; i < skew->pcpu_count; i++) {
        int64_t middle = ahead[i] - ahead[reference];
        struct xph_skew_offset offset = {skew->pcpus[i], least[i] != UINT64_MAX,
                                         most[i] != UINT64_MAX, middle - (int64_t)least[i],
                                         middle + (int64_t)most[i]};

        if (i != reference && (offset.bounded_below || offset.bounded_above))
            offsets->list[offsets->count++] = offset;
        if (i != reference && xph_skew_is_proven(&offset))
            offsets->verdict = XPH_SKEW_PROVEN;
    }
    qsort(offsets->list, offsets->count, sizeof(*offsets->list), compare_offsets);
    return true;
}

static bool find_in_order(const struct xph_skew *skew, struct xph_skew *ordered,
                          struct xph_skew_offsets *offsets, struct xph_error *err)
{
    int64_t ahead[XPH_SKEW_PCPUS] = {0};
    struct xph_skew_search found;

    if (!xph_skew_search(skew, &found, ahead, ordered, err))
        return false;
    if (found.before < XPH_SKEW_CONTRADICTIONS || found.after > 0 || !found.whole)
        return true;
    offsets->verdict = XPH_SKEW_NONE;
    return bound_offsets(ordered, ahead, offsets, err);
}

static bool find_in_another_order(const struct xph_skew *skew, struct xph_skew_offsets *offsets,
                                  struct xph_error *err)
{
    struct xph_skew ordered;
    bool ok;

    offsets->verdict = XPH_SKEW_UNEXPLAINED;
    if (!xph_skew_open(&ordered, err))
        return false;
    ok = find_in_order(skew, &ordered, offsets, err);
    xph_skew_close(&ordered);
    return ok;
}

bool xph_skew_find(const struct xph_skew *skew, uint64_t contradictions,
                   struct xph_skew_offsets *offsets, struct xph_error *err)
{
    const int64_t together[XPH_SKEW_PCPUS] = {0};

    *offsets = (struct xph_skew_offsets){.verdict = XPH_SKEW_NONE};
    if (contradictions >= XPH_SKEW_CONTRADICTIONS)
        return find_in_another_order(skew, offsets, err);
    return bound_offsets(skew, together, offsets, err);
}

void xph_skew_offsets_free(struct xph_skew_offsets *offsets)
{
    free(offsets->list);
    *offsets = (struct xph_skew_offsets){0};
}
