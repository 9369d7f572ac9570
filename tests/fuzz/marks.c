/*
 * Guests' marks out of records of Xen's trace, as any domain can make them. An input is pieces of
 * 12 bytes: the domain and the way in the first byte, the tag in the second, the piece's place in
 * the third; the fourth says whether the piece is a whole frame made of the other bytes, with a
 * right checksum, which no fuzzer would guess.
 */
#include <string.h>

#include "analyzer/machine/vcpus.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/marks.h"

/* Xen: public/trace.h */
enum { CPUID = 0x0008200e, FORCED = 0x00201105, GUEST = 0x0800f000, VMEXIT = 0x00081103 };

enum {
    STEP_BYTES = 12,
    DOMAINS = 4,
    WHOLE_FRAME = 1,
    HAS_VALUE = 2,
    /* A frame of 12 bytes can have a name and a value of as many as follow it. */
    PRINTED_PER_BYTE = 512,
    PRINTED = 16 << 10,
};

const size_t fuzz_head_bytes = 0;

struct feed {
    struct xph_guest_marks *marks;
    uint64_t tsc;
};

static void feed(struct feed *feed, uint8_t domain, const struct xph_record *piece)
{
    const struct xph_vcpu vcpu = {.domid = domain % DOMAINS};
    struct xph_record record = *piece, exit = {.event = VMEXIT, .timed = true, .tsc = feed->tsc++};
    struct xph_error err;

    exit.time_ns = exit.tsc;
    record.tsc = record.time_ns = feed->tsc++;
    record.timed = piece->event == FORCED;
    fuzz_require(
        xph_guest_marks_feed(feed->marks, &exit, &vcpu, &err) &&
            xph_guest_marks_feed(feed->marks, &record, domain % 16 == 15 ? NULL : &vcpu, &err),
        "memory for marks");
}

static void feed_cpuid(struct feed *state, uint8_t domain, uint8_t tag, uint8_t place,
                       const uint8_t *bytes)
{
    struct xph_record record = {.event = CPUID, .extra_words = 6};

    record.words[0] = XPH_CPUID_LEAF | (uint32_t)tag << 8 | place;
    memcpy(&record.words[1], bytes, XPH_CPUID_PIECE);
    feed(state, domain, &record);
}

static void feed_forced(struct feed *state, uint8_t domain, uint8_t tag, uint8_t begins,
                        uint8_t byte)
{
    struct xph_record record = {.event = FORCED, .extra_words = 2};
    uint64_t stub = (uint64_t)(tag % XPH_STUB_TAGS) << XPH_STUB_TAG_SHIFT |
                    (begins ? XPH_STUB_BEGIN : 0) | byte;
    uint64_t rip = XPH_STUBS_ADDRESS + XPH_STUB_RIP + stub * XPH_STUB_BYTES;

    memcpy(record.words, &rip, sizeof(rip));
    feed(state, domain, &record);
}

static void feed_hypercall(struct feed *state, uint8_t domain, uint8_t tag, uint8_t place,
                           const uint8_t *bytes, unsigned words)
{
    struct xph_record record = {.event = GUEST | XPH_HYPERCALL_EVENT | tag % XPH_HYPERCALL_TAGS,
                                .extra_words = (uint8_t)(words + 1)};

    record.words[0] = place;
    memcpy(&record.words[1], bytes, words * sizeof(record.words[0]));
    feed(state, domain, &record);
}

static void feed_frame(struct feed *state, const uint8_t *step, const uint8_t *rest, size_t left)
{
    uint8_t frame[XPH_MARK_MAX_FRAME];
    struct mark mark = {.name = (const char *)rest,
                        .name_bytes = step[2] % (XPH_MARK_MAX_NAME + 1),
                        .sender = step[4],
                        .sequence = step[5]};
    struct mark_clocks clocks = {0};
    size_t size;

    if (mark.name_bytes > left)
        mark.name_bytes = left;
    if (step[3] & HAS_VALUE) {
        mark.value = mark.name + mark.name_bytes;
        mark.value_bytes = left - mark.name_bytes < step[6] ? left - mark.name_bytes : step[6];
    }
    memcpy(&clocks.monotonic_ns, step + 7, 4);
    memcpy(&clocks.slewed_ns, step + 8, 4);
    size = mark_encode(&mark, frame);
    mark_stamp(frame, size, &clocks);
    for (size_t at = 0; at < size; at += XPH_CPUID_PIECE)
        feed_cpuid(state, step[0], step[1], (uint8_t)(at / XPH_CPUID_PIECE), frame + at);
}

static void take_step(struct feed *state, const uint8_t *step, size_t left)
{
    if (step[3] & WHOLE_FRAME)
        feed_frame(state, step, step + STEP_BYTES, left);
    else if (step[0] >> 6 == 0)
        feed_cpuid(state, step[0], step[1], step[2], step + 4);
    else if (step[0] >> 6 == 1)
        feed_forced(state, step[0], step[1], step[2], step[4]);
    else
        feed_hypercall(state, step[0], step[1], step[2], step + 4, step[0] >> 6 == 2 ? 1 : 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xph_guest_marks marks;
    struct feed state = {&marks, 1};
    struct fuzz_sink sink;
    struct xph_error err;

    fuzz_require(xph_guest_marks_open(&marks, &err), "memory for marks");
    for (size_t at = 0; size - at >= STEP_BYTES; at += STEP_BYTES)
        take_step(&state, data + at, size - at - STEP_BYTES);
    fuzz_require(marks.count <= size / STEP_BYTES, "a mark has its pieces");
    fuzz_sink_open(&sink);
    fuzz_marks(&marks, sink.out);
    fuzz_require_linear("printed bytes", fuzz_sink_close(&sink), PRINTED_PER_BYTE, PRINTED, size);
    return 0;
}
