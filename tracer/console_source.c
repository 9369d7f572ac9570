#include "tracer/console_source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xen/io/console.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>

#include "recording/files.h"
#include "tracer/clock.h"

enum {
    RING_BYTES = sizeof(((struct xencons_interface *)0)->out),
    LINE_BYTES = 1024,                 /* a longer one is cut into several */
    ESCAPED_BYTES = 4,                 /* \xNN */
    MAX_TEXT_BYTES = 16 * 1024 * 1024, /* of a guest: it must not fill dom0's disk */
    STAMP_BYTES = 32,
};

struct guest_console {
    uint32_t domid;
    const struct xencons_interface *page;
    uint32_t seen;     /* producer index up to which the text is known */
    int fd;            /* -1 until there is text */
    uint64_t bytes;    /* in the file, without the stamps */
    bool full;         /* no more is kept */
    uint64_t line_tsc; /* of the line's first byte */
    size_t line_bytes;
    char line[LINE_BYTES * ESCAPED_BYTES];
};

bool console_source_open(struct console_source *source, int dirfd, struct xph_error *err)
{
    *source = (struct console_source){.dirfd = -1};
    pthread_mutex_init(&source->lock, NULL);
    if (mkdirat(dirfd, XPH_DIRECTORY_CONSOLE, 0755) != 0)
        return xph_fail_errno(err, errno, "cannot make the directory %s", XPH_DIRECTORY_CONSOLE);
    source->dirfd = openat(dirfd, XPH_DIRECTORY_CONSOLE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source->dirfd < 0)
        return xph_fail_errno(err, errno, "cannot open the directory %s", XPH_DIRECTORY_CONSOLE);
    source->memory = xenforeignmemory_open(NULL, 0);
    return source->memory || xph_fail_errno(err, errno, "cannot map memory of guests");
}

static bool have_console(const struct console_source *source, uint32_t domid)
{
    for (size_t i = 0; i < source->count; i++) {
        if (source->consoles[i].domid == domid)
            return true;
    }
    return false;
}

/* Of a guest that ran before the recording, what is in the ring is taken, and nothing before it is
 * missed. */
static uint32_t first_byte(const struct xencons_interface *page, bool old)
{
    uint32_t end = *(const volatile XENCONS_RING_IDX *)&page->out_prod;

    return old && end > RING_BYTES ? end - RING_BYTES : 0;
}

void console_source_add(struct console_source *source, uint32_t domid, uint64_t frame, bool old)
{
    xen_pfn_t pfn = frame;
    struct guest_console *grown;
    void *page;

    pthread_mutex_lock(&source->lock);
    if (source->dirfd >= 0 && !have_console(source, domid)) {
        grown = realloc(source->consoles, (source->count + 1) * sizeof(*grown));
        page = grown ? xenforeignmemory_map(source->memory, domid, PROT_READ, 1, &pfn, NULL) : NULL;
        if (grown)
            source->consoles = grown;
        if (page)
            source->consoles[source->count++] = (struct guest_console){
                .domid = domid, .page = page, .seen = first_byte(page, old), .fd = -1};
    }
    pthread_mutex_unlock(&source->lock);
}

static bool write_line(struct console_source *source, struct guest_console *console,
                       struct xph_error *err)
{
    char stamp[STAMP_BYTES], name[STAMP_BYTES];
    struct iovec iov[] = {
        {stamp, (size_t)snprintf(stamp, sizeof(stamp), "%" PRIu64 " ", console->line_tsc)},
        {console->line, console->line_bytes},
        {(void *)(uintptr_t) "\n", 1},
    };

    snprintf(name, sizeof(name), "%" PRIu32 ".log", console->domid);
    if (console->fd < 0)
        console->fd = openat(source->dirfd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (console->fd < 0)
        return xph_fail_errno(err, errno, "cannot create %s/%s", XPH_DIRECTORY_CONSOLE, name);
    console->bytes += console->line_bytes;
    console->line_bytes = 0;
    return xph_write_all(console->fd, iov, sizeof(iov) / sizeof(iov[0]), err);
}

/* A guest's text goes to terminals later: all but printable ASCII is written as \xNN. */
static void add_to_line(struct guest_console *console, char c)
{
    static const char digits[] = "0123456789abcdef";
    char *at = console->line + console->line_bytes;
    unsigned char byte = (unsigned char)c;

    if ((byte >= ' ' && byte < 0x7f && byte != '\\') || byte == '\t') {
        *at = c;
        console->line_bytes++;
        return;
    }
    at[0] = '\\';
    at[1] = 'x';
    at[2] = digits[byte >> 4];
    at[3] = digits[byte & 15];
    console->line_bytes += ESCAPED_BYTES;
}

static bool add_text(struct console_source *source, struct guest_console *console, const char *text,
                     size_t bytes, uint64_t tsc, struct xph_error *err)
{
    source->bytes += bytes;
    for (size_t i = 0; i < bytes; i++) {
        if (console->line_bytes == 0)
            console->line_tsc = tsc;
        if (text[i] != '\n' && text[i] != '\r')
            add_to_line(console, text[i]);
        if ((text[i] == '\n' && console->line_bytes > 0) ||
            console->line_bytes + ESCAPED_BYTES > sizeof(console->line)) {
            if (!write_line(source, console, err))
                return false;
        }
    }
    return true;
}

/* A line of our own, which no guest can write: a guest's backslash is escaped. */
static bool write_note(struct console_source *source, struct guest_console *console,
                       const char *note, uint64_t tsc, struct xph_error *err)
{
    if (console->line_bytes > 0 && !write_line(source, console, err))
        return false;
    console->line_tsc = tsc;
    console->line_bytes = strlen(note);
    memcpy(console->line, note, console->line_bytes);
    return write_line(source, console, err);
}

static bool note_loss(struct console_source *source, struct guest_console *console, uint32_t bytes,
                      uint64_t tsc, struct xph_error *err)
{
    char note[64];

    source->lost_bytes += bytes;
    snprintf(note, sizeof(note), "\\[%" PRIu32 " bytes of text lost]", bytes);
    return write_note(source, console, note, tsc, err);
}

static bool check_room(struct console_source *source, struct guest_console *console, uint64_t tsc,
                       struct xph_error *err)
{
    if (console->bytes < MAX_TEXT_BYTES)
        return true;
    console->full = true;
    return write_note(source, console, "\\[no more is kept of so much text]", tsc, err);
}

static bool poll_console(struct console_source *source, struct guest_console *console,
                         struct xph_error *err)
{
    const volatile struct xencons_interface *page = console->page;
    uint32_t end = page->out_prod, start = console->seen, overwritten;
    uint64_t tsc;
    char text[RING_BYTES];

    if (end == start || console->full)
        return true;
    tsc = clock_tsc();
    xen_rmb();
    /* What the indices say is the guest's word; only their difference is used, and bounded. */
    if (end - start > RING_BYTES)
        start = end - RING_BYTES;
    for (uint32_t i = start; i != end; i++)
        text[i - start] = page->out[i % RING_BYTES];
    xen_rmb();
    /* While it was copied the guest may have written over the beginning. */
    overwritten = page->out_prod - start;
    overwritten = overwritten > RING_BYTES ? overwritten - RING_BYTES : 0;
    if (overwritten > end - start)
        overwritten = end - start;
    start += overwritten;
    if (start != console->seen && !note_loss(source, console, start - console->seen, tsc, err))
        return false;
    console->seen = end;
    return add_text(source, console, text + overwritten, end - start, tsc, err) &&
           check_room(source, console, tsc, err);
}

bool console_source_poll(struct console_source *source, struct xph_error *err)
{
    bool ok = true;

    pthread_mutex_lock(&source->lock);
    for (size_t i = 0; ok && i < source->count; i++)
        ok = poll_console(source, &source->consoles[i], err);
    pthread_mutex_unlock(&source->lock);
    return ok;
}

static void end_console(struct console_source *source, struct guest_console *console)
{
    struct xph_error ignored;

    poll_console(source, console, &ignored);
    if (console->line_bytes > 0)
        write_line(source, console, &ignored);
    if (console->fd >= 0)
        close(console->fd);
    xenforeignmemory_unmap(source->memory, (void *)(uintptr_t)console->page, 1);
}

void console_source_drop(struct console_source *source, uint32_t domid)
{
    pthread_mutex_lock(&source->lock);
    for (size_t i = 0; i < source->count; i++) {
        if (source->consoles[i].domid != domid)
            continue;
        end_console(source, &source->consoles[i]);
        source->consoles[i] = source->consoles[--source->count];
        break;
    }
    pthread_mutex_unlock(&source->lock);
}

void console_source_close(struct console_source *source)
{
    if (source->dirfd < 0)
        return;
    pthread_mutex_lock(&source->lock);
    for (size_t i = 0; i < source->count; i++)
        end_console(source, &source->consoles[i]);
    free(source->consoles);
    source->consoles = NULL;
    source->count = 0;
    close(source->dirfd);
    source->dirfd = -1;
    if (source->memory)
        xenforeignmemory_close(source->memory);
    source->memory = NULL;
    pthread_mutex_unlock(&source->lock);
}
