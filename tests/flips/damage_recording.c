/*
 * Damages the trace of a recording at a random place, again and again: one flipped bit, the end cut
 * off, or a hole of zeros. All of it must be found by the checksums beside it, and located.
 *
 * usage: damage_recording TIMES FIRST_SEED RECORDING   (a copy is damaged)
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/timeline/doubts.h"
#include "recording/recording.h"
#include "tests/flips/random.h"

enum { LARGEST_HOLE = 64 << 10 };

static const char *const files[] = {XPH_FILE_MANIFEST, XPH_FILE_TRACE, XPH_FILE_TRACE ".index",
                                    XPH_FILE_SAMPLES, XPH_FILE_SAMPLES ".index"};

enum { FILES = sizeof(files) / sizeof(files[0]) };

/* The copy. */
struct copy {
    char directory[64];
    int dirfd, trace_fd;
    uint8_t *trace; /* as it was */
    size_t size;
};

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "damage_recording: %s: %s\n", what, why);
    exit(1);
}

static void copy_file(const struct copy *copy, int from, const char *name)
{
    struct xph_mapped_file file;
    struct xph_error err;
    struct iovec iov;
    int fd;

    if (!xph_map_file(from, name, &file, &err))
        fail(name, err.text);
    iov = (struct iovec){(void *)(uintptr_t)file.data, file.size};
    fd = openat(copy->dirfd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || !xph_write_all(fd, &iov, 1, &err))
        fail(name, "cannot copy it");
    close(fd);
    xph_unmap_file(&file);
}

static void make_copy(struct copy *copy, const char *recording)
{
    int from = open(recording, O_RDONLY | O_DIRECTORY);
    ssize_t got;

    strcpy(copy->directory, "/tmp/xenphase-damage-XXXXXX");
    if (from < 0 || !mkdtemp(copy->directory))
        fail(recording, "cannot copy it");
    copy->dirfd = open(copy->directory, O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < FILES; i++)
        copy_file(copy, from, files[i]);
    close(from);
    copy->trace_fd = openat(copy->dirfd, XPH_FILE_TRACE, O_RDWR);
    copy->size = (size_t)lseek(copy->trace_fd, 0, SEEK_END);
    copy->trace = malloc(copy->size);
    got = pread(copy->trace_fd, copy->trace, copy->size, 0);
    if (got < 0 || (size_t)got != copy->size)
        fail(recording, "cannot read it");
}

static void remove_copy(struct copy *copy)
{
    for (size_t i = 0; i < FILES; i++)
        unlinkat(copy->dirfd, files[i], 0);
    rmdir(copy->directory);
    close(copy->dirfd);
    close(copy->trace_fd);
    free(copy->trace);
}

/* Writes `length` bytes of `bytes` to `offset` of the trace. */
static void put(const struct copy *copy, const uint8_t *bytes, size_t length, size_t offset)
{
    if (pwrite(copy->trace_fd, bytes, length, (off_t)offset) != (ssize_t)length)
        fail(copy->directory, "cannot write");
}

/* Damages the trace by `seed`; returns where, and in *cut whether its end is missing from there. */
static size_t damage(const struct copy *copy, uint64_t seed, bool *cut)
{
    static const uint8_t zeros[LARGEST_HOLE];
    uint64_t state = seed, kind = next_random(&state) % 4;
    size_t offset = next_random(&state) % copy->size, length;
    uint8_t byte = copy->trace[offset] ^ (uint8_t)(1 << next_random(&state) % 8);

    *cut = kind == 0;
    if (kind == 0) {
        if (ftruncate(copy->trace_fd, (off_t)offset) != 0)
            fail(copy->directory, "cannot cut");
        return offset;
    }
    if (kind == 1) {
        /* A hole begins with a byte that is not zero: else nothing is lost there. */
        while (offset > 0 && copy->trace[offset] == 0)
            offset--;
        length = 1 + next_random(&state) % LARGEST_HOLE;
        if (length > copy->size - offset)
            length = copy->size - offset;
        put(copy, zeros, length, offset);
        return offset;
    }
    put(copy, &byte, 1, offset);
    return offset;
}

/* Is the chunk that begins at `start` the one that has `offset` in it? */
static bool is_chunk_of(const struct copy *copy, uint64_t start, size_t offset)
{
    struct xph_chunk_index index;
    struct xph_error err;
    bool found = false;

    if (!xph_chunk_index_map(copy->dirfd, XPH_FILE_TRACE, &index, &err))
        fail(copy->directory, err.text);
    for (uint64_t i = 0; i < index.count; i++)
        found |= index.entries[i].offset == start && start <= offset &&
                 offset < start + index.entries[i].length;
    xph_chunk_index_unmap(&index);
    return found;
}

static bool is_told(const struct copy *copy, size_t offset, bool cut)
{
    struct xph_doubts doubts = {0};
    struct xph_recording recording;
    struct xph_error err;
    const struct xph_chunk_check *check;
    bool located;

    if (!xph_recording_open(&recording, copy->directory, &err))
        fail(copy->directory, err.text);
    xph_doubts_of_recording(&doubts, &recording);
    check = &recording.trace_check;
    located = cut ? check->file_bytes == offset && check->missing_bytes == copy->size - offset
                  : check->damaged_chunks > 0 && is_chunk_of(copy, check->first_damage, offset);
    xph_recording_close(&recording);
    return located && doubts.count > 0;
}

static bool try_damage(const struct copy *copy, uint64_t seed)
{
    bool cut, told;
    size_t offset = damage(copy, seed, &cut), rest = copy->size - offset;

    told = is_told(copy, offset, cut);
    if (!told)
        printf("seed %" PRIu64 ": damage at byte %zu was not told\n", seed, offset);
    put(copy, copy->trace + offset, cut || rest < LARGEST_HOLE ? rest : LARGEST_HOLE, offset);
    return told;
}

int main(int argc, char **argv)
{
    uint64_t times = argc == 4 ? strtoull(argv[1], NULL, 10) : 0, found = 0;
    struct copy copy;

    if (times == 0) {
        fputs("usage: damage_recording TIMES FIRST_SEED RECORDING\n", stderr);
        return 2;
    }
    make_copy(&copy, argv[3]);
    if (is_told(&copy, 0, false))
        fail(argv[3], "it is damaged as it is");
    for (uint64_t i = 0; i < times; i++)
        found += try_damage(&copy, strtoull(argv[2], NULL, 10) + i);
    remove_copy(&copy);
    printf("%" PRIu64 " of %" PRIu64 " flips, cuts and holes found and located\n", found, times);
    return found < times;
}
