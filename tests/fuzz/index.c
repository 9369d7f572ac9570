/*
 * FILE.index, by which a file is checked and the hole of a ring taken out of it. An input is the
 * index of a file of zeros, behind a byte that tells of the file: how long it is, and whether it
 * has a head.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording/chunk_ring.h"
#include "tests/fuzz/fuzz.h"

#define NAME  "file"
#define INDEX NAME XPH_INDEX_SUFFIX

enum { HEAD_BYTES = 8, STEP_BYTES = 4096, HAS_HEAD = 0x80, STEPS = 0x0f };

const size_t fuzz_head_bytes = 1 + HEAD_BYTES;

static size_t file_bytes(void)
{
    struct stat status;

    return fstatat(fuzz_directory(), NAME, &status, 0) == 0 ? (size_t)status.st_size : 0;
}

static void check(size_t size)
{
    struct xph_mapped_file file;
    struct xph_chunk_check found;
    struct xph_error err;

    fuzz_require(xph_map_file(fuzz_directory(), NAME, &file, &err) &&
                     xph_chunk_check(fuzz_directory(), NAME, &file, &found, &err),
                 "a file can be checked");
    fuzz_require(found.file_bytes == file.size, "it is that file");
    fuzz_require(found.damaged_chunks <= size / sizeof(struct xph_chunk_entry), "chunks are told");
    fuzz_require(found.damaged_chunks == 0 || found.first_damage <= found.file_bytes,
                 "damage is in the file");
    xph_unmap_file(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t zeros[STEPS * STEP_BYTES];
    struct xph_error err;
    uint64_t bytes;

    if (size == 0)
        return 0;
    bytes = (uint64_t)(data[0] & STEPS) * STEP_BYTES;
    fuzz_write(NAME, zeros, bytes);
    fuzz_write(INDEX, data + 1, size - 1);
    check(size);
    xph_chunk_ring_close(fuzz_directory(), NAME, data[0] & HAS_HEAD ? HEAD_BYTES : 0, NULL, &err);
    fuzz_require(file_bytes() <= bytes, "no file grows");
    check(size);
    return 0;
}
