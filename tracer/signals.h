/*
 * The signals that ask the recorder to end. They are blocked, so that none ends it halfway, and
 * taken where it can undo what it has done.
 */
#ifndef XPH_TRACER_SIGNALS_H
#define XPH_TRACER_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

struct signals {
    sigset_t handled;  /* blocked, to be taken by sigtimedwait(): those, and SIGCHLD */
    sigset_t original; /* what was blocked before */
};

/* Blocks them, before any thread exists, and those that would end us for a write that fails. What
 * whoever started us ignores stays ignored, as nohup has it. */
void signals_block(struct signals *signals);

/* Lets them through again: one that came meanwhile ends us now. */
void signals_unblock(const struct signals *signals);

/* Takes a signal that asks us to end and is there already; 0 if none is. */
int signals_take_pending(const struct signals *signals);

#endif
