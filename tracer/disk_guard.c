#include "tracer/disk_guard.h"

#include <inttypes.h>

uint64_t disk_guard_wanted(const struct disk_rules *rules, uint64_t ring_bytes)
{
    return rules->reserve_bytes + ((uint64_t)LEAST_ROOM_MIB << 20) + 2 * ring_bytes;
}

bool disk_guard_start(const struct disk_rules *rules, uint64_t ring_bytes,
                      const struct xph_disk_space *space, const char *path, struct xph_error *err)
{
    uint64_t wanted = disk_guard_wanted(rules, ring_bytes);

    if (space->in_memory && !rules->allow_memory)
        return xph_fail(err,
                        "%s would be in memory (%s), taken from dom0 and lost with it: record to a "
                        "disk with -o, or say --allow-tmpfs",
                        path, space->kind);
    if (space->free_bytes >= wanted)
        return true;
    return xph_fail(err,
                    "%" PRIu64 " MiB are free on the disk of %s (%s), and %" PRIu64
                    " MiB are needed, %" PRIu64 " of which stay free: free some, record "
                    "elsewhere with -o, or leave less with --reserve-mib%s",
                    space->free_bytes >> 20, path, space->kind, xph_disk_space_mib(wanted),
                    xph_disk_space_mib(rules->reserve_bytes),
                    ring_bytes ? " (--ring needs twice its size)" : "");
}

bool disk_guard_low(const struct disk_rules *rules, const struct xph_disk_space *space)
{
    return space->free_bytes < rules->reserve_bytes;
}
