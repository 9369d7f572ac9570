#include "analyzer/views/dump_text.h"

#include <inttypes.h>

#include "analyzer/decode/events.h"

void xph_vcpu_text(const struct xph_vcpu *vcpu, char text[static 24])
{
    if (!vcpu)
        snprintf(text, 24, "d?v?");
    else if (vcpu->domid == XPH_IDLE_DOMID)
        snprintf(text, 24, "idle%u", vcpu->vcpu);
    else
        snprintf(text, 24, "d%uv%u", vcpu->domid, vcpu->vcpu);
}

void xph_dump_record(FILE *out, const struct xph_machine *machine, const struct xph_record *record)
{
    char vcpu[24], name[64], fields[256];

    xph_vcpu_text(xph_machine_running(machine, record->pcpu), vcpu);
    xph_record_text(record, name, sizeof(name), fields, sizeof(fields));
    fprintf(out, "%6" PRIu64 ".%09" PRIu64 " p%-3u %-10s %-24s %s\n", record->time_ns / 1000000000,
            record->time_ns % 1000000000, record->pcpu, vcpu, name, fields);
}
