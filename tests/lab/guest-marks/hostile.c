/*
 * A guest that means no good: COUNT marks as fast as it can, with control characters and another
 * sender's number in them, frames that begin and never end, pieces of no frame, and checksums that
 * are wrong. Prints how many of each. For tests/lab/test_guest_marks.sh.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/guest/ways.h"

enum { TORN_EVERY = 10, DAMAGED_EVERY = 100, STRAY_EVERY = 50, STRAY_BYTES = 4 };

/* A frame's pieces as its way sends them, from `from` to `to` (bytes, multiples of 4). */
static void send_part(enum xen_guest guest, unsigned tag, const uint8_t *frame, size_t from,
                      size_t to)
{
    uint32_t registers[4], piece;

    if (guest == XEN_GUEST_PV) {
        stubs_send(tag % XPH_STUB_TAGS, from == 0, frame + from, to - from);
        return;
    }
    for (size_t at = from; at < to; at += sizeof(piece)) {
        memcpy(&piece, frame + at, sizeof(piece));
        cpuid(XPH_CPUID_LEAF | tag % XPH_CPUID_TAGS << 8 | (uint32_t)(at / sizeof(piece)), piece,
              registers);
    }
}

int main(int argc, char **argv)
{
    static const char name[] = "hostile\x1b[2J\x07\xff", value[] = "\r\n\x9b\x1b]0;owned\x07";
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0, torn = 0, damaged = 0;
    enum xen_guest guest = xen_guest_detect();
    uint8_t frame[XPH_MARK_MAX_FRAME];
    unsigned stray = 0, sent = 0;
    struct why why;

    for (unsigned i = 0; i < count; i++) {
        const struct mark mark = {.name = name,
                                  .value = value,
                                  .name_bytes = sizeof(name) - 1,
                                  .value_bytes = sizeof(value) - 1,
                                  .sender = 1,
                                  .sequence = (uint16_t)i};
        const struct mark_clocks lie = {UINT64_MAX - i, INT32_MIN, i};
        size_t size = mark_encode(&mark, frame);

        sent += mark_send(guest, NULL, &mark, &why) != NULL;
        mark_stamp(frame, size, &lie);
        /* A tag of its own for each, so that none is ended by the next frame that begins. */
        if (i % TORN_EVERY == 0) {
            send_part(guest, 0, frame, 0, 16);
            torn++;
        }
        if (i % STRAY_EVERY == 0) {
            send_part(guest, 1, frame, 8, 8 + STRAY_BYTES);
            stray += guest == XEN_GUEST_PV ? STRAY_BYTES : 1;
        }
        if (i % DAMAGED_EVERY == 0) {
            frame[size - 1] ^= 1;
            send_part(guest, 2, frame, 0, size);
            damaged++;
        }
    }
    printf("hostile: sent %u, torn %u, stray %u, damaged %u\n", sent, torn, stray, damaged);
    return sent == count ? EXIT_SUCCESS : EXIT_FAILURE;
}
