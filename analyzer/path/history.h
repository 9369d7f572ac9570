/*
 * What everyone who can be waited for was doing, and when: dom0's tasks and the guests' vCPUs
 * ("actors"), each with the changes of its state in time and with who or what caused them. The
 * critical path is walked through this.
 */
#ifndef XPH_ANALYZER_PATH_HISTORY_H
#define XPH_ANALYZER_PATH_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/error.h"

enum xph_actor_kind {
    XPH_ACTOR_TASK, /* of dom0; number is its pid */
    XPH_ACTOR_VCPU, /* number is domid << 16 | vcpu */
    /* Not actors, but where they are: their changes tell who ran there, change.by. */
    XPH_ACTOR_DOM0_CPU, /* number is that of dom0's CPU: tasks run there */
    XPH_ACTOR_PCPU,     /* number is that of the pCPU: vCPUs run there */
};

enum xph_activity {
    XPH_ACTIVITY_RUNNING,
    XPH_ACTIVITY_READY,   /* could run, but did not */
    XPH_ACTIVITY_WAITING, /* for what its next change tells */
    XPH_ACTIVITY_ABSENT,  /* not born, gone, paused, or not known */
};

/* What brought a change about. */
enum xph_cause {
    XPH_CAUSE_UNKNOWN,
    XPH_CAUSE_ACTOR, /* another actor: change.by */
    XPH_CAUSE_BIRTH, /* change.by made it: what had its number before is another one */
    XPH_CAUSE_INTERRUPT,
    XPH_CAUSE_TIMER,
    XPH_CAUSE_EVENT_CHANNEL, /* somebody's, of whom nothing is known */
    XPH_CAUSE_DISK,
    XPH_CAUSE_NETWORK,
    XPH_CAUSE_STOPPED, /* of a task that waits: by a signal, until another one lets it go on */
};

/* No actor: positions in history.actors count from 1. */
enum { XPH_NOBODY = 0 };

struct xph_change {
    uint64_t ns;
    uint32_t by;  /* with XPH_CAUSE_ACTOR or _BIRTH, who woke, made or unpaused it; of a CPU, who
                     runs there;  else XPH_NOBODY */
    uint16_t cpu; /* where it runs, or is to run: dom0's CPU, or the pCPU of a vCPU */
    uint8_t activity; /* from here to the next change */
    uint8_t cause;
};

struct xph_actor {
    enum xph_actor_kind kind;
    uint32_t number;
    struct xph_change *changes; /* in time; owned */
    size_t count, capacity;
    struct xph_change early; /* a wake-up that came before it had left its CPU; ns is 0 without */
};

struct xph_history {
    struct xph_actor *actors; /* owned */
    size_t count, capacity;
    uint32_t *index; /* hash of (kind, number) to position; owned */
    size_t index_size;
    size_t changes; /* of all actors */
};

bool xph_history_open(struct xph_history *history, struct xph_error *err);
void xph_history_close(struct xph_history *history);

/* The actor's position, made if it is new; XPH_NOBODY on error. */
uint32_t xph_history_actor(struct xph_history *history, enum xph_actor_kind kind, uint32_t number,
                           struct xph_error *err);

/* The actor's position, or XPH_NOBODY if nothing is known of it. */
uint32_t xph_history_find(const struct xph_history *history, enum xph_actor_kind kind,
                          uint32_t number);

static inline const struct xph_actor *xph_history_at(const struct xph_history *history,
                                                     uint32_t position)
{
    return &history->actors[position - 1];
}

/*
 * Adds a change. One that lies before the actor's last (clocks of CPUs that differ by a few cycles)
 * is moved to that one's time. A pid that is used again goes on with the history of the one before.
 */
bool xph_history_add(struct xph_history *history, uint32_t position,
                     const struct xph_change *change, struct xph_error *err);

/* The index of the actor's last change before `ns`, or -1. */
long xph_history_before(const struct xph_actor *actor, uint64_t ns);

#endif
