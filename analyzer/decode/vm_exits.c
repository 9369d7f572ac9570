#include "analyzer/decode/vm_exits.h"

#include <stdio.h>

#include <stddef.h>

static const char *const vmx_names[] = {
    [0] = "exception_or_nmi",
    [1] = "external_interrupt",
    [2] = "triple_fault",
    [3] = "init",
    [4] = "sipi",
    [5] = "io_smi",
    [6] = "other_smi",
    [7] = "interrupt_window",
    [8] = "nmi_window",
    [9] = "task_switch",
    [10] = "cpuid",
    [11] = "getsec",
    [12] = "hlt",
    [13] = "invd",
    [14] = "invlpg",
    [15] = "rdpmc",
    [16] = "rdtsc",
    [17] = "rsm",
    [18] = "vmcall",
    [19] = "vmclear",
    [20] = "vmlaunch",
    [21] = "vmptrld",
    [22] = "vmptrst",
    [23] = "vmread",
    [24] = "vmresume",
    [25] = "vmwrite",
    [26] = "vmxoff",
    [27] = "vmxon",
    [28] = "cr_access",
    [29] = "dr_access",
    [30] = "io_instruction",
    [31] = "msr_read",
    [32] = "msr_write",
    [33] = "invalid_guest_state",
    [34] = "msr_loading",
    [36] = "mwait",
    [37] = "monitor_trap_flag",
    [39] = "monitor",
    [40] = "pause",
    [41] = "mce_during_entry",
    [43] = "tpr_below_threshold",
    [44] = "apic_access",
    [45] = "eoi_induced",
    [46] = "gdtr_idtr_access",
    [47] = "ldtr_tr_access",
    [48] = "ept_violation",
    [49] = "ept_misconfig",
    [50] = "invept",
    [51] = "rdtscp",
    [52] = "preemption_timer",
    [53] = "invvpid",
    [54] = "wbinvd",
    [55] = "xsetbv",
    [56] = "apic_write",
    [57] = "rdrand",
    [58] = "invpcid",
    [59] = "vmfunc",
    [60] = "encls",
    [61] = "rdseed",
    [62] = "pml_full",
    [63] = "xsaves",
    [64] = "xrstors",
    [74] = "bus_lock",
    [75] = "notify",
};

static const char *const svm_names[] = {
    [0x00] = "cr0_read",      [0x01] = "cr1_read",     [0x02] = "cr2_read",
    [0x03] = "cr3_read",      [0x04] = "cr4_read",     [0x05] = "cr5_read",
    [0x06] = "cr6_read",      [0x07] = "cr7_read",     [0x08] = "cr8_read",
    [0x09] = "cr9_read",      [0x0a] = "cr10_read",    [0x0b] = "cr11_read",
    [0x0c] = "cr12_read",     [0x0d] = "cr13_read",    [0x0e] = "cr14_read",
    [0x0f] = "cr15_read",     [0x10] = "cr0_write",    [0x11] = "cr1_write",
    [0x12] = "cr2_write",     [0x13] = "cr3_write",    [0x14] = "cr4_write",
    [0x15] = "cr5_write",     [0x16] = "cr6_write",    [0x17] = "cr7_write",
    [0x18] = "cr8_write",     [0x19] = "cr9_write",    [0x1a] = "cr10_write",
    [0x1b] = "cr11_write",    [0x1c] = "cr12_write",   [0x1d] = "cr13_write",
    [0x1e] = "cr14_write",    [0x1f] = "cr15_write",   [0x20] = "dr0_read",
    [0x21] = "dr1_read",      [0x22] = "dr2_read",     [0x23] = "dr3_read",
    [0x24] = "dr4_read",      [0x25] = "dr5_read",     [0x26] = "dr6_read",
    [0x27] = "dr7_read",      [0x28] = "dr8_read",     [0x29] = "dr9_read",
    [0x2a] = "dr10_read",     [0x2b] = "dr11_read",    [0x2c] = "dr12_read",
    [0x2d] = "dr13_read",     [0x2e] = "dr14_read",    [0x2f] = "dr15_read",
    [0x30] = "dr0_write",     [0x31] = "dr1_write",    [0x32] = "dr2_write",
    [0x33] = "dr3_write",     [0x34] = "dr4_write",    [0x35] = "dr5_write",
    [0x36] = "dr6_write",     [0x37] = "dr7_write",    [0x38] = "dr8_write",
    [0x39] = "dr9_write",     [0x3a] = "dr10_write",   [0x3b] = "dr11_write",
    [0x3c] = "dr12_write",    [0x3d] = "dr13_write",   [0x3e] = "dr14_write",
    [0x3f] = "dr15_write",    [0x40] = "exception_de", [0x41] = "exception_db",
    [0x42] = "exception_nmi", [0x43] = "exception_bp", [0x44] = "exception_of",
    [0x45] = "exception_br",  [0x46] = "exception_ud", [0x47] = "exception_nm",
    [0x48] = "exception_df",  [0x4a] = "exception_ts", [0x4b] = "exception_np",
    [0x4c] = "exception_ss",  [0x4d] = "exception_gp", [0x4e] = "exception_pf",
    [0x50] = "exception_mf",  [0x51] = "exception_ac", [0x52] = "exception_mc",
    [0x53] = "exception_xf",  [0x54] = "exception_20", [0x55] = "exception_cp",
    [0x60] = "intr",          [0x61] = "nmi",          [0x62] = "smi",
    [0x63] = "init",          [0x64] = "vintr",        [0x65] = "cr0_sel_write",
    [0x66] = "idtr_read",     [0x67] = "gdtr_read",    [0x68] = "ldtr_read",
    [0x69] = "tr_read",       [0x6a] = "idtr_write",   [0x6b] = "gdtr_write",
    [0x6c] = "ldtr_write",    [0x6d] = "tr_write",     [0x6e] = "rdtsc",
    [0x6f] = "rdpmc",         [0x70] = "pushf",        [0x71] = "popf",
    [0x72] = "cpuid",         [0x73] = "rsm",          [0x74] = "iret",
    [0x75] = "swint",         [0x76] = "invd",         [0x77] = "pause",
    [0x78] = "hlt",           [0x79] = "invlpg",       [0x7a] = "invlpga",
    [0x7b] = "ioio",          [0x7c] = "msr",          [0x7d] = "task_switch",
    [0x7e] = "ferr_freeze",   [0x7f] = "shutdown",     [0x80] = "vmrun",
    [0x81] = "vmmcall",       [0x82] = "vmload",       [0x83] = "vmsave",
    [0x84] = "stgi",          [0x85] = "clgi",         [0x86] = "skinit",
    [0x87] = "rdtscp",        [0x88] = "icebp",        [0x89] = "wbinvd",
    [0x8a] = "monitor",       [0x8b] = "mwait",        [0x8c] = "mwait_conditional",
    [0x8d] = "xsetbv",        [0x8e] = "rdpru",        [0xa5] = "bus_lock",
    [0xa6] = "idle_hlt",
};

const char *xph_vmx_exit_name(uint32_t reason)
{
    reason &= XPH_VMX_REASON_MASK;
    return reason < sizeof(vmx_names) / sizeof(vmx_names[0]) ? vmx_names[reason] : NULL;
}

const char *xph_svm_exit_name(uint32_t code)
{
    switch (code) {
    case XPH_SVM_EXIT_NPF:
        return "npf";
    case 0x401:
        return "avic_incomplete_ipi";
    case 0x402:
        return "avic_noaccel";
    case 0x403:
        return "vmgexit";
    case UINT32_MAX:
        return "invalid";
    }
    return code < sizeof(svm_names) / sizeof(svm_names[0]) ? svm_names[code] : NULL;
}

void xph_vm_exit_name(bool svm, uint32_t reason, char *name, size_t size)
{
    const char *known = !svm                              ? xph_vmx_exit_name(reason)
                        : reason == (UINT32_MAX & 0xffff) ? xph_svm_exit_name(UINT32_MAX)
                                                          : xph_svm_exit_name(reason);

    snprintf(name, size, "%s", known ? known : "?");
}
