/*
 * Marks out of changes in xenstore: /local/domain/N/data/xenphase/KEY. What xenphase-mark wrote
 * begins with "xph1 " and carries name and value; any other value is a mark that is named as its
 * key, so that `xenstore-write data/xenphase/ready 1` makes one as well.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/guest/marks_internal.h"

static const char root[] = "/local/domain/", directory[] = "/" XPH_MARK_XENSTORE_DIRECTORY "/";

/* The key within the directory of marks; false if `path` is none. */
static bool key_of(const struct xph_xenstore_event *event, uint16_t *domid, struct mark *text)
{
    const char *at = event->path, *end = event->path + event->path_bytes;
    uint32_t number = 0;

    if (event->path_bytes < sizeof(root) || memcmp(at, root, sizeof(root) - 1) != 0)
        return false;
    for (at += sizeof(root) - 1; at < end && *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (uint32_t)(*at - '0');
        if (number >= XPH_IDLE_DOMID)
            return false;
    }
    if ((size_t)(end - at) < sizeof(directory) || memcmp(at, directory, sizeof(directory) - 1) != 0)
        return false;
    *domid = (uint16_t)number;
    text->name = at + sizeof(directory) - 1;
    text->name_bytes = (size_t)(end - text->name);
    return true;
}

static int hexadecimal(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* A word with its %XX undone, which are `size` bytes at the most; false if it is more or broken. */
static bool unescape(const char *at, const char *end, char *bytes, size_t size, size_t *count)
{
    for (*count = 0; at < end; at++) {
        int high = *at == '%' && end - at > 2 ? hexadecimal(at[1]) : -1;
        int low = high >= 0 ? hexadecimal(at[2]) : -1;

        if (*count == size || (*at == '%' && low < 0))
            return false;
        bytes[(*count)++] = low >= 0 ? (char)(high << 4 | low) : *at;
        at += low >= 0 ? 2 : 0;
    }
    return true;
}

/* Room for what a value of xenphase-mark can hold. */
struct unescaped {
    char name[XPH_MARK_MAX_NAME], value[XPH_MARK_XENSTORE_MAX_VALUE];
};

static bool parse_words(const char *at, const char *end, struct mark *text, struct unescaped *room)
{
    const char *space = memchr(at, ' ', (size_t)(end - at)), *name_end = space ? space : end;

    text->name = room->name;
    if (!unescape(at, name_end, room->name, sizeof(room->name), &text->name_bytes) ||
        text->name_bytes == 0)
        return false;
    if (!space)
        return true;
    text->value = room->value;
    return unescape(space + 1, end, room->value, sizeof(room->value), &text->value_bytes);
}

static bool parse_value(const struct xph_xenstore_event *event, struct xph_guest_mark *mark,
                        struct mark *text, struct unescaped *room)
{
    char numbers[128];
    size_t bytes = event->value_bytes < sizeof(numbers) ? event->value_bytes : sizeof(numbers) - 1;
    int used = 0;

    memcpy(numbers, event->value, bytes);
    numbers[bytes] = '\0';
    if (sscanf(numbers,
               XPH_MARK_XENSTORE_VALUE "%u %" SCNu32 " %" SCNu16 " %" SCNu64 " %" SCNu64 " %" SCNd32
                                       "%n",
               &mark->flags, &mark->sender, &mark->sequence, &mark->guest.monotonic_ns,
               &mark->guest.tsc, &mark->guest.slewed_ns, &used) != 6 ||
        numbers[used] != ' ')
        return false;
    mark->flags &= XPH_MARK_NAME_CUT | XPH_MARK_VALUE_CUT | XPH_MARK_HAS_VALUE;
    return parse_words(event->value + used + 1, event->value + event->value_bytes, text, room);
}

/* A key that something else wrote: as it is, within the same bounds. */
static void take_plain(const struct xph_xenstore_event *event, struct xph_guest_mark *mark,
                       struct mark *text)
{
    mark->flags = XPH_MARK_HAS_VALUE;
    text->value = event->value;
    text->value_bytes = event->value_bytes;
    if (text->name_bytes > XPH_MARK_MAX_NAME) {
        text->name_bytes = XPH_MARK_MAX_NAME;
        mark->flags |= XPH_MARK_NAME_CUT;
    }
    if (text->value_bytes > XPH_MARK_XENSTORE_MAX_VALUE) {
        text->value_bytes = XPH_MARK_XENSTORE_MAX_VALUE;
        mark->flags |= XPH_MARK_VALUE_CUT;
    }
}

bool xph_guest_marks_xenstore(struct xph_guest_marks *marks, const struct xph_clock *clock,
                              const struct xph_xenstore_event *event, struct xph_error *err)
{
    const size_t ours = sizeof(XPH_MARK_XENSTORE_VALUE) - 1;
    uint64_t told_ns = xph_clock_dom0_ns(clock, event->tsc);
    struct xph_guest_mark mark = {
        .vcpu = XPH_MARK_NO_VCPU,
        .way = XPH_MARK_BY_XENSTORE,
        .time_ns = told_ns,
        .after_ns = told_ns,
        .after_tsc = event->tsc,
    };
    struct mark text = {0};
    struct unescaped room;

    if (!key_of(event, &mark.domid, &text) || event->state != XPH_XENSTORE_VALUE)
        return true;
    mark.has_clocks =
        event->value_bytes >= ours && memcmp(event->value, XPH_MARK_XENSTORE_VALUE, ours) == 0;
    if (!mark.has_clocks) {
        take_plain(event, &mark, &text);
    } else if (!parse_value(event, &mark, &text, &room)) {
        marks->faults.damaged++;
        return true;
    }
    return mark_keep(marks, &mark, &text, err);
}
