#include "analyzer/guest/marks.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/trace_file.h"
#include "analyzer/guest/marks_internal.h"

enum { DOMAINS = 1 << 16, FIRST_MARKS = 64 };

/* Between the two ways of one mark, at the most; process numbers come again some time. */
enum { SAME_MARK_NS = 1000000000 };

static const char *const way_names[XPH_MARK_WAYS] = {"cpuid", "forced", "hypercall", "xenstore"};

const char *xph_mark_way_name(enum xph_mark_way way)
{
    return way_names[way];
}

bool xph_guest_marks_open(struct xph_guest_marks *marks, struct xph_error *err)
{
    *marks = (struct xph_guest_marks){
        .domains = calloc(DOMAINS, sizeof(*marks->domains)),
        .stamped = calloc(XPH_MAX_PCPUS, sizeof(*marks->stamped)),
    };
    if (marks->domains && marks->stamped)
        return true;
    xph_guest_marks_close(marks);
    return xph_fail(err, "out of memory for guests' marks");
}

static void free_domain(struct xph_mark_domain *domain)
{
    for (size_t tag = 0; tag < MARK_TAGS; tag++)
        free(domain->open[tag]);
    free(domain);
}

void xph_guest_marks_close(struct xph_guest_marks *marks)
{
    for (size_t domid = 0; domid < marks->domain_end; domid++) {
        if (marks->domains[domid])
            free_domain(marks->domains[domid]);
    }
    for (size_t i = 0; i < marks->count; i++)
        free(marks->marks[i].name);
    free(marks->marks);
    free(marks->domains);
    free(marks->stamped);
    *marks = (struct xph_guest_marks){0};
}

struct xph_mark_domain *mark_domain(struct xph_guest_marks *marks, uint16_t domid,
                                    struct xph_error *err)
{
    struct xph_mark_domain **domain = &marks->domains[domid];

    if (!*domain)
        *domain = calloc(1, sizeof(**domain));
    if (!*domain)
        xph_fail(err, "out of memory for guests' marks");
    else if (domid >= marks->domain_end)
        marks->domain_end = domid + 1u;
    return *domain;
}

static bool make_room(struct xph_guest_marks *marks, struct xph_error *err)
{
    size_t capacity = marks->capacity ? marks->capacity * 2 : FIRST_MARKS;
    struct xph_guest_mark *grown;

    if (marks->count < marks->capacity)
        return true;
    grown = realloc(marks->marks, capacity * sizeof(*grown));
    if (!grown)
        return xph_fail(err, "out of memory for %zu guests' marks", capacity);
    marks->marks = grown;
    marks->capacity = capacity;
    return true;
}

bool mark_keep(struct xph_guest_marks *marks, const struct xph_guest_mark *mark,
               const struct mark *text, struct xph_error *err)
{
    struct xph_mark_domain *domain = mark_domain(marks, mark->domid, err);
    struct xph_guest_mark *kept;
    char *name;

    if (!domain)
        return false;
    if (domain->kept == XPH_MARK_MAX_OF_DOMAIN) {
        marks->faults.dropped++;
        return true;
    }
    if (!make_room(marks, err))
        return false;
    name = malloc(text->name_bytes + text->value_bytes + 1);
    if (!name)
        return xph_fail(err, "out of memory for a guest's mark");
    memcpy(name, text->name, text->name_bytes);
    if (text->value_bytes > 0)
        memcpy(name + text->name_bytes, text->value, text->value_bytes);
    kept = &marks->marks[marks->count++];
    *kept = *mark;
    kept->name = name;
    kept->name_bytes = (uint32_t)text->name_bytes;
    kept->value = text->value ? name + text->name_bytes : NULL;
    kept->value_bytes = (uint32_t)text->value_bytes;
    domain->kept++;
    return true;
}

#define COMPARE(a, b) ((a) < (b) ? -1 : (a) > (b))

/* All that two ways tell of the same mark alike first: they come side by side. */
static int compare_identity(const void *left, const void *right)
{
    const struct xph_guest_mark *a = left, *b = right;
    int order = COMPARE(a->domid, b->domid);

    if (order == 0)
        order = COMPARE(a->has_clocks, b->has_clocks);
    if (order == 0)
        order = COMPARE(a->sender, b->sender);
    if (order == 0)
        order = COMPARE(a->sequence, b->sequence);
    if (order == 0)
        order = COMPARE(a->guest.monotonic_ns, b->guest.monotonic_ns);
    if (order == 0)
        order = COMPARE(a->way, b->way);
    return order != 0 ? order : COMPARE(a->time_ns, b->time_ns);
}

static int compare_time(const void *left, const void *right)
{
    const struct xph_guest_mark *a = left, *b = right;
    int order = COMPARE(a->time_ns, b->time_ns);

    return order != 0 ? order : compare_identity(left, right);
}

/* The same mark again, by xenstore: because it was sent by both ways, or because the recorder read
 * a key twice that changed once more before it was read. */
static bool comes_again(const struct xph_guest_mark *mark, const struct xph_guest_mark *again)
{
    return again->way == XPH_MARK_BY_XENSTORE && again->has_clocks && mark->has_clocks &&
           mark->domid == again->domid && mark->sender == again->sender &&
           mark->sequence == again->sequence &&
           again->guest.monotonic_ns - mark->guest.monotonic_ns < SAME_MARK_NS &&
           mark->name_bytes == again->name_bytes &&
           memcmp(mark->name, again->name, mark->name_bytes) == 0;
}

static uint64_t missing_between(const struct xph_guest_mark *mark,
                                const struct xph_guest_mark *next)
{
    if (!mark->has_clocks || !next->has_clocks || mark->domid != next->domid ||
        mark->sender != next->sender || next->sequence <= mark->sequence)
        return 0;
    return (uint64_t)(next->sequence - mark->sequence) - 1;
}

static void merge_ways(struct xph_guest_marks *marks)
{
    size_t kept = 0;

    qsort(marks->marks, marks->count, sizeof(*marks->marks), compare_identity);
    for (size_t i = 0; i < marks->count; i++) {
        struct xph_guest_mark *last = kept > 0 ? &marks->marks[kept - 1] : NULL;

        if (last && comes_again(last, &marks->marks[i])) {
            last->also_by_xenstore = last->way != XPH_MARK_BY_XENSTORE;
            free(marks->marks[i].name);
            continue;
        }
        if (last)
            marks->faults.missing += missing_between(last, &marks->marks[i]);
        marks->marks[kept++] = marks->marks[i];
    }
    marks->count = kept;
}

void xph_guest_marks_finish(struct xph_guest_marks *marks)
{
    marks->faults.torn += marks->open_frames;
    marks->open_frames = 0;
    if (marks->count == 0)
        return;
    merge_ways(marks);
    qsort(marks->marks, marks->count, sizeof(*marks->marks), compare_time);
}
