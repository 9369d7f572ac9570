/*
 * Which processes have a file open: what somebody holds cannot be removed from tracefs.
 */
#ifndef XPH_TRACER_HOLDERS_H
#define XPH_TRACER_HOLDERS_H

#include <stddef.h>

/* Looks through `proc` (/proc, or a directory like it) for open files with `part` in their path:
 * by whichever name a file system is mounted. Says in `text` who has them ("cat (pid 12), ..."),
 * "" if nobody that can be seen. Returns how many processes. */
unsigned holders_find(const char *proc, const char *part, char *text, size_t bytes);

#endif
