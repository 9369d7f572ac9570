/*
 * The file system that a recording is on: of what kind, and how much is free.
 */
#ifndef XPH_RECORDING_DISK_SPACE_H
#define XPH_RECORDING_DISK_SPACE_H

#include <stdint.h>

#include "recording/error.h"

struct xph_disk_space {
    char kind[24];       /* "ext4", or its number in hexadecimal where it is none that we know */
    bool in_memory;      /* what is written takes the host's memory, and is gone after it */
    uint64_t free_bytes; /* for all, not what only root may take; UINT64_MAX where it is untold */
};

/* Asks about the file system that `fd` is on. */
bool xph_disk_space_ask(int fd, struct xph_disk_space *space, struct xph_error *err);

/* What statfs(2) calls it by (f_type), in a word. */
void xph_disk_space_kind(uint64_t type, struct xph_disk_space *space);

/* Whether a file of `bytes` has room beside the others of `dirfd`; false with XPH_UNFINISHED and
 * what is missing to write `name`. */
bool xph_disk_space_for(int dirfd, uint64_t bytes, const char *name, struct xph_error *err);

/* The same for a file system of which it is known what is free. */
bool xph_disk_space_suffices(const struct xph_disk_space *space, uint64_t bytes, const char *name,
                             struct xph_error *err);

/* In MiB, rounded up: so that nobody is told that 0 MiB are needed. */
uint64_t xph_disk_space_mib(uint64_t bytes);

#endif
