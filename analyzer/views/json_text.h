/* Other people's bytes in JSON, which takes characters only. */
#ifndef XPH_ANALYZER_VIEWS_JSON_TEXT_H
#define XPH_ANALYZER_VIEWS_JSON_TEXT_H

#include <jansson.h>
#include <stddef.h>

/* Any bytes as a string, escaped as on a terminal: what is not printable ASCII is \xNN. NULL
 * without memory. */
json_t *xph_escaped_bytes(const char *bytes, size_t count);
json_t *xph_escaped_text(const char *text);

#endif
