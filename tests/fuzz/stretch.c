/*
 * Is a harness's time linear in its input? A fuzzer's inputs are too short to tell, so each file
 * given is repeated until it is long, and again until it is four times as long: that may take some
 * more than four times as long, but not sixteen times.
 *
 * usage: stretch-READER FILE...
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/fuzz/fuzz.h"

enum { SHORT_BYTES = 64 << 10, TIMES = 4, MOST_TIMES = 9, LEAST_MS = 200 };

static uint64_t cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The time that `size` bytes of the repeated file take. */
static uint64_t run(const struct xph_mapped_file *file, size_t size)
{
    size_t tail = file->size - fuzz_head_bytes, length = fuzz_head_bytes;
    uint8_t *data = malloc(size + file->size);
    uint64_t start;

    fuzz_require(data != NULL, "memory for a long input");
    memcpy(data, file->data, fuzz_head_bytes);
    for (; length < size; length += tail)
        memcpy(data + length, file->data + fuzz_head_bytes, tail);
    start = cpu_ms();
    LLVMFuzzerTestOneInput(data, length);
    start = cpu_ms() - start;
    free(data);
    return start;
}

static bool is_linear(const char *path)
{
    struct xph_mapped_file file;
    struct xph_error err;
    uint64_t few = 0, many = 0;

    if (!xph_map_file(AT_FDCWD, path, &file, &err)) {
        fprintf(stderr, "stretch: %s\n", err.text);
        return false;
    }
    if (file.size > fuzz_head_bytes) {
        few = run(&file, SHORT_BYTES);
        many = run(&file, SHORT_BYTES * TIMES);
    }
    xph_unmap_file(&file);
    if (many <= few * MOST_TIMES + LEAST_MS)
        return true;
    printf("%s: %llu ms, and %llu ms for %d times as much\n", path, (unsigned long long)few,
           (unsigned long long)many, TIMES);
    return false;
}

int main(int argc, char **argv)
{
    int failed = 0;

    if (fuzz_head_bytes == SIZE_MAX) {
        puts("such an input cannot be repeated");
        return 0;
    }
    for (int i = 1; i < argc; i++)
        failed += !is_linear(argv[i]);
    printf("%d of %d inputs take a time that is linear in their size\n", argc - 1 - failed,
           argc - 1);
    return failed > 0;
}
