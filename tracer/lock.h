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

/*
 * Takes the lock. *left_mask is the event mask that a recorder which died without cleaning up had
 * found when it started, or 0 if the last one ended in good order.
 */
bool recorder_lock_take(struct recorder_lock *lock, uint32_t *left_mask, struct xph_error *err);

/* Notes the mask that is to be put back, until recorder_lock_release(). */
bool recorder_lock_note(struct recorder_lock *lock, uint32_t mask, struct xph_error *err);

/* Gives the lock back: nothing is left to be put back. */
void recorder_lock_release(struct recorder_lock *lock);
/* Gives the lock back and keeps the note. */
void recorder_lock_drop(struct recorder_lock *lock);

#endif
