/*
 * What dom0's tasks are called, and for whom they work: a hotplug script starts dozens of programs,
 * and their time is the script's.
 */
#ifndef XPH_ANALYZER_PATH_TASK_NAMES_H
#define XPH_ANALYZER_PATH_TASK_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/error.h"

enum { XPH_PROGRAM_NAME_BYTES = 32 };

/* From `ns` on, the task `pid` was a program of this name. */
struct xph_task_name {
    uint32_t pid;
    uint32_t parent; /* 0 if unknown */
    uint64_t ns;
    bool
        program; /* it began to run one then; else it is what its parent was, or was there before */
    bool script; /* that one is one of the toolstack's scripts */
    char name[XPH_PROGRAM_NAME_BYTES];
};

struct xph_task_names {
    struct xph_task_name *names; /* sorted by pid and time once xph_task_names_sort() was called */
    size_t count, capacity;
};

void xph_task_names_close(struct xph_task_names *names);

/* A task was seen under this name (its comm), which it has had since `ns`; to be told once of one
 * that had been there before, with 0. */
bool xph_task_names_seen(struct xph_task_names *names, uint32_t pid, const char *comm, uint64_t ns,
                         struct xph_error *err);

/* A task was made, as what its parent is. */
bool xph_task_names_fork(struct xph_task_names *names, uint32_t parent, uint32_t child,
                         const char *comm, uint64_t ns, struct xph_error *err);

/* A task began to run another program. */
bool xph_task_names_exec(struct xph_task_names *names, uint32_t pid, const char *path, uint64_t ns,
                         struct xph_error *err);

/* To be called after the last one was added, before any is asked for. */
void xph_task_names_sort(struct xph_task_names *names);

/* The task's name at `ns`, or NULL if it is not known. */
const struct xph_task_name *xph_task_name_at(const struct xph_task_names *names, uint32_t pid,
                                             uint64_t ns);

/* Whether `ancestor` is the task itself or one of those that it came from. */
bool xph_task_comes_from(const struct xph_task_names *names, uint32_t pid, uint64_t ns,
                         uint32_t ancestor);

/* The task that began to run the program which `pid` is part of at `ns`: itself, or the one that it
 * was forked from. 0 if that is not known, as of one that was there before. */
uint32_t xph_task_program_at(const struct xph_task_names *names, uint32_t pid, uint64_t ns);

/* The script that the task works for at `ns` (itself, if it is one), or NULL. */
const struct xph_task_name *xph_task_script_at(const struct xph_task_names *names, uint32_t pid,
                                               uint64_t ns);

#endif
