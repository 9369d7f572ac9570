#include "tracer/console_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording/files.h"

enum { FILE_SHARE = 8 };

/* The text of one console; forgotten when nothing of it is there. */
struct kept_console {
    char name[CONSOLE_NAME_BYTES];
    uint64_t bytes;        /* in NAME.log */
    uint64_t before_bytes; /* in NAME.before.log */
    uint64_t turn;         /* when it was appended to last */
};

static void name_before(const char *name, char before[2 * CONSOLE_NAME_BYTES])
{
    size_t stem = strlen(name) - strlen(".log");

    snprintf(before, 2 * CONSOLE_NAME_BYTES, "%.*s.before.log", (int)stem, name);
}

static bool is_empty(const struct kept_console *console)
{
    return console->bytes == 0 && console->before_bytes == 0;
}

/* NULL where memory is short. */
static struct kept_console *find_or_add(struct console_ring *ring, const char *name)
{
    struct kept_console *free_one = NULL, *grown;

    for (size_t i = 0; i < ring->count; i++) {
        if (is_empty(&ring->list[i]))
            free_one = &ring->list[i];
        else if (strcmp(ring->list[i].name, name) == 0)
            return &ring->list[i];
    }
    if (!free_one) {
        grown = realloc(ring->list, (ring->count + 1) * sizeof(*grown));
        if (!grown)
            return NULL;
        ring->list = grown;
        free_one = &grown[ring->count++];
    }
    *free_one = (struct kept_console){.bytes = 0};
    snprintf(free_one->name, sizeof(free_one->name), "%s", name);
    return free_one;
}

/* Of a file that is gone already there is nothing to be freed. */
static void drop_before(struct console_ring *ring, int dirfd, struct kept_console *console)
{
    char before[2 * CONSOLE_NAME_BYTES];

    name_before(console->name, before);
    unlinkat(dirfd, before, 0);
    ring->bytes -= console->before_bytes;
    console->before_bytes = 0;
}

static void drop_oldest_text(struct console_ring *ring, int dirfd, struct kept_console *console)
{
    if (console->before_bytes > 0) {
        drop_before(ring, dirfd, console);
        return;
    }
    unlinkat(dirfd, console->name, 0);
    ring->bytes -= console->bytes;
    console->bytes = 0;
}

static struct kept_console *find_silent(struct console_ring *ring,
                                        const struct kept_console *current)
{
    struct kept_console *silent = NULL;

    for (size_t i = 0; i < ring->count; i++) {
        struct kept_console *console = &ring->list[i];

        if (console != current && !is_empty(console) && (!silent || console->turn < silent->turn))
            silent = console;
    }
    return silent;
}

static void make_room(struct console_ring *ring, int dirfd, struct kept_console *current,
                      size_t size)
{
    while (ring->bytes + size > ring->keep_bytes) {
        struct kept_console *silent = find_silent(ring, current);

        if (silent)
            drop_oldest_text(ring, dirfd, silent);
        else if (current->before_bytes > 0)
            drop_before(ring, dirfd, current);
        else
            break;
    }
}

static bool begin_anew(struct console_ring *ring, int dirfd, struct kept_console *console,
                       struct xph_error *err)
{
    char before[2 * CONSOLE_NAME_BYTES];

    name_before(console->name, before);
    if (renameat(dirfd, console->name, dirfd, before) != 0 && errno != ENOENT)
        return xph_fail_errno(err, errno, "cannot rename %s/%s", XPH_DIRECTORY_CONSOLE,
                              console->name);
    ring->bytes -= console->before_bytes;
    console->before_bytes = console->bytes;
    console->bytes = 0;
    return true;
}

/* Opened for each piece: so no file of a silent console is held, and any can go. */
static bool append(int dirfd, const char *name, const char *lines, size_t size,
                   struct xph_error *err)
{
    struct iovec iov = {(void *)(uintptr_t)lines, size};
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    bool ok;

    if (fd < 0)
        return xph_fail_errno(err, errno, "cannot create %s/%s", XPH_DIRECTORY_CONSOLE, name);
    ok = xph_write_all(fd, &iov, 1, err);
    close(fd);
    return ok;
}

bool console_ring_append(struct console_ring *ring, int dirfd, const char *name, const char *lines,
                         size_t size, struct xph_error *err)
{
    struct kept_console *console = find_or_add(ring, name);

    if (!console)
        return xph_fail(err, "out of memory");
    if (console->bytes > 0 && console->bytes + size > ring->keep_bytes / FILE_SHARE &&
        !begin_anew(ring, dirfd, console, err))
        return false;
    make_room(ring, dirfd, console, size);
    console->turn = ++ring->turn;
    console->bytes += size;
    ring->bytes += size;
    return append(dirfd, name, lines, size, err);
}

void console_ring_free(struct console_ring *ring)
{
    free(ring->list);
    ring->list = NULL;
    ring->count = 0;
}
