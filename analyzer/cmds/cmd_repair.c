/*
 * xenphase repair: finishes the files of a recording whose recorder was killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "analyzer/cmds/commands.h"
#include "recording/chunk_ring.h"
#include "recording/kernel_file.h"
#include "recording/manifest.h"
#include "recording/samples.h"
#include "recording/xenstore_events.h"

static void help(void)
{
    puts("usage: xenphase repair DIR\n"
         "\n"
         "Finishes the files of the recording DIR, whose recorder was killed or had no room left: "
         "dom0's kernel events,\n"
         "which are in a file for each CPU until the end, become " XPH_FILE_KERNEL
         ", which trace-cmd and KernelShark read;\n"
         "and what --ring did not keep is taken out of the other files. Else nothing needs repair. "
         "It is harmless on a\n"
         "recording that is whole.");
}

static bool close_rings(int dirfd, const char *path, bool *repaired, struct xph_error *err)
{
    static const struct {
        const char *name;
        uint64_t head_bytes;
    } files[] = {{XPH_FILE_TRACE, 0},
                 {XPH_FILE_SAMPLES, sizeof(XPH_SAMPLES_MAGIC) - 1},
                 {XPH_FILE_XENSTORE, sizeof(XPH_XENSTORE_MAGIC) - 1}};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        bool had_hole;

        if (!xph_chunk_ring_close(dirfd, files[i].name, files[i].head_bytes, &had_hole, err))
            return false;
        if (had_hole)
            printf("took out of %s/%s what was not kept\n", path, files[i].name);
        *repaired |= had_hole;
    }
    return true;
}

static bool join_kernel_parts(int dirfd, const char *path, bool *repaired, struct xph_error *err)
{
    struct xph_error cause;

    if (!xph_kernel_parts_left(dirfd))
        return true;
    if (!xph_kernel_parts_join(dirfd, &cause))
        return xph_fail(err, "%s (the parts are still there)", cause.text);
    printf("made %s/%s\n", path, XPH_FILE_KERNEL);
    *repaired = true;
    return true;
}

/* What lacked nothing but the form of its files is complete now. */
static bool complete_manifest(int dirfd, const char *path, bool *repaired, struct xph_error *err)
{
    bool completed;

    if (!xph_manifest_complete(dirfd, &completed, err))
        /* Of a damaged manifest the views tell. */
        return !completed;
    if (completed)
        printf("%s is complete\n", path);
    *repaired |= completed;
    return true;
}

static int repair(int dirfd, const char *path, struct xph_error *err)
{
    struct xph_error cause;
    bool repaired = false;

    if (flock(dirfd, LOCK_EX | LOCK_NB) != 0) {
        xph_fail(err, "%s is still being recorded", path);
        return XPH_EXIT_ERROR;
    }
    if (xph_manifest_release(dirfd)) {
        printf("gave back the space that was set aside for the end of %s\n", path);
        repaired = true;
    }
    if (!close_rings(dirfd, path, &repaired, &cause) ||
        !join_kernel_parts(dirfd, path, &repaired, &cause) ||
        !complete_manifest(dirfd, path, &repaired, &cause)) {
        xph_fail(err, "%s: %s", path, cause.text);
        return XPH_EXIT_ERROR;
    }
    if (!repaired)
        puts("nothing to repair");
    return XPH_EXIT_OK;
}

int xph_cmd_repair(int argc, char **argv, struct xph_error *err)
{
    int dirfd, code;

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        help();
        return XPH_EXIT_OK;
    }
    if (argc != 2 || argv[1][0] == '-') {
        xph_fail(err, "usage: xenphase repair DIR");
        return XPH_EXIT_USAGE;
    }
    dirfd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0) {
        xph_fail_errno(err, errno, "cannot open the recording %s", argv[1]);
        return XPH_EXIT_ERROR;
    }
    code = repair(dirfd, argv[1], err);
    close(dirfd);
    return code;
}
