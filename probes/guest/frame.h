/*
 * A guest's mark as bytes, and how each way carries them: what the probe sends and the analyzer
 * reads. docs/format/guest-mark.md describes it.
 */
#ifndef XPH_PROBES_GUEST_FRAME_H
#define XPH_PROBES_GUEST_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    XPH_MARK_VERSION = 1,
    XPH_MARK_MAX_NAME = 64,   /* bytes; longer names are cut */
    XPH_MARK_MAX_VALUE = 256, /* bytes by Xen's trace; longer values are cut */
    XPH_MARK_HEADER = 32,     /* bytes before the name */
    XPH_MARK_CHECKSUM = 4,    /* bytes at the end: CRC-32 of all before */
    XPH_MARK_MAX_FRAME =
        XPH_MARK_HEADER + XPH_MARK_MAX_NAME + XPH_MARK_MAX_VALUE + XPH_MARK_CHECKSUM,
    /* What is sent before the guest's clocks are read: version, flags, lengths. */
    XPH_MARK_FIRST_PIECE = 4,
};

enum { XPH_MARK_NAME_CUT = 1, XPH_MARK_VALUE_CUT = 2, XPH_MARK_HAS_VALUE = 4 };

/* By CPUID: leaf = XPH_CPUID_LEAF | tag << 8 | piece, subleaf = 4 bytes of the frame. */
enum { XPH_CPUID_LEAF = 0x58500000, XPH_CPUID_PIECE = 4, XPH_CPUID_TAGS = 256 };

/*
 * By forced emulation: a call of one of the stubs at a fixed address, 8 bytes each. Its number is
 * tag << 9 | begins a frame << 8 | byte. Xen's record has the RIP after the CPUID, 7 bytes in.
 */
#define XPH_STUBS_ADDRESS UINT64_C(0x585048000000)
enum {
    XPH_STUB_BYTES = 8,
    XPH_STUB_RIP = 7,
    XPH_STUB_BEGIN = 0x100,
    XPH_STUB_TAG_SHIFT = 9,
    XPH_STUB_TAGS = 16,
    XPH_STUBS = XPH_STUB_TAGS << XPH_STUB_TAG_SHIFT,
};

/* By HVMOP_xentrace: event XPH_HYPERCALL_EVENT | tag; a word with the bytes' offset in the frame,
 * then up to 24 of its bytes. The first record carries XPH_MARK_FIRST_PIECE bytes only. */
enum { XPH_HYPERCALL_EVENT = 0x580, XPH_HYPERCALL_PIECE = 24, XPH_HYPERCALL_TAGS = 16 };

/* By xenstore: key XPH_MARK_XENSTORE_DIRECTORY/SLOT, value "xph1 ...". */
#define XPH_MARK_XENSTORE_DIRECTORY "data/xenphase"
#define XPH_MARK_XENSTORE_VALUE     "xph1 "
enum { XPH_MARK_XENSTORE_SLOTS = 64, XPH_MARK_XENSTORE_MAX_VALUE = 512 };

/* A moment on the guest's clocks, all read at once. */
struct mark_clocks {
    uint64_t monotonic_ns; /* CLOCK_MONOTONIC */
    int32_t slewed_ns;     /* CLOCK_MONOTONIC - CLOCK_MONOTONIC_RAW, at the bounds if beyond them */
    uint64_t tsc;
};

struct mark {
    const char *name, *value; /* any bytes, not terminated; value NULL: none */
    size_t name_bytes, value_bytes;
    uint32_t sender;   /* the process that makes it */
    uint16_t sequence; /* counts the sender's marks */
};

/* CRC-32 as zlib's crc32(0, ...). */
uint32_t mark_checksum(const uint8_t *data, size_t size);

/* Writes the frame but for its clocks and its checksum; returns its whole size, a multiple of 4. */
size_t mark_encode(const struct mark *mark, uint8_t frame[XPH_MARK_MAX_FRAME]);

/* Completes a frame of `size` bytes. */
void mark_stamp(uint8_t *frame, size_t size, const struct mark_clocks *clocks);

/*
 * Takes a whole frame apart; the mark's name and value point into it. False if its checksum is
 * wrong. `frame` must be as long as mark_frame_bytes() says.
 */
bool mark_decode(const uint8_t *frame, struct mark *mark, struct mark_clocks *clocks,
                 unsigned *flags);

/* The bytes of the whole frame that begins with these XPH_MARK_FIRST_PIECE bytes, 0 if none can. */
size_t mark_frame_bytes(const uint8_t *first_piece);

#endif
