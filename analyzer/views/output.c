#include "analyzer/views/output.h"

#include <errno.h>
#include <stdlib.h>

#include "recording/files.h"

enum { BUFFER_BYTES = 256 * 1024 };

bool xph_output_open(struct xph_output *output, int fd, struct xph_error *err)
{
    *output = (struct xph_output){.fd = fd, .buffer = malloc(BUFFER_BYTES), .size = BUFFER_BYTES};
    return output->buffer || xph_fail(err, "out of memory");
}

bool xph_output_open_memory(struct xph_output *output, struct xph_error *err)
{
    return xph_output_open(output, -1, err);
}

void xph_output_flush(struct xph_output *output)
{
    struct iovec iov = {output->buffer, output->used};
    struct xph_error err;

    if (output->used > 0 && output->fd >= 0 && output->errnum == 0 &&
        !xph_write_all(output->fd, &iov, 1, &err))
        output->errnum = err.errnum ? err.errnum : EIO;
    output->used = 0;
}

/* Without memory the text begins again at the front, and its error says that it is not whole. */
static void grow(struct xph_output *output)
{
    char *grown = realloc(output->buffer, output->size * 2);

    if (grown) {
        output->buffer = grown;
        output->size *= 2;
    } else {
        output->errnum = ENOMEM;
        output->used = 0;
    }
}

char *xph_output_reserve(struct xph_output *output)
{
    if (output->size - output->used < XPH_OUTPUT_LINE) {
        if (output->fd >= 0)
            xph_output_flush(output);
        else
            grow(output);
    }
    return output->buffer + output->used;
}

bool xph_output_close(struct xph_output *output, struct xph_error *err)
{
    xph_output_flush(output);
    free(output->buffer);
    output->buffer = NULL;
    if (output->errnum == 0)
        return true;
    return xph_fail_errno(err, output->errnum, "cannot write the output");
}
