/*
 * Numbers of CPUs for people to read: "0, 2-5, 7".
 */
#ifndef XPH_RECORDING_NUMBER_LIST_H
#define XPH_RECORDING_NUMBER_LIST_H

#include <stddef.h>
#include <stdint.h>

/* Writes `count` numbers, which ascend, to `text` of `size` bytes; what finds no room is "...". */
void xph_number_list(char *text, size_t size, const uint32_t *numbers, size_t count);

#endif
