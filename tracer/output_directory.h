/*
 * The directory that becomes the recording.
 */
#ifndef XPH_TRACER_OUTPUT_DIRECTORY_H
#define XPH_TRACER_OUTPUT_DIRECTORY_H

#include <stdint.h>

#include "recording/error.h"

struct output_directory {
    char *path; /* owned */
    int fd;     /* -1 while there is none */
};

/* Makes `path`, or a name from the time if NULL. Refuses one that exists. */
bool output_directory_make(struct output_directory *directory, const char *path,
                           struct xph_error *err);

/* What its files take of the disk, but for the space that is set aside for the last manifest. */
uint64_t output_directory_bytes(const struct output_directory *directory);

/* Waits until all that was written is on the disk; false if some of it cannot be. */
bool output_directory_sync(const struct output_directory *directory, struct xph_error *err);

/* Removes the directory and the files of a recording in it. */
void output_directory_discard(struct output_directory *directory);
void output_directory_close(struct output_directory *directory);

#endif
