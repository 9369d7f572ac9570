/*
 * The fields of a record as text.
 */
#include "analyzer/decode/events.h"
#include "analyzer/decode/hypercalls.h"
#include "analyzer/decode/vm_exits.h"
#include "analyzer/views/dump_view.h"
#include "analyzer/views/put.h"

/* All bytes of the text are copied, as that needs no loop. */
static char *put_ready(char *at, const struct xph_dump_name *name)
{
    memcpy(at, name->text, sizeof(name->text));
    return at + name->length;
}

static char *put_argument(char *at, const struct xph_hypercall_argument *what, uint64_t value)
{
    at = xph_put_char(at, ' ');
    at = xph_put_text(at, what->name);
    at = xph_put_char(at, '=');
    if (what->names)
        return xph_dump_put_named(at, value < what->name_count ? what->names[value] : NULL, value,
                                  false);
    if (what->name[0] == 'a')
        return xph_put_hexadecimal(at, value);
    at = xph_put_decimal(at, value & ~(uint64_t)what->preempted_bit);
    return value & what->preempted_bit ? xph_put_text(at, " continued=1") : at;
}

/* The number and the arguments that there are; *told is how many words that took. */
static char *put_hypercall(const struct xph_dump *dump, char *at, const struct xph_record *record,
                           unsigned *told)
{
    uint32_t first = record->words[0], op = xph_hypercall_op(first);
    unsigned word = 1;

    at = op < XPH_HYPERCALLS ? put_ready(at, &dump->names->hypercalls[op])
                             : xph_dump_put_named(at, NULL, op, false);
    for (unsigned argument = 0; first >> 20 != 0 && argument < XPH_HYPERCALL_ARGUMENTS;
         argument++) {
        unsigned words = xph_hypercall_argument_words(first, argument);
        struct xph_hypercall_argument what;

        if (words == 0 || word + words > record->extra_words)
            continue;
        what = xph_hypercall_argument(op, argument);
        at = put_argument(at, &what,
                          record->words[word] |
                              (words == 2 ? (uint64_t)record->words[word + 1] << 32 : 0));
        word += words;
    }
    *told = word;
    return at;
}

static char *put_vmx_exit(char *at, uint32_t reason)
{
    at = xph_dump_put_named(at, xph_vmx_exit_name(reason), reason & XPH_VMX_REASON_MASK, false);
    if (reason & XPH_VMX_ENTRY_FAILED)
        at = xph_put_text(at, " entry_failed=1");
    return reason & XPH_VMX_BUS_LOCK ? xph_put_text(at, " bus_lock=1") : at;
}

/* One number, the last word first. */
static char *put_cpus(char *at, const struct xph_record *record, unsigned word)
{
    unsigned last = record->extra_words - 1u;

    while (last > word && record->words[last] == 0)
        last--;
    at = xph_put_hexadecimal(at, record->words[last]);
    while (last-- > word)
        at = xph_put_word(at, record->words[last]);
    return at;
}

static char *put_address(struct xph_dump *dump, char *at, const struct xph_dump_item *item,
                         uint64_t address)
{
    struct xph_symbol symbol;

    at = xph_put_hexadecimal(at, address);
    if (!xph_dump_symbol(dump, item->vcpu, address, &symbol))
        return at;
    at = xph_put_char(at, '(');
    at = xph_put_text(at, symbol.name);
    at = xph_put_char(at, '+');
    at = xph_put_hexadecimal(at, symbol.offset);
    return xph_put_char(at, ')');
}

static char *put_vcpu_field(char *at, const struct xph_field *field,
                            const struct xph_record *record)
{
    uint32_t domid, vcpu;

    if (!xph_field_vcpu(field, record, &domid, &vcpu))
        return xph_put_bytes(at, "none", 4);
    return xph_dump_put_vcpu(at, domid, vcpu);
}

static char *put_field(struct xph_dump *dump, char *at, const struct xph_field *field,
                       const struct xph_dump_item *item, unsigned *told)
{
    const struct xph_record *record = &item->record;
    uint64_t value = xph_field_value(field, record);

    at = xph_put_label(at, field->label, field->label_length);
    switch ((enum xph_field_kind)field->kind) {
    case XPH_FIELD_DECIMAL:
    case XPH_FIELD_DOMAIN:
        return xph_put_decimal(at, value);
    case XPH_FIELD_SIGNED:
        return xph_put_signed(at, (int32_t)value);
    case XPH_FIELD_HEXADECIMAL:
        return xph_put_hexadecimal(at, value);
    case XPH_FIELD_ADDRESS:
        return put_address(dump, at, item, value);
    case XPH_FIELD_VCPU:
    case XPH_FIELD_VCPU_SWAPPED:
    case XPH_FIELD_VCPU_PAIR:
        return put_vcpu_field(at, field, record);
    case XPH_FIELD_HYPERCALL:
        return put_hypercall(dump, at, record, told);
    case XPH_FIELD_HYPERCALL_NUMBER:
        return xph_dump_put_named(at, xph_hypercall_name((uint32_t)value), value, false);
    case XPH_FIELD_VMX_EXIT:
        return put_vmx_exit(at, (uint32_t)value);
    case XPH_FIELD_SVM_EXIT:
        return value < XPH_DUMP_SVM_EXITS
                   ? put_ready(at, &dump->names->svm_exits[value])
                   : xph_dump_put_named(at, xph_svm_exit_name((uint32_t)value), value, true);
    case XPH_FIELD_SHUTDOWN:
        return xph_dump_put_named(at, xph_shutdown_name((uint32_t)value), value, false);
    case XPH_FIELD_CPUS:
        *told = record->extra_words;
        return put_cpus(at, record, field->word);
    case XPH_FIELD_RUNSTATE:
        return xph_put_text(at, xph_runstate_name((unsigned)value));
    }
    return at;
}

char *xph_dump_put_fields(struct xph_dump *dump, char *at, const struct xph_dump_item *item)
{
    const struct xph_layout *layout = item->layout;
    const struct xph_record *record = &item->record;
    unsigned told = 0;

    if (layout) {
        told = layout->words;
        for (unsigned i = 0; i < layout->field_count; i++) {
            const struct xph_field *field = &layout->fields[i];

            if (!xph_field_present(field, record->extra_words)) {
                told = field->word;
                break;
            }
            at = put_field(dump, at, field, item, &told);
        }
    }
    for (; told < record->extra_words; told++) {
        at = xph_put_bytes(at, " [0x", 4);
        at = xph_put_word(at, record->words[told]);
        at = xph_put_char(at, ']');
    }
    return at;
}
