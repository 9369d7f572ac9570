/*
 * What a session puts into the manifest: the plan at its beginning, what became of it at its end.
 */
#ifndef XPH_TRACER_SESSION_MANIFEST_H
#define XPH_TRACER_SESSION_MANIFEST_H

#include "recording/manifest.h"
#include "tracer/options.h"
#include "tracer/sources.h"

bool session_manifest_begin(struct xph_manifest *manifest, const struct options *options,
                            struct xph_error *err);

/* Fills in what is known once the sources are open; again at the end, as one may not have started.
 */
void session_manifest_sources(struct xph_manifest *manifest, const struct sources *sources);

/* Fills in how the clocks correspond, as far as that was measured. */
void session_manifest_clock(struct xph_manifest *manifest, const struct sources *sources);

/* Fills in the rest, after sources_stop(). */
void session_manifest_end(struct xph_manifest *manifest, struct sources *sources);

#endif
