#include "recording/files.h"

#include <errno.h>
#include <fcntl.h>
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
    return true;
}

bool xph_map_file(int dirfd, const char *name, struct xph_mapped_file *file, struct xph_error *err)
{
    int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok;

    *file = (struct xph_mapped_file){empty_file, 0};
    if (fd < 0)
        return xph_fail_errno(err, errno, "cannot open %s", name);
    ok = map_fd(fd, name, file, err);
    close(fd);
    return ok;
}

void xph_unmap_file(struct xph_mapped_file *file)
{
    if (file->data && file->data != empty_file)
        munmap((void *)(uintptr_t)file->data, file->size);
    *file = (struct xph_mapped_file){empty_file, 0};
}
