/*
 * Names of addresses: from an ELF file with symbols (xen-syms, vmlinux) or a System.map. Nothing of
 * a file is trusted: its size, its symbols and their names are bounded, and names are made
 * printable.
 */
#ifndef XPH_ANALYZER_SYMBOLS_SYMBOLS_H
#define XPH_ANALYZER_SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/error.h"

enum { XPH_SYMBOL_NAME = 128, XPH_BUILD_ID = 64 };

/* One file. */
struct xph_symbol_file {
    int32_t domid;               /* whose addresses it is for; -1: anybody's */
    char build_id[XPH_BUILD_ID]; /* in hexadecimal; "" if the file has none */
    bool has_code;               /* a symbol has a name */
    size_t count;
    struct xph_symbol_entry {
        uint64_t start, end; /* the next symbol's, or where the code ends */
        uint32_t name;       /* in `names` */
        uint32_t rank;       /* of symbols at one address the lowest one names it */
    } * entries;             /* ascending by start, each start once; owned */
    char *names;             /* owned */
    size_t name_bytes;
};

struct xph_symbols {
    size_t count;
    struct xph_symbol_file *files; /* owned */
};

/* What an address is. */
struct xph_symbol {
    const char *name; /* printable ASCII without quotes; lives as long as the symbols */
    uint64_t offset;
};

/*
 * Adds a file, `spec` being "FILE" or "dN:FILE" for domain N's addresses. With a `build_id` (in
 * hexadecimal) an ELF file must have that one. False with the reason for a file without symbols,
 * of another machine, or with another build id.
 */
bool xph_symbols_add(struct xph_symbols *symbols, const char *spec, const char *build_id,
                     struct xph_error *err);
void xph_symbols_close(struct xph_symbols *symbols);

/* Looks an address up that a vCPU of domain `domid` (-1: nobody knows whose) had. */
bool xph_symbols_find(const struct xph_symbols *symbols, int32_t domid, uint64_t address,
                      struct xph_symbol *symbol);

/* For the readers of files, from here on. */

/* Adds a symbol; `end` 0: up to the next one. False without memory or with too many of them. */
bool xph_symbol_file_add(struct xph_symbol_file *file, uint64_t start, uint64_t end, uint32_t rank,
                         const char *name, size_t length, struct xph_error *err);

/* Reads an ELF file that is open as `fd`. */
bool xph_symbols_read_elf(struct xph_symbol_file *file, int fd, const char *path,
                          struct xph_error *err);

/* Reads the text of a System.map. */
bool xph_symbols_read_map(struct xph_symbol_file *file, const char *text, size_t size,
                          const char *path, struct xph_error *err);

#endif
