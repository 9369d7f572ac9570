#include "tracer/console_source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xen/io/console.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>

#include "tracer/clock.h"
#include "tracer/realtime.h"

enum {
    KINDS = 2, /* of consoles, which share what may be kept */
    RING_BYTES = sizeof(((struct xencons_interface *)0)->out),
    /* Guests must not keep the real-time thread that looks at their consoles busy: the text that is
     * taken in one look at all of them. */
    LOOK_BYTES = 16 * RING_BYTES,
};
_Static_assert((int)RING_BYTES <= (int)CONSOLE_TEXT_BYTES,
               "what a ring holds can be added at once");

struct guest_console {
    uint32_t domid;
    const struct xencons_interface *page; /* NULL for a serial port, whose text is brought */
    uint32_t seen;                        /* producer index up to which the text is known */
    struct console_file file;
};

bool console_source_open(struct console_source *source, int dirfd, uint64_t keep_bytes,
                         struct xph_error *err)
{
    *source = (struct console_source){.open = true};
    source->paravirtual.files.dirfd = source->serial.files.dirfd = -1;
    realtime_mutex_init(&source->paravirtual.lock);
    realtime_mutex_init(&source->serial.lock);
    if (!console_files_open(&source->paravirtual.files, dirfd, keep_bytes / KINDS, err) ||
        !console_files_open(&source->serial.files, dirfd, keep_bytes / KINDS, err))
        return false;
    source->memory = xenforeignmemory_open(NULL, 0);
    return source->memory || xph_fail_errno(err, errno, "cannot map memory of guests");
}

static struct guest_console *find_console(const struct console_group *group, uint32_t domid)
{
    for (size_t i = 0; i < group->count; i++) {
        if (group->consoles[i].domid == domid)
            return &group->consoles[i];
    }
    return NULL;
}

/* NULL where memory is short. `page` is NULL for a serial port. */
static struct guest_console *add_console(struct console_group *group, uint32_t domid,
                                         const struct xencons_interface *page)
{
    struct guest_console *grown =
        realloc(group->consoles, (group->count + 1) * sizeof(*group->consoles));
    struct guest_console *console;

    if (!grown)
        return NULL;
    group->consoles = grown;
    console = &grown[group->count++];
    *console = (struct guest_console){.domid = domid, .page = page, .file = {.fd = -1}};
    snprintf(console->file.name, sizeof(console->file.name),
             page ? "%" PRIu32 ".log" : "%" PRIu32 ".serial.log", domid);
    return console;
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
    struct console_group *group = &source->paravirtual;
    xen_pfn_t pfn = frame;
    struct guest_console *console;
    void *page = NULL;

    pthread_mutex_lock(&group->lock);
    if (source->memory && !find_console(group, domid))
        page = xenforeignmemory_map(source->memory, domid, PROT_READ, 1, &pfn, NULL);
    if (page) {
        console = add_console(group, domid, page);
        if (console)
            console->seen = first_byte(page, old);
        else
            xenforeignmemory_unmap(source->memory, page, 1);
    }
    pthread_mutex_unlock(&group->lock);
}

bool console_source_serial(struct console_source *source, uint32_t domid,
                           const struct console_look *look, struct xph_error *err)
{
    struct console_group *group = &source->serial;
    struct guest_console *console;
    bool ok = true;

    atomic_store(&source->any_serial, true);
    pthread_mutex_lock(&group->lock);
    if (group->files.dirfd >= 0) {
        console = find_console(group, domid);
        if (!console)
            console = add_console(group, domid, NULL);
        ok = console ? console_file_add(&group->files, &console->file, look, err)
                     : xph_fail(err, "out of memory");
    }
    pthread_mutex_unlock(&group->lock);
    return ok;
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

/* Takes what is new of a guest's text. */
static bool poll_console(struct console_source *source, struct guest_console *console,
                         struct xph_error *err)
{
    const volatile struct xencons_interface *page = console->page;
    struct console_look look = {.tsc = clock_tsc()};
    struct ring_text text;

    if (console->file.full || page->out_prod == console->seen)
        return true;
    read_ring(console, &text);
    source->taken += text.count;
    look.bytes = text.bytes;
    look.count = text.count;
    look.lost = text.lost;
    return console_file_add(&source->paravirtual.files, &console->file, &look, err);
}

bool console_source_poll(struct console_source *source, struct xph_error *err)
{
    struct console_group *group = &source->paravirtual;
    bool ok = true;

    pthread_mutex_lock(&group->lock);
    source->taken = 0;
    /* The next look begins with those that this one did not come to. */
    for (size_t i = 0; ok && i < group->count && source->taken < LOOK_BYTES; i++)
        ok = poll_console(source, &group->consoles[source->next++ % group->count], err);
    pthread_mutex_unlock(&group->lock);
    return ok;
}

/* Its last line ends, too. */
static void end_console(struct console_source *source, struct console_group *group,
                        struct guest_console *console)
{
    const struct console_look end = {.tsc = clock_tsc(), .ends = true};
    struct xph_error ignored;

    if (console->page)
        poll_console(source, console, &ignored);
    console_file_add(&group->files, &console->file, &end, &ignored);
    console_file_close(&console->file);
    if (console->page)
        xenforeignmemory_unmap(source->memory, (void *)(uintptr_t)console->page, 1);
}

static void drop_console(struct console_source *source, struct console_group *group, uint32_t domid)
{
    struct guest_console *console;

    pthread_mutex_lock(&group->lock);
    console = find_console(group, domid);
    if (console) {
        end_console(source, group, console);
        *console = group->consoles[--group->count];
    }
    pthread_mutex_unlock(&group->lock);
}

void console_source_drop(struct console_source *source, uint32_t domid)
{
    drop_console(source, &source->paravirtual, domid);
    if (atomic_load(&source->any_serial))
        drop_console(source, &source->serial, domid);
}

static void close_group(struct console_source *source, struct console_group *group)
{
    pthread_mutex_lock(&group->lock);
    for (size_t i = 0; i < group->count; i++)
        end_console(source, group, &group->consoles[i]);
    free(group->consoles);
    group->consoles = NULL;
    group->count = 0;
    console_files_close(&group->files);
    pthread_mutex_unlock(&group->lock);
}

void console_source_close(struct console_source *source)
{
    if (!source->open)
        return;
    source->open = false;
    close_group(source, &source->paravirtual);
    close_group(source, &source->serial);
    if (source->memory)
        xenforeignmemory_close(source->memory);
    source->memory = NULL;
}
