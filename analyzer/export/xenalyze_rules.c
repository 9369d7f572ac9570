#include "analyzer/export/xenalyze_rules.h"

#include "analyzer/decode/events.h"

/* All rules are of Xen's tools/xentrace/xenalyze.c. */
enum {
    MAX_PCPUS = 256,
    PORT_64_BITS = 0x82116, /* a port beyond 32 bits: "Unexpected 64-bit PIO" */
    PORT_WRITE_FLAG = 0x200,
    SHADOW_UNSHADOW_FIRST = 0x40f009,
    SHADOW_UNSHADOW_LAST = 0x40f00b,
    SHADOW_LEVELS = 0x300,
};

/* By levels of paging less two. Since Xen 4.19 there is a word of flags at the end, for which
 * xenalyze was not changed. */
static bool has_unshadow_of_wrong_length(const struct xph_record *record)
{
    static const uint8_t words_taken[] = {2, 3, 4, 4};
    uint32_t event = record->event & ~(uint32_t)SHADOW_LEVELS;

    return event >= SHADOW_UNSHADOW_FIRST && event <= SHADOW_UNSHADOW_LAST &&
           record->extra_words != words_taken[record->event >> 8 & 3];
}

enum xph_xenalyze_verdict xph_xenalyze_judge(const struct xph_record *record)
{
    if (record->event >> 16 == XPH_EVENT_CLASS_GUEST)
        return XPH_XENALYZE_GUEST;
    if (!xph_event_find(record->event) && !xph_event_is_runstate_change(record->event))
        return XPH_XENALYZE_UNKNOWN;
    if ((record->event & ~(uint32_t)PORT_WRITE_FLAG) == PORT_64_BITS ||
        has_unshadow_of_wrong_length(record))
        return XPH_XENALYZE_SHAPE;
    return record->pcpu >= MAX_PCPUS ? XPH_XENALYZE_PCPU : XPH_XENALYZE_READS;
}

const char *xph_xenalyze_verdict_text(enum xph_xenalyze_verdict verdict)
{
    static const char *const texts[] = {
        [XPH_XENALYZE_READS] = "what xenalyze reads",
        [XPH_XENALYZE_GUEST] = "guests' own making",
        [XPH_XENALYZE_UNKNOWN] = "unknown events",
        [XPH_XENALYZE_SHAPE] = "a shape that xenalyze does not take",
        [XPH_XENALYZE_PCPU] = "pCPUs from 256 on",
    };

    return texts[verdict];
}
