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

/* The size of all its files. */
uint64_t output_directory_bytes(const struct output_directory *directory);

/* Removes the directory and the files of a recording in it. */
void output_directory_discard(struct output_directory *directory);
void output_directory_close(struct output_directory *directory);

#endif
