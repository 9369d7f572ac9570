#include "recording/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* mmap() refuses a length of 0, and a caller should not have to care. */
static const uint8_t empty_file[1];

bool xph_write_all(int fd, struct iovec *iov, int count, struct xph_error *err)
{
    while (count > 0) {
        ssize_t written = writev(fd, iov, count);

        if (written < 0) {
            if (errno == EINTR)
                continue;
            return xph_fail_errno(err, errno, "cannot write");
        }
        while (count > 0 && (size_t)written >= iov->iov_len) {
            written -= (ssize_t)iov->iov_len;
            iov++;
            count--;
        }
        if (count > 0) {
            iov->iov_base = (char *)iov->iov_base + written;
            iov->iov_len -= (size_t)written;
        }
    }
    return true;
}

static bool map_fd(int fd, const char *name, struct xph_mapped_file *file, struct xph_error *err)
{
    struct stat status;
    void *data;

    if (fstat(fd, &status) != 0)
        return xph_fail_errno(err, errno, "cannot read %s", name);
    if (!S_ISREG(status.st_mode))
        return xph_fail(err, "%s is not a regular file", name);
    file->size = (size_t)status.st_size;
    file->data = empty_file;
    if (file->size == 0)
        return true;
    data = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return xph_fail_errno(err, errno, "cannot map %s", name);
    file->data = data;
    file->mapped = true;
    return true;
}

bool xph_map_file(int dirfd, const char *name, struct xph_mapped_file *file, struct xph_error *err)
{
    int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok;

    *file = (struct xph_mapped_file){empty_file, 0, false};
    if (fd < 0)
        return xph_fail_errno(err, errno, "cannot open %s", name);
    ok = map_fd(fd, name, file, err);
    close(fd);
    return ok;
}

/* A file without a name, which is gone when it is closed. */
static int open_spool(const char *directory, struct xph_error *err)
{
    char path[PATH_MAX];
    int fd = open(directory, O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0)
        return fd;
    /* Not every file system can make one without a name. */
    if (snprintf(path, sizeof(path), "%s/xenphase-XXXXXX", directory) < (int)sizeof(path))
        fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    else
        xph_fail_errno(err, errno, "cannot make a file in %s", directory);
    return fd;
}

static bool copy_to_spool(int fd, const char *what, int spool, const char *directory,
                          struct xph_error *err)
{
    static const size_t size = 1 << 20;
    uint8_t *buffer = malloc(size);
    struct xph_error cause;
    bool ok = buffer || xph_fail(err, "out of memory");
    ssize_t got = 0;

    do {
        struct iovec iov = {buffer, (size_t)got};

        if (got > 0 && !xph_write_all(spool, &iov, 1, &cause))
            ok = xph_fail_errno(err, cause.errnum,
                                "cannot keep %s in %s (TMPDIR names another directory)", what,
                                directory);
        if (ok)
            got = read(fd, buffer, size);
        if (ok && got < 0 && errno == EINTR)
            got = 0;
        else if (ok && got < 0)
            ok = xph_fail_errno(err, errno, "cannot read %s", what);
        else if (ok && got == 0)
            break;
    } while (ok);
    free(buffer);
    return ok;
}

bool xph_map_pipe(int fd, const char *what, struct xph_mapped_file *file, struct xph_error *err)
{
    const char *directory = getenv("TMPDIR");
    int spool;
    bool ok;

    *file = (struct xph_mapped_file){empty_file, 0, false};
    if (!directory || !*directory)
        directory = "/tmp";
    spool = open_spool(directory, err);
    if (spool < 0)
        return false;
    ok = copy_to_spool(fd, what, spool, directory, err) && map_fd(spool, what, file, err);
    close(spool);
    return ok;
}

bool xph_map_trace(const char *path, struct xph_mapped_file *file, struct xph_error *err)
{
    if (strcmp(path, "-") == 0)
        return xph_map_pipe(STDIN_FILENO, "the standard input", file, err);
    return xph_map_file(AT_FDCWD, path, file, err);
}

void xph_unmap_file(struct xph_mapped_file *file)
{
    if (file->mapped)
        munmap((void *)(uintptr_t)file->data, file->size);
    *file = (struct xph_mapped_file){empty_file, 0, false};
}

void xph_mapped_file_forget(const struct xph_mapped_file *file, size_t from, size_t to)
{
    /* Touching a page maps the others of such a block, too (Linux: fault_around_bytes). */
    const size_t block = 64 << 10;
    size_t start = from / block * block;
    size_t end =
        to > file->size - file->size % block ? file->size : (to + block - 1) / block * block;

    if (file->mapped && start < end)
        madvise((void *)(uintptr_t)(file->data + start), end - start, MADV_DONTNEED);
}

void xph_mapped_file_pass(const struct xph_mapped_file *file, size_t *kept_from, size_t at)
{
    const size_t at_once = 4 << 20;

    if (at <= *kept_from + at_once)
        return;
    xph_mapped_file_forget(file, *kept_from, at);
    *kept_from = at;
}
