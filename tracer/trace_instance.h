/*
 * The tracefs instances that a recorder makes: by their names they are found again after a kill -9.
 */
#ifndef XPH_TRACER_TRACE_INSTANCE_H
#define XPH_TRACER_TRACE_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tracefs.h>

#include "recording/error.h"

#define TRACE_INSTANCE_KERNEL "xenphase"        /* dom0's kernel events */
#define TRACE_INSTANCE_SERIAL "xenphase-serial" /* what guests write to serial ports */

/* Makes an instance with the clock of XPH_KERNEL_CLOCK and buffers of `buffer_kib` for each CPU,
 * switched off. Fails if there is one of the name. After a failure `*instance` is NULL, or what is
 * to be removed all the same. */
bool trace_instance_make(struct tracefs_instance **instance, const char *name, size_t buffer_kib,
                         struct xph_error *err);

/* False with errno. */
bool trace_instance_switch(struct tracefs_instance *instance, bool on);

/* The events that found no room, or were overwritten before they were read, of `cpu_count` CPUs. */
uint64_t trace_instance_lost(struct tracefs_instance *instance, unsigned cpu_count);

/* Switches its events off and removes it, if nobody has files of it open (trace_instance_left()
 * tells); the probes that it used may be removed then. */
void trace_instance_remove(struct tracefs_instance *instance);

/* Whether any of them is there. */
bool trace_instance_exists_any(void);

/* Removes those that a recorder left; returns whether any of them went. */
bool trace_instance_remove_all(void);

/* Whether one of ours is there, and could not be removed: `why` says who has files of it open. */
bool trace_instance_left(struct xph_error *why);

#endif
