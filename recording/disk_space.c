#include "recording/disk_space.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/statfs.h>

enum { SPARE_BYTES = 1 << 20 }; /* beside what is counted: its index, and the others' logs */

static const struct {
    uint64_t type; /* linux/magic.h, and those that Linux has elsewhere */
    const char *kind;
    bool in_memory;
} kinds[] = {
    {0x01021994, "tmpfs", true}, {0x858458f6, "ramfs", true},  {0xef53, "ext4", false},
    {0x58465342, "xfs", false},  {0x9123683e, "btrfs", false}, {0x2fc12fc1, "zfs", false},
    {0xf2f52010, "f2fs", false}, {0x6969, "nfs", false},       {0x794c7630, "overlayfs", false},
    {0x65735546, "fuse", false}, {0xff534d42, "cifs", false},
};

void xph_disk_space_kind(uint64_t type, struct xph_disk_space *space)
{
    snprintf(space->kind, sizeof(space->kind), "0x%" PRIx64, type);
    space->in_memory = false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].type != type)
            continue;
        snprintf(space->kind, sizeof(space->kind), "%s", kinds[i].kind);
        space->in_memory = kinds[i].in_memory;
    }
}

bool xph_disk_space_ask(int fd, struct xph_disk_space *space, struct xph_error *err)
{
    struct statfs status;

    if (fstatfs(fd, &status) != 0)
        return xph_fail_errno(err, errno, "cannot ask how much disk space is free");
    /* The type's own type differs between architectures, and is signed here. */
    xph_disk_space_kind((uint32_t)status.f_type, space);
    space->free_bytes =
        (uint64_t)status.f_bavail * (uint64_t)(status.f_frsize ? status.f_frsize : status.f_bsize);
    if (status.f_blocks == 0)
        space->free_bytes = UINT64_MAX;
    return true;
}

bool xph_disk_space_suffices(const struct xph_disk_space *space, uint64_t bytes, const char *name,
                             struct xph_error *err)
{
    uint64_t wanted = bytes + SPARE_BYTES;

    if (space->free_bytes >= wanted)
        return true;
    xph_fail(err,
             "%s wants %" PRIu64 " MiB of disk space for its last form, and %" PRIu64 " are free",
             name, xph_disk_space_mib(wanted), space->free_bytes >> 20);
    err->errnum = XPH_UNFINISHED;
    return false;
}

bool xph_disk_space_for(int dirfd, uint64_t bytes, const char *name, struct xph_error *err)
{
    struct xph_disk_space space;

    return xph_disk_space_ask(dirfd, &space, err) &&
           xph_disk_space_suffices(&space, bytes, name, err);
}

uint64_t xph_disk_space_mib(uint64_t bytes)
{
    return bytes / (1 << 20) + (bytes % (1 << 20) != 0);
}
