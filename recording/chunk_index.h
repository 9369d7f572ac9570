/*
 * The checksums beside a binary file of a recording: which bytes were written in one piece, and
 * their hash.
 *
 * FILE.index is a header of 8 bytes ("XPHIDX02", the format's version in its last two) followed by
 * entries of 24 bytes, little endian:
 *   uint64_t offset   where the chunk starts in FILE; chunks follow each other without a hole
 *   uint32_t length   bytes
 *   uint32_t zero
 *   uint64_t hash     of these bytes: xxHash's XXH3, 64 bits, without a seed
 * Entries reach the disk a little later than the bytes they cover, so a recording that was cut off
 * has some bytes at its end that no entry covers: they can be read, but not vouched for.
 */
#ifndef XPH_RECORDING_CHUNK_INDEX_H
#define XPH_RECORDING_CHUNK_INDEX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "recording/error.h"
#include "recording/files.h"

struct xph_chunk_entry {
    uint64_t offset;
    uint32_t length;
    uint32_t zero;
    uint64_t hash;
};

/* A file under construction together with its index. One thread owns it. */
struct xph_chunk_writer {
    int fd;
    int index_fd;
    uint64_t offset; /* bytes written so far */
    size_t pending;  /* entries not on disk yet */
    struct xph_chunk_entry entries[64];
};

/* Creates `name` and its index in `dirfd`; neither may exist. */
bool xph_chunk_writer_open(struct xph_chunk_writer *writer, int dirfd, const char *name,
                           struct xph_error *err);

/* Appends the bytes of `iov` (consumed) as one chunk. */
bool xph_chunk_writer_append(struct xph_chunk_writer *writer, struct iovec *iov, int count,
                             struct xph_error *err);

/* The same with a hash from elsewhere, which the bytes need not fit: a copy of damage. */
bool xph_chunk_writer_append_as(struct xph_chunk_writer *writer, struct iovec *iov, int count,
                                uint64_t hash, struct xph_error *err);

/* Brings the index up to date with the file. Called now and then by the owner, and by close. */
bool xph_chunk_writer_flush(struct xph_chunk_writer *writer, struct xph_error *err);

/* Flushes and closes; safe on a writer that was never opened if it was set to {.fd = -1, .index_fd
 * = -1}. */
bool xph_chunk_writer_close(struct xph_chunk_writer *writer, struct xph_error *err);

/* Where entry `number` stands in an index. */
uint64_t xph_chunk_index_offset(uint64_t number);
/* Reads entry `number` of an open index; false if it is not there, with errno. */
bool xph_chunk_index_entry(int index_fd, uint64_t number, struct xph_chunk_entry *entry);

/* The index of a file, mapped. */
struct xph_chunk_index {
    bool found; /* false: there is none, or what is there is not an index */
    struct xph_mapped_file file;
    const struct xph_chunk_entry *entries; /* point into it */
    uint64_t count;
};

/* False only where memory or I/O fails; then there is nothing to unmap. */
bool xph_chunk_index_map(int dirfd, const char *name, struct xph_chunk_index *index,
                         struct xph_error *err);
void xph_chunk_index_unmap(struct xph_chunk_index *index);

/* What a check of a file against its index found. */
struct xph_chunk_check {
    bool has_index;          /* false: nothing could be checked */
    uint64_t covered_bytes;  /* bytes that entries cover, whether intact or not */
    uint64_t file_bytes;     /* size of the file as found */
    uint64_t missing_bytes;  /* bytes that entries cover beyond the end of the file: it was cut */
    unsigned damaged_chunks; /* chunks inside the file whose checksum differs */
    uint64_t first_damage;   /* offset of the first of these */
};

/* Compares `file`, which was mapped from `name`, with its index. False only where memory or I/O
 * fails. */
bool xph_chunk_check(int dirfd, const char *name, const struct xph_mapped_file *file,
                     struct xph_chunk_check *check, struct xph_error *err);

#endif
