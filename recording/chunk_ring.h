/*
 * A file of chunks of which only the end is kept, so that a recording can go on for days.
 *
 * The front of the file, and that of its index, are punched out at the bounds of chunks: the space
 * is free again, while the offsets stay. When the recording ends, or was killed, the hole is taken
 * out: xph_chunk_ring_close().
 */
#ifndef XPH_RECORDING_CHUNK_RING_H
#define XPH_RECORDING_CHUNK_RING_H

#include "recording/chunk_index.h"

struct xph_chunk_ring {
    uint64_t keep_bytes; /* of the file's end; 0: everything is kept */
    uint64_t head_bytes; /* of its beginning that always stay: a first chunk of that size, or 0 */
    uint64_t start;      /* offset of the first chunk kept after the head */
    uint64_t entry;      /* its number in the index */
};

/* False with the reason where the file system of `dirfd` cannot free the front of a file. */
bool xph_chunk_ring_possible(int dirfd, struct xph_error *err);

/* Frees chunks beyond what is kept, now and then; to be called after appending. */
bool xph_chunk_ring_trim(struct xph_chunk_ring *ring, struct xph_chunk_writer *writer,
                         struct xph_error *err);

/* Takes the hole out of `name` and its index, if there is one (without an index there is none),
 * which *had_hole tells (may be NULL); `name` must not be open for writing. For a short time both
 * old and new need space; XPH_UNFINISHED where it is missing. May be killed at any moment and
 * called again. Whatever the index says, the new file is no larger than the data of the old one. */
bool xph_chunk_ring_close(int dirfd, const char *name, uint64_t head_bytes, bool *had_hole,
                          struct xph_error *err);

#endif
