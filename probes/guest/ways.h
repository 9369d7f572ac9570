/*
 * The ways by which a mark leaves the guest, in the order in which they are tried.
 */
#ifndef XPH_PROBES_GUEST_WAYS_H
#define XPH_PROBES_GUEST_WAYS_H

#include <stdbool.h>

#include "probes/guest/frame.h"
#include "probes/guest/xen_guest.h"

enum { WHY_BYTES = 320 };

/* What has been tried in vain. */
struct why {
    char text[WHY_BYTES];
};

struct way {
    const char *name;
    bool only_if_asked; /* it is not tried by itself */
    /* Sends the mark; false, telling why, where that does not work here. */
    bool (*send)(enum xen_guest guest, const struct mark *mark, struct why *why);
};

/* All ways, up to one without a name. */
extern const struct way ways[];

/* NULL if there is none of that name. */
const struct way *way_find(const char *name);

/* Sends the mark by `asked`, or by the first way that works if it is NULL. Returns the way, NULL if
 * none worked: `why` tells of each. */
const struct way *mark_send(enum xen_guest guest, const struct way *asked, const struct mark *mark,
                            struct why *why);

/* Adds a reason to those that `why` has; false. */
bool way_failed(struct why *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The guest's clocks now. */
void clocks_read(struct mark_clocks *clocks);

/* The way through xenstore, in xenstore.c. */
bool xenstore_send(enum xen_guest guest, const struct mark *mark, struct why *why);

#endif
