/*
 * Rows of a store, as text, CSV or JSON. A store may come from anybody: its text is escaped as on a
 * terminal.
 */
#ifndef XPH_ANALYZER_VIEWS_STORE_ROWS_H
#define XPH_ANALYZER_VIEWS_STORE_ROWS_H

#include <stdio.h>

#include "analyzer/store/store.h"

/* Its recordings, one a line, and why some do not count. */
bool xph_store_list_text(FILE *out, struct xph_store *store, struct xph_error *err);

/* All rows of its view `rows` (docs/format/store.md), in the order they were added. */
bool xph_store_rows_csv(FILE *out, struct xph_store *store, struct xph_error *err);
bool xph_store_rows_json(FILE *out, struct xph_store *store, struct xph_error *err);

#endif
