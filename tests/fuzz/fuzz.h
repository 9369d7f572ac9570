/*
 * What the harnesses share. Each gives a reader any bytes for a file, does all with what it
 * delivers that a user can ask for, and holds that the work done is bounded by the file's size:
 * memory errors are the sanitizers' to find, a hang or a flood of memory the fuzzer's.
 */
#ifndef XPH_TESTS_FUZZ_FUZZ_H
#define XPH_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "recording/recording.h"

/* The entry that libFuzzer and AFL++ call, in each harness. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* For tests/fuzz/stretch.c: what follows so many bytes of an input can be repeated, and is then a
 * longer file of the same kind. SIZE_MAX: nothing can. */
extern const size_t fuzz_head_bytes;

/* Ends the process as a finding if it does not hold. */
void fuzz_require(bool holds, const char *what);
/* ... if `done` is more than `each` times `size` and some more. */
void fuzz_require_linear(const char *what, uint64_t done, uint64_t each, uint64_t more,
                         size_t size);

/* A stream that forgets what is written to it, but for how much it was. */
struct fuzz_sink {
    FILE *out;
    uint64_t bytes;
};
void fuzz_sink_open(struct fuzz_sink *sink);
/* Returns how many bytes were written. */
uint64_t fuzz_sink_close(struct fuzz_sink *sink);

/* The same for who writes to a descriptor: the file is emptied by each call. */
int fuzz_empty_fd(void);
uint64_t fuzz_fd_bytes(int fd);

/* A directory of this process alone, and its files. It is gone when the process is. */
int fuzz_directory(void);
const char *fuzz_directory_path(void);
void fuzz_write(const char *name, const void *data, size_t size);

/* A recording of nothing in that directory, to which a harness adds a file. */
void fuzz_recording(struct xph_recording *recording);

/* Reads all sources of it on one time line, as `xenphase timeline` does, with all that is printed
 * of them. Returns how many events there were. */
uint64_t fuzz_timeline(const struct xph_recording *recording, uint64_t *printed_bytes);

#endif
