/*
 * The names inside a recording directory, and the few file operations that all of its parts share.
 */
#ifndef XPH_RECORDING_FILES_H
#define XPH_RECORDING_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "recording/error.h"

#define XPH_FILE_MANIFEST "manifest.json"
/* Space that is set aside for the last manifest, so that a full disk has room for it. */
#define XPH_FILE_MANIFEST_RESERVE "manifest.json.next"
#define XPH_FILE_TRACE            "xen.trace"
#define XPH_FILE_SAMPLES          "domains.samples"
#define XPH_FILE_XENSTORE         "xenstore.events"
#define XPH_DIRECTORY_CONSOLE     "console"
#define XPH_INDEX_SUFFIX          ".index" /* after the name of the file that it covers */

/* Writes all of `iov` (count <= 1024), going on after short writes; `iov` is consumed. */
bool xph_write_all(int fd, struct iovec *iov, int count, struct xph_error *err);

/* A file mapped for reading. An empty file has size 0 and a non-NULL pointer. Bytes that are in
 * memory can stand for a file, with `mapped` false. */
struct xph_mapped_file {
    const uint8_t *data;
    size_t size; /* bytes */
    bool mapped; /* its memory can be given back */
};

/* Maps `name` of the directory `dirfd`. err->errnum is ENOENT where the file is missing. */
bool xph_map_file(int dirfd, const char *name, struct xph_mapped_file *file, struct xph_error *err);
void xph_unmap_file(struct xph_mapped_file *file);

/* The same of what comes out of `fd`, to its end: by way of a file without a name in $TMPDIR, or
 * /tmp, which needs the space. `what` names it in errors. */
bool xph_map_pipe(int fd, const char *what, struct xph_mapped_file *file, struct xph_error *err);

/* The file of a command line: `path`, where "-" is the standard input. */
bool xph_map_trace(const char *path, struct xph_mapped_file *file, struct xph_error *err);

/* Gives back the memory of the bytes from `from` to `to`, and of some around them; who reads them
 * again gets them from the file. */
void xph_mapped_file_forget(const struct xph_mapped_file *file, size_t from, size_t to);

/* The same for who reads from front to back and has come to `at`: what he passed is given back some
 * MiB at a time, up to *kept_from. */
void xph_mapped_file_pass(const struct xph_mapped_file *file, size_t *kept_from, size_t at);

#endif
