#include "tracer/signals.h"

#include <stddef.h>
#include <time.h>

static bool is_ignored(int number)
{
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void signals_block(struct signals *signals)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    /* A write that fails says so itself: what we switched on must not stay on for it. */
    static const int held_back[] = {SIGPIPE, SIGXFSZ};
    sigset_t blocked;

    /* Ignored by who started us, it would not tell of the command's end. */
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&signals->handled);
    sigaddset(&signals->handled, SIGCHLD);
    /* An ignored signal that is blocked would be kept for sigtimedwait(). */
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
        if (!is_ignored(ending[i]))
            sigaddset(&signals->handled, ending[i]);
    }
    blocked = signals->handled;
    for (size_t i = 0; i < sizeof(held_back) / sizeof(held_back[0]); i++)
        sigaddset(&blocked, held_back[i]);
    sigprocmask(SIG_BLOCK, &blocked, &signals->original);
}

void signals_unblock(const struct signals *signals)
{
    sigprocmask(SIG_SETMASK, &signals->original, NULL);
}

int signals_take_pending(const struct signals *signals)
{
    static const struct timespec at_once = {0, 0};
    sigset_t ending = signals->handled;
    int number;

    sigdelset(&ending, SIGCHLD);
    number = sigtimedwait(&ending, NULL, &at_once);
    return number > 0 ? number : 0;
}
