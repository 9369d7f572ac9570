/*
 * Numbers and text into a buffer that is known to be large enough. Each function returns where what
 * it put ends. They are what a dump's speed comes from, so they are inline; and they may put up to
 * 64 bytes more than they tell, which the next one covers.
 */
#ifndef XPH_ANALYZER_VIEWS_PUT_H
#define XPH_ANALYZER_VIEWS_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline char *xph_put_bytes(char *at, const char *bytes, size_t count)
{
    memcpy(at, bytes, count);
    return at + count;
}

static inline char *xph_put_text(char *at, const char *text)
{
    return stpcpy(at, text);
}

static inline char *xph_put_char(char *at, char character)
{
    *at = character;
    return at + 1;
}

/* All 32 bytes of a label are copied, as that needs no loop; `length` of them count. */
static inline char *xph_put_label(char *at, const char label[32], size_t length)
{
    memcpy(at, label, 32);
    return at + length;
}

/* Eight decimal digits, leading zeros included, as the bytes of a little-endian number; without the
 * '0' in each. Divides all parts at once, each in its own lane of the word. */
static inline uint64_t xph_decimal_digits(uint32_t below_100000000)
{
    uint64_t lanes = below_100000000 / 10000 | (uint64_t)(below_100000000 % 10000) << 32;
    uint64_t high = lanes * 10486 >> 20 & UINT64_C(0x0000007f0000007f); /* by 100 */

    lanes = high | (lanes - high * 100) << 16;
    high = lanes * 103 >> 10 & UINT64_C(0x000f000f000f000f); /* by 10 */
    return high | (lanes - high * 10) << 8;
}

#define XPH_ASCII_ZEROS UINT64_C(0x3030303030303030)

/* Without a loop or a branch for small numbers: how many digits there are is what a processor
 * cannot guess. */
static inline char *xph_put_decimal(char *at, uint64_t value)
{
    uint64_t digits;
    unsigned zeros;

    if (__builtin_expect(value >= 100000000, 0)) {
        at = xph_put_decimal(at, value / 100000000);
        digits = xph_decimal_digits((uint32_t)(value % 100000000)) + XPH_ASCII_ZEROS;
        memcpy(at, &digits, 8);
        return at + 8;
    }
    digits = xph_decimal_digits((uint32_t)value);
    /* The last digit is there even if it is a zero. */
    zeros = (unsigned)__builtin_ctzll(digits | UINT64_C(1) << 56) / 8;
    digits = (digits + XPH_ASCII_ZEROS) >> 8 * zeros;
    memcpy(at, &digits, 8);
    return at + 8 - zeros;
}

static inline char *xph_put_signed(char *at, int64_t value)
{
    if (value >= 0)
        return xph_put_decimal(at, (uint64_t)value);
    return xph_put_decimal(xph_put_char(at, '-'), 0 - (uint64_t)value);
}

/* Nine digits, leading zeros included. */
static inline char *xph_put_nanoseconds(char *at, uint32_t below_second)
{
    uint64_t digits = xph_decimal_digits(below_second / 10) + XPH_ASCII_ZEROS;

    memcpy(at, &digits, 8);
    return xph_put_char(at + 8, (char)('0' + below_second % 10));
}

/* The eight hexadecimal digits of a word, as the bytes of a little-endian number. */
static inline uint64_t xph_hex_digits(uint32_t word)
{
    uint64_t nibbles = __builtin_bswap32(word);
    uint64_t letters;

    /* One nibble to a byte, the highest one first. */
    nibbles = (nibbles | nibbles << 16) & UINT64_C(0x0000ffff0000ffff);
    nibbles = (nibbles | nibbles << 8) & UINT64_C(0x00ff00ff00ff00ff);
    nibbles = (nibbles >> 4 & UINT64_C(0x000f000f000f000f)) |
              (nibbles & UINT64_C(0x000f000f000f000f)) << 8;
    /* Bit 4 of a byte is set where adding 6 carries: from 10 on. */
    letters = (nibbles + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
    return nibbles + UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10);
}

static inline char *xph_put_word(char *at, uint32_t word)
{
    uint64_t digits = xph_hex_digits(word);

    memcpy(at, &digits, 8);
    return at + 8;
}

/* "0x" and the digits without leading zeros. */
static inline char *xph_put_hexadecimal(char *at, uint64_t value)
{
    unsigned count = value == 0 ? 1 : (unsigned)(67 - __builtin_clzll(value)) / 4;
    uint64_t high;
    uint64_t low;

    value <<= 64 - 4 * count;
    high = xph_hex_digits((uint32_t)(value >> 32));
    low = xph_hex_digits((uint32_t)value);
    memcpy(at, "0x", 2);
    memcpy(at + 2, &high, 8);
    memcpy(at + 10, &low, 8);
    return at + 2 + count;
}

#endif
