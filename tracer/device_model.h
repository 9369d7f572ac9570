/*
 * Which guest a QEMU serves, by its command line.
 */
#ifndef XPH_TRACER_DEVICE_MODEL_H
#define XPH_TRACER_DEVICE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the arguments (each ended by a zero, as in /proc/PID/cmdline) are those of an HVM guest's
 * device model, and of whose. A QEMU that serves a paravirtual guest's devices is none. */
bool device_model_parse(const char *arguments, size_t bytes, uint32_t *domid);

/* Asks a process. Where it is gone, what is there stays. */
void device_model_of(int pid, bool *is_guest, uint32_t *domid);

#endif
