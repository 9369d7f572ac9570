/*
 * One recorder at a time, and a note to the next one of what must be put back if this one is
 * killed.
 */
#ifndef XPH_TRACER_LOCK_H
#define XPH_TRACER_LOCK_H

#include <stdint.h>

#include "recording/error.h"

struct recorder_lock {
    int fd; /* -1 while not held */
};

/* What a recorder that died without cleaning up has left. */
struct left_over {
    bool found;    /* if not, the last one ended in good order */
    uint32_t mask; /* of events, that it had found when it started */
};

/* Takes the lock. */
bool recorder_lock_take(struct recorder_lock *lock, struct left_over *left, struct xph_error *err);

/* Reads such a note. */
struct left_over recorder_lock_read_note(const char *note);

/* Notes the mask that is to be put back, until recorder_lock_release(). */
bool recorder_lock_note(struct recorder_lock *lock, uint32_t mask, struct xph_error *err);

/* Gives the lock back: nothing is left to be put back. */
void recorder_lock_release(struct recorder_lock *lock);
/* Gives the lock back and keeps the note. */
void recorder_lock_drop(struct recorder_lock *lock);

#endif
