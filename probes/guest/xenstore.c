/*
 * A mark as a key in the guest's own directory of xenstore, by the device's wire protocol (Xen:
 * public/io/xs_wire.h), so that no library and no daemon of the guest is needed. Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probes/guest/ways.h"

enum { XS_WRITE = 11, XS_ERROR = 16 };
enum { ANSWER_MS = 80 }; /* below the watchdog's time */

struct message {
    uint32_t type, request, transaction, bytes;
};

enum {
    MAX_PATH = 32,
    /* Each byte is escaped in the worst case; the numbers before. A guest may store 2048 bytes. */
    MAX_TEXT = 128 + 3 * (XPH_MARK_MAX_NAME + XPH_MARK_XENSTORE_MAX_VALUE),
};

static const char *const devices[] = {"/dev/xen/xenbus", "/proc/xen/xenbus"};

static bool plain(unsigned char byte)
{
    return byte > 0x20 && byte < 0x7f && byte != '%';
}

/* Appends `count` bytes as one word of printable ASCII. */
static size_t escape(char *text, size_t at, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (plain((unsigned char)bytes[i]))
            text[at++] = bytes[i];
        else
            at += (size_t)sprintf(text + at, "%%%02x", (unsigned char)bytes[i]);
    }
    return at;
}

/* Writes path, NUL and value, as XS_WRITE wants them; returns how many bytes. */
static size_t compose(char *text, const struct mark *mark)
{
    size_t name_bytes = mark->name_bytes, value_bytes = mark->value ? mark->value_bytes : 0, at;
    unsigned flags = mark->value ? XPH_MARK_HAS_VALUE : 0;
    struct mark_clocks clocks;

    if (name_bytes > XPH_MARK_MAX_NAME) {
        name_bytes = XPH_MARK_MAX_NAME;
        flags |= XPH_MARK_NAME_CUT;
    }
    if (value_bytes > XPH_MARK_XENSTORE_MAX_VALUE) {
        value_bytes = XPH_MARK_XENSTORE_MAX_VALUE;
        flags |= XPH_MARK_VALUE_CUT;
    }
    clocks_read(&clocks);
    at = (size_t)sprintf(text, XPH_MARK_XENSTORE_DIRECTORY "/%02u",
                         (mark->sender + mark->sequence) % XPH_MARK_XENSTORE_SLOTS) +
         1;
    at += (size_t)sprintf(text + at, XPH_MARK_XENSTORE_VALUE "%u %u %u %llu %llu %d ", flags,
                          mark->sender, mark->sequence, (unsigned long long)clocks.monotonic_ns,
                          (unsigned long long)clocks.tsc, clocks.slewed_ns);
    at = escape(text, at, mark->name, name_bytes);
    if (mark->value) {
        text[at++] = ' ';
        at = escape(text, at, mark->value, value_bytes);
    }
    return at;
}

/* Reads `count` bytes unless that takes too long. */
static bool read_all(int fd, void *bytes, size_t count)
{
    char *at = bytes;

    while (count > 0) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        ssize_t got;

        if (poll(&wait, 1, ANSWER_MS) <= 0) {
            errno = ETIMEDOUT;
            return false;
        }
        got = read(fd, at, count);
        if (got <= 0)
            return false;
        at += got;
        count -= (size_t)got;
    }
    return true;
}

static bool take_answer(int fd, struct why *why)
{
    struct message answer;
    char text[64] = "";

    if (!read_all(fd, &answer, sizeof(answer)))
        return way_failed(why, "xenstore: %s", strerror(errno));
    if (answer.bytes >= sizeof(text) || !read_all(fd, text, answer.bytes))
        return way_failed(why, "xenstore: an answer that is none");
    text[answer.bytes] = '\0';
    return answer.type != XS_ERROR || way_failed(why, "xenstore: %s", text);
}

bool xenstore_send(enum xen_guest guest, const struct mark *mark, struct why *why)
{
    struct {
        struct message head;
        char body[MAX_PATH + MAX_TEXT];
    } request = {.head = {.type = XS_WRITE}};
    size_t size;
    bool sent;
    int fd = -1;

    (void)guest;
    for (unsigned i = 0; fd < 0 && i < sizeof(devices) / sizeof(devices[0]); i++)
        fd = open(devices[i], O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return way_failed(why, "xenstore: %s", strerror(errno));
    request.head.bytes = (uint32_t)compose(request.body, mark);
    size = sizeof(request.head) + request.head.bytes;
    if (write(fd, &request, size) == (ssize_t)size)
        sent = take_answer(fd, why);
    else
        sent = way_failed(why, "xenstore: %s", strerror(errno));
    close(fd);
    return sent;
}
