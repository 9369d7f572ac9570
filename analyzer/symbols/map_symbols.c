/*
 * Symbols of a System.map: lines of "ADDRESS TYPE NAME", as nm(1) has them; or of Xen's own map
 * (xen-syms.map), whose addresses begin with 0x.
 */
#include <string.h>

#include "analyzer/symbols/symbols.h"

enum { RANK_CODE, RANK_DATA, MAX_DIGITS = 16 };

static int digit_of(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    return -1;
}

/* Parses the address; returns how many digits it had. */
static size_t parse_address(const char *line, size_t length, uint64_t *address)
{
    size_t digits = 0;

    *address = 0;
    for (; digits < length && digits < MAX_DIGITS && digit_of(line[digits]) >= 0; digits++)
        *address = *address << 4 | (unsigned)digit_of(line[digits]);
    return digits;
}

/* Other symbols than code's are kept, too: code ends where they begin. They have no name. */
static bool read_line(struct xph_symbol_file *file, const char *line, size_t length,
                      struct xph_error *err)
{
    size_t prefix = length > 2 && memcmp(line, "0x", 2) == 0 ? 2 : 0;
    uint64_t address;
    size_t at = prefix + parse_address(line + prefix, length - prefix, &address);
    bool code;

    if (at == prefix || length < at + 4 || line[at] != ' ' || line[at + 2] != ' ')
        return xph_fail(err, "a line is not \"ADDRESS TYPE NAME\"");
    code = strchr("tTwW", line[at + 1]) != NULL;
    return xph_symbol_file_add(file, address, 0, code ? RANK_CODE : RANK_DATA, line + at + 3,
                               code ? length - at - 3 : 0, err);
}

bool xph_symbols_read_map(struct xph_symbol_file *file, const char *text, size_t size,
                          const char *path, struct xph_error *err)
{
    struct xph_error cause;
    size_t line = 1;

    for (size_t at = 0; at < size; line++) {
        const char *newline = memchr(text + at, '\n', size - at);
        size_t length = newline ? (size_t)(newline - text) - at : size - at;

        if (!read_line(file, text + at, length, &cause))
            return xph_fail(err,
                            "%s is neither an ELF file (xen-syms, vmlinux) nor a System.map: line "
                            "%zu: %s",
                            path, line, cause.text);
        at += length + 1;
    }
    return true;
}
