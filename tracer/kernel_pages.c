#include "tracer/kernel_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

bool kernel_pages_open(struct kernel_pages *pages, const char *instance, unsigned cpu)
{
    char path[PATH_MAX];
    int errnum;

    *pages = (struct kernel_pages){
        .fd = -1, .pipe = {-1, -1}, .page_bytes = (size_t)sysconf(_SC_PAGESIZE)};
    snprintf(path, sizeof(path), "%s/per_cpu/cpu%u/trace_pipe_raw", instance, cpu);
    pages->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (pages->fd >= 0 && pipe2(pages->pipe, O_CLOEXEC) == 0) {
        /* Without it there is room for fewer pages at once. */
        fcntl(pages->pipe[1], F_SETPIPE_SZ, (int)(pages->page_bytes * KERNEL_PAGES_AT_ONCE));
        return true;
    }
    errnum = errno;
    kernel_pages_close(pages);
    errno = errnum;
    return false;
}

static ssize_t nothing_or_error(void)
{
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

/* A read() would take a page that is not full, too, and leave the rest of it unused in the file;
 * splice() takes full ones only, and many at once. */
ssize_t kernel_pages_take_full(struct kernel_pages *pages, char *buffer)
{
    size_t wanted = pages->page_bytes * KERNEL_PAGES_AT_ONCE, taken = 0;
    ssize_t moved =
        splice(pages->fd, NULL, pages->pipe[1], NULL, wanted, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

    if (moved < 0)
        return nothing_or_error();
    while (taken < (size_t)moved) {
        ssize_t got = read(pages->pipe[0], buffer + taken, (size_t)moved - taken);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        taken += (size_t)got;
    }
    return moved;
}

ssize_t kernel_pages_take_any(struct kernel_pages *pages, char *buffer)
{
    ssize_t got = read(pages->fd, buffer, pages->page_bytes);

    return got < 0 ? nothing_or_error() : got;
}

void kernel_pages_close(struct kernel_pages *pages)
{
    int fds[] = {pages->fd, pages->pipe[0], pages->pipe[1]};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    *pages = (struct kernel_pages){.fd = -1, .pipe = {-1, -1}};
}
