/*
 * One record of Xen's trace, as the hypervisor wrote it.
 * Layout (Xen: public/trace.h, common/trace.c): a header word (bits 0-27 event, 28-30 number of
 * extra words, 31 "has a TSC"), the TSC in 8 bytes if so, the extra words. Little endian.
 */
#ifndef XPH_ANALYZER_DECODE_RECORD_H
#define XPH_ANALYZER_DECODE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { XPH_RECORD_MAX_WORDS = 7 };

/* Records of class "general", which describe the trace itself. */
enum {
    XPH_EVENT_LOST_RECORDS = 0x0001f001,
    XPH_EVENT_WRAP_BUFFER = 0x0001f002,
    XPH_EVENT_CPU_CHANGE = 0x0001f003,
};

struct xph_record {
    uint64_t tsc; /* cycles; of an untimed record the TSC of the timed one before it on its pCPU */
    uint64_t time_ns;       /* since the recording's start; filled by the time line */
    uint64_t lost_since_ns; /* of a LOST_RECORDS: when the gap began; filled by the time line */
    uint64_t file_offset;   /* where the record stands in xen.trace */
    uint32_t event;         /* bits 0-27 of the header */
    uint16_t pcpu;
    uint8_t extra_words;
    bool timed; /* the record carries a TSC of its own */
    uint32_t words[XPH_RECORD_MAX_WORDS];
};

/* Bytes of the record that has this header. */
static inline size_t xph_header_length(uint32_t header)
{
    return 4 + (header >> 31) * 8 + (header >> 28 & 7) * 4;
}

/*
 * Decodes the record at the start of `data`. Returns its size in bytes, or 0 if `size` is too small
 * for it. Sets event, extra_words, timed, words, and tsc if it is timed; nothing else.
 */
size_t xph_record_decode(const uint8_t *data, size_t size, struct xph_record *record);

/* Of a LOST_RECORDS, which is written when there is room again: the TSC of the first one that was
 * lost, its own where it does not tell. Words: count, vCPU, TSC (low, high). Xen: common/trace.c,
 * insert_lost_records(). */
static inline uint64_t xph_record_first_lost_tsc(const struct xph_record *record)
{
    return record->extra_words >= 4 ? (uint64_t)record->words[3] << 32 | record->words[2]
                                    : record->tsc;
}

/* The vCPU that word 1 of a LOST_RECORDS names, as domid << 16 | vCPU: its halves stand the other
 * way round than elsewhere. */
static inline uint32_t xph_lost_vcpu(uint32_t word)
{
    return word << 16 | word >> 16;
}

/* How a pCPU's records of run states begin: event 0x21001 | old state << 8 | new state << 4. */
static inline bool xph_event_is_runstate_change(uint32_t event)
{
    return (event & 0x0ffff00f) == 0x00021001;
}

#endif
