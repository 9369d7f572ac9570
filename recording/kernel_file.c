#include "recording/kernel_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "recording/chunk_ring.h"
#include "recording/disk_space.h"
#include "recording/files.h"

#define UNFINISHED XPH_FILE_KERNEL ".part"

enum {
    PAGE_BYTES = 4096,
    COPY_BYTES = 1 << 20,
    /* Options of the format; trace-cmd's lib/trace-cmd/include/private/trace-cmd-private.h */
    OPTION_DONE = 0,
    OPTION_TRACE_CLOCK = 4,
};

struct parts {
    int dirfd;
    struct xph_chunk_writer out;
    unsigned cpus; /* files dom0.cpu0 to dom0.cpu(cpus - 1) exist */
};

static void cpu_name(char *name, size_t size, unsigned cpu)
{
    snprintf(name, size, XPH_FILE_KERNEL_CPU, cpu);
}

static bool part_size(int dirfd, const char *name, uint64_t *size)
{
    struct stat status;

    if (fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
        return false;
    *size = (uint64_t)status.st_size;
    return true;
}

static unsigned count_cpus(int dirfd)
{
    char name[32];
    uint64_t size;
    unsigned cpus = 0;

    do
        cpu_name(name, sizeof(name), cpus);
    while (part_size(dirfd, name, &size) && ++cpus < XPH_KERNEL_MAX_CPUS);
    return cpus;
}

bool xph_kernel_parts_left(int dirfd)
{
    uint64_t size;

    return part_size(dirfd, XPH_FILE_KERNEL_HEAD, &size);
}

static bool put(struct parts *parts, const void *data, size_t size, struct xph_error *err)
{
    struct iovec iov = {(void *)(uintptr_t)data, size};

    return xph_chunk_writer_append(&parts->out, &iov, 1, err);
}

static bool copy_bytes(struct parts *parts, int in, char *buffer, uint64_t size, const char *name,
                       struct xph_error *err)
{
    while (size > 0) {
        ssize_t got = read(in, buffer, size < COPY_BYTES ? (size_t)size : COPY_BYTES);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return xph_fail_errno(err, errno, "cannot read %s", name);
        if (got == 0)
            return xph_fail(err, "%s became shorter while it was read", name);
        if (!put(parts, buffer, (size_t)got, err))
            return false;
        size -= (uint64_t)got;
    }
    return true;
}

/* Appends the first `size` bytes of the part `name`. */
static bool append_part(struct parts *parts, const char *name, uint64_t size, struct xph_error *err)
{
    int in = openat(parts->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char *buffer;
    bool ok;

    if (in < 0)
        return xph_fail_errno(err, errno, "cannot open %s", name);
    buffer = malloc(COPY_BYTES);
    ok = buffer ? copy_bytes(parts, in, buffer, size, name, err) : xph_fail(err, "out of memory");
    free(buffer);
    close(in);
    return ok;
}

static bool append_names(struct parts *parts, struct xph_error *err)
{
    uint64_t size = 0;

    if (!part_size(parts->dirfd, XPH_FILE_KERNEL_NAMES, &size))
        return put(parts, &size, sizeof(size), err);
    return put(parts, &size, sizeof(size), err) &&
           append_part(parts, XPH_FILE_KERNEL_NAMES, size, err);
}

static bool append_options(struct parts *parts, struct xph_error *err)
{
    static const char clock[] = "[" XPH_KERNEL_CLOCK "]";
    const struct {
        uint16_t id;
        uint32_t size;
    } __attribute__((packed)) option = {OPTION_TRACE_CLOCK, sizeof(clock)};
    const uint16_t done = OPTION_DONE;

    return put(parts, "options  ", 10, err) && put(parts, &option, sizeof(option), err) &&
           put(parts, clock, sizeof(clock), err) && put(parts, &done, sizeof(done), err);
}

static uint64_t page_up(uint64_t offset)
{
    return (offset + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

/* Where each CPU's data will stand, and nothing up to there. A recorder that was killed may have
 * left half a page at the end of a part. */
static bool append_table(struct parts *parts, struct xph_error *err)
{
    static const char nothing[PAGE_BYTES];
    uint64_t end = parts->out.offset + parts->cpus * 2 * sizeof(uint64_t);
    uint64_t offset = page_up(end);

    for (unsigned cpu = 0; cpu < parts->cpus; cpu++) {
        char name[32];
        uint64_t place[2] = {offset, 0};

        cpu_name(name, sizeof(name), cpu);
        if (!part_size(parts->dirfd, name, &place[1]))
            return xph_fail(err, "%s is gone", name);
        place[1] -= place[1] % PAGE_BYTES;
        if (!put(parts, place, sizeof(place), err))
            return false;
        offset += place[1];
    }
    return put(parts, nothing, page_up(end) - end, err);
}

static bool append_data(struct parts *parts, struct xph_error *err)
{
    for (unsigned cpu = 0; cpu < parts->cpus; cpu++) {
        char name[32];
        uint64_t size = 0;

        cpu_name(name, sizeof(name), cpu);
        if (!part_size(parts->dirfd, name, &size) ||
            !append_part(parts, name, size - size % PAGE_BYTES, err))
            return false;
    }
    return true;
}

static bool write_file(struct parts *parts, struct xph_error *err)
{
    const uint32_t cpus = parts->cpus;
    uint64_t head;

    if (!part_size(parts->dirfd, XPH_FILE_KERNEL_HEAD, &head))
        return xph_fail(err, "%s is gone", XPH_FILE_KERNEL_HEAD);
    return append_part(parts, XPH_FILE_KERNEL_HEAD, head, err) && append_names(parts, err) &&
           put(parts, &cpus, sizeof(cpus), err) && append_options(parts, err) &&
           put(parts, "flyrecord", 10, err) && append_table(parts, err) && append_data(parts, err);
}

static void remove_file(int dirfd, const char *name)
{
    char index[64];

    snprintf(index, sizeof(index), "%s" XPH_INDEX_SUFFIX, name);
    unlinkat(dirfd, name, 0);
    unlinkat(dirfd, index, 0);
}

/* The head goes first: without it there are no parts left, whatever interrupts this. */
void xph_kernel_parts_remove(int dirfd)
{
    unsigned cpus = count_cpus(dirfd);

    remove_file(dirfd, XPH_FILE_KERNEL_HEAD);
    remove_file(dirfd, XPH_FILE_KERNEL_NAMES);
    while (cpus-- > 0) {
        char name[32];

        cpu_name(name, sizeof(name), cpus);
        remove_file(dirfd, name);
    }
}

static bool rename_file(int dirfd, const char *from, const char *to, struct xph_error *err)
{
    return renameat(dirfd, from, dirfd, to) == 0 ||
           xph_fail_errno(err, errno, "cannot rename %s", from);
}

/* After its ring is closed, a part has no hole. One that is made up could be of any size at no
 * cost, and joining would write it out. */
static bool check_holes(const struct parts *parts, const char *name, struct xph_error *err)
{
    int fd = openat(parts->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    off_t end, hole;

    if (fd < 0)
        return xph_fail_errno(err, errno, "cannot open %s", name);
    end = lseek(fd, 0, SEEK_END);
    hole = lseek(fd, 0, SEEK_HOLE);
    close(fd);
    return hole < 0 || hole >= end ||
           xph_fail(err, "%s has a hole at byte %jd, which no recorder leaves", name,
                    (intmax_t)hole);
}

static bool close_rings(const struct parts *parts, struct xph_error *err)
{
    char name[32];

    for (unsigned cpu = 0; cpu < parts->cpus; cpu++) {
        cpu_name(name, sizeof(name), cpu);
        if (!xph_chunk_ring_close(parts->dirfd, name, 0, NULL, err) ||
            !check_holes(parts, name, err))
            return false;
    }
    return true;
}

/* For a moment there are both, the parts and what is made of them. */
static bool check_space(const struct parts *parts, struct xph_error *err)
{
    uint64_t size, bytes = 0;
    char name[32];

    for (unsigned cpu = 0; cpu < parts->cpus; cpu++) {
        cpu_name(name, sizeof(name), cpu);
        bytes += part_size(parts->dirfd, name, &size) ? size : 0;
    }
    bytes += part_size(parts->dirfd, XPH_FILE_KERNEL_HEAD, &size) ? size : 0;
    bytes += part_size(parts->dirfd, XPH_FILE_KERNEL_NAMES, &size) ? size : 0;
    return xph_disk_space_for(parts->dirfd, bytes, XPH_FILE_KERNEL, err);
}

/* On the disk before the parts are given up. */
static bool sync_writer(struct xph_chunk_writer *out, struct xph_error *err)
{
    return xph_chunk_writer_flush(out, err) &&
           ((fdatasync(out->fd) == 0 && fdatasync(out->index_fd) == 0) ||
            xph_fail_errno(err, errno, "cannot write %s", UNFINISHED));
}

bool xph_kernel_parts_join(int dirfd, struct xph_error *err)
{
    struct parts parts = {
        .dirfd = dirfd, .out = {.fd = -1, .index_fd = -1}, .cpus = count_cpus(dirfd)};
    struct xph_error second;
    bool ok;

    if (!xph_kernel_parts_left(dirfd))
        return true;
    /* What an earlier attempt left. */
    remove_file(dirfd, UNFINISHED);
    ok = close_rings(&parts, err) && check_space(&parts, err) &&
         xph_chunk_writer_open(&parts.out, dirfd, UNFINISHED, err) && write_file(&parts, err) &&
         sync_writer(&parts.out, err);
    if (!xph_chunk_writer_close(&parts.out, ok ? err : &second))
        ok = false;
    ok = ok &&
         rename_file(dirfd, UNFINISHED XPH_INDEX_SUFFIX, XPH_FILE_KERNEL XPH_INDEX_SUFFIX, err) &&
         rename_file(dirfd, UNFINISHED, XPH_FILE_KERNEL, err);
    if (ok)
        xph_kernel_parts_remove(dirfd);
    else
        remove_file(dirfd, UNFINISHED);
    if (!ok && err->errnum == ENOSPC)
        err->errnum = XPH_UNFINISHED;
    return ok;
}
