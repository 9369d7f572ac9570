#include "recording/chunk_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording/disk_space.h"

enum {
    TRIM_SHARE = 8, /* of what is kept must be in excess before anything is freed */
    TRIAL_BYTES = 64 * 1024,
};

static bool punch(int fd, uint64_t start, uint64_t end)
{
    return end <= start || fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start,
                                     (off_t)(end - start)) == 0;
}

bool xph_chunk_ring_possible(int dirfd, struct xph_error *err)
{
    static const char name[] = "ring.trial";
    int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && posix_fallocate(fd, 0, TRIAL_BYTES) == 0 && punch(fd, 0, TRIAL_BYTES / 2);
    int errnum = errno;

    if (fd >= 0)
        close(fd);
    unlinkat(dirfd, name, 0);
    return ok || xph_fail_errno(err, errnum,
                                "this file system cannot free the front of a file, as --ring wants "
                                "(ext4, xfs, btrfs and tmpfs can)");
}

/* Goes past chunks until no more than what is kept follows. */
static bool skip_chunks(struct xph_chunk_ring *ring, const struct xph_chunk_writer *writer)
{
    struct xph_chunk_entry entry;

    while (writer->offset - ring->start > ring->keep_bytes) {
        if (!xph_chunk_index_entry(writer->index_fd, ring->entry, &entry))
            return false;
        ring->start = entry.offset + entry.length;
        ring->entry++;
    }
    return true;
}

bool xph_chunk_ring_trim(struct xph_chunk_ring *ring, struct xph_chunk_writer *writer,
                         struct xph_error *err)
{
    uint64_t first_entry = ring->head_bytes > 0 ? 1 : 0;

    if (ring->keep_bytes == 0 ||
        writer->offset - ring->start <= ring->keep_bytes + ring->keep_bytes / TRIM_SHARE)
        return true;
    if (ring->entry == 0) {
        ring->entry = first_entry;
        ring->start = ring->head_bytes;
    }
    if (!xph_chunk_writer_flush(writer, err))
        return false;
    /* The index first: whoever is killed between the two leaves bytes that no entry names. */
    if (skip_chunks(ring, writer) &&
        punch(writer->index_fd, xph_chunk_index_offset(first_entry),
              xph_chunk_index_offset(ring->entry)) &&
        punch(writer->fd, ring->head_bytes, ring->start))
        return true;
    return xph_fail_errno(err, errno, "cannot free the front of a recording's file");
}

/* The names that a file has while it is rewritten without its hole. */
struct ring_names {
    const char *file;
    char index[80], next[64], next_index[80];
};

static struct ring_names names_of(const char *file)
{
    struct ring_names names = {.file = file};

    snprintf(names.index, sizeof(names.index), "%s" XPH_INDEX_SUFFIX, file);
    snprintf(names.next, sizeof(names.next), "%s.next", file);
    snprintf(names.next_index, sizeof(names.next_index), "%s" XPH_INDEX_SUFFIX, names.next);
    return names;
}

/* What an earlier try left. The index goes first: one without its file says that the file has been
 * put in place, see finish_replacing(). */
static void remove_next(int dirfd, const struct ring_names *names)
{
    unlinkat(dirfd, names->next_index, 0);
    unlinkat(dirfd, names->next, 0);
}

/* File and index cannot be replaced in one step. Whoever is killed between the two leaves the new
 * index under its first name, and the old one would misread the new file. */
static bool finish_replacing(int dirfd, const struct ring_names *names, bool *replaced,
                             struct xph_error *err)
{
    *replaced = false;
    if (faccessat(dirfd, names->next, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT ||
        faccessat(dirfd, names->next_index, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        return true;
    *replaced = renameat(dirfd, names->next_index, dirfd, names->index) == 0;
    return *replaced || xph_fail_errno(err, errno, "cannot replace %s", names->index);
}

static bool replace(int dirfd, const struct ring_names *names, struct xph_error *err)
{
    bool replaced;

    if (renameat(dirfd, names->next, dirfd, names->file) != 0)
        return xph_fail_errno(err, errno, "cannot replace %s", names->file);
    return finish_replacing(dirfd, names, &replaced, err);
}

/* A file with a hole at its front and what its index says of it. */
struct holed_file {
    const uint8_t *data;
    uint64_t size; /* up to the end, or to a second hole, which no recorder makes */
    const struct xph_chunk_entry *entries;
    uint64_t count;
    uint64_t head_bytes, head; /* what stays at the front, in bytes and entries (0 or 1) */
    uint64_t first;            /* the first entry after these that was not punched out */
};

/* The number of the first entry from `number` on that was not punched out; of `count` if none is.
 */
static uint64_t find_kept(const struct xph_chunk_entry *entries, uint64_t number, uint64_t count)
{
    while (number < count && entries[number].length == 0)
        number++;
    return number;
}

static bool append_bytes(struct xph_chunk_writer *out, const struct holed_file *file,
                         const struct xph_chunk_entry *entry, struct xph_error *err)
{
    struct iovec iov = {(void *)(uintptr_t)(file->data + entry->offset), entry->length};

    return xph_chunk_writer_append_as(out, &iov, 1, entry->hash, err);
}

/* Chunks follow each other. One that does not is damage of the index, or made up so that its bytes
 * are copied again and again: from there on what follows is kept without checksums. What is damaged
 * stays so. */
static bool copy_kept(struct xph_chunk_writer *out, const struct holed_file *file,
                      struct xph_error *err)
{
    uint64_t at = file->first < file->count ? file->entries[file->first].offset : file->size;
    struct iovec rest;

    if (at < file->head_bytes)
        return xph_fail(err, "its index is damaged");
    if (at > file->size) /* cut before what was kept */
        at = file->size;
    if (file->head > 0 && !append_bytes(out, file, &file->entries[0], err))
        return false;
    for (uint64_t i = file->first; i < file->count; i++) {
        const struct xph_chunk_entry *entry = &file->entries[i];

        if (entry->offset != at || entry->length == 0 || entry->length > file->size - at)
            break;
        if (!append_bytes(out, file, entry, err))
            return false;
        at += entry->length;
    }
    rest = (struct iovec){(void *)(uintptr_t)(file->data + at), file->size - at};
    return xph_write_all(out->fd, &rest, 1, err);
}

/* On the disk before the old file is given up. */
static bool sync_writer(const struct xph_chunk_writer *writer, struct xph_error *err)
{
    return (fdatasync(writer->fd) == 0 && fdatasync(writer->index_fd) == 0) ||
           xph_fail_errno(err, errno, "cannot write");
}

static bool rewrite(int dirfd, const struct ring_names *names, const struct holed_file *file,
                    struct xph_error *err)
{
    struct xph_chunk_writer out = {.fd = -1, .index_fd = -1};
    bool ok;

    remove_next(dirfd, names);
    ok = xph_chunk_writer_open(&out, dirfd, names->next, err) && copy_kept(&out, file, err) &&
         xph_chunk_writer_flush(&out, err) && sync_writer(&out, err);
    ok = xph_chunk_writer_close(&out, ok ? err : &(struct xph_error){0}) && ok;
    if (!ok)
        remove_next(dirfd, names);
    return ok && replace(dirfd, names, err);
}

/* Where the data that begins at `from` ends: at the end of the file or at a hole. */
static uint64_t end_of_data(int dirfd, const char *name, uint64_t from, uint64_t size)
{
    int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    off_t end = fd < 0 ? -1 : lseek(fd, (off_t)from, SEEK_HOLE);

    if (fd >= 0)
        close(fd);
    return end < 0 || (uint64_t)end > size ? size : (uint64_t)end;
}

static bool close_hole(int dirfd, const struct ring_names *names,
                       const struct xph_mapped_file *mapped, const struct xph_chunk_index *index,
                       uint64_t head_bytes, bool *had_hole, struct xph_error *err)
{
    struct holed_file file = {
        .data = mapped->data,
        .size = mapped->size,
        .entries = index->entries,
        .count = index->count,
        .head_bytes = head_bytes,
        .head = head_bytes > 0 ? 1 : 0,
    };
    struct xph_error cause;
    uint64_t kept;

    file.first = find_kept(file.entries, file.head, file.count);
    *had_hole = file.first > file.head;
    if (!*had_hole)
        return true;
    if (file.head > 0 && (file.entries[0].offset != 0 || file.entries[0].length != head_bytes ||
                          head_bytes > file.size))
        return xph_fail(err, "%s: its index is damaged", names->file);
    if (file.first < file.count && file.entries[file.first].offset <= file.size)
        file.size = end_of_data(dirfd, names->file, file.entries[file.first].offset, file.size);
    kept = file.first < file.count ? file.size - file.entries[file.first].offset : 0;
    if (!xph_disk_space_for(dirfd, kept > file.size ? 0 : kept, names->file, err))
        return false;
    if (rewrite(dirfd, names, &file, &cause))
        return true;
    xph_fail(err, "%s: %s", names->file, cause.text);
    err->errnum = cause.errnum == ENOSPC ? XPH_UNFINISHED : cause.errnum;
    return false;
}

bool xph_chunk_ring_close(int dirfd, const char *name, uint64_t head_bytes, bool *had_hole,
                          struct xph_error *err)
{
    const struct ring_names names = names_of(name);
    struct xph_chunk_index index;
    struct xph_mapped_file file;
    bool found, ok;

    if (!finish_replacing(dirfd, &names, &found, err))
        return false;
    if (had_hole)
        *had_hole = found;
    if (found)
        return true;
    if (!xph_map_file(dirfd, name, &file, err))
        return err->errnum == ENOENT;
    if (!xph_chunk_index_map(dirfd, name, &index, err)) {
        xph_unmap_file(&file);
        return false;
    }
    ok = close_hole(dirfd, &names, &file, &index, head_bytes, &found, err);
    if (had_hole)
        *had_hole = found;
    xph_chunk_index_unmap(&index);
    xph_unmap_file(&file);
    return ok;
}
