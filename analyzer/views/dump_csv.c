#include "analyzer/views/dump_view.h"
#include "analyzer/views/put.h"

void xph_dump_csv_header(struct xph_dump *dump)
{
    char *at = xph_output_reserve(dump->output);

    xph_output_commit(dump->output, xph_put_text(at, "time_ns,tsc,pcpu,vcpu,event,id,fields\n"));
}

void xph_dump_csv(struct xph_dump *dump, const struct xph_dump_item *item)
{
    const struct xph_record *record = &item->record;
    char *at = xph_output_reserve(dump->output), *fields;

    at = xph_put_char(xph_put_decimal(at, record->time_ns), ',');
    at = xph_put_char(xph_put_decimal(at, record->tsc), ',');
    at = xph_put_char(xph_put_decimal(at, record->pcpu), ',');
    if (item->vcpu != XPH_NO_VCPU)
        at = xph_dump_put_vcpu(at, item->vcpu >> 16, item->vcpu & 0xffff);
    at = xph_dump_put_name(xph_put_char(at, ','), item);
    at = xph_put_word(xph_put_bytes(at, ",0x", 3), record->event);
    /* Neither names nor symbols have a quote, and the first field's space becomes the quote. */
    at = xph_put_char(at, ',');
    fields = xph_dump_put_fields(dump, at, item);
    if (fields > at) {
        *at = '"';
        at = xph_put_char(fields, '"');
    }
    xph_output_commit(dump->output, xph_put_char(at, '\n'));
}
