#include "analyzer/path/task_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_CAPACITY = 256,
    MAX_ANCESTORS =
        32, /* of a script's programs; a bound for a damaged recording that has circles */
};

/* Where toolstacks keep their hotplug scripts (Xen: XEN_SCRIPT_DIR; /etc/xen/scripts by default).
 */
static const char script_directory[] = "/xen/scripts/";

void xph_task_names_close(struct xph_task_names *names)
{
    free(names->names);
    *names = (struct xph_task_names){0};
}

static struct xph_task_name *add(struct xph_task_names *names, uint32_t pid, const char *name,
                                 uint64_t ns, struct xph_error *err)
{
    struct xph_task_name *added;

    if (names->count == names->capacity) {
        size_t capacity = names->capacity ? names->capacity * 2 : FIRST_CAPACITY;
        struct xph_task_name *grown = realloc(names->names, capacity * sizeof(*grown));

        if (!grown) {
            xph_fail(err, "out of memory for the names of %zu tasks", capacity);
            return NULL;
        }
        names->names = grown;
        names->capacity = capacity;
    }
    added = &names->names[names->count++];
    *added = (struct xph_task_name){.pid = pid, .ns = ns};
    snprintf(added->name, sizeof(added->name), "%s", name);
    return added;
}

bool xph_task_names_seen(struct xph_task_names *names, uint32_t pid, const char *comm, uint64_t ns,
                         struct xph_error *err)
{
    return add(names, pid, comm, ns, err) != NULL;
}

bool xph_task_names_fork(struct xph_task_names *names, uint32_t parent, uint32_t child,
                         const char *comm, uint64_t ns, struct xph_error *err)
{
    struct xph_task_name *added = add(names, child, comm, ns, err);

    if (added)
        added->parent = parent;
    return added != NULL;
}

bool xph_task_names_exec(struct xph_task_names *names, uint32_t pid, const char *path, uint64_t ns,
                         struct xph_error *err)
{
    const char *slash = strrchr(path, '/');
    struct xph_task_name *added = add(names, pid, slash ? slash + 1 : path, ns, err);

    if (added) {
        added->program = true;
        added->script = strstr(path, script_directory) != NULL;
    }
    return added != NULL;
}

static int compare(const void *a, const void *b)
{
    const struct xph_task_name *first = a, *second = b;

    if (first->pid != second->pid)
        return first->pid < second->pid ? -1 : 1;
    return first->ns < second->ns ? -1 : first->ns > second->ns;
}

void xph_task_names_sort(struct xph_task_names *names)
{
    if (names->count == 0)
        return;
    qsort(names->names, names->count, sizeof(*names->names), compare);
    /* A program is still the child of who made its task. */
    for (size_t i = 1; i < names->count; i++) {
        struct xph_task_name *name = &names->names[i];

        if (name->pid == name[-1].pid && name->parent == 0)
            name->parent = name[-1].parent;
    }
}

const struct xph_task_name *xph_task_name_at(const struct xph_task_names *names, uint32_t pid,
                                             uint64_t ns)
{
    const struct xph_task_name key = {.pid = pid, .ns = ns};
    size_t low = 0, high = names->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&names->names[middle], &key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && names->names[low - 1].pid == pid ? &names->names[low - 1] : NULL;
}

bool xph_task_comes_from(const struct xph_task_names *names, uint32_t pid, uint64_t ns,
                         uint32_t ancestor)
{
    for (unsigned i = 0; i < MAX_ANCESTORS && pid != 0 && pid != ancestor; i++) {
        const struct xph_task_name *name = xph_task_name_at(names, pid, ns);

        pid = name ? name->parent : 0;
    }
    return pid != 0 && pid == ancestor;
}

uint32_t xph_task_program_at(const struct xph_task_names *names, uint32_t pid, uint64_t ns)
{
    for (unsigned i = 0; i < MAX_ANCESTORS && pid != 0; i++) {
        const struct xph_task_name *name = xph_task_name_at(names, pid, ns);

        if (!name || name->program)
            return name ? pid : 0;
        pid = name->parent;
    }
    return 0;
}

const struct xph_task_name *xph_task_script_at(const struct xph_task_names *names, uint32_t pid,
                                               uint64_t ns)
{
    for (unsigned i = 0; i < MAX_ANCESTORS && pid != 0; i++) {
        const struct xph_task_name *name = xph_task_name_at(names, pid, ns);

        if (!name || name->script)
            return name && name->script ? name : NULL;
        pid = name->parent;
    }
    return NULL;
}
