#include "analyzer/decode/vmexits.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const vmx[XPH_VMX_REASONS] = {
    [0] = "exception or NMI",
    [1] = "external interrupt",
    [2] = "triple fault",
    [3] = "INIT",
    [4] = "SIPI",
    [5] = "I/O SMI",
    [6] = "other SMI",
    [7] = "interrupt window",
    [8] = "NMI window",
    [9] = "task switch",
    [10] = "CPUID",
    [11] = "GETSEC",
    [12] = "HLT",
    [13] = "INVD",
    [14] = "INVLPG",
    [15] = "RDPMC",
    [16] = "RDTSC",
    [17] = "RSM",
    [18] = "VMCALL",
    [19] = "VMCLEAR",
    [20] = "VMLAUNCH",
    [21] = "VMPTRLD",
    [22] = "VMPTRST",
    [23] = "VMREAD",
    [24] = "VMRESUME",
    [25] = "VMWRITE",
    [26] = "VMXOFF",
    [27] = "VMXON",
    [28] = "control register",
    [29] = "debug register",
    [30] = "I/O",
    [31] = "RDMSR",
    [32] = "WRMSR",
    [33] = "invalid guest state",
    [34] = "MSR loading",
    [36] = "MWAIT",
    [37] = "monitor trap flag",
    [39] = "MONITOR",
    [40] = "PAUSE",
    [41] = "machine check",
    [43] = "TPR below threshold",
    [44] = "APIC access",
    [45] = "virtualized EOI",
    [46] = "GDTR or IDTR",
    [47] = "LDTR or TR",
    [48] = "EPT violation",
    [49] = "EPT misconfiguration",
    [50] = "INVEPT",
    [51] = "RDTSCP",
    [52] = "preemption timer",
    [53] = "INVVPID",
    [54] = "WBINVD",
    [55] = "XSETBV",
    [56] = "APIC write",
    [58] = "INVPCID",
    [59] = "VMFUNC",
    [62] = "page modification log full",
    [63] = "XSAVES",
    [64] = "XRSTORS",
    [74] = "bus lock",
    [75] = "NOTIFY",
};

static const struct {
    uint16_t code;
    const char *name;
} svm[] = {
    {0x5e, "exception SX"},
    {0x60, "interrupt"},
    {0x61, "NMI"},
    {0x62, "SMI"},
    {0x63, "INIT"},
    {0x64, "interrupt window"},
    {0x65, "selective CR0 write"},
    {0x66, "IDTR read"},
    {0x67, "GDTR read"},
    {0x68, "LDTR read"},
    {0x69, "TR read"},
    {0x6a, "IDTR write"},
    {0x6b, "GDTR write"},
    {0x6c, "LDTR write"},
    {0x6d, "TR write"},
    {0x6e, "RDTSC"},
    {0x6f, "RDPMC"},
    {0x70, "PUSHF"},
    {0x71, "POPF"},
    {0x72, "CPUID"},
    {0x73, "RSM"},
    {0x74, "IRET"},
    {0x75, "software interrupt"},
    {0x76, "INVD"},
    {0x77, "PAUSE"},
    {0x78, "HLT"},
    {0x79, "INVLPG"},
    {0x7a, "INVLPGA"},
    {0x7b, "I/O"},
    {0x7c, "MSR"},
    {0x7d, "task switch"},
    {0x7e, "FERR freeze"},
    {0x7f, "shutdown"},
    {0x80, "VMRUN"},
    {0x81, "VMMCALL"},
    {0x82, "VMLOAD"},
    {0x83, "VMSAVE"},
    {0x84, "STGI"},
    {0x85, "CLGI"},
    {0x86, "SKINIT"},
    {0x87, "RDTSCP"},
    {0x88, "ICEBP"},
    {0x89, "WBINVD"},
    {0x8a, "MONITOR"},
    {0x8b, "MWAIT"},
    {0x8c, "MWAIT, armed"},
    {0x8d, "XSETBV"},
    {0xa5, "bus lock"},
    {0xa6, "idle HLT"},
    {0x400, "nested page fault"},
    {0xffff, "invalid"},
};

static void svm_name(uint32_t code, char *name, size_t size)
{
    for (size_t i = 0; i < sizeof(svm) / sizeof(svm[0]); i++) {
        if (svm[i].code == code) {
            snprintf(name, size, "%s", svm[i].name);
            return;
        }
    }
    if (code < 0x20)
        snprintf(name, size, "CR%" PRIu32 " %s", code & 15, code < 0x10 ? "read" : "write");
    else if (code < 0x40)
        snprintf(name, size, "DR%" PRIu32 " %s", code & 15, code < 0x30 ? "read" : "write");
    else if (code < 0x60)
        snprintf(name, size, "exception %" PRIu32, code - 0x40);
    else
        snprintf(name, size, "?");
}

void xph_vmexit_name(bool is_svm, uint32_t reason, char *name, size_t size)
{
    if (is_svm)
        svm_name(reason, name, size);
    else
        snprintf(name, size, "%s", reason < XPH_VMX_REASONS && vmx[reason] ? vmx[reason] : "?");
}
