#include "analyzer/machine/task_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_TASKS = 256,
    FIRST_INDEX = 1024,  /* a power of two, at least twice FIRST_TASKS */
    MAX_TASKS = 1 << 18, /* of a few hundred bytes each */
};

bool xph_task_table_open(struct xph_task_table *table, struct xph_error *err)
{
    *table = (struct xph_task_table){.capacity = FIRST_TASKS, .index_size = FIRST_INDEX};
    table->tasks = calloc(table->capacity, sizeof(*table->tasks));
    table->index = calloc(table->index_size, sizeof(*table->index));
    if (!table->tasks || !table->index) {
        xph_task_table_close(table);
        return xph_fail(err, "out of memory");
    }
    table->count = XPH_IDLE_TASK;
    strcpy(table->tasks[0].name, "idle");
    return true;
}

void xph_task_table_close(struct xph_task_table *table)
{
    free(table->tasks);
    free(table->index);
    *table = (struct xph_task_table){0};
}

/* The slot of the pid in the index, or the empty one where it belongs. */
static uint32_t *find_slot(const struct xph_task_table *table, uint32_t *index, size_t size,
                           uint32_t pid)
{
    uint32_t hash = pid * UINT32_C(2654435761);
    size_t slot = (hash ^ hash >> 15) & (size - 1);

    while (index[slot] != 0 && table->tasks[index[slot] - 1].pid != pid)
        slot = (slot + 1) & (size - 1);
    return &index[slot];
}

static bool grow(struct xph_task_table *table, struct xph_error *err)
{
    size_t capacity = table->capacity * 2, size = table->index_size * 2;
    struct xph_task *grown = realloc(table->tasks, capacity * sizeof(*grown));
    uint32_t *index;

    if (!grown)
        return xph_fail(err, "out of memory for %zu tasks of dom0", capacity);
    table->tasks = grown;
    table->capacity = capacity;
    index = calloc(size, sizeof(*index));
    if (!index)
        return xph_fail(err, "out of memory for %zu tasks of dom0", capacity);
    /* Of several with the same pid the latest is met last. */
    for (size_t i = 1; i < table->count; i++)
        *find_slot(table, index, size, table->tasks[i].pid) = (uint32_t)i + 1;
    free(table->index);
    table->index = index;
    table->index_size = size;
    return true;
}

bool xph_task_add(struct xph_task_table *table, uint32_t pid, uint32_t *handle,
                  struct xph_error *err)
{
    *handle = 0;
    if (table->count == MAX_TASKS) {
        table->untold++;
        return true;
    }
    if (table->count == table->capacity && !grow(table, err))
        return false;
    table->tasks[table->count] = (struct xph_task){.pid = pid};
    *find_slot(table, table->index, table->index_size, pid) = (uint32_t)++table->count;
    *handle = (uint32_t)table->count;
    return true;
}

uint32_t xph_task_lookup(const struct xph_task_table *table, uint32_t pid)
{
    return pid == 0 ? XPH_IDLE_TASK : *find_slot(table, table->index, table->index_size, pid);
}

bool xph_task_find(struct xph_task_table *table, uint32_t pid, uint32_t *handle,
                   struct xph_error *err)
{
    *handle = xph_task_lookup(table, pid);
    return *handle != 0 || xph_task_add(table, pid, handle, err);
}

void xph_task_rename(struct xph_task_table *table, uint32_t handle, const char *name)
{
    if (handle > XPH_IDLE_TASK && name[0] != '\0')
        snprintf(table->tasks[handle - 1].name, XPH_TASK_NAME_BYTES, "%s", name);
}
