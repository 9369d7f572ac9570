#include "analyzer/machine/dom0_tally.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_KINDS = 256,
    FIRST_INDEX = 1024, /* a power of two, at least twice FIRST_KINDS */
    MAX_KINDS = 1 << 16,
    MAX_HOLDERS = 4096,
};

bool xph_dom0_tally_open(struct xph_dom0_tally *tally, struct xph_error *err)
{
    *tally = (struct xph_dom0_tally){.hypercall_capacity = FIRST_KINDS, .index_size = FIRST_INDEX};
    tally->hypercalls = calloc(tally->hypercall_capacity, sizeof(*tally->hypercalls));
    tally->index = calloc(tally->index_size, sizeof(*tally->index));
    if (tally->hypercalls && tally->index)
        return true;
    xph_dom0_tally_close(tally);
    return xph_fail(err, "out of memory");
}

void xph_dom0_tally_close(struct xph_dom0_tally *tally)
{
    free(tally->hypercalls);
    free(tally->index);
    free(tally->holders);
    *tally = (struct xph_dom0_tally){0};
}

static bool same_kind(const struct xph_hypercall_tally *a, const struct xph_hypercall_tally *b)
{
    return a->target.command == b->target.command && a->target.domid == b->target.domid &&
           a->target.op == b->target.op && a->target.sub == b->target.sub &&
           a->target.detail == b->target.detail &&
           strncmp(a->name, b->name, XPH_TASK_NAME_BYTES) == 0;
}

/* FNV-1a */
static uint32_t hash_bytes(uint32_t hash, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)data)[i]) * UINT32_C(16777619);
    return hash;
}

static uint32_t hash_kind(const struct xph_hypercall_tally *kind)
{
    const uint16_t numbers[] = {kind->target.command, kind->target.domid, kind->target.op,
                                kind->target.sub, kind->target.detail};
    uint32_t hash = hash_bytes(UINT32_C(2166136261), numbers, sizeof(numbers));

    return hash_bytes(hash, kind->name, strnlen(kind->name, XPH_TASK_NAME_BYTES));
}

static uint32_t *find_slot(const struct xph_dom0_tally *tally, uint32_t *index, size_t size,
                           const struct xph_hypercall_tally *kind)
{
    size_t slot = hash_kind(kind) & (size - 1);

    while (index[slot] != 0 && !same_kind(&tally->hypercalls[index[slot] - 1], kind))
        slot = (slot + 1) & (size - 1);
    return &index[slot];
}

static bool grow(struct xph_dom0_tally *tally, struct xph_error *err)
{
    size_t capacity = tally->hypercall_capacity * 2, size = tally->index_size * 2;
    struct xph_hypercall_tally *grown = realloc(tally->hypercalls, capacity * sizeof(*grown));
    uint32_t *index;

    if (!grown)
        return xph_fail(err, "out of memory for %zu kinds of hypercalls", capacity);
    tally->hypercalls = grown;
    tally->hypercall_capacity = capacity;
    index = calloc(size, sizeof(*index));
    if (!index)
        return xph_fail(err, "out of memory for %zu kinds of hypercalls", capacity);
    for (size_t i = 0; i < tally->hypercall_count; i++)
        *find_slot(tally, index, size, &grown[i]) = (uint32_t)i + 1;
    free(tally->index);
    tally->index = index;
    tally->index_size = size;
    return true;
}

/* *found is NULL where there is no room for another kind. */
static bool find_kind(struct xph_dom0_tally *tally, const struct xph_hypercall_tally *kind,
                      struct xph_hypercall_tally **found, struct xph_error *err)
{
    uint32_t *slot = find_slot(tally, tally->index, tally->index_size, kind);

    *found = NULL;
    if (*slot != 0) {
        *found = &tally->hypercalls[*slot - 1];
        return true;
    }
    if (tally->hypercall_count == MAX_KINDS)
        return true;
    if (tally->hypercall_count == tally->hypercall_capacity) {
        if (!grow(tally, err))
            return false;
        slot = find_slot(tally, tally->index, tally->index_size, kind);
    }
    *found = &tally->hypercalls[tally->hypercall_count];
    **found = *kind;
    *slot = (uint32_t)++tally->hypercall_count;
    return true;
}

bool xph_dom0_tally_hypercall(void *context, const struct xph_task *task,
                              const struct xph_hypercall_span *span, struct xph_error *err)
{
    struct xph_hypercall_tally kind = {.target = span->target}, *found;
    struct xph_dom0_tally *tally = context;
    uint64_t cycles = span->return_tsc > span->entry_tsc ? span->return_tsc - span->entry_tsc : 0;

    memcpy(kind.name, task->name, sizeof(kind.name));
    kind.target.pages = 0;
    /* The new domain's number is not known before. */
    if (span->created != XPH_NO_DOMAIN)
        kind.target.domid = span->created;
    if (!find_kind(tally, &kind, &found, err))
        return false;
    if (!found) {
        tally->hypercalls_untold++;
        return true;
    }
    found->target.pages += span->target.pages;
    found->calls++;
    found->failed += span->result < 0;
    found->records += span->records;
    found->cycles += cycles;
    found->xen_cycles += span->xen_cycles;
    if (cycles > found->longest_cycles)
        found->longest_cycles = cycles;
    return true;
}

bool xph_dom0_tally_interval(void *context, const struct xph_task_interval *interval,
                             struct xph_error *err)
{
    struct xph_dom0_tally *tally = context;
    uint64_t cycles = interval->end_tsc - interval->start_tsc;
    struct xph_holder_tally *grown;
    size_t i = 0;

    if (interval->state != XPH_RUNNABLE)
        return true;
    while (i < tally->holder_count && (tally->holders[i].known != interval->holder_known ||
                                       tally->holders[i].domid != interval->holder_domid))
        i++;
    if (i == tally->holder_count) {
        if (i == MAX_HOLDERS)
            return true;
        grown = realloc(tally->holders, (i + 1) * sizeof(*grown));
        if (!grown)
            return xph_fail(err, "out of memory");
        tally->holders = grown;
        grown[tally->holder_count++] = (struct xph_holder_tally){.domid = interval->holder_domid,
                                                                 .known = interval->holder_known};
    }
    if (interval->task->pid == 0)
        tally->holders[i].idle_cycles += cycles;
    else
        tally->holders[i].thread_cycles += cycles;
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strncmp(((const struct xph_program_tally *)a)->name,
                   ((const struct xph_program_tally *)b)->name, XPH_TASK_NAME_BYTES);
}

static int compare_totals(const void *a, const void *b)
{
    const struct xph_program_tally *first = a, *second = b;

    if (first->total != second->total)
        return first->total > second->total ? -1 : 1;
    return compare_names(a, b);
}

/* Adds up neighbors of the same name. */
static size_t merge(struct xph_program_tally *programs, size_t count)
{
    size_t kept = 0;

    for (size_t i = 1; i < count; i++) {
        if (compare_names(&programs[kept], &programs[i]) != 0) {
            programs[++kept] = programs[i];
            continue;
        }
        programs[kept].tasks++;
        programs[kept].total += programs[i].total;
        programs[kept].ready_cycles += programs[i].ready_cycles;
        for (int state = 0; state < XPH_TASK_STATES; state++)
            programs[kept].cycles[state] += programs[i].cycles[state];
    }
    return count > 0 ? kept + 1 : 0;
}

bool xph_program_tallies(const struct xph_task_table *table, struct xph_program_tally **programs,
                         size_t *count, struct xph_error *err)
{
    struct xph_program_tally *all = calloc(table->count, sizeof(*all));
    size_t merged;

    if (!all)
        return xph_fail(err, "out of memory for %zu tasks of dom0", table->count);
    for (size_t i = 0; i < table->count; i++) {
        memcpy(all[i].name, table->tasks[i].name, sizeof(all[i].name));
        memcpy(all[i].cycles, table->tasks[i].cycles, sizeof(all[i].cycles));
        all[i].tasks = 1;
        all[i].ready_cycles = table->tasks[i].ready_cycles;
        all[i].total = xph_task_cycles(all[i].cycles);
    }
    /* The idle one stays in front: it is no program, whatever a program is called. */
    qsort(all + XPH_IDLE_TASK, table->count - XPH_IDLE_TASK, sizeof(*all), compare_names);
    merged = merge(all + XPH_IDLE_TASK, table->count - XPH_IDLE_TASK);
    qsort(all + XPH_IDLE_TASK, merged, sizeof(*all), compare_totals);
    *programs = all;
    *count = merged + XPH_IDLE_TASK;
    return true;
}
