#include "tracer/xenstore_names.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NAMES = 8192 }; /* more only if so many live */

struct known_name {
    uint32_t domid;
    uint64_t gone_tsc; /* when its directory was gone, 0 while it is there */
    char *name;        /* any bytes; owned */
};

static struct known_name *find_living(const struct xenstore_names *names, uint32_t domid)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->list[i].domid == domid && names->list[i].gone_tsc == 0)
            return &names->list[i];
    }
    return NULL;
}

static bool make_room(struct xenstore_names *names)
{
    struct known_name *grown;

    for (size_t i = 0; names->count >= MAX_NAMES && i < names->count; i++) {
        if (names->list[i].gone_tsc == 0)
            continue;
        free(names->list[i].name);
        names->count--;
        memmove(&names->list[i], &names->list[i + 1], (names->count - i) * sizeof(*names->list));
        return true;
    }
    grown = realloc(names->list, (names->count + 1) * sizeof(*grown));
    if (grown)
        names->list = grown;
    return grown != NULL;
}

void xenstore_names_set(struct xenstore_names *names, uint32_t domid, const char *name)
{
    struct known_name *known = find_living(names, domid);
    char *copy = strdup(name);

    if (copy && known) {
        free(known->name);
        known->name = copy;
    } else if (copy && make_room(names)) {
        names->list[names->count++] = (struct known_name){.domid = domid, .name = copy};
    } else {
        free(copy);
    }
}

void xenstore_names_end(struct xenstore_names *names, uint32_t domid, uint64_t tsc)
{
    struct known_name *known = find_living(names, domid);

    if (known)
        known->gone_tsc = tsc;
}

const char *xenstore_names_find(const struct xenstore_names *names, uint32_t domid, uint64_t tsc)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct known_name *known = &names->list[i];

        if (known->domid == domid && (known->gone_tsc == 0 || known->gone_tsc >= tsc))
            return known->name;
    }
    return NULL;
}

void xenstore_names_free(struct xenstore_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i].name);
    free(names->list);
    *names = (struct xenstore_names){0};
}
