#include "analyzer/views/dump_text.h"

#include <stdio.h>

#include "analyzer/views/dump_view.h"
#include "analyzer/views/put.h"

enum { PCPU_WIDTH = 4, VCPU_WIDTH = 11, NAME_WIDTH = 23 };

void xph_vcpu_text(const struct xph_vcpu *vcpu, char text[static 24])
{
    if (!vcpu)
        snprintf(text, 24, "d?v?");
    else if (vcpu->domid == XPH_IDLE_DOMID)
        snprintf(text, 24, "idle%u", vcpu->vcpu);
    else
        snprintf(text, 24, "d%uv%u", vcpu->domid, vcpu->vcpu);
}

static char *put_spaces(char *at, const char *until)
{
    while (at < until)
        *at++ = ' ';
    return at;
}

static void set_place(struct xph_dump_place *place, uint16_t pcpu, uint32_t vcpu)
{
    char *at = xph_put_bytes(place->text, " p", 2), *name;

    name = put_spaces(xph_put_decimal(at, pcpu), at + PCPU_WIDTH);
    at = vcpu == XPH_NO_VCPU ? xph_put_bytes(name, "d?v?", 4)
                             : xph_dump_put_vcpu(name, vcpu >> 16, vcpu & 0xffff);
    at = put_spaces(at, name + VCPU_WIDTH);
    place->vcpu = vcpu;
    place->length = (uint8_t)(at - place->text);
}

static char *put_place(struct xph_dump *dump, char *at, uint16_t pcpu, uint32_t vcpu)
{
    struct xph_dump_place *place = &dump->places[pcpu];

    if (place->vcpu != vcpu || place->length == 0)
        set_place(place, pcpu, vcpu);
    return xph_put_label(at, place->text, place->length);
}

void xph_dump_text(struct xph_dump *dump, const struct xph_dump_item *item)
{
    char *at = xph_output_reserve(dump->output), *name, *fields, *end;

    at = xph_dump_put_time(dump, at, item->record.time_ns);
    name = put_place(dump, at, item->record.pcpu, item->vcpu);
    at = xph_dump_put_name(name, item);
    fields = at;
    /* A known name was copied with its padding; a longer one shifts the fields. */
    if (item->layout && item->layout->name_length < NAME_WIDTH)
        fields = name + NAME_WIDTH;
    end = xph_dump_put_fields(dump, fields, item);
    if (end == fields)
        end = at;
    xph_output_commit(dump->output, xph_put_char(end, '\n'));
}
