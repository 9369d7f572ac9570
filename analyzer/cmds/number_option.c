#include <errno.h>
#include <stdlib.h>

#include "analyzer/cmds/commands.h"

bool xph_parse_number(const char *option, const char *text, unsigned long min, unsigned long max,
                      unsigned long *value, struct xph_error *err)
{
    char *end;

    errno = 0;
    *value = strtoul(text, &end, 10);
    if (errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && *value >= min &&
        *value <= max)
        return true;
    return xph_fail(err, "--%s wants a number from %lu to %lu, not '%s'", option, min, max, text);
}
