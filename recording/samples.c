#include "recording/samples.h"

#include <string.h>

/* Emulated devices only a guest with a device model has (XEN_X86_EMU_PM, Xen's
 * public/arch-x86/xen.h). */
enum { EMULATES_POWER_MANAGEMENT = 1 << 2 };

static size_t record_size(uint16_t type)
{
    switch (type) {
    case XPH_SAMPLE_CLOCK:
        return sizeof(struct xph_sample_clock);
    case XPH_SAMPLE_HOST:
        return sizeof(struct xph_sample_host);
    case XPH_SAMPLE_DOMAIN:
        return sizeof(struct xph_sample_domain);
    case XPH_SAMPLE_DOMAIN_TIME:
        return sizeof(struct xph_sample_domain_time);
    case XPH_SAMPLE_DOMAIN_GONE:
        return sizeof(struct xph_sample_domain_gone);
    case XPH_SAMPLE_VCPU:
        return sizeof(struct xph_sample_vcpu);
    default:
        return 0;
    }
}

bool xph_sample_reader_open(struct xph_sample_reader *reader, const struct xph_mapped_file *file,
                            struct xph_error *err)
{
    size_t magic = strlen(XPH_SAMPLES_MAGIC);

    *reader = (struct xph_sample_reader){file->data, file->size, magic, false};
    if (file->size >= magic && memcmp(file->data, XPH_SAMPLES_MAGIC, magic) == 0)
        return true;
    return xph_fail(err, "%s does not begin with %s: not made by xenphase, or damaged",
                    XPH_FILE_SAMPLES, XPH_SAMPLES_MAGIC);
}

bool xph_sample_next(struct xph_sample_reader *reader, union xph_sample *sample)
{
    while (reader->size - reader->at >= sizeof(struct xph_sample_header)) {
        struct xph_sample_header header;
        size_t wanted;

        memcpy(&header, reader->data + reader->at, sizeof(header));
        wanted = record_size(header.type);
        if (header.size < sizeof(header) || header.size % 8 != 0 || header.size < wanted ||
            header.size > reader->size - reader->at) {
            reader->damaged = true;
            return false;
        }
        if (wanted != 0)
            memcpy(sample, reader->data + reader->at, wanted);
        reader->at += header.size;
        if (wanted != 0)
            return true;
    }
    reader->damaged = reader->at != reader->size;
    return false;
}

const char *xph_domain_type(uint32_t flags, uint32_t emulation_flags)
{
    if (!(flags & XPH_DOMAIN_HVM))
        return "PV";
    return emulation_flags & EMULATES_POWER_MANAGEMENT ? "HVM" : "PVH";
}
