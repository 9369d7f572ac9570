#include "tracer/device_model.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_ARGUMENT_BYTES = 64 * 1024 };

/* A domain's number, and nothing else. */
static bool parse_domid(const char *text, uint32_t *domid)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    *domid = (uint32_t)number;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && number < UINT16_MAX;
}

bool device_model_parse(const char *arguments, size_t bytes, uint32_t *domid)
{
    bool found = false, is_value = false;
    const char *end;

    for (; (end = memchr(arguments, '\0', bytes)); arguments = end + 1) {
        bytes -= (size_t)(end + 1 - arguments);
        if (strncmp(arguments, "xenpv", strlen("xenpv")) == 0)
            return false;
        if (is_value)
            found = parse_domid(arguments, domid);
        is_value = strcmp(arguments, "-xen-domid") == 0;
    }
    return found;
}

void device_model_of(int pid, bool *is_guest, uint32_t *domid)
{
    char path[64], *arguments = malloc(MAX_ARGUMENT_BYTES);
    ssize_t bytes = -1;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
    fd = arguments ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        bytes = read(fd, arguments, MAX_ARGUMENT_BYTES);
        close(fd);
    }
    if (bytes > 0)
        *is_guest = device_model_parse(arguments, (size_t)bytes, domid);
    free(arguments);
}
