/*
 * The rows of events.h made ready for one Xen: for each event its fields, with the place of each in
 * the record's words, so that a record is printed without looking at any text of the table.
 */
#ifndef XPH_ANALYZER_DECODE_LAYOUTS_H
#define XPH_ANALYZER_DECODE_LAYOUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/decode/record.h"
#include "analyzer/decode/xen_kind.h"
#include "recording/error.h"

enum xph_field_kind {
    XPH_FIELD_DECIMAL,
    XPH_FIELD_SIGNED,
    XPH_FIELD_HEXADECIMAL,
    XPH_FIELD_ADDRESS,
    XPH_FIELD_DOMAIN,
    XPH_FIELD_VCPU,         /* domid << 16 | vcpu */
    XPH_FIELD_VCPU_SWAPPED, /* vcpu << 16 | domid */
    XPH_FIELD_VCPU_PAIR,    /* domid, vcpu */
    XPH_FIELD_HYPERCALL,    /* in HYPERCALL_V2's packing, with all words that are left */
    XPH_FIELD_HYPERCALL_NUMBER,
    XPH_FIELD_VMX_EXIT,
    XPH_FIELD_SVM_EXIT,
    XPH_FIELD_SHUTDOWN,
    XPH_FIELD_CPUS,     /* all words that are left */
    XPH_FIELD_RUNSTATE, /* not in a word: `mask` is the state */
};

enum { XPH_MAX_FIELDS = 8, XPH_FIELD_LABEL = 32, XPH_LAYOUT_LABEL = 32 };

struct xph_field {
    char label[XPH_FIELD_LABEL]; /* " NAME=" */
    uint8_t label_length;
    uint8_t kind;
    uint8_t word;  /* the first of its words in the record */
    uint8_t words; /* 0, 1 or 2 */
    uint8_t shift;
    uint32_t mask; /* of one word, after the shift */
};

struct xph_layout {
    uint32_t event;
    uint8_t field_count;
    uint8_t words; /* that the fields and the padding take; what a record has beyond is told raw */
    uint8_t name_length;
    bool ambiguous;               /* the trace's Xen may have another layout, too */
    bool selected;                /* for the caller's use; false at first */
    char label[XPH_LAYOUT_LABEL]; /* the name, with spaces up to the label's end */
    struct xph_field fields[XPH_MAX_FIELDS];
};

enum { XPH_LAYOUT_SLOTS = 1024 };

struct xph_layouts {
    struct xph_xen_kind kind;
    struct xph_layout *layouts; /* owned */
    size_t count;
    uint16_t slots[XPH_LAYOUT_SLOTS]; /* hash of the event to its position in layouts + 1 */
};

/* Of several layouts that the trace's Xen may have, the newest. False only without memory. */
bool xph_layouts_open(struct xph_layouts *layouts, const struct xph_xen_kind *kind,
                      struct xph_error *err);
void xph_layouts_close(struct xph_layouts *layouts);

static inline size_t xph_layout_slot(uint32_t event)
{
    return event * UINT32_C(2654435769) >> 22;
}

/* NULL for an event that is not in the table. */
static inline const struct xph_layout *xph_layout_find(const struct xph_layouts *layouts,
                                                       uint32_t event)
{
    size_t slot = xph_layout_slot(event);

    for (; layouts->slots[slot] != 0; slot = (slot + 1) % XPH_LAYOUT_SLOTS) {
        const struct xph_layout *layout = &layouts->layouts[layouts->slots[slot] - 1];

        if (layout->event == event)
            return layout;
    }
    return NULL;
}

/* Is the field in a record of so many words? */
static inline bool xph_field_present(const struct xph_field *field, unsigned extra_words)
{
    return field->word + field->words <= extra_words;
}

/* What the field's words hold; of two words the first is the low one. */
static inline uint64_t xph_field_value(const struct xph_field *field,
                                       const struct xph_record *record)
{
    const uint32_t *words = record->words + field->word;

    if (field->words == 2)
        return (uint64_t)words[1] << 32 | words[0];
    return field->words == 1 ? words[0] >> field->shift & field->mask : field->mask;
}

/* The vCPU of one of the three kinds; false for another kind, and for "none" (all bits set). */
bool xph_field_vcpu(const struct xph_field *field, const struct xph_record *record, uint32_t *domid,
                    uint32_t *vcpu);

#endif
