#include "recording/chunk_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

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

/* The number of the first entry from `number` on that was not punched out; of `count` if none is.
 */
static uint64_t find_kept(const struct xph_chunk_entry *entries, uint64_t number, uint64_t count)
{
    while (number < count && entries[number].length == 0)
        number++;
    return number;
}

/* What is damaged stays so, and bytes at the end that no entry covers have none in the copy. */
static bool copy_kept(struct xph_chunk_writer *out, const struct xph_mapped_file *file,
                      const struct xph_chunk_entry *entries, uint64_t first, uint64_t head,
                      uint64_t count, struct xph_error *err)
{
    uint64_t covered = 0;
    struct iovec rest;

    for (uint64_t i = 0; i < count; i++) {
        const struct xph_chunk_entry *entry = &entries[i];
        struct iovec iov;

        if (i >= head && i < first)
            continue;
        if (entry->offset > file->size || entry->length > file->size - entry->offset)
            return true;
        iov = (struct iovec){(void *)(uintptr_t)(file->data + entry->offset), entry->length};
        if (!xph_chunk_writer_append_as(out, &iov, 1, entry->crc32, err))
            return false;
        covered = entry->offset + entry->length;
    }
    rest = (struct iovec){(void *)(uintptr_t)(file->data + covered), file->size - covered};
    return xph_write_all(out->fd, &rest, 1, err);
}

static bool rewrite(int dirfd, const char *name, const struct xph_mapped_file *file,
                    const struct xph_chunk_entry *entries, uint64_t first, uint64_t head,
                    uint64_t count, struct xph_error *err)
{
    char next[64], next_index[80], index[80];
    struct xph_chunk_writer out = {.fd = -1, .index_fd = -1};
    bool ok;

    snprintf(next, sizeof(next), "%s.next", name);
    snprintf(next_index, sizeof(next_index), "%s" XPH_INDEX_SUFFIX, next);
    snprintf(index, sizeof(index), "%s" XPH_INDEX_SUFFIX, name);
    /* What an earlier try left. */
    unlinkat(dirfd, next, 0);
    unlinkat(dirfd, next_index, 0);
    ok = xph_chunk_writer_open(&out, dirfd, next, err) &&
         copy_kept(&out, file, entries, first, head, count, err);
    ok = xph_chunk_writer_close(&out, ok ? err : &(struct xph_error){0}) && ok;
    if (ok &&
        (renameat(dirfd, next, dirfd, name) != 0 || renameat(dirfd, next_index, dirfd, index) != 0))
        ok = xph_fail_errno(err, errno, "cannot replace %s", name);
    if (!ok) {
        unlinkat(dirfd, next, 0);
        unlinkat(dirfd, next_index, 0);
    }
    return ok;
}

bool xph_chunk_ring_close(int dirfd, const char *name, uint64_t head_bytes, bool *had_hole,
                          struct xph_error *err)
{
    const uint64_t head = head_bytes > 0 ? 1 : 0;
    struct xph_chunk_index index;
    struct xph_mapped_file file;
    uint64_t first;
    bool ok = true;

    if (had_hole)
        *had_hole = false;
    if (!xph_map_file(dirfd, name, &file, err))
        return err->errnum == ENOENT;
    if (!xph_chunk_index_map(dirfd, name, &index, err)) {
        xph_unmap_file(&file);
        return false;
    }
    first = find_kept(index.entries, head, index.count);
    if (had_hole)
        *had_hole = first > head;
    if (first > head)
        ok = rewrite(dirfd, name, &file, index.entries, first, head, index.count, err);
    xph_chunk_index_unmap(&index);
    xph_unmap_file(&file);
    return ok;
}
