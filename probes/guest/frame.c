#include "probes/guest/frame.h"

#include <string.h>

/* Offsets in the frame. */
enum { SENDER = 4, MONOTONIC = 8, TSC = 16, SLEWED = 24, SEQUENCE = 28 };

/* Of the 16 bits of lengths, these are the name's. */
enum { NAME_BITS = 7, NAME_MASK = (1 << NAME_BITS) - 1 };

static void put(uint8_t *at, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(number >> 8 * i);
}

uint32_t mark_checksum(const uint8_t *data, size_t size)
{
    uint32_t sum = 0xffffffff;

    for (size_t i = 0; i < size; i++) {
        sum ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return ~sum;
}

static size_t frame_bytes(size_t name_bytes, size_t value_bytes)
{
    return XPH_MARK_HEADER + ((name_bytes + value_bytes + 3) & ~(size_t)3) + XPH_MARK_CHECKSUM;
}

size_t mark_frame_bytes(const uint8_t *first_piece)
{
    unsigned lengths = first_piece[2] | (unsigned)first_piece[3] << 8;
    size_t name_bytes = lengths & NAME_MASK, value_bytes = lengths >> NAME_BITS;

    if (first_piece[0] != XPH_MARK_VERSION || name_bytes == 0 || name_bytes > XPH_MARK_MAX_NAME ||
        value_bytes > XPH_MARK_MAX_VALUE)
        return 0;
    return frame_bytes(name_bytes, value_bytes);
}

size_t mark_encode(const struct mark *mark, uint8_t frame[XPH_MARK_MAX_FRAME])
{
    size_t name_bytes = mark->name_bytes, value_bytes = mark->value ? mark->value_bytes : 0;
    uint8_t flags = mark->value ? XPH_MARK_HAS_VALUE : 0;

    if (name_bytes > XPH_MARK_MAX_NAME) {
        name_bytes = XPH_MARK_MAX_NAME;
        flags |= XPH_MARK_NAME_CUT;
    }
    if (value_bytes > XPH_MARK_MAX_VALUE) {
        value_bytes = XPH_MARK_MAX_VALUE;
        flags |= XPH_MARK_VALUE_CUT;
    }
    memset(frame, 0, XPH_MARK_MAX_FRAME);
    frame[0] = XPH_MARK_VERSION;
    frame[1] = flags;
    put(frame + 2, name_bytes | value_bytes << NAME_BITS, 2);
    put(frame + SENDER, mark->sender, 4);
    put(frame + SEQUENCE, mark->sequence, 2);
    memcpy(frame + XPH_MARK_HEADER, mark->name, name_bytes);
    if (value_bytes > 0)
        memcpy(frame + XPH_MARK_HEADER + name_bytes, mark->value, value_bytes);
    return frame_bytes(name_bytes, value_bytes);
}

void mark_stamp(uint8_t *frame, size_t size, const struct mark_clocks *clocks)
{
    put(frame + MONOTONIC, clocks->monotonic_ns, 8);
    put(frame + TSC, clocks->tsc, 8);
    put(frame + SLEWED, (uint32_t)clocks->slewed_ns, 4);
    put(frame + size - XPH_MARK_CHECKSUM, mark_checksum(frame, size - XPH_MARK_CHECKSUM),
        XPH_MARK_CHECKSUM);
}

static uint64_t get(const uint8_t *at, size_t bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < bytes; i++)
        number |= (uint64_t)at[i] << 8 * i;
    return number;
}

bool mark_decode(const uint8_t *frame, struct mark *mark, struct mark_clocks *clocks,
                 unsigned *flags)
{
    size_t size = mark_frame_bytes(frame), lengths = get(frame + 2, 2);

    if (size == 0 || get(frame + size - XPH_MARK_CHECKSUM, XPH_MARK_CHECKSUM) !=
                         mark_checksum(frame, size - XPH_MARK_CHECKSUM))
        return false;
    *flags = frame[1];
    *mark = (struct mark){
        .name = (const char *)frame + XPH_MARK_HEADER,
        .name_bytes = lengths & NAME_MASK,
        .sender = (uint32_t)get(frame + SENDER, 4),
        .sequence = (uint16_t)get(frame + SEQUENCE, 2),
    };
    if (*flags & XPH_MARK_HAS_VALUE) {
        mark->value = mark->name + mark->name_bytes;
        mark->value_bytes = lengths >> NAME_BITS;
    }
    *clocks = (struct mark_clocks){
        .monotonic_ns = get(frame + MONOTONIC, 8),
        .slewed_ns = (int32_t)(uint32_t)get(frame + SLEWED, 4),
        .tsc = get(frame + TSC, 8),
    };
    return true;
}
