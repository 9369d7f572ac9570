#include "recording/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Maps `name` and checks it; a missing file is an empty one, which the views then report as
 * missing. */
static bool open_part(struct xph_recording *recording, const char *name,
                      struct xph_mapped_file *file, struct xph_chunk_check *check,
                      struct xph_error *err)
{
    if (!xph_map_file(recording->dirfd, name, file, err))
        return err->errnum == ENOENT;
    return xph_chunk_check(recording->dirfd, name, file, check, err);
}

static bool open_parts(struct xph_recording *recording, const char *path, struct xph_error *err)
{
    struct xph_error cause;

    if (!xph_manifest_read(recording->dirfd, &recording->manifest, &cause)) {
        if (cause.errnum == ENOENT)
            return xph_fail(err, "%s is not a recording: it has no manifest.json", path);
        return xph_fail(err, "%s: %s", path, cause.text);
    }
    if (!open_part(recording, XPH_FILE_TRACE, &recording->trace, &recording->trace_check, &cause) ||
        !open_part(recording, XPH_FILE_SAMPLES, &recording->samples, &recording->samples_check,
                   &cause) ||
        !open_part(recording, XPH_FILE_XENSTORE, &recording->xenstore, &recording->xenstore_check,
                   &cause))
        return xph_fail(err, "%s: %s", path, cause.text);
    return true;
}

bool xph_recording_open(struct xph_recording *recording, const char *path, struct xph_error *err)
{
    memset(recording, 0, sizeof(*recording));
    recording->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (recording->dirfd < 0) {
        if (errno == ENOTDIR)
            return xph_fail(err, "%s is not a recording: a recording is a directory", path);
        return xph_fail_errno(err, errno, "cannot open the recording %s", path);
    }
    if (open_parts(recording, path, err))
        return true;
    xph_recording_close(recording);
    return false;
}

void xph_recording_close(struct xph_recording *recording)
{
    xph_unmap_file(&recording->trace);
    xph_unmap_file(&recording->samples);
    xph_unmap_file(&recording->xenstore);
    xph_manifest_free(&recording->manifest);
    if (recording->dirfd >= 0)
        close(recording->dirfd);
    recording->dirfd = -1;
}
