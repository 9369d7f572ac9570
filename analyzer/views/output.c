#include "analyzer/views/output.h"

#include <errno.h>
#include <stdlib.h>

#include "recording/files.h"

enum { BUFFER_BYTES = 256 * 1024 };

bool xph_output_open(struct xph_output *output, int fd, struct xph_error *err)
{
    *output = (struct xph_output){.fd = fd, .buffer = malloc(BUFFER_BYTES)};
    return output->buffer || xph_fail(err, "out of memory");
}

static void flush_output(struct xph_output *output)
{
    struct iovec iov = {output->buffer, output->used};
    struct xph_error err;

    if (output->errnum == 0 && !xph_write_all(output->fd, &iov, 1, &err))
        output->errnum = err.errnum ? err.errnum : EIO;
    output->used = 0;
}

char *xph_output_reserve(struct xph_output *output)
{
    if (BUFFER_BYTES - output->used < XPH_OUTPUT_LINE)
        flush_output(output);
    return output->buffer + output->used;
}

bool xph_output_close(struct xph_output *output, struct xph_error *err)
{
    if (output->used > 0)
        flush_output(output);
    free(output->buffer);
    output->buffer = NULL;
    if (output->errnum == 0)
        return true;
    return xph_fail_errno(err, output->errnum, "cannot write the output");
}
