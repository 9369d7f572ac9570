#include "recording/chunk_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Nothing to link, and nothing that dom0 must have. */
#define XXH_INLINE_ALL
#include <xxhash.h>

static const char index_magic[8] = {'X', 'P', 'H', 'I', 'D', 'X', '0', '2'};

enum { ENTRY_BYTES = 24, NAME_BYTES = 64 };
_Static_assert(sizeof(struct xph_chunk_entry) == ENTRY_BYTES,
               "the entry is written as it is in memory");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "recordings are little endian, like x86");

static void index_name(char out[NAME_BYTES], const char *name)
{
    snprintf(out, NAME_BYTES, "%s" XPH_INDEX_SUFFIX, name);
}

static int create_file(int dirfd, const char *name, struct xph_error *err)
{
    int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd < 0)
        xph_fail_errno(err, errno, "cannot create %s", name);
    return fd;
}

bool xph_chunk_writer_open(struct xph_chunk_writer *writer, int dirfd, const char *name,
                           struct xph_error *err)
{
    struct iovec magic = {(void *)(uintptr_t)index_magic, sizeof(index_magic)};
    char index[NAME_BYTES];

    *writer = (struct xph_chunk_writer){.fd = -1, .index_fd = -1};
    index_name(index, name);
    writer->fd = create_file(dirfd, name, err);
    if (writer->fd < 0)
        return false;
    writer->index_fd = create_file(dirfd, index, err);
    return writer->index_fd >= 0 && xph_write_all(writer->index_fd, &magic, 1, err);
}

bool xph_chunk_writer_append_as(struct xph_chunk_writer *writer, struct iovec *iov, int count,
                                uint64_t hash, struct xph_error *err)
{
    struct xph_chunk_entry entry = {.offset = writer->offset, .hash = hash};

    for (int i = 0; i < count; i++)
        entry.length += (uint32_t)iov[i].iov_len;
    if (!xph_write_all(writer->fd, iov, count, err)) {
        /* Half a chunk (a full disk) is of no use to any reader: end the file with the last whole
         * one. */
        int ignored = ftruncate(writer->fd, (off_t)writer->offset);

        (void)ignored;
        return false;
    }
    writer->offset += entry.length;
    writer->entries[writer->pending++] = entry;
    if (writer->pending < sizeof(writer->entries) / sizeof(writer->entries[0]))
        return true;
    return xph_chunk_writer_flush(writer, err);
}

bool xph_chunk_writer_append(struct xph_chunk_writer *writer, struct iovec *iov, int count,
                             struct xph_error *err)
{
    XXH3_state_t state;

    if (count == 1)
        return xph_chunk_writer_append_as(writer, iov, count,
                                          XXH3_64bits(iov[0].iov_base, iov[0].iov_len), err);
    XXH3_64bits_reset(&state);
    for (int i = 0; i < count; i++)
        XXH3_64bits_update(&state, iov[i].iov_base, iov[i].iov_len);
    return xph_chunk_writer_append_as(writer, iov, count, XXH3_64bits_digest(&state), err);
}

bool xph_chunk_writer_flush(struct xph_chunk_writer *writer, struct xph_error *err)
{
    struct iovec entries = {writer->entries, writer->pending * ENTRY_BYTES};

    if (writer->pending == 0)
        return true;
    writer->pending = 0;
    return xph_write_all(writer->index_fd, &entries, 1, err);
}

/* A file system on a network may tell only now that it had no room. */
static bool close_file(int fd, struct xph_error *err)
{
    return fd < 0 || close(fd) == 0 || xph_fail_errno(err, errno, "cannot write");
}

bool xph_chunk_writer_close(struct xph_chunk_writer *writer, struct xph_error *err)
{
    struct xph_error second;
    bool ok = writer->index_fd < 0 || xph_chunk_writer_flush(writer, err);

    ok = close_file(writer->index_fd, ok ? err : &second) && ok;
    ok = close_file(writer->fd, ok ? err : &second) && ok;
    writer->fd = writer->index_fd = -1;
    return ok;
}

uint64_t xph_chunk_index_offset(uint64_t number)
{
    return sizeof(index_magic) + number * ENTRY_BYTES;
}

bool xph_chunk_index_entry(int index_fd, uint64_t number, struct xph_chunk_entry *entry)
{
    ssize_t got = pread(index_fd, entry, ENTRY_BYTES, (off_t)xph_chunk_index_offset(number));

    if (got >= 0 && got != ENTRY_BYTES)
        errno = ENODATA;
    return got == ENTRY_BYTES;
}

bool xph_chunk_index_map(int dirfd, const char *name, struct xph_chunk_index *index,
                         struct xph_error *err)
{
    char path[NAME_BYTES];
    const uint8_t *data;

    *index = (struct xph_chunk_index){.found = false};
    index_name(path, name);
    if (!xph_map_file(dirfd, path, &index->file, err))
        return err->errnum == ENOENT;
    data = index->file.data;
    index->found = index->file.size >= sizeof(index_magic) &&
                   memcmp(data, index_magic, sizeof(index_magic)) == 0;
    if (!index->found)
        return true;
    index->entries = (const struct xph_chunk_entry *)(const void *)(data + sizeof(index_magic));
    index->count = (index->file.size - sizeof(index_magic)) / ENTRY_BYTES;
    return true;
}

void xph_chunk_index_unmap(struct xph_chunk_index *index)
{
    xph_unmap_file(&index->file);
    *index = (struct xph_chunk_index){.found = false};
}

static void check_entry(const struct xph_chunk_entry *entry, const struct xph_mapped_file *file,
                        struct xph_chunk_check *check)
{
    uint64_t end = check->covered_bytes + entry->length;

    check->covered_bytes = end;
    if (end > file->size)
        return;
    if (entry->zero == 0 && XXH3_64bits(file->data + entry->offset, entry->length) == entry->hash)
        return;
    if (check->damaged_chunks++ == 0)
        check->first_damage = entry->offset;
}

bool xph_chunk_check(int dirfd, const char *name, const struct xph_mapped_file *file,
                     struct xph_chunk_check *check, struct xph_error *err)
{
    struct xph_chunk_index index;
    uint64_t forgotten = 0;

    *check = (struct xph_chunk_check){.file_bytes = file->size};
    if (!xph_chunk_index_map(dirfd, name, &index, err))
        return false;
    check->has_index = index.found;
    /* An entry that does not follow the last one is damage in the index itself: stop trusting it
     * here. */
    for (uint64_t i = 0; i < index.count && index.entries[i].offset == check->covered_bytes; i++) {
        check_entry(&index.entries[i], file, check);
        xph_mapped_file_pass(file, &forgotten, check->covered_bytes);
    }
    if (check->covered_bytes > check->file_bytes)
        check->missing_bytes = check->covered_bytes - check->file_bytes;
    xph_chunk_index_unmap(&index);
    return true;
}
