#include "tracer/output_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "recording/files.h"

static char *name_from_time(void)
{
    char name[64];
    time_t now = time(NULL);
    struct tm local;

    localtime_r(&now, &local);
    strftime(name, sizeof(name), "xenphase-%Y%m%d-%H%M%S.xph", &local);
    return strdup(name);
}

bool output_directory_make(struct output_directory *directory, const char *path,
                           struct xph_error *err)
{
    directory->fd = -1;
    directory->path = path ? strdup(path) : name_from_time();
    if (!directory->path)
        return xph_fail(err, "out of memory");
    /* Not world-readable: console lines and names of other people's guests are in it. */
    if (mkdir(directory->path, 0750) != 0) {
        if (errno == EEXIST)
            xph_fail(err, "%s exists already: give another name with -o, or remove it",
                     directory->path);
        else
            xph_fail_errno(err, errno, "cannot make the directory %s", directory->path);
        free(directory->path);
        directory->path = NULL;
        return false;
    }
    directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->fd < 0)
        return xph_fail_errno(err, errno, "cannot open the directory %s", directory->path);
    /* Tells `xenphase repair` that a recorder is at work here; no harm where it cannot. */
    flock(directory->fd, LOCK_SH);
    return true;
}

static bool is_entry(const char *name)
{
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* `name` in `dirfd` opened for reading its entries; NULL if it is no directory. */
static DIR *open_listing(int dirfd, const char *name)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);

    if (fd >= 0 && !listing)
        close(fd);
    return listing;
}

/* What a file takes: a ring's has a hole at its front, and some file systems set more aside than
 * was written. */
static uint64_t file_bytes(const struct stat *status)
{
    uint64_t size = (uint64_t)status->st_size, taken = (uint64_t)status->st_blocks * 512;

    return size < taken ? size : taken;
}

static uint64_t count_bytes(DIR *listing)
{
    uint64_t bytes = 0;
    struct dirent *entry;
    struct stat status;
    DIR *inner;

    while (listing && (entry = readdir(listing)) != NULL) {
        if (!is_entry(entry->d_name) || strcmp(entry->d_name, XPH_FILE_MANIFEST_RESERVE) == 0 ||
            fstatat(dirfd(listing), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        bytes += S_ISREG(status.st_mode) ? file_bytes(&status) : 0;
        inner = S_ISDIR(status.st_mode) ? open_listing(dirfd(listing), entry->d_name) : NULL;
        bytes += count_bytes(inner);
    }
    if (listing)
        closedir(listing);
    return bytes;
}

uint64_t output_directory_bytes(const struct output_directory *directory)
{
    return count_bytes(open_listing(directory->fd, "."));
}

/* Not every file system has something to sync of a directory. */
static bool sync_file(int fd, const char *name, struct xph_error *err)
{
    return fsync(fd) == 0 || errno == EINVAL ||
           xph_fail_errno(err, errno, "cannot bring %s to the disk", name);
}

static bool sync_content(DIR *listing, struct xph_error *err);

static bool sync_entry(int dirfd, const char *name, struct xph_error *err)
{
    int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    bool ok;

    if (fd < 0)
        return xph_fail_errno(err, errno, "cannot open %s", name);
    ok = sync_file(fd, name, err);
    if (ok && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
        ok = sync_content(open_listing(fd, "."), err);
    close(fd);
    return ok;
}

static bool sync_content(DIR *listing, struct xph_error *err)
{
    struct dirent *entry;
    bool ok = listing || xph_fail_errno(err, errno, "cannot list the recording");

    while (ok && (entry = readdir(listing)) != NULL)
        ok = !is_entry(entry->d_name) || sync_entry(dirfd(listing), entry->d_name, err);
    if (listing)
        closedir(listing);
    return ok;
}

bool output_directory_sync(const struct output_directory *directory, struct xph_error *err)
{
    return sync_content(open_listing(directory->fd, "."), err) &&
           sync_file(directory->fd, directory->path, err);
}

static void remove_content(DIR *listing)
{
    struct dirent *entry;

    while (listing && (entry = readdir(listing)) != NULL) {
        if (!is_entry(entry->d_name) || unlinkat(dirfd(listing), entry->d_name, 0) == 0)
            continue;
        remove_content(open_listing(dirfd(listing), entry->d_name));
        unlinkat(dirfd(listing), entry->d_name, AT_REMOVEDIR);
    }
    if (listing)
        closedir(listing);
}

void output_directory_discard(struct output_directory *directory)
{
    /* We made it empty a moment ago, so whatever is in it is ours. */
    if (directory->fd >= 0)
        remove_content(open_listing(directory->fd, "."));
    if (directory->path)
        rmdir(directory->path);
    output_directory_close(directory);
}

void output_directory_close(struct output_directory *directory)
{
    if (directory->fd >= 0)
        close(directory->fd);
    free(directory->path);
    *directory = (struct output_directory){.fd = -1};
}
