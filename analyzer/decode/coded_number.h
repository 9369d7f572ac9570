/*
 * Numbers in as few bytes as they take: seven bits a byte, the lowest first.
 */
#ifndef XPH_ANALYZER_DECODE_CODED_NUMBER_H
#define XPH_ANALYZER_DECODE_CODED_NUMBER_H

#include <stddef.h>
#include <stdint.h>

enum { XPH_CODED_NUMBER_BYTES = 10 }; /* of one with 64 bits, at most */

/* Returns how many bytes were written. */
static inline size_t xph_coded_number_put(uint8_t *coded, uint64_t number)
{
    size_t size = 0;

    for (; number > 0x7f; number >>= 7)
        coded[size++] = (uint8_t)(number | 0x80);
    coded[size++] = (uint8_t)number;
    return size;
}

/* The number at *at, which is moved behind it. */
static inline uint64_t xph_coded_number_get(const uint8_t *coded, size_t *at)
{
    uint64_t number = 0;
    uint8_t byte;

    for (unsigned shift = 0;; shift += 7) {
        byte = coded[(*at)++];
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
}

#endif
