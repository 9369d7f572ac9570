/*
 * The scalars of manifest.json: which there are, where they stand in the document and in struct
 * xph_manifest. For manifest.c.
 */
#ifndef XPH_RECORDING_MANIFEST_FIELDS_H
#define XPH_RECORDING_MANIFEST_FIELDS_H

#include <jansson.h>

#include "recording/manifest.h"

/* Adds all to `root`; false where memory is short. */
bool xph_manifest_fields_to_json(const struct xph_manifest *manifest, json_t *root);
/* Takes those that are in `root`; false if one is not of the right kind. */
bool xph_manifest_fields_from_json(json_t *root, struct xph_manifest *manifest,
                                   struct xph_error *err);
void xph_manifest_fields_free(struct xph_manifest *manifest);

/* Any bytes as a JSON string, what is no UTF-8 as \xNN; null for NULL. */
json_t *xph_text_to_json(const char *text);
bool xph_json_to_text(const json_t *value, char **text);
json_t *xph_instant_to_json(const struct xph_instant *instant);
bool xph_json_to_instant(const json_t *value, struct xph_instant *instant);

#endif
