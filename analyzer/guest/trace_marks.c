/*
 * Marks out of Xen's trace. A frame comes in pieces, each a record; pieces of several processes mix
 * and a process may change its vCPU between two of them, so a frame belongs to a domain and a tag,
 * and not to a vCPU.
 */
#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/events.h"
#include "analyzer/decode/trace_file.h"
#include "analyzer/guest/marks_internal.h"

/* Xen: public/trace.h */
enum {
    EVENT_CPUID = 0x0008200e,
    EVENT_FORCED_INVALID_OP = 0x00201005,
    EVENT_FORCED_INVALID_OP_64 = 0x00201105,
    EVENT_GUEST = 0x0800f000,
    GUEST_EVENT_MASK = 0xfff,
    /* VM exits, whatever the vendor and nested or not: 0x81002/3, 0x100 and 0x400 set or not. */
    EVENT_VMEXIT = 0x00081002,
    VMEXIT_BITS = 0x501,
};

/* Beyond this, no further frame begins: what a guest begins and never ends must not fill the
 * memory. One guest cannot come near it by its few hundred tags. */
enum { MAX_OPEN_FRAMES = 8192 };

struct mark_frame {
    uint8_t bytes[XPH_MARK_MAX_FRAME];
    size_t have, size; /* bytes; size is 0 until the first piece is whole */
    size_t pieces;
    struct xph_guest_mark mark;
};

/* A record as a part of a frame. */
struct piece {
    enum xph_mark_way way;
    unsigned tag;   /* of its way */
    bool begins;    /* a frame */
    bool has_place; /* tells where in the frame it belongs */
    size_t at;
    uint8_t bytes[XPH_HYPERCALL_PIECE];
    size_t count;
};

static void put_words(uint8_t *bytes, const uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count * sizeof(*words); i++)
        bytes[i] = (uint8_t)(words[i / sizeof(*words)] >> 8 * (i % sizeof(*words)));
}

static bool cpuid_piece(const struct xph_record *record, struct piece *piece)
{
    uint32_t leaf = record->words[0];

    if (record->extra_words < 2 || (leaf & 0xffff0000) != XPH_CPUID_LEAF)
        return false;
    piece->way = XPH_MARK_BY_CPUID;
    piece->tag = leaf >> 8 & 0xff;
    piece->at = (leaf & 0xff) * (size_t)XPH_CPUID_PIECE;
    piece->has_place = true;
    piece->begins = piece->at == 0;
    piece->count = XPH_CPUID_PIECE;
    put_words(piece->bytes, record->words + 1, 1);
    return true;
}

static bool forced_piece(const struct xph_record *record, struct piece *piece)
{
    uint64_t rip, offset;
    unsigned number;

    if (record->event != EVENT_FORCED_INVALID_OP_64 || record->extra_words < 2)
        return false;
    rip = (uint64_t)record->words[1] << 32 | record->words[0];
    offset = rip - (XPH_STUBS_ADDRESS + XPH_STUB_RIP);
    if (offset >= (uint64_t)XPH_STUBS * XPH_STUB_BYTES || offset % XPH_STUB_BYTES != 0)
        return false;
    number = (unsigned)(offset / XPH_STUB_BYTES);
    piece->way = XPH_MARK_BY_FORCED_CPUID;
    piece->tag = number >> XPH_STUB_TAG_SHIFT;
    piece->begins = number & XPH_STUB_BEGIN;
    piece->has_place = false;
    piece->count = 1;
    piece->bytes[0] = (uint8_t)number;
    return true;
}

static bool hypercall_piece(const struct xph_record *record, struct piece *piece)
{
    unsigned event = record->event & GUEST_EVENT_MASK;

    if ((event & ~(unsigned)(XPH_HYPERCALL_TAGS - 1)) != XPH_HYPERCALL_EVENT ||
        record->extra_words < 2)
        return false;
    piece->way = XPH_MARK_BY_HYPERCALL;
    piece->tag = event % XPH_HYPERCALL_TAGS;
    piece->at = record->words[0];
    piece->has_place = true;
    piece->begins = piece->at == 0;
    piece->count = (record->extra_words - 1u) * sizeof(uint32_t);
    put_words(piece->bytes, record->words + 1, record->extra_words - 1u);
    return true;
}

static bool take_piece(const struct xph_record *record, struct piece *piece)
{
    switch (record->event) {
    case EVENT_CPUID:
        return cpuid_piece(record, piece);
    case EVENT_FORCED_INVALID_OP:
    case EVENT_FORCED_INVALID_OP_64:
        return forced_piece(record, piece);
    default:
        return (record->event & ~(uint32_t)GUEST_EVENT_MASK) == EVENT_GUEST &&
               hypercall_piece(record, piece);
    }
}

/* Which of a domain's open frames a piece is for. */
static size_t slot_of(const struct piece *piece)
{
    switch (piece->way) {
    case XPH_MARK_BY_CPUID:
        return piece->tag;
    case XPH_MARK_BY_FORCED_CPUID:
        return XPH_CPUID_TAGS + piece->tag;
    default:
        return XPH_CPUID_TAGS + XPH_STUB_TAGS + piece->tag;
    }
}

static void drop_frame(struct xph_guest_marks *marks, struct mark_frame **open)
{
    free(*open);
    *open = NULL;
    marks->open_frames--;
}

static bool begin_frame(struct xph_guest_marks *marks, struct mark_frame **open,
                        const struct piece *piece, const struct xph_record *record,
                        const struct xph_vcpu *running, bool stamped, struct xph_error *err)
{
    if (*open) {
        marks->faults.torn++;
        drop_frame(marks, open);
    }
    if (marks->open_frames == MAX_OPEN_FRAMES) {
        marks->faults.torn++;
        return true;
    }
    *open = calloc(1, sizeof(**open));
    if (!*open)
        return xph_fail(err, "out of memory for a guest's mark");
    marks->open_frames++;
    (*open)->mark = (struct xph_guest_mark){
        .domid = running->domid,
        .vcpu = running->vcpu,
        .way = piece->way,
        .time_ns = record->time_ns,
        .bounded = stamped,
        .before_ns = record->time_ns,
        .before_tsc = record->tsc,
        .has_clocks = true,
    };
    return true;
}

/* Ends a frame that is whole. */
static bool end_frame(struct xph_guest_marks *marks, struct mark_frame **open,
                      struct xph_error *err)
{
    struct xph_guest_mark *mark = &(*open)->mark;
    struct mark text;
    bool kept = true;

    if (mark_decode((*open)->bytes, &text, &mark->guest, &mark->flags)) {
        mark->sender = text.sender;
        mark->sequence = text.sequence;
        kept = mark_keep(marks, mark, &text, err);
    } else {
        marks->faults.damaged++;
    }
    drop_frame(marks, open);
    return kept;
}

/* Appends a piece; false if it cannot belong to the frame. */
static bool append(struct mark_frame *frame, const struct piece *piece,
                   const struct xph_record *record, bool stamped)
{
    if (piece->has_place && piece->at != frame->have)
        return false;
    if (++frame->pieces == 2) {
        frame->mark.bounded &= stamped && record->tsc >= frame->mark.before_tsc;
        frame->mark.after_ns = record->time_ns;
        frame->mark.after_tsc = record->tsc;
    }
    if (frame->have + piece->count > (frame->size ? frame->size : sizeof(frame->bytes)))
        return false;
    memcpy(frame->bytes + frame->have, piece->bytes, piece->count);
    frame->have += piece->count;
    if (frame->size == 0 && frame->have >= XPH_MARK_FIRST_PIECE) {
        frame->size = mark_frame_bytes(frame->bytes);
        return frame->size >= frame->have;
    }
    return true;
}

static bool feed_piece(struct xph_guest_marks *marks, const struct piece *piece,
                       const struct xph_record *record, const struct xph_vcpu *running,
                       bool stamped, struct xph_error *err)
{
    struct xph_mark_domain *domain = mark_domain(marks, running->domid, err);
    struct mark_frame **open;

    if (!domain)
        return false;
    open = &domain->open[slot_of(piece)];
    if (piece->begins && !begin_frame(marks, open, piece, record, running, stamped, err))
        return false;
    if (!*open) {
        marks->faults.stray += !piece->begins;
        return true;
    }
    if (!append(*open, piece, record, stamped)) {
        marks->faults.torn++;
        drop_frame(marks, open);
        return true;
    }
    return (*open)->size == 0 || (*open)->have < (*open)->size || end_frame(marks, open, err);
}

/* Whether an untimed record after this one on its pCPU happened at this one's TSC. */
static bool stamps(const struct xph_record *record)
{
    return (record->event & ~(uint32_t)VMEXIT_BITS) == EVENT_VMEXIT ||
           record->event == XPH_EVENT_HYPERCALL_V2;
}

bool xph_guest_marks_feed(struct xph_guest_marks *marks, const struct xph_record *record,
                          const struct xph_vcpu *running, struct xph_error *err)
{
    struct piece piece;
    bool *stamped = &marks->stamped[record->pcpu % XPH_MAX_PCPUS];

    if (record->timed)
        *stamped = stamps(record);
    if (!take_piece(record, &piece))
        return true;
    if (!running || running->domid == XPH_IDLE_DOMID) {
        marks->faults.unplaced++;
        return true;
    }
    return feed_piece(marks, &piece, record, running, record->timed || *stamped, err);
}
