#include "tracer/kernel_head.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording/kernel_file.h"

enum { LITTLE_ENDIAN_FILE = 0 };

/* Appends all of a file of tracefs, whose size nobody can tell beforehand, after its size. */
static bool add_sized_file(FILE *out, const char *tracefs, const char *path, struct xph_error *err)
{
    char name[4096], buffer[8192], *text = NULL;
    uint64_t size = 0;
    FILE *memory;
    ssize_t got;
    int fd;

    if (snprintf(name, sizeof(name), "%s/%s", tracefs, path) >= (int)sizeof(name))
        return xph_fail(err, "a path in tracefs is too long: %s", path);
    fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return xph_fail_errno(err, errno, "cannot open %s", name);
    memory = open_memstream(&text, &(size_t){0});
    while (memory && (got = read(fd, buffer, sizeof(buffer))) > 0)
        size += fwrite(buffer, 1, (size_t)got, memory);
    if (memory)
        fclose(memory);
    close(fd);
    if (!text)
        return xph_fail(err, "out of memory");
    fwrite(&size, sizeof(size), 1, out);
    fwrite(text, 1, size, out);
    free(text);
    return true;
}

/* Formats of ftrace's own events, which readers want before all others. */
static bool add_ftrace_formats(FILE *out, const char *tracefs, struct xph_error *err)
{
    char path[4096];
    struct dirent **entries;
    uint32_t count = 0;
    bool ok = true;
    int found;

    snprintf(path, sizeof(path), "%s/events/ftrace", tracefs);
    found = scandir(path, &entries, NULL, alphasort);
    if (found < 0)
        return xph_fail_errno(err, errno, "cannot read %s", path);
    for (int i = 0; i < found; i++) {
        snprintf(path, sizeof(path), "%s/events/ftrace/%s/format", tracefs, entries[i]->d_name);
        if (entries[i]->d_name[0] == '.' || access(path, R_OK) != 0)
            entries[i]->d_name[0] = '\0';
        else
            count++;
    }
    fwrite(&count, sizeof(count), 1, out);
    for (int i = 0; i < found; i++) {
        if (ok && entries[i]->d_name[0] != '\0') {
            snprintf(path, sizeof(path), "events/ftrace/%s/format", entries[i]->d_name);
            ok = add_sized_file(out, tracefs, path, err);
        }
        free(entries[i]);
    }
    free(entries);
    return ok;
}

/* Each event is a system of its own, which readers do not mind. */
static bool add_event_formats(FILE *out, const char *tracefs, const struct kernel_event *events,
                              size_t count, struct xph_error *err)
{
    const uint32_t systems = (uint32_t)count, one = 1;

    fwrite(&systems, sizeof(systems), 1, out);
    for (size_t i = 0; i < count; i++) {
        char path[512];

        snprintf(path, sizeof(path), "events/%s/%s/format", events[i].system, events[i].name);
        fwrite(events[i].system, strlen(events[i].system) + 1, 1, out);
        fwrite(&one, sizeof(one), 1, out);
        if (!add_sized_file(out, tracefs, path, err))
            return false;
    }
    return true;
}

static bool write_head(FILE *out, const char *tracefs, const struct kernel_event *events,
                       size_t count, struct xph_error *err)
{
    static const char magic[] = "\x17\x08\x44tracing6";
    const uint8_t machine[2] = {LITTLE_ENDIAN_FILE, sizeof(long)};
    const uint32_t page_size = (uint32_t)sysconf(_SC_PAGESIZE), nothing = 0;

    fwrite(magic, sizeof(magic), 1, out);
    fwrite(machine, sizeof(machine), 1, out);
    fwrite(&page_size, sizeof(page_size), 1, out);
    fwrite("header_page", sizeof("header_page"), 1, out);
    if (!add_sized_file(out, tracefs, "events/header_page", err))
        return false;
    fwrite("header_event", sizeof("header_event"), 1, out);
    if (!add_sized_file(out, tracefs, "events/header_event", err) ||
        !add_ftrace_formats(out, tracefs, err) ||
        !add_event_formats(out, tracefs, events, count, err))
        return false;
    /* Addresses of kernel functions, formats of trace_printk(). */
    fwrite(&nothing, sizeof(nothing), 1, out);
    fwrite(&nothing, sizeof(nothing), 1, out);
    return true;
}

bool kernel_head_write(int dirfd, const char *tracefs, const struct kernel_event *events,
                       size_t count, struct xph_error *err)
{
    int fd = openat(dirfd, XPH_FILE_KERNEL_HEAD, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    bool ok, written;

    if (!out) {
        int errnum = errno;

        if (fd >= 0)
            close(fd);
        return xph_fail_errno(err, errnum, "cannot create %s", XPH_FILE_KERNEL_HEAD);
    }
    ok = write_head(out, tracefs, events, count, err);
    written = !ferror(out);
    written &= fclose(out) == 0;
    return ok && (written || xph_fail_errno(err, errno, "cannot write %s", XPH_FILE_KERNEL_HEAD));
}
