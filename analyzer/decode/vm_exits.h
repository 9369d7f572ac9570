/*
 * Why a guest left for Xen: names of the reasons that the two kinds of hardware give.
 */
#ifndef XPH_ANALYZER_DECODE_VM_EXITS_H
#define XPH_ANALYZER_DECODE_VM_EXITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    XPH_VMX_REASON_MASK = 0xffff, /* bits beyond it say more of the exit */
    XPH_VMX_REASONS = 80,         /* all reasons lie below */
    XPH_SVM_EXIT_NPF = 0x400,
};
#define XPH_VMX_BUS_LOCK     (UINT32_C(1) << 26)
#define XPH_VMX_ENTRY_FAILED (UINT32_C(1) << 31)

/* By the basic reason (Intel's manual, volume 3, appendix C); NULL for one that is not known. */
const char *xph_vmx_exit_name(uint32_t reason);

/* By the low half of the exit code (AMD's manual, volume 2, appendix C); NULL for one that is not
 * known. */
const char *xph_svm_exit_name(uint32_t code);

/* Writes the name of one kind's reason, of whose low half `reason` is; "?" for one that is not
 * known. */
void xph_vm_exit_name(bool svm, uint32_t reason, char *name, size_t size);

#endif
