/*
 * dom0.dat: dom0's kernel events in trace-cmd(1)'s file format, version 6 (trace-cmd.dat.v6(5)).
 *
 * That format wants each CPU's data in one piece, which nobody knows while recording. So a
 * recording in progress holds the parts, each only ever appended to:
 *   dom0.head   the file's beginning up to the formats of trace_printk(): what the data means
 *   dom0.cpuN   the pages of CPU N's ring buffer, as the kernel gave them
 *   dom0.names  the names of processes (tracefs's saved_cmdlines), if it came to that
 * They are put together at the end, or after a killed recorder by `xenphase repair`.
 */
#ifndef XPH_RECORDING_KERNEL_FILE_H
#define XPH_RECORDING_KERNEL_FILE_H

#include <stdbool.h>

#include "recording/error.h"

#define XPH_FILE_KERNEL       "dom0.dat"
#define XPH_FILE_KERNEL_HEAD  "dom0.head"
#define XPH_FILE_KERNEL_NAMES "dom0.names"
#define XPH_FILE_KERNEL_CPU   "dom0.cpu%u"
#define XPH_KERNEL_CLOCK      "x86-tsc" /* the trace clock of every dom0.dat of ours */

enum { XPH_KERNEL_MAX_CPUS = 4096 };

/* Whether `dirfd` has parts that were not put together. */
bool xph_kernel_parts_left(int dirfd);

/*
 * Puts the parts together and removes them, if there are any. When this fails they are still
 * there, and there is no dom0.dat; XPH_UNFINISHED where space is missing, as both need it while it
 * is made.
 */
bool xph_kernel_parts_join(int dirfd, struct xph_error *err);
void xph_kernel_parts_remove(int dirfd);

#endif
