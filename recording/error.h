/*
 * An error as a value: what was tried and why it failed, in one sentence that a user can act on.
 *
 * A function that can fail takes a `struct xph_error *` as its last argument and returns false (or
 * NULL) after filling it. Nobody prints on the way up; main() prints the text once and exits.
 */
#ifndef XPH_RECORDING_ERROR_H
#define XPH_RECORDING_ERROR_H

#include <stdbool.h>

/* Instead of an errno: nothing is lost, but a file could not be brought into its last form for want
 * of disk space. `xenphase repair` does it later. */
enum { XPH_UNFINISHED = -1 };

struct xph_error {
    int errnum;      /* the errno behind it, 0 where there is none, or XPH_UNFINISHED */
    char text[1024]; /* cause and remedy, without a final newline */
};

/* Fills `err` with the formatted text and returns false, so that a caller can `return
 * xph_fail(...)`. */
bool xph_fail(struct xph_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, with ": " and the text of `errnum` appended, which is also kept in err->errnum. */
bool xph_fail_errno(struct xph_error *err, int errnum, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
