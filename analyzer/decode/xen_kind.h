/*
 * Which Xen wrote a trace, and on which kind of CPU: some layouts depend on both, and the trace has
 * no mark of either. A recording's manifest tells; the records themselves give evidence.
 */
#ifndef XPH_ANALYZER_DECODE_XEN_KIND_H
#define XPH_ANALYZER_DECODE_XEN_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/files.h"

enum xph_virtualization {
    XPH_VIRTUALIZATION_UNKNOWN,
    XPH_VIRTUALIZATION_VMX, /* Intel's */
    XPH_VIRTUALIZATION_SVM, /* AMD's */
};

enum { XPH_KIND_TEXT = 160 };

struct xph_xen_kind {
    uint16_t min, max; /* the XPH_XEN versions that it can be; max UINT16_MAX: no bound is known */
    enum xph_virtualization virtualization;
    bool contradiction; /* what is said here and what the records show exclude each other */
    char version_evidence[XPH_KIND_TEXT]; /* "" without any */
    char virtualization_evidence[XPH_KIND_TEXT];
};

/*
 * `version` ("4.17.7") and `cpu_model` are the manifest's, or NULL; they come before what the
 * records in `trace` show. Of these only the first few millions are looked at.
 */
void xph_xen_kind_detect(struct xph_xen_kind *kind, const char *version, const char *cpu_model,
                         const struct xph_mapped_file *trace);

/* One sentence: which Xen it is, or can be, and how that is known. */
void xph_xen_kind_text(const struct xph_xen_kind *kind, char *text, size_t size);

#endif
