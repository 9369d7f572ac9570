#include "analyzer/decode/layouts.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/events.h"

enum {
    RUNSTATES = 4,
    RUNSTATE_CHANGE = 0x00021001, /* | old state << 8 | new state << 4 */
};

static const struct conversion {
    char letter;
    enum xph_field_kind kind;
    uint8_t words;
} conversions[] = {
    {'u', XPH_FIELD_DECIMAL, 1},
    {'d', XPH_FIELD_SIGNED, 1},
    {'x', XPH_FIELD_HEXADECIMAL, 1},
    {'U', XPH_FIELD_DECIMAL, 2},
    {'X', XPH_FIELD_HEXADECIMAL, 2},
    {'a', XPH_FIELD_ADDRESS, 1},
    {'A', XPH_FIELD_ADDRESS, 2},
    {'D', XPH_FIELD_DOMAIN, 1},
    {'v', XPH_FIELD_VCPU, 1},
    {'w', XPH_FIELD_VCPU_SWAPPED, 1},
    {'V', XPH_FIELD_VCPU_PAIR, 2},
    {'c', XPH_FIELD_HYPERCALL, 1},
    {'h', XPH_FIELD_HYPERCALL_NUMBER, 1},
    {'t', XPH_FIELD_VMX_EXIT, 1},
    {'s', XPH_FIELD_SVM_EXIT, 1},
    {'r', XPH_FIELD_SHUTDOWN, 1},
    {'m', XPH_FIELD_CPUS, 1},
};

/* A VM exit of either kind is told as the number that it is while the kind is not known. */
static struct conversion find_conversion(char letter, enum xph_virtualization virtualization)
{
    if (letter == 'e')
        letter = virtualization == XPH_VIRTUALIZATION_VMX   ? 't'
                 : virtualization == XPH_VIRTUALIZATION_SVM ? 's'
                                                            : 'x';
    for (size_t i = 0; i < sizeof(conversions) / sizeof(conversions[0]); i++) {
        if (conversions[i].letter == letter)
            return conversions[i];
    }
    return (struct conversion){'_', XPH_FIELD_DECIMAL, 1};
}

static void set_label(struct xph_field *field, const char *name, size_t length)
{
    field->label[0] = ' ';
    memcpy(field->label + 1, name, length);
    field->label[1 + length] = '=';
    field->label_length = (uint8_t)(length + 2);
}

/* One "NAME=%CONVERSION" up to a space or the end; the bits of a field that ends at bit 31, and any
 * field without bits, end its word. */
static const char *add_field(struct xph_layout *layout, const char *text,
                             enum xph_virtualization virtualization)
{
    const char *percent = strchr(text, '%');
    struct xph_field *field = &layout->fields[layout->field_count];
    unsigned long low = 0, high = 31;
    struct conversion conversion;
    char *end = (char *)(uintptr_t)(percent + 1);

    if (*end >= '0' && *end <= '9') {
        low = strtoul(percent + 1, &end, 10);
        high = strtoul(end + 1, &end, 10);
    }
    conversion = find_conversion(*end, virtualization);
    if (conversion.letter != '_') {
        *field = (struct xph_field){.kind = (uint8_t)conversion.kind,
                                    .word = layout->words,
                                    .words = conversion.words,
                                    .shift = (uint8_t)low,
                                    .mask = (uint32_t)(UINT64_C(2) << (high - low)) - 1};
        set_label(field, text, (size_t)(percent - text) - 1);
        layout->field_count++;
    }
    if (high == 31)
        layout->words = (uint8_t)(layout->words + conversion.words);
    if (conversion.kind == XPH_FIELD_HYPERCALL || conversion.kind == XPH_FIELD_CPUS)
        layout->words = XPH_RECORD_MAX_WORDS;
    return end[1] == ' ' ? end + 2 : end + 1;
}

static void set_name(struct xph_layout *layout, const char *name)
{
    memset(layout->label, ' ', sizeof(layout->label));
    layout->name_length = (uint8_t)strlen(name);
    memcpy(layout->label, name, layout->name_length);
}

static struct xph_layout *add_layout(struct xph_layouts *layouts, uint32_t event, const char *name)
{
    struct xph_layout *layout = &layouts->layouts[layouts->count++];
    size_t slot = xph_layout_slot(event);

    *layout = (struct xph_layout){.event = event};
    set_name(layout, name);
    while (layouts->slots[slot] != 0)
        slot = (slot + 1) % XPH_LAYOUT_SLOTS;
    layouts->slots[slot] = (uint16_t)layouts->count;
    return layout;
}

static void add_row(struct xph_layouts *layouts, const struct xph_event *row, bool ambiguous)
{
    struct xph_layout *layout = add_layout(layouts, row->id, row->name);
    const char *text = row->fields;

    layout->ambiguous = ambiguous;
    while (*text)
        text = add_field(layout, text, layouts->kind.virtualization);
}

static void add_runstate_changes(struct xph_layouts *layouts)
{
    for (uint32_t old = 0; old < RUNSTATES; old++) {
        for (uint32_t new = 0; new < RUNSTATES; new ++) {
            struct xph_layout *layout =
                add_layout(layouts, RUNSTATE_CHANGE | old << 8 | new << 4, "runstate_change");

            add_field(layout, "vcpu=%v", XPH_VIRTUALIZATION_UNKNOWN);
            layout->fields[1] = (struct xph_field){.kind = XPH_FIELD_RUNSTATE, .mask = old};
            set_label(&layout->fields[1], "from", strlen("from"));
            layout->fields[2] = (struct xph_field){.kind = XPH_FIELD_RUNSTATE, .mask = new};
            set_label(&layout->fields[2], "to", strlen("to"));
            layout->field_count = 3;
        }
    }
}

static bool row_is_possible(const struct xph_event *row, const struct xph_xen_kind *kind)
{
    return row->since <= kind->max && (row->until == 0 || row->until >= kind->min);
}

/* A record that this Xen should not write is told by the row that there is, too: the bounds say
 * which of several layouts it is, not whether there can be a record. */
static void add_event(struct xph_layouts *layouts, const struct xph_event *rows, size_t count)
{
    const struct xph_event *best = NULL;
    unsigned possible = 0;

    for (size_t i = 0; i < count; i++) {
        if (row_is_possible(&rows[i], &layouts->kind)) {
            best = &rows[i];
            possible++;
        }
    }
    add_row(layouts, best ? best : &rows[count - 1], possible > 1);
}

bool xph_layouts_open(struct xph_layouts *layouts, const struct xph_xen_kind *kind,
                      struct xph_error *err)
{
    size_t row_count;
    const struct xph_event *rows = xph_event_rows(&row_count);

    *layouts = (struct xph_layouts){.kind = *kind};
    layouts->layouts = calloc(row_count + RUNSTATES * RUNSTATES, sizeof(*layouts->layouts));
    if (!layouts->layouts)
        return xph_fail(err, "out of memory");
    for (size_t first = 0, next; first < row_count; first = next) {
        for (next = first + 1; next < row_count && rows[next].id == rows[first].id; next++)
            continue;
        add_event(layouts, rows + first, next - first);
    }
    add_runstate_changes(layouts);
    return true;
}

void xph_layouts_close(struct xph_layouts *layouts)
{
    free(layouts->layouts);
    *layouts = (struct xph_layouts){0};
}

bool xph_field_vcpu(const struct xph_field *field, const struct xph_record *record, uint32_t *domid,
                    uint32_t *vcpu)
{
    const uint32_t *words = record->words + field->word;

    switch (field->kind) {
    case XPH_FIELD_VCPU:
        *domid = words[0] >> 16;
        *vcpu = words[0] & 0xffff;
        return words[0] != UINT32_MAX;
    case XPH_FIELD_VCPU_SWAPPED:
        *domid = words[0] & 0xffff;
        *vcpu = words[0] >> 16;
        return words[0] != UINT32_MAX;
    case XPH_FIELD_VCPU_PAIR:
        *domid = words[0];
        *vcpu = words[1];
        return true;
    }
    return false;
}
