/*
 * domains.samples: what libxenctrl said of every domain and of the host's memory, only changes
 * being stored. The layout is described in docs/format/recording.md.
 */
#ifndef XPH_RECORDING_SAMPLES_H
#define XPH_RECORDING_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "recording/error.h"
#include "recording/files.h"

enum xph_sample_type {
    XPH_SAMPLE_CLOCK = 1,       /* struct xph_sample_clock */
    XPH_SAMPLE_HOST = 2,        /* struct xph_sample_host */
    XPH_SAMPLE_DOMAIN = 3,      /* struct xph_sample_domain */
    XPH_SAMPLE_DOMAIN_TIME = 4, /* struct xph_sample_domain_time: only the CPU time changed */
    XPH_SAMPLE_DOMAIN_GONE = 5, /* struct xph_sample_domain_gone */
    XPH_SAMPLE_VCPU = 6,        /* struct xph_sample_vcpu: of a vCPU whose CPU time changed */
};

/* Every record begins so. `size` is the whole record's, a multiple of 8. */
struct xph_sample_header {
    uint16_t type;
    uint16_t size;
    uint32_t domid; /* 0xffffffff where the record is not about a domain */
    uint64_t tsc;   /* halfway between before and after the hypercall */
};

struct xph_sample_clock {
    struct xph_sample_header header;
    uint64_t monotonic_ns;
};

struct xph_sample_host {
    struct xph_sample_header header;
    uint64_t free_pages;
    uint64_t scrub_pages;
    uint64_t outstanding_pages;
};

/* The fields of xen_domctl_getdomaininfo (Xen's public/domctl.h) under its names. */
struct xph_sample_domain {
    struct xph_sample_header header;
    uint64_t cpu_time_ns; /* of all vCPUs since the domain's creation */
    uint64_t tot_pages, max_pages, outstanding_pages, shr_pages, paged_pages;
    uint32_t flags; /* XEN_DOMINF_*; the shutdown reason is (flags >> 16) & 255 */
    uint32_t nr_online_vcpus;
    uint32_t max_vcpu_id; /* 0xffffffff while there is none */
    uint32_t cpupool;
    uint32_t emulation_flags; /* XEN_X86_EMU_*: tells PVH from HVM */
    uint32_t padding;
    uint8_t handle[16]; /* the UUID */
};

struct xph_sample_domain_time {
    struct xph_sample_header header;
    uint64_t cpu_time_ns;
};

/* What XEN_DOMCTL_getvcpuinfo says. */
struct xph_sample_vcpu {
    struct xph_sample_header header;
    uint64_t cpu_time_ns; /* since its creation */
    uint32_t vcpu;
    uint32_t pcpu;
    uint32_t state; /* XPH_VCPU_* */
    uint32_t padding;
};

struct xph_sample_domain_gone {
    struct xph_sample_header header;
};

/* Bits of xen_domctl_getdomaininfo.flags that the analyzer needs without Xen's headers. */
enum {
    XPH_DOMAIN_DYING = 1 << 0,
    XPH_DOMAIN_HVM = 1 << 1, /* HVM or PVH */
    XPH_DOMAIN_SHUTDOWN = 1 << 2,
    XPH_DOMAIN_PAUSED = 1 << 3,
    XPH_DOMAIN_BLOCKED = 1 << 4,
    XPH_DOMAIN_RUNNING = 1 << 5,
};

enum { XPH_VCPU_ONLINE = 1 << 0, XPH_VCPU_BLOCKED = 1 << 1, XPH_VCPU_RUNNING = 1 << 2 };

#define XPH_SAMPLES_MAGIC "XPHSMP01" /* the file's first 8 bytes */

/* Walks the records of a mapped file. */
struct xph_sample_reader {
    const uint8_t *data;
    size_t size;
    size_t at;    /* offset of the next record */
    bool damaged; /* stopped at something that is not a record, at offset `at` */
};

/* False if the file does not begin with the magic. `file` must outlive the reader. */
bool xph_sample_reader_open(struct xph_sample_reader *reader, const struct xph_mapped_file *file,
                            struct xph_error *err);

/* A record copied out of the file. Unknown types are passed over. */
union xph_sample {
    struct xph_sample_header header;
    struct xph_sample_clock clock;
    struct xph_sample_host host;
    struct xph_sample_domain domain;
    struct xph_sample_domain_time domain_time;
    struct xph_sample_domain_gone domain_gone;
    struct xph_sample_vcpu vcpu;
};

/* The next record; false at the end or at damage. */
bool xph_sample_next(struct xph_sample_reader *reader, union xph_sample *sample);

/* "PV", "PVH" or "HVM", from the flags and emulation flags of a domain. */
const char *xph_domain_type(uint32_t flags, uint32_t emulation_flags);

#endif
