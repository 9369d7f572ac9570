/*
 * A process of its own for code that we would not trust with what it reads: it may read one file,
 * write into one pipe, and use so much memory and CPU time; no more. When it dies or stalls, its
 * caller is told how, and lives on.
 */
#ifndef XPH_ANALYZER_KERNEL_WORKER_H
#define XPH_ANALYZER_KERNEL_WORKER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "recording/error.h"

/* Runs in the worker: `in` is the file, `out` the pipe. Its result is the worker's exit status. */
typedef int xph_worker_function(int in, int out, const void *context);

struct xph_worker_limits {
    uint64_t memory_bytes; /* beyond what the calling process has */
    unsigned cpu_seconds;
    unsigned stall_seconds; /* that may pass without any output while it is waited for */
};

struct xph_worker {
    pid_t pid; /* 0: none runs */
    int pipe;
    struct xph_worker_limits limits;
    bool stalled, ended; /* how its output came to its end */
};

/* To be called while the process has one thread. `in` stays the caller's. */
bool xph_worker_start(struct xph_worker *worker, int in, xph_worker_function *function,
                      const void *context, const struct xph_worker_limits *limits,
                      struct xph_error *err);

/* Reads what it wrote, up to `size` bytes; 0 at its end, and when it stalls. */
size_t xph_worker_read(struct xph_worker *worker, void *data, size_t size);

/*
 * Ends it, wherever it is. False if it did not end with status 0 by itself, with how in `err`;
 * one that was ended by this call because its output was not read to the end is no failure.
 */
bool xph_worker_stop(struct xph_worker *worker, struct xph_error *err);

#endif
