/*
 * The pCPUs are placed one by one. For each, differences are tried that the trace suggests: those
 * between a vCPU becoming runnable on one pCPU and beginning to run on the other. Of the right
 * pairs they are all nearly the same, of wrong ones they are anything, so the right difference is
 * where they crowd. What counts is how many contradictions each leaves in the merged order; from
 * the best one, smaller and smaller steps go on.
 */
#include "analyzer/machine/skew_search.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/machine/vcpus.h"

enum {
    MAX_VOTES = 1 << 20, /* for all pCPUs together */
    FEWEST_VOTES = 4096, /* ... for one */
    MAX_WAKES = 2048,
    FEWEST_WAKES = 8,
    CROWDS = 4,        /* tried of each width */
    LARGEST_STEP = 22, /* in powers of two: cycles */
    SMALLEST_STEP = 6,
    MAX_WORK = 1 << 28, /* records looked at, in all: a second or two */
    UNKNOWN = 0xff,
};

struct lane {
    struct xph_skew_record *records; /* in the order of time; part of search.lanes */
    size_t count;
};

struct search {
    size_t pcpu_count;
    struct lane lanes[XPH_SKEW_PCPUS];
    struct xph_skew_record *records; /* lane by lane; owned */
    struct xph_skew_record *placed;  /* those of the lanes placed so far, by corrected TSC; owned */
    struct xph_skew_record *merged;  /* room for the same; owned */
    size_t placed_count;
    struct last {
        uint64_t tsc;
        uint16_t pcpu;
        uint8_t state;
    } * last; /* record of each vCPU; owned */
    size_t vcpu_count;
    int64_t *votes; /* owned */
    size_t vote_count, vote_capacity, wakes;
    uint64_t work;  /* done so far */
    int64_t *ahead; /* by pCPU: the result */
};

struct place {
    int64_t ahead;
    struct count {
        uint64_t all;
        uint64_t hard; /* those that no record of a pCPU that is not placed yet can explain */
    } contradictions;
};

/* Only the pCPU where a vCPU runs can tell that it does no more. */
static bool follows(const struct last *last, const struct xph_skew_record *record)
{
    return last->state == UNKNOWN || (last->state == record->old &&
                                      (last->state != XPH_RUNNING || last->pcpu == record->pcpu));
}

static void forget_all(struct search *search)
{
    for (size_t i = 0; i < search->vcpu_count; i++)
        search->last[i].state = UNKNOWN;
}

static bool comes_first(const struct xph_skew_record *placed, const struct xph_skew_record *record,
                        int64_t ahead)
{
    return (int64_t)(placed->tsc - record->tsc) + ahead <= 0;
}

/* The contradictions if the lane's TSC is so far ahead. */
static struct count contradictions_at(struct search *search, const struct lane *lane, int64_t ahead)
{
    struct count count = {0};
    size_t i = 0, j = 0;

    search->work += search->placed_count + lane->count;
    forget_all(search);
    while (i < search->placed_count || j < lane->count) {
        const struct xph_skew_record *record;
        struct last *last;

        if (j == lane->count ||
            (i < search->placed_count && comes_first(&search->placed[i], &lane->records[j], ahead)))
            record = &search->placed[i++];
        else
            record = &lane->records[j++];
        last = &search->last[record->vcpu];
        count.all += !follows(last, record);
        count.hard += last->state == XPH_RUNNING && last->pcpu != record->pcpu;
        *last = (struct last){record->tsc, record->pcpu, record->new};
    }
    return count;
}

static void try_place(struct search *search, const struct lane *lane, int64_t ahead,
                      struct place *best)
{
    struct place place = {.ahead = ahead};

    if (best->contradictions.all == 0 || search->work > MAX_WORK)
        return;
    place.contradictions = contradictions_at(search, lane, ahead);
    if (place.contradictions.all < best->contradictions.all)
        *best = place;
}

static bool is_wake(const struct xph_skew_record *record)
{
    return record->new == XPH_RUNNABLE;
}

static bool is_run(const struct xph_skew_record *record)
{
    return record->old == XPH_RUNNABLE && record->new == XPH_RUNNING;
}

/* The differences between some of the wakes in one list and the runs in another. */
static void vote(struct search *search, const struct xph_skew_record *wakes, size_t wake_count,
                 const struct xph_skew_record *runs, size_t run_count, bool runs_are_lanes)
{
    size_t step = wake_count / search->wakes + 1;
    size_t limit = search->vote_count + search->vote_capacity / 2;

    for (size_t i = 0; i < wake_count; i++) {
        if (i % step != 0 || !is_wake(&wakes[i]))
            continue;
        for (size_t j = 0; j < run_count && search->vote_count < limit; j++) {
            int64_t difference = (int64_t)(runs[j].tsc - wakes[i].tsc);

            if (runs[j].vcpu == wakes[i].vcpu && is_run(&runs[j]))
                search->votes[search->vote_count++] = runs_are_lanes ? difference : -difference;
        }
    }
}

static int compare_votes(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;

    return first < second ? -1 : first > second;
}

/* The middle of the window of that width with the most votes, but for those near `passed`. */
static bool find_crowd(const struct search *search, int64_t width, const int64_t *passed,
                       size_t passed_count, int64_t *middle)
{
    size_t last = 0, most = 0;

    for (size_t first = 0; first < search->vote_count; first++) {
        bool near = false;
        int64_t vote = search->votes[first];

        for (; last < search->vote_count && search->votes[last] - vote <= width; last++)
            ;
        for (size_t i = 0; i < passed_count; i++)
            near |= vote > passed[i] - 2 * width && vote < passed[i] + 2 * width;
        if (near || last - first <= most)
            continue;
        most = last - first;
        *middle = search->votes[first + most / 2];
    }
    return most > 0;
}

static void try_crowds(struct search *search, const struct lane *lane, struct place *best)
{
    static const unsigned widths[] = {14, 17, 20};

    search->vote_count = 0;
    vote(search, search->placed, search->placed_count, lane->records, lane->count, true);
    vote(search, lane->records, lane->count, search->placed, search->placed_count, false);
    qsort(search->votes, search->vote_count, sizeof(*search->votes), compare_votes);
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        int64_t passed[CROWDS];

        for (size_t crowd = 0; crowd < CROWDS; crowd++) {
            if (!find_crowd(search, INT64_C(1) << widths[i], passed, crowd, &passed[crowd]))
                break;
            try_place(search, lane, passed[crowd], best);
        }
    }
}

static void try_steps(struct search *search, const struct lane *lane, struct place *best)
{
    for (int power = LARGEST_STEP; power >= SMALLEST_STEP; power--) {
        int64_t step = INT64_C(1) << power, from = best->ahead;

        try_place(search, lane, from + step, best);
        try_place(search, lane, from - step, best);
    }
}

/* Adds the lane's records to the placed ones, in the order that search->ahead makes. */
static void put(struct search *search, size_t pcpu)
{
    const struct lane *lane = &search->lanes[pcpu];
    struct xph_skew_record *merged = search->merged;
    size_t i = 0, j = 0, count = 0;

    while (i < search->placed_count || j < lane->count) {
        if (j == lane->count ||
            (i < search->placed_count &&
             comes_first(&search->placed[i], &lane->records[j], search->ahead[pcpu]))) {
            merged[count++] = search->placed[i++];
        } else {
            merged[count] = lane->records[j++];
            merged[count++].tsc -= (uint64_t)search->ahead[pcpu];
        }
    }
    search->merged = search->placed;
    search->placed = merged;
    search->placed_count = count;
}

static void take_away(struct search *search, size_t pcpu)
{
    size_t left = 0;

    for (size_t i = 0; i < search->placed_count; i++) {
        if (search->placed[i].pcpu != pcpu)
            search->placed[left++] = search->placed[i];
    }
    search->placed_count = left;
}

/* pCPUs of one socket often have the same difference: those of the others are tried first. */
static void try_others(struct search *search, size_t pcpu, struct place *best)
{
    int64_t now = search->ahead[pcpu];

    for (size_t other = 0; other < search->pcpu_count; other++) {
        bool tried = search->ahead[other] == now;

        for (size_t i = 0; i < other && !tried; i++)
            tried = search->ahead[i] == search->ahead[other];
        if (!tried)
            try_place(search, &search->lanes[pcpu], search->ahead[other], best);
    }
}

/* All pCPUs were traced at the same time: records that lie apart contradict nothing, and say as
 * little. */
static bool lies_apart(const struct search *search, const struct lane *lane, int64_t ahead)
{
    const struct xph_skew_record *middle = &lane->records[lane->count / 2];

    if (search->placed_count == 0 || lane->count == 0)
        return false;
    return comes_first(&search->placed[search->placed_count - 1], middle, ahead) ||
           !comes_first(&search->placed[0], middle, ahead);
}

static void place_lane(struct search *search, size_t pcpu, bool others_are_placed)
{
    const struct lane *lane = &search->lanes[pcpu];
    int64_t now = search->ahead[pcpu];
    struct place best = {now, contradictions_at(search, lane, now)};

    try_others(search, pcpu, &best);
    if (others_are_placed ? best.contradictions.all > 0
                          : best.contradictions.hard > 0 || lies_apart(search, lane, best.ahead)) {
        try_crowds(search, lane, &best);
        try_steps(search, lane, &best);
    }
    search->ahead[pcpu] = best.ahead;
    put(search, pcpu);
}

static uint64_t contradictions_of_placed(struct search *search)
{
    const struct lane nothing = {0};

    return contradictions_at(search, &nothing, 0).all;
}

/* Marks the pCPUs whose records contradict others. */
static void find_involved(struct search *search, bool *involved)
{
    memset(involved, 0, search->pcpu_count * sizeof(*involved));
    forget_all(search);
    for (size_t i = 0; i < search->placed_count; i++) {
        const struct xph_skew_record *record = &search->placed[i];
        struct last *last = &search->last[record->vcpu];

        if (!follows(last, record))
            involved[record->pcpu] = involved[last->pcpu] = true;
        *last = (struct last){record->tsc, record->pcpu, record->new};
    }
}

static void place_lanes(struct search *search)
{
    bool involved[XPH_SKEW_PCPUS];
    uint64_t left, before = UINT64_MAX;

    search->placed_count = 0;
    for (size_t pcpu = 0; pcpu < search->pcpu_count; pcpu++)
        place_lane(search, pcpu, false);
    /* The first ones were placed when the others' records were missing. */
    while ((left = contradictions_of_placed(search)) > 0 && left < before) {
        before = left;
        find_involved(search, involved);
        for (size_t pcpu = 0; pcpu < search->pcpu_count; pcpu++) {
            if (!involved[pcpu] || search->work > MAX_WORK)
                continue;
            take_away(search, pcpu);
            place_lane(search, pcpu, true);
        }
    }
}

static void close_search(struct search *search)
{
    free(search->records);
    free(search->placed);
    free(search->merged);
    free(search->last);
    free(search->votes);
}

/* The position of the record's pCPU + 1; 0 if it is not to be looked at. */
static size_t lane_of(struct xph_skew *ordered, const struct xph_skew_record *record)
{
    return record->vcpu < XPH_SKEW_VCPUS ? xph_skew_position(ordered, record->pcpu) : 0;
}

/* The sample, sorted by pCPU. */
static void sort_lanes(struct search *search, const struct xph_skew *skew, struct xph_skew *ordered)
{
    size_t at[XPH_SKEW_PCPUS] = {0}, start = 0;

    for (size_t i = 0; i < skew->sample_count; i++) {
        size_t lane = lane_of(ordered, &skew->sample[i]);

        if (lane == 0)
            continue;
        search->lanes[lane - 1].count++;
        if (skew->sample[i].vcpu >= search->vcpu_count)
            search->vcpu_count = skew->sample[i].vcpu + 1;
    }
    search->pcpu_count = ordered->pcpu_count;
    for (size_t pcpu = 0; pcpu < search->pcpu_count; pcpu++) {
        at[pcpu] = start;
        search->lanes[pcpu].records = search->records + start;
        start += search->lanes[pcpu].count;
    }
    for (size_t i = 0; i < skew->sample_count; i++) {
        size_t lane = lane_of(ordered, &skew->sample[i]);

        if (lane == 0)
            continue;
        search->records[at[lane - 1]] = skew->sample[i];
        search->records[at[lane - 1]++].pcpu = (uint16_t)(lane - 1);
    }
}

/* On a host with many pCPUs each has fewer. */
static void share_votes(struct search *search)
{
    size_t votes = MAX_VOTES / (search->pcpu_count + 1);
    size_t wakes = MAX_WAKES / (search->pcpu_count + 1);

    search->vote_capacity = votes > FEWEST_VOTES ? votes : FEWEST_VOTES;
    search->wakes = wakes > FEWEST_WAKES ? wakes : FEWEST_WAKES;
}

static bool open_search(struct search *search, const struct xph_skew *skew, int64_t *ahead,
                        struct xph_skew *ordered, struct xph_error *err)
{
    size_t count = skew->sample_count + 1;

    *search = (struct search){.ahead = ahead, .vote_capacity = MAX_VOTES};
    search->records = malloc(count * sizeof(*search->records));
    search->placed = malloc(count * sizeof(*search->placed));
    search->merged = malloc(count * sizeof(*search->merged));
    search->last = malloc(XPH_SKEW_VCPUS * sizeof(*search->last));
    search->votes = malloc(search->vote_capacity * sizeof(*search->votes));
    if (search->records && search->placed && search->merged && search->last && search->votes) {
        sort_lanes(search, skew, ordered);
        share_votes(search);
        return true;
    }
    close_search(search);
    return xph_fail(err, "out of memory");
}

/* How many of the placed records lie where those of all pCPUs are there. A sample that is cut off
 * ends at one time by all TSCs, and so at another one in this order. */
static size_t whole_part(const struct search *search, const struct xph_skew *skew)
{
    size_t count = search->placed_count;
    uint64_t end = skew->sample_count > 0 ? skew->sample[skew->sample_count - 1].tsc : 0;

    if (skew->sample_count < skew->sample_limit)
        return count;
    for (size_t pcpu = 0; pcpu < search->pcpu_count; pcpu++) {
        while (count > 0 && (int64_t)(end - search->placed[count - 1].tsc) < search->ahead[pcpu])
            count--;
    }
    return count;
}

/* Tells of the placed records' pairs; returns how many contradict. */
static uint64_t tell_pairs(const struct search *search, struct xph_skew *ordered)
{
    uint64_t contradictions = 0;

    for (size_t i = 0; i < search->placed_count; i++) {
        const struct xph_skew_record *record = &search->placed[i];
        struct last *last = &search->last[record->vcpu];

        if (!follows(last, record))
            contradictions++;
        else if (last->state != UNKNOWN && last->pcpu != record->pcpu && record->tsc >= last->tsc)
            xph_skew_pair(ordered, ordered->pcpus[last->pcpu], ordered->pcpus[record->pcpu],
                          record->tsc - last->tsc);
        *last = (struct last){record->tsc, record->pcpu, record->new};
    }
    return contradictions;
}

static void run_search(struct search *search, const struct xph_skew *skew,
                       struct xph_skew_search *result, struct xph_skew *ordered)
{
    size_t whole;

    for (size_t pcpu = 0; pcpu < search->pcpu_count; pcpu++)
        put(search, pcpu);
    result->before = contradictions_of_placed(search);
    if (result->before >= XPH_SKEW_CONTRADICTIONS)
        place_lanes(search);
    whole = whole_part(search, skew);
    result->whole = whole >= search->placed_count / 4;
    search->placed_count = whole;
    forget_all(search);
    result->after = tell_pairs(search, ordered);
}

bool xph_skew_search(const struct xph_skew *skew, struct xph_skew_search *result,
                     int64_t ahead[static XPH_SKEW_PCPUS], struct xph_skew *ordered,
                     struct xph_error *err)
{
    struct search *search = malloc(sizeof(*search));
    bool ok =
        search ? open_search(search, skew, ahead, ordered, err) : xph_fail(err, "out of memory");

    memset(ahead, 0, XPH_SKEW_PCPUS * sizeof(*ahead));
    if (ok) {
        run_search(search, skew, result, ordered);
        close_search(search);
    }
    free(search);
    return ok;
}
