#include "analyzer/timeline/console_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LOGS = 1024 };

/* A number at the line's start and a space behind it. */
static bool parse_line(const char *line, size_t bytes, struct xph_console_line *out)
{
    uint64_t tsc = 0;
    size_t at = 0;

    for (; at < bytes && line[at] >= '0' && line[at] <= '9'; at++) {
        if (__builtin_mul_overflow(tsc, 10, &tsc) ||
            __builtin_add_overflow(tsc, (uint64_t)(line[at] - '0'), &tsc))
            return false;
    }
    if (at == 0 || at == bytes || line[at] != ' ')
        return false;
    out->tsc = tsc;
    out->text = line + at + 1;
    out->bytes = bytes - at - 1;
    return true;
}

void xph_console_log_advance(struct xph_console_log *console)
{
    console->more = false;
    while (!console->more && console->at < console->file.size) {
        const char *line = (const char *)console->file.data + console->at;
        size_t left = console->file.size - console->at;
        const char *end = memchr(line, '\n', left);
        size_t bytes = end ? (size_t)(end - line) : left;

        console->at += bytes + (end ? 1 : 0);
        console->more = parse_line(line, bytes, &console->next);
        console->next.domid = console->domid;
        if (!console->more)
            console->damaged++;
    }
}

/* DOMID.log or DOMID.serial.log; in a ring .before.log has what was before. */
static bool parse_name(const char *name, uint16_t *domid)
{
    char *end;
    unsigned long number = strtoul(name, &end, 10);

    *domid = (uint16_t)number;
    return name[0] >= '0' && name[0] <= '9' && number < UINT16_MAX &&
           (strcmp(end, ".log") == 0 || strcmp(end, ".before.log") == 0 ||
            strcmp(end, ".serial.log") == 0 || strcmp(end, ".serial.before.log") == 0);
}

static bool add_log(struct xph_console_logs *consoles, int dirfd, const char *name, uint16_t domid,
                    struct xph_error *err)
{
    struct xph_console_log *grown;

    if (consoles->count == MAX_LOGS) {
        consoles->left_out++;
        return true;
    }
    grown = realloc(consoles->logs, (consoles->count + 1) * sizeof(*grown));
    if (!grown)
        return xph_fail(err, "out of memory");
    consoles->logs = grown;
    grown[consoles->count] = (struct xph_console_log){.domid = domid};
    if (!xph_map_file(dirfd, name, &grown[consoles->count].file, err))
        return false;
    xph_console_log_advance(&grown[consoles->count++]);
    return true;
}

/* By domain, then by the first line. */
static int compare_logs(const void *a, const void *b)
{
    const struct xph_console_log *first = a, *second = b;

    if (first->domid != second->domid)
        return (int)first->domid - (int)second->domid;
    return (first->next.tsc > second->next.tsc) - (first->next.tsc < second->next.tsc);
}

bool xph_console_logs_open(struct xph_console_logs *consoles, int dirfd, struct xph_error *err)
{
    int fd = openat(dirfd, XPH_DIRECTORY_CONSOLE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    uint16_t domid;
    bool ok = true;

    *consoles = (struct xph_console_logs){0};
    if (!directory) {
        int errnum = errno;

        if (fd >= 0)
            close(fd);
        return errnum == ENOENT ||
               xph_fail_errno(err, errnum, "cannot open %s", XPH_DIRECTORY_CONSOLE);
    }
    while (ok && (entry = readdir(directory))) {
        if (parse_name(entry->d_name, &domid))
            ok = add_log(consoles, fd, entry->d_name, domid, err);
    }
    closedir(directory);
    if (!ok)
        xph_console_logs_close(consoles);
    else if (consoles->count > 1)
        qsort(consoles->logs, consoles->count, sizeof(*consoles->logs), compare_logs);
    return ok;
}

void xph_console_logs_close(struct xph_console_logs *consoles)
{
    for (size_t i = 0; i < consoles->count; i++)
        xph_unmap_file(&consoles->logs[i].file);
    free(consoles->logs);
    *consoles = (struct xph_console_logs){0};
}

struct xph_console_log *xph_console_logs_first(const struct xph_console_logs *consoles)
{
    struct xph_console_log *first = NULL;

    for (size_t i = 0; i < consoles->count; i++) {
        struct xph_console_log *console = &consoles->logs[i];

        if (console->more && (!first || console->next.tsc < first->next.tsc))
            first = console;
    }
    return first;
}
