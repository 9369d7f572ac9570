/*
 * Where the functions of a shared library lie in its file, which is what a uprobe wants to know.
 */
#ifndef XPH_TRACER_LIBRARY_H
#define XPH_TRACER_LIBRARY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "recording/error.h"

struct library {
    char name[NAME_MAX]; /* as it was asked for */
    char path[PATH_MAX]; /* its file, no symbolic link */
    struct Elf *elf;     /* NULL while there is none */
    int fd;
};

/* Finds the library `name` (such as "libxenguest.so.4.17") as the dynamic linker does. */
bool library_open(struct library *library, const char *name, struct xph_error *err);

/* The offset in the file, in bytes, of the first instruction of the exported `function`. */
bool library_function(const struct library *library, const char *function, uint64_t *offset,
                      struct xph_error *err);

/* Safe on one that is all zero. */
void library_close(struct library *library);

#endif
