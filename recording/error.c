#include "recording/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool xph_fail(struct xph_error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    err->errnum = 0;
    return false;
}

bool xph_fail_errno(struct xph_error *err, int errnum, const char *format, ...)
{
    va_list args;
    size_t used;

    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    used = strlen(err->text);
    snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(errnum));
    err->errnum = errnum;
    return false;
}
