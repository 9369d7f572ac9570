#include "probes/guest/ways.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now = {0};

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void clocks_read(struct mark_clocks *clocks)
{
    uint32_t low, high;
    int64_t slewed;

    /* The raw clock on both sides of the other, so that reading it costs no difference. */
    uint64_t raw_before_ns = clock_ns(CLOCK_MONOTONIC_RAW);

    clocks->monotonic_ns = clock_ns(CLOCK_MONOTONIC);
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    clocks->tsc = (uint64_t)high << 32 | low;
    slewed = (int64_t)(clocks->monotonic_ns -
                       (raw_before_ns + (clock_ns(CLOCK_MONOTONIC_RAW) - raw_before_ns) / 2));
    clocks->slewed_ns = slewed > INT32_MAX   ? INT32_MAX
                        : slewed < INT32_MIN ? INT32_MIN
                                             : (int32_t)slewed;
}

/* Marks of several processes at the same time are told apart by it, mostly. */
static unsigned tag_of(const struct mark *mark, unsigned tags)
{
    return (mark->sender + mark->sequence) % tags;
}

bool way_failed(struct why *why, const char *format, ...)
{
    size_t used = strlen(why->text);
    va_list args;

    if (used > 0)
        used += (size_t)snprintf(why->text + used, sizeof(why->text) - used, "; ");
    if (used >= sizeof(why->text))
        return false;
    va_start(args, format);
    vsnprintf(why->text + used, sizeof(why->text) - used, format, args);
    va_end(args);
    return false;
}

static bool cpuid_send(enum xen_guest guest, const struct mark *mark, struct why *why)
{
    uint32_t leaf = XPH_CPUID_LEAF | tag_of(mark, XPH_CPUID_TAGS) << 8, registers[4], piece;
    uint8_t frame[XPH_MARK_MAX_FRAME];
    struct mark_clocks clocks;
    size_t size;

    if (guest != XEN_GUEST_HVM)
        return way_failed(why, "Xen does not see a PV guest's CPUID");
    size = mark_encode(mark, frame);
    for (size_t at = 0; at < size; at += XPH_CPUID_PIECE) {
        memcpy(&piece, frame + at, sizeof(piece));
        cpuid(leaf | (uint32_t)(at / XPH_CPUID_PIECE), piece, registers);
        if (at == 0) {
            clocks_read(&clocks);
            mark_stamp(frame, size, &clocks);
        }
    }
    return true;
}

static bool forced_send(enum xen_guest guest, const struct mark *mark, struct why *why)
{
    unsigned tag = tag_of(mark, XPH_STUB_TAGS);
    uint8_t frame[XPH_MARK_MAX_FRAME];
    struct mark_clocks clocks;
    size_t size;

    if (guest != XEN_GUEST_PV)
        return way_failed(why, "Xen emulates CPUID by force for PV guests only");
    size = mark_encode(mark, frame);
    if (!stubs_send(tag, true, frame, 1))
        return way_failed(why, "Xen refuses to emulate CPUID");
    clocks_read(&clocks);
    mark_stamp(frame, size, &clocks);
    return stubs_send(tag, false, frame + 1, size - 1) ||
           way_failed(why, "Xen refuses to emulate CPUID");
}

/* Linux: include/uapi/xen/privcmd.h; Xen: public/hvm/hvm_op.h. */
struct hypercall {
    uint64_t op, argument[5];
};
struct hvm_xentrace {
    uint16_t event, bytes;
    uint32_t offset;
    uint8_t data[XPH_HYPERCALL_PIECE];
};
enum { OP_HVM = 34, HVMOP_XENTRACE = 11 };
#define PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct hypercall))

static bool hypercall_piece(int fd, unsigned tag, const uint8_t *frame, size_t at, size_t count)
{
    struct hvm_xentrace trace = {.event = (uint16_t)(XPH_HYPERCALL_EVENT | tag),
                                 .bytes = (uint16_t)(sizeof(trace.offset) + count),
                                 .offset = (uint32_t)at};
    struct hypercall call = {OP_HVM, {HVMOP_XENTRACE, (uint64_t)(uintptr_t)&trace}};

    memcpy(trace.data, frame + at, count);
    return ioctl(fd, PRIVCMD_HYPERCALL, &call) == 0;
}

static bool hypercall_send_by(int fd, const struct mark *mark)
{
    unsigned tag = tag_of(mark, XPH_HYPERCALL_TAGS);
    uint8_t frame[XPH_MARK_MAX_FRAME];
    size_t size = mark_encode(mark, frame), count;
    struct mark_clocks clocks;

    if (!hypercall_piece(fd, tag, frame, 0, XPH_MARK_FIRST_PIECE))
        return false;
    clocks_read(&clocks);
    mark_stamp(frame, size, &clocks);
    for (size_t at = XPH_MARK_FIRST_PIECE; at < size; at += count) {
        count = size - at < XPH_HYPERCALL_PIECE ? size - at : XPH_HYPERCALL_PIECE;
        if (!hypercall_piece(fd, tag, frame, at, count))
            return false;
    }
    return true;
}

static bool hypercall_send(enum xen_guest guest, const struct mark *mark, struct why *why)
{
    int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    bool sent;
    int errnum;

    (void)guest;
    if (fd < 0)
        fd = open("/proc/xen/privcmd", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return way_failed(why, "/dev/xen/privcmd: %s", strerror(errno));
    /* Xen reads what is on our stack without our being there to fault it in. */
    mlockall(MCL_CURRENT);
    sent = hypercall_send_by(fd, mark);
    errnum = errno;
    munlockall();
    close(fd);
    if (sent)
        return true;
    return way_failed(why, "HVMOP_xentrace: %s%s", strerror(errnum),
                      errnum == EPERM ? " (it needs the module xen-privcmd with unrestricted=1)"
                                      : "");
}

const struct way ways[] = {
    {"cpuid", false, cpuid_send},
    {"forced", false, forced_send},
    {"hypercall", true, hypercall_send},
    {"xenstore", false, xenstore_send},
    {NULL, false, NULL},
};

const struct way *way_find(const char *name)
{
    for (const struct way *way = ways; way->name; way++) {
        if (strcmp(way->name, name) == 0)
            return way;
    }
    return NULL;
}

const struct way *mark_send(enum xen_guest guest, const struct way *asked, const struct mark *mark,
                            struct why *why)
{
    why->text[0] = '\0';
    if (asked)
        return asked->send(guest, mark, why) ? asked : NULL;
    for (const struct way *way = ways; way->name; way++) {
        if (!way->only_if_asked && way->send(guest, mark, why))
            return way;
    }
    return NULL;
}
