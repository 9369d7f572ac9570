#include "analyzer/budget/path_budget.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

/* An owner has one entry in a phase; the last ones are those of the present phase. */
static struct xph_budget_entry *find_entry(struct xph_budget *budget, size_t phase, uint32_t owner,
                                           struct xph_error *err)
{
    for (size_t i = budget->count; i-- > 0 && budget->entries[i].phase == phase;) {
        if (budget->entries[i].owner == owner)
            return &budget->entries[i];
    }
    if (budget->count == budget->capacity) {
        size_t capacity = budget->capacity ? budget->capacity * 2 : FIRST_CAPACITY;
        struct xph_budget_entry *grown = realloc(budget->entries, capacity * sizeof(*grown));

        if (!grown) {
            xph_fail(err, "out of memory for %zu entries of the budget", capacity);
            return NULL;
        }
        budget->entries = grown;
        budget->capacity = capacity;
    }
    budget->entries[budget->count] = (struct xph_budget_entry){.phase = phase, .owner = owner};
    return &budget->entries[budget->count++];
}

static int compare(const void *a, const void *b)
{
    const struct xph_budget_entry *first = a, *second = b;

    if (first->phase != second->phase)
        return first->phase < second->phase ? -1 : 1;
    if (first->ns != second->ns)
        return first->ns > second->ns ? -1 : 1;
    return first->owner < second->owner ? -1 : first->owner > second->owner;
}

bool xph_budget_make(const struct xph_operation *operation, const struct xph_owned_path *path,
                     struct xph_budget *budget, struct xph_error *err)
{
    size_t i = 0;

    *budget = (struct xph_budget){0};
    for (size_t p = 0; p < operation->phase_count; p++) {
        const struct xph_phase *phase = &operation->phases[p];

        while (i < path->count && path->pieces[i].end_ns <= phase->start_ns)
            i++;
        /* The last piece of a phase may go on in the next one. */
        for (size_t j = i; j < path->count && path->pieces[j].start_ns < phase->end_ns; j++) {
            const struct xph_owned_piece *piece = &path->pieces[j];
            uint64_t from = piece->start_ns > phase->start_ns ? piece->start_ns : phase->start_ns;
            uint64_t to = piece->end_ns < phase->end_ns ? piece->end_ns : phase->end_ns;
            struct xph_budget_entry *entry = find_entry(budget, p, piece->owner, err);

            if (!entry) {
                xph_budget_close(budget);
                return false;
            }
            entry->ns += to - from;
            entry->pieces++;
        }
    }
    if (budget->count > 0)
        qsort(budget->entries, budget->count, sizeof(*budget->entries), compare);
    return true;
}

void xph_budget_close(struct xph_budget *budget)
{
    free(budget->entries);
    *budget = (struct xph_budget){0};
}

uint64_t xph_budget_layer_ns(const struct xph_budget *budget, const struct xph_owned_path *path,
                             size_t phase, enum xph_layer layer)
{
    uint64_t ns = 0;

    for (size_t i = 0; i < budget->count; i++) {
        const struct xph_budget_entry *entry = &budget->entries[i];

        if ((phase == XPH_MAX_PHASES || entry->phase == phase) &&
            path->owners[entry->owner].layer == layer)
            ns += entry->ns;
    }
    return ns;
}
