/*
 * What must stay free on the disk, so that a recording does not take the space that dom0's logs and
 * xenstored need.
 */
#ifndef XPH_TRACER_DISK_GUARD_H
#define XPH_TRACER_DISK_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "recording/disk_space.h"

enum {
    DEFAULT_RESERVE_MIB = 128,
    LEAST_ROOM_MIB = 16, /* beside the reserve, for a recording to be worth its start */
};

struct disk_rules {
    uint64_t reserve_bytes; /* what is left to others; 0: nothing */
    bool allow_memory;      /* also a file system that is in memory */
};

/* What must be free before the start. A ring of `ring_bytes` is rewritten at its end, beside the
 * old one; 0: no ring. */
uint64_t disk_guard_wanted(const struct disk_rules *rules, uint64_t ring_bytes);

/* Whether a recording may begin at `path`; false with why not and what to do. */
bool disk_guard_start(const struct disk_rules *rules, uint64_t ring_bytes,
                      const struct xph_disk_space *space, const char *path, struct xph_error *err);

/* Whether it must end now. */
bool disk_guard_low(const struct disk_rules *rules, const struct xph_disk_space *space);

#endif
