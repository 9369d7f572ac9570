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
#include "tracer/console_text.h"

enum {
    RING_BYTES = sizeof(((struct xencons_interface *)0)->out),
    /* Guests must not fill dom0's disk: so much is kept of each, and of all together. */
    MAX_FILE_BYTES = 16 * 1024 * 1024,
    MAX_ALL_BYTES = 256 * 1024 * 1024,
    /* Nor keep the real-time thread that looks at their consoles busy: the text that is taken in
     * one look at all of them. */
    LOOK_BYTES = 16 * RING_BYTES,
};
_Static_assert((int)RING_BYTES <= (int)CONSOLE_TEXT_BYTES,
               "what a ring holds can be added at once");

struct guest_console {
    uint32_t domid;
    const struct xencons_interface *page;
    uint32_t seen;       /* producer index up to which the text is known */
    int fd;              /* -1 until there is text */
    uint64_t file_bytes; /* written, the stamps included */
    bool full;           /* no more is kept */
    struct console_text text;
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

/* Writes the lines that a look has made, in one piece. */
static bool write_lines(struct console_source *source, struct guest_console *console,
                        const struct console_lines *lines, struct xph_error *err)
{
    struct iovec iov = {(void *)(uintptr_t)lines->bytes, lines->size};
    char name[32];

    if (lines->size == 0)
        return true;
    snprintf(name, sizeof(name), "%" PRIu32 ".log", console->domid);
    if (console->fd < 0)
        console->fd = openat(source->dirfd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (console->fd < 0)
        return xph_fail_errno(err, errno, "cannot create %s/%s", XPH_DIRECTORY_CONSOLE, name);
    console->file_bytes += lines->size;
    source->file_bytes += lines->size;
    return xph_write_all(console->fd, &iov, 1, err);
}

static void note_loss(struct console_source *source, struct guest_console *console, uint32_t bytes,
                      uint64_t tsc, struct console_lines *lines)
{
    char note[CONSOLE_NOTE_BYTES];

    source->lost_bytes += bytes;
    snprintf(note, sizeof(note), "\\[%" PRIu32 " bytes of text lost]", bytes);
    console_text_note(&console->text, note, tsc, lines);
}

static void check_room(const struct console_source *source, struct guest_console *console,
                       uint64_t tsc, struct console_lines *lines)
{
    console->full = console->file_bytes + lines->size >= MAX_FILE_BYTES ||
                    source->file_bytes + lines->size >= MAX_ALL_BYTES;
    if (console->full)
        console_text_note(&console->text, "\\[no more is kept of so much text]", tsc, lines);
}

/* What a look at a guest's ring found. */
struct ring_text {
    char bytes[RING_BYTES];
    uint32_t count;
    uint32_t lost; /* written over before it was read */
};

static void read_ring(struct guest_console *console, struct ring_text *text)
{
    const volatile struct xencons_interface *page = console->page;
    uint32_t end = page->out_prod, start = console->seen, overwritten;

    xen_rmb();
    /* What the indices say is the guest's word; only their difference is used, and bounded. */
    if (end - start > RING_BYTES)
        start = end - RING_BYTES;
    for (uint32_t i = start; i != end; i++)
        text->bytes[i - start] = page->out[i % RING_BYTES];
    xen_rmb();
    /* While it was copied the guest may have written over the beginning. */
    overwritten = page->out_prod - start;
    overwritten = overwritten > RING_BYTES ? overwritten - RING_BYTES : 0;
    if (overwritten > end - start)
        overwritten = end - start;
    memmove(text->bytes, text->bytes + overwritten, end - start - overwritten);
    start += overwritten;
    text->count = end - start;
    text->lost = start - console->seen;
    console->seen = end;
}

/* Takes what is new of a guest's text; `ends`: its last line, too. */
static bool poll_console(struct console_source *source, struct guest_console *console, bool ends,
                         struct xph_error *err)
{
    const volatile struct xencons_interface *page = console->page;
    struct console_lines lines;
    struct ring_text text;
    uint64_t tsc;

    if (console->full || (page->out_prod == console->seen && !ends))
        return true;
    lines.size = 0;
    tsc = clock_tsc();
    read_ring(console, &text);
    source->bytes += text.count;
    source->taken += text.count;
    if (text.lost > 0)
        note_loss(source, console, text.lost, tsc, &lines);
    console_text_add(&console->text, text.bytes, text.count, tsc, &lines);
    if (ends)
        console_text_end(&console->text, &lines);
    check_room(source, console, tsc, &lines);
    return write_lines(source, console, &lines, err);
}

bool console_source_poll(struct console_source *source, struct xph_error *err)
{
    bool ok = true;

    pthread_mutex_lock(&source->lock);
    source->taken = 0;
    /* The next look begins with those that this one did not come to. */
    for (size_t i = 0; ok && i < source->count && source->taken < LOOK_BYTES; i++)
        ok = poll_console(source, &source->consoles[source->next++ % source->count], false, err);
    pthread_mutex_unlock(&source->lock);
    return ok;
}

static void end_console(struct console_source *source, struct guest_console *console)
{
    struct xph_error ignored;

    poll_console(source, console, true, &ignored);
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
