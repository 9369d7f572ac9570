/*
 * Why HVM and PVH guests enter Xen: Intel's exit reasons (Xen: asm/hvm/vmx/vmx.h) and AMD's exit
 * codes (asm/hvm/svm/vmcb.h).
 */
#ifndef XPH_ANALYZER_DECODE_VMEXITS_H
#define XPH_ANALYZER_DECODE_VMEXITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Intel's reasons all lie below. */
enum { XPH_VMX_REASONS = 80 };

/* Writes the reason's name into `name`, its number if it has none. */
void xph_vmexit_name(bool svm, uint32_t reason, char *name, size_t size);

#endif
