/*
 * The pages of one CPU's ring buffer of dom0's kernel events, as the kernel gives them out
 * (per_cpu/cpuN/trace_pipe_raw in tracefs; Linux: Documentation/trace/ring-buffer-design.rst).
 * libtracefs has this only since 1.6.
 */
#ifndef XPH_TRACER_KERNEL_PAGES_H
#define XPH_TRACER_KERNEL_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { KERNEL_PAGES_AT_ONCE = 64 };

struct kernel_pages {
    int fd;
    int pipe[2]; /* on the way from the kernel to us */
    size_t page_bytes;
};

/* Opens that of `cpu` in the tracefs instance whose directory is `instance`; false with errno,
 * which is ENOENT where there is no such CPU. */
bool kernel_pages_open(struct kernel_pages *pages, const char *instance, unsigned cpu);

/* Takes the pages that are full, KERNEL_PAGES_AT_ONCE of them at most, into `buffer`, which has
 * room for these. The bytes taken, 0 if there are none, -1 with errno. Does not wait. */
ssize_t kernel_pages_take_full(struct kernel_pages *pages, char *buffer);

/* Takes the next page into `buffer`, full or not; the same results. What takes full pages has to
 * have taken them. */
ssize_t kernel_pages_take_any(struct kernel_pages *pages, char *buffer);

void kernel_pages_close(struct kernel_pages *pages);

#endif
