/*
 * A recording opened for reading: the directory, its manifest and its files, mapped and checked.
 */
#ifndef XPH_RECORDING_RECORDING_H
#define XPH_RECORDING_RECORDING_H

#include "recording/chunk_index.h"
#include "recording/error.h"
#include "recording/files.h"
#include "recording/manifest.h"

struct xph_recording {
    int dirfd;
    struct xph_manifest manifest;
    struct xph_mapped_file trace;    /* xen.trace, size 0 if missing */
    struct xph_mapped_file samples;  /* domains.samples, size 0 if missing */
    struct xph_mapped_file xenstore; /* xenstore.events, size 0 if missing */
    struct xph_chunk_check trace_check, samples_check, xenstore_check;
};

/* Opens the recording in directory `path`. On failure there is nothing to close. */
bool xph_recording_open(struct xph_recording *recording, const char *path, struct xph_error *err);
void xph_recording_close(struct xph_recording *recording);

#endif
