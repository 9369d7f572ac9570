#include "analyzer/decode/xen_kind.h"

#include <stdio.h>
#include <string.h>

#include "analyzer/decode/events.h"

enum {
    MAX_RECORDS = 4000000, /* to look at */
    /* Until Xen 4.17 a padding word holds a remnant of the stack, which can be zero, too; but not
     * in each of so many records. */
    ZERO_PADDING = 1000,
    OLDEST = XPH_XEN(4, 14),
    CLASS_SCHED = 0x002,
    CLASS_HVM = 0x008,
    CLASS_MEMORY = 0x010,
    VM_EXIT_VMX = 0x81002, /* until Xen 4.18 SVM's, too */
    VM_EXIT_SVM = 0x81003,
    VM_EXIT_FLAGS = 0x500, /* 64 bits, nested */
    HVM_INTERRUPT = 0x8200f,
    UPDATE_RUNQ_LOAD = 0x2220c,
    DECREASE_RESERVATION = 0x10f005,
    POD_POPULATE = 0x10f010,
    POD_ZERO_RECLAIM = 0x10f011,
};

/* What a record shows. */
struct evidence {
    uint16_t min, max;
    enum xph_virtualization virtualization;
    const char *what;
};

static const struct evidence svm_id = {XPH_XEN(4, 19), UINT16_MAX, XPH_VIRTUALIZATION_SVM,
                                       "VM exits have SVM's own event"};
static const struct evidence old_svm = {0, XPH_XEN(4, 18), XPH_VIRTUALIZATION_SVM,
                                        "VM exits with SVM's codes have the event that is VMX's "
                                        "alone since 4.19"};
static const struct evidence vmx_reason = {0, UINT16_MAX, XPH_VIRTUALIZATION_VMX,
                                           "VM exits have reasons that only VMX has"};
static const struct evidence vmx_interrupt = {0, UINT16_MAX, XPH_VIRTUALIZATION_VMX,
                                              "interrupts of guests are traced with their vector"};
static const struct evidence svm_interrupt = {0, UINT16_MAX, XPH_VIRTUALIZATION_SVM,
                                              "interrupts of guests are traced without a vector"};
static const struct evidence garbage = {0, XPH_XEN(4, 17), XPH_VIRTUALIZATION_UNKNOWN,
                                        "the padding of credit2's records is not zero"};
static const struct evidence padding = {XPH_XEN(4, 18), UINT16_MAX, XPH_VIRTUALIZATION_UNKNOWN,
                                        "the padding of all of credit2's records is zero"};
static const struct evidence packed = {0, XPH_XEN(4, 17), XPH_VIRTUALIZATION_UNKNOWN,
                                       "records of memory have domain and order in one word"};

/* VMX's and SVM's numbers overlap; but these mean what cannot happen with the other: on SVM
 * accesses to control registers that no CPU has, on VMX nothing at all. */
static const struct evidence *look_at_reason(uint32_t reason)
{
    switch (reason) {
    case 1:  /* external interrupt */
    case 7:  /* interrupt window */
    case 10: /* CPUID */
    case 12: /* HLT */
    case 30: /* I/O */
    case 31: /* RDMSR */
        return &vmx_reason;
    case 0x60:  /* INTR */
    case 0x64:  /* VINTR */
    case 0x72:  /* CPUID */
    case 0x78:  /* HLT */
    case 0x7b:  /* I/O */
    case 0x7c:  /* MSR */
    case 0x81:  /* VMMCALL */
    case 0x400: /* NPF */
        return &old_svm;
    }
    return NULL;
}

/* The padding of credit2's records that were looked at. */
struct padding_count {
    unsigned zero, other;
};

static const struct evidence *look_at_padding(struct padding_count *count, uint32_t word)
{
    if (word == 0)
        count->zero++;
    else
        count->other++;
    return word == 0 ? NULL : &garbage;
}

static const struct evidence *look_at(const struct xph_record *record, struct padding_count *count)
{
    const uint32_t *words = record->words;

    switch (record->event) {
    case HVM_INTERRUPT:
        return record->extra_words == 0 ? &svm_interrupt : &vmx_interrupt;
    case UPDATE_RUNQ_LOAD:
        return record->extra_words == 6 ? look_at_padding(count, words[5]) : NULL;
    case DECREASE_RESERVATION:
        return record->extra_words == 4 && words[2] >> 16 != 0 ? &packed : NULL;
    case POD_POPULATE:
    case POD_ZERO_RECLAIM:
        return record->extra_words == 6 && words[4] >> 16 != 0 ? &packed : NULL;
    }
    if ((record->event & ~VM_EXIT_FLAGS) == VM_EXIT_SVM)
        return &svm_id;
    if ((record->event & ~VM_EXIT_FLAGS) == VM_EXIT_VMX && record->extra_words > 0)
        return look_at_reason(words[0]);
    return NULL;
}

static void add_evidence(struct xph_xen_kind *kind, const struct evidence *evidence)
{
    uint16_t min = evidence->min > kind->min ? evidence->min : kind->min;
    uint16_t max = evidence->max < kind->max ? evidence->max : kind->max;
    enum xph_virtualization virtualization = evidence->virtualization;

    if (min > max ||
        (kind->virtualization != XPH_VIRTUALIZATION_UNKNOWN &&
         virtualization != XPH_VIRTUALIZATION_UNKNOWN && kind->virtualization != virtualization)) {
        if (!kind->contradiction)
            snprintf(kind->version_evidence + strlen(kind->version_evidence),
                     XPH_KIND_TEXT - strlen(kind->version_evidence), "; but %s", evidence->what);
        kind->contradiction = true;
        return;
    }
    if (min != kind->min || max != kind->max)
        snprintf(kind->version_evidence, XPH_KIND_TEXT, "%s", evidence->what);
    kind->min = min;
    kind->max = max;
    if (virtualization != XPH_VIRTUALIZATION_UNKNOWN &&
        kind->virtualization == XPH_VIRTUALIZATION_UNKNOWN) {
        snprintf(kind->virtualization_evidence, XPH_KIND_TEXT, "%s", evidence->what);
        kind->virtualization = virtualization;
    }
}

/* Does a record of the event with this header show anything? Most do not, and are not decoded. */
static bool is_evidence(uint32_t header)
{
    uint32_t event = header & 0x0fffffff;

    switch (event >> 16) {
    case CLASS_SCHED:
        return event == UPDATE_RUNQ_LOAD;
    case CLASS_HVM:
        return event == HVM_INTERRUPT || (event & ~VM_EXIT_FLAGS) == VM_EXIT_VMX ||
               (event & ~VM_EXIT_FLAGS) == VM_EXIT_SVM;
    case CLASS_MEMORY:
        return true;
    }
    return false;
}

/*
 * The file is taken as one row of records, which it is where it is whole: what opens a window is a
 * record, too. Where it is damaged the search ends.
 */
static void look_at_records(struct xph_xen_kind *kind, const struct xph_mapped_file *trace)
{
    struct padding_count count = {0};
    struct xph_record record;
    size_t offset = 0, kept_from = 0;

    for (unsigned i = 0; i < MAX_RECORDS && trace->size - offset >= sizeof(uint32_t); i++) {
        const struct evidence *evidence;
        uint32_t header;
        size_t length;

        memcpy(&header, trace->data + offset, sizeof(header));
        length = xph_header_length(header);
        if (length > trace->size - offset)
            break;
        offset += length;
        xph_mapped_file_pass(trace, &kept_from, offset);
        if (!is_evidence(header))
            continue;
        xph_record_decode(trace->data + offset - length, length, &record);
        evidence = look_at(&record, &count);
        if (evidence)
            add_evidence(kind, evidence);
    }
    if (count.zero >= ZERO_PADDING && count.other == 0)
        add_evidence(kind, &padding);
}

void xph_xen_kind_detect(struct xph_xen_kind *kind, const char *version, const char *cpu_model,
                         const struct xph_mapped_file *trace)
{
    unsigned major, minor;

    *kind = (struct xph_xen_kind){.min = OLDEST, .max = UINT16_MAX};
    if (version && sscanf(version, "%3u.%2u", &major, &minor) == 2) {
        kind->min = kind->max = (uint16_t)XPH_XEN(major, minor);
        snprintf(kind->version_evidence, XPH_KIND_TEXT, "says the recording");
    }
    if (cpu_model && (strstr(cpu_model, "AMD") || strstr(cpu_model, "Hygon")))
        kind->virtualization = XPH_VIRTUALIZATION_SVM;
    else if (cpu_model && strstr(cpu_model, "Intel"))
        kind->virtualization = XPH_VIRTUALIZATION_VMX;
    if (kind->virtualization != XPH_VIRTUALIZATION_UNKNOWN)
        snprintf(kind->virtualization_evidence, XPH_KIND_TEXT, "says the recording");
    look_at_records(kind, trace);
}

void xph_xen_kind_text(const struct xph_xen_kind *kind, char *text, size_t size)
{
    static const char *const cpus[] = {
        [XPH_VIRTUALIZATION_UNKNOWN] = "an unknown kind of CPU",
        [XPH_VIRTUALIZATION_VMX] = "Intel",
        [XPH_VIRTUALIZATION_SVM] = "AMD",
    };
    const char *first = kind->version_evidence, *second = kind->virtualization_evidence;
    char version[64];

    if (kind->min == kind->max)
        snprintf(version, sizeof(version), "%u.%u", kind->min / 100, kind->min % 100);
    else if (kind->max != UINT16_MAX)
        snprintf(version, sizeof(version), "%u.%u to %u.%u", kind->min / 100, kind->min % 100,
                 kind->max / 100, kind->max % 100);
    else
        snprintf(version, sizeof(version), "%u.%u or later", kind->min / 100, kind->min % 100);
    if (strcmp(first, second) == 0)
        second = "";
    snprintf(text, size, "Xen %s on %s (%s%s%s)", version, cpus[kind->virtualization],
             *first || *second ? first : "nothing in the trace tells more",
             *first && *second ? "; " : "", second);
}
