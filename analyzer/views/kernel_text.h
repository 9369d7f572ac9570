/* Events of dom0's kernel as text. */
#ifndef XPH_ANALYZER_VIEWS_KERNEL_TEXT_H
#define XPH_ANALYZER_VIEWS_KERNEL_TEXT_H

#include <stdio.h>

#include "analyzer/kernel/hypercall_target.h"
#include "analyzer/kernel/kernel_event.h"

/* The event's name, padded, and its fields; neither time nor CPU nor a final newline. */
void xph_print_kernel_event(FILE *out, const struct xph_kernel_event *event);

/* A task as NAME-PID, or idle. */
void xph_print_task(FILE *out, const char *name, uint32_t pid);

#endif
