/*
 * Other people's bytes (names, commands, what guests wrote) on a terminal: what could steer it is
 * shown as \xNN.
 */
#ifndef XPH_ANALYZER_VIEWS_TERMINAL_TEXT_H
#define XPH_ANALYZER_VIEWS_TERMINAL_TEXT_H

#include <stddef.h>
#include <stdio.h>

void xph_print_bytes(FILE *out, const char *bytes, size_t count);
void xph_print_text(FILE *out, const char *text);
/* How many columns that takes. */
int xph_text_width(const char *text);
/* Followed by spaces up to `width` columns. */
void xph_print_padded_text(FILE *out, const char *text, int width);

#endif
