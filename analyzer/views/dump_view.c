#include "analyzer/views/dump_view.h"

#include <stdlib.h>

#include "analyzer/decode/events.h"
#include "analyzer/decode/trace_file.h"
#include "analyzer/decode/vm_exits.h"
#include "analyzer/machine/machine.h"
#include "analyzer/views/put.h"

enum { SECONDS_WIDTH = 6 };

#define NS_PER_SECOND UINT64_C(1000000000)

static void set_second(struct xph_dump *dump, uint64_t second)
{
    char digits[XPH_DUMP_PLACE], *end = xph_put_decimal(digits, second);
    size_t length = (size_t)(end - digits);
    size_t spaces = length < SECONDS_WIDTH ? SECONDS_WIDTH - length : 0;

    memset(dump->second, ' ', spaces);
    memcpy(dump->second + spaces, digits, length);
    dump->second[spaces + length] = '.';
    dump->second_length = (uint8_t)(spaces + length + 1);
    dump->second_ns = second * NS_PER_SECOND;
}

char *xph_dump_put_named(char *at, const char *name, uint64_t number, bool hexadecimal)
{
    at = name ? xph_put_text(at, name) : xph_put_char(at, '?');
    at = xph_put_char(at, '(');
    at = hexadecimal ? xph_put_hexadecimal(at, number) : xph_put_decimal(at, number);
    return xph_put_char(at, ')');
}

static void set_name(struct xph_dump_name *ready, const char *name, uint32_t number,
                     bool hexadecimal)
{
    char text[2 * XPH_DUMP_NAME];
    char *end = xph_dump_put_named(text, name, number, hexadecimal);

    ready->length = (uint8_t)(end - text);
    memcpy(ready->text, text, sizeof(ready->text));
}

static void set_names(struct xph_dump_names *names)
{
    for (uint32_t op = 0; op < XPH_HYPERCALLS; op++)
        set_name(&names->hypercalls[op], xph_hypercall_name(op), op, false);
    for (uint32_t code = 0; code < XPH_DUMP_SVM_EXITS; code++)
        set_name(&names->svm_exits[code], xph_svm_exit_name(code), code, true);
}

bool xph_dump_open(struct xph_dump *dump, const struct xph_layouts *layouts,
                   const struct xph_symbols *symbols, struct xph_output *output,
                   struct xph_error *err)
{
    *dump = (struct xph_dump){.layouts = layouts, .symbols = symbols, .output = output};
    set_second(dump, 0);
    dump->places = calloc(XPH_MAX_PCPUS, sizeof(*dump->places));
    dump->names = calloc(1, sizeof(*dump->names));
    if (!dump->places || !dump->names)
        return xph_fail(err, "out of memory");
    set_names(dump->names);
    return true;
}

void xph_dump_close(struct xph_dump *dump)
{
    free(dump->places);
    free(dump->names);
    dump->places = NULL;
    dump->names = NULL;
}

char *xph_dump_put_time(struct xph_dump *dump, char *at, uint64_t time_ns)
{
    if (time_ns - dump->second_ns >= NS_PER_SECOND)
        set_second(dump, time_ns / NS_PER_SECOND);
    at = xph_put_label(at, dump->second, dump->second_length);
    return xph_put_nanoseconds(at, (uint32_t)(time_ns - dump->second_ns));
}

bool xph_dump_symbol(struct xph_dump *dump, uint32_t vcpu, uint64_t address,
                     struct xph_symbol *symbol)
{
    if (!dump->symbols)
        return false;
    dump->addresses++;
    if (!xph_symbols_find(dump->symbols, vcpu == XPH_NO_VCPU ? -1 : (int32_t)(vcpu >> 16), address,
                          symbol))
        return false;
    dump->addresses_named++;
    return true;
}

char *xph_dump_put_vcpu(char *at, uint32_t domid, uint32_t vcpu)
{
    if (domid == XPH_IDLE_DOMID)
        return xph_put_decimal(xph_put_bytes(at, "idle", 4), vcpu);
    at = xph_put_decimal(xph_put_char(at, 'd'), domid);
    return xph_put_decimal(xph_put_char(at, 'v'), vcpu);
}

char *xph_dump_put_name(char *at, const struct xph_dump_item *item)
{
    if (item->layout)
        return xph_put_label(at, item->layout->label, item->layout->name_length);
    at = xph_put_text(at, xph_event_class_name(item->record.event));
    at = xph_put_bytes(at, ":0x", 3);
    return xph_put_word(at, item->record.event);
}
