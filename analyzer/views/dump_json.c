/*
 * Records as JSON lines: docs/format/dump-json.md.
 */
#include "analyzer/decode/events.h"
#include "analyzer/decode/hypercalls.h"
#include "analyzer/decode/vm_exits.h"
#include "analyzer/views/dump_view.h"
#include "analyzer/views/put.h"

/* A field's label is " NAME=". */
static char *put_key(char *at, const char *name, size_t length, const char *suffix)
{
    at = xph_put_char(at, '"');
    at = xph_put_bytes(at, name, length);
    at = xph_put_text(at, suffix);
    return xph_put_bytes(at, "\":", 2);
}

static char *put_string(char *at, const char *text)
{
    at = xph_put_char(at, '"');
    /* Symbols are printable, but may have a backslash. */
    for (; *text; text++) {
        if (*text == '\\')
            at = xph_put_char(at, '\\');
        at = xph_put_char(at, *text);
    }
    return xph_put_char(at, '"');
}

static char *put_hexadecimal(char *at, uint64_t value)
{
    return xph_put_char(xph_put_hexadecimal(xph_put_char(at, '"'), value), '"');
}

/* The name (null where there is none) and, as NAME_number, the number. */
static char *put_named(char *at, const char *key, size_t length, const char *name, uint64_t number)
{
    at = put_key(at, key, length, "");
    at = name ? put_string(at, name) : xph_put_text(at, "null");
    at = put_key(xph_put_char(at, ','), key, length, "_number");
    return xph_put_decimal(at, number);
}

static char *put_argument(char *at, const struct xph_hypercall_argument *what, uint64_t value)
{
    size_t length = strlen(what->name);

    at = xph_put_char(at, ',');
    if (what->names)
        return put_named(at, what->name, length,
                         value < what->name_count ? what->names[value] : NULL, value);
    at = put_key(at, what->name, length, "");
    if (what->name[0] == 'a')
        return put_hexadecimal(at, value);
    at = xph_put_decimal(at, value & ~(uint64_t)what->preempted_bit);
    return value & what->preempted_bit ? xph_put_text(at, ",\"continued\":true") : at;
}

static char *put_hypercall(char *at, const struct xph_record *record, unsigned *told)
{
    uint32_t first = record->words[0], op = xph_hypercall_op(first);
    unsigned word = 1;

    at = put_named(at, "op", 2, xph_hypercall_name(op), op);
    for (unsigned argument = 0; argument < XPH_HYPERCALL_ARGUMENTS; argument++) {
        unsigned words = xph_hypercall_argument_words(first, argument);
        struct xph_hypercall_argument what = xph_hypercall_argument(op, argument);

        if (words == 0 || word + words > record->extra_words)
            continue;
        at = put_argument(at, &what,
                          record->words[word] |
                              (words == 2 ? (uint64_t)record->words[word + 1] << 32 : 0));
        word += words;
    }
    *told = word;
    return at;
}

static char *put_address(struct xph_dump *dump, char *at, const struct xph_field *field,
                         const struct xph_dump_item *item, uint64_t address)
{
    size_t length = field->label_length - 2u;
    struct xph_symbol symbol;

    at = put_key(at, field->label + 1, length, "");
    at = put_hexadecimal(at, address);
    if (!xph_dump_symbol(dump, item->vcpu, address, &symbol))
        return at;
    at = put_key(xph_put_char(at, ','), field->label + 1, length, "_symbol");
    at = put_string(at, symbol.name);
    at = put_key(xph_put_char(at, ','), field->label + 1, length, "_offset");
    return xph_put_decimal(at, symbol.offset);
}

static char *put_cpus(char *at, const struct xph_record *record, unsigned word)
{
    at = xph_put_char(at, '[');
    for (unsigned cpu = 0, count = 0; cpu < (record->extra_words - word) * 32; cpu++) {
        if (record->words[word + cpu / 32] >> cpu % 32 & 1) {
            at = count++ ? xph_put_char(at, ',') : at;
            at = xph_put_decimal(at, cpu);
        }
    }
    return xph_put_char(at, ']');
}

static char *put_vcpu(char *at, const struct xph_field *field, const struct xph_record *record)
{
    uint32_t domid, vcpu;

    if (!xph_field_vcpu(field, record, &domid, &vcpu))
        return xph_put_text(at, "null");
    return xph_put_char(xph_dump_put_vcpu(xph_put_char(at, '"'), domid, vcpu), '"');
}

static char *put_vmx_exit(char *at, const char *key, size_t length, uint32_t reason)
{
    at = put_named(at, key, length, xph_vmx_exit_name(reason), reason & XPH_VMX_REASON_MASK);
    if (reason & XPH_VMX_ENTRY_FAILED)
        at = xph_put_text(at, ",\"entry_failed\":true");
    return reason & XPH_VMX_BUS_LOCK ? xph_put_text(at, ",\"bus_lock\":true") : at;
}

static char *put_field(struct xph_dump *dump, char *at, const struct xph_field *field,
                       const struct xph_dump_item *item, unsigned *told)
{
    const struct xph_record *record = &item->record;
    uint64_t value = xph_field_value(field, record);
    const char *key = field->label + 1;
    size_t length = field->label_length - 2u;

    switch ((enum xph_field_kind)field->kind) {
    case XPH_FIELD_ADDRESS:
        return put_address(dump, at, field, item, value);
    case XPH_FIELD_HYPERCALL:
        return put_hypercall(at, record, told);
    case XPH_FIELD_HYPERCALL_NUMBER:
        return put_named(at, key, length, xph_hypercall_name((uint32_t)value), value);
    case XPH_FIELD_VMX_EXIT:
        return put_vmx_exit(at, key, length, (uint32_t)value);
    case XPH_FIELD_SVM_EXIT:
        return put_named(at, key, length, xph_svm_exit_name((uint32_t)value), value);
    case XPH_FIELD_SHUTDOWN:
        return put_named(at, key, length, xph_shutdown_name((uint32_t)value), value);
    default:
        break;
    }
    at = put_key(at, key, length, "");
    switch ((enum xph_field_kind)field->kind) {
    case XPH_FIELD_SIGNED:
        return xph_put_signed(at, (int32_t)value);
    case XPH_FIELD_HEXADECIMAL:
        return put_hexadecimal(at, value);
    case XPH_FIELD_VCPU:
    case XPH_FIELD_VCPU_SWAPPED:
    case XPH_FIELD_VCPU_PAIR:
        return put_vcpu(at, field, record);
    case XPH_FIELD_CPUS:
        *told = record->extra_words;
        return put_cpus(at, record, field->word);
    case XPH_FIELD_RUNSTATE:
        return put_string(at, xph_runstate_name((unsigned)value));
    default:
        return xph_put_decimal(at, value);
    }
}

/* Returns how many words were told by *told. */
static char *put_fields(struct xph_dump *dump, char *at, const struct xph_dump_item *item,
                        unsigned *told)
{
    const struct xph_layout *layout = item->layout;
    const struct xph_record *record = &item->record;

    *told = layout->words;
    for (unsigned i = 0; i < layout->field_count; i++) {
        const struct xph_field *field = &layout->fields[i];

        if (!xph_field_present(field, record->extra_words)) {
            *told = field->word;
            break;
        }
        at = i > 0 ? xph_put_char(at, ',') : at;
        at = put_field(dump, at, field, item, told);
    }
    return at;
}

static char *put_raw_words(char *at, const struct xph_record *record, unsigned word)
{
    at = xph_put_text(at, ",\"words\":[");
    for (unsigned i = word; i < record->extra_words; i++) {
        at = i > word ? xph_put_char(at, ',') : at;
        at = put_hexadecimal(at, record->words[i]);
    }
    return xph_put_char(at, ']');
}

static char *put_head(char *at, const struct xph_dump_item *item)
{
    const struct xph_record *record = &item->record;

    at = xph_put_decimal(xph_put_text(at, "{\"time_ns\":"), record->time_ns);
    at = xph_put_decimal(xph_put_text(at, ",\"tsc\":"), record->tsc);
    at = xph_put_decimal(xph_put_text(at, ",\"pcpu\":"), record->pcpu);
    if (item->vcpu == XPH_NO_VCPU) {
        at = xph_put_text(at, ",\"vcpu\":null");
    } else {
        at = xph_put_text(at, ",\"vcpu\":\"");
        at = xph_put_char(xph_dump_put_vcpu(at, item->vcpu >> 16, item->vcpu & 0xffff), '"');
    }
    at = xph_dump_put_name(xph_put_text(at, ",\"event\":\""), item);
    at = xph_put_word(xph_put_text(at, "\",\"id\":\"0x"), record->event);
    return xph_put_char(at, '"');
}

void xph_dump_json(struct xph_dump *dump, const struct xph_dump_item *item)
{
    char *at = xph_output_reserve(dump->output);
    unsigned told = 0;

    at = xph_put_text(put_head(at, item), ",\"fields\":{");
    if (item->layout)
        at = put_fields(dump, at, item, &told);
    at = xph_put_char(at, '}');
    if (told < item->record.extra_words)
        at = put_raw_words(at, &item->record, told);
    xph_output_commit(dump->output, xph_put_bytes(at, "}\n", 2));
}
