/*
 * Takes away what a recorder that was killed left switched on.
 */
#ifndef XPH_TRACER_CLEAN_UP_H
#define XPH_TRACER_CLEAN_UP_H

#include <stdbool.h>
#include <xentoollog.h>

#include "recording/error.h"

/* Switches Xen's tracing off and puts its event mask back, if a recorder left it on, and removes
 * our probes and instance from tracefs. Says on stdout what went. False if a recorder is at work,
 * the rights are missing, or something could not be removed. */
bool clean_up(xentoollog_logger *log, struct xph_error *err);

/* Whether there is something of ours in tracefs; only for who holds the recorder's lock. */
bool clean_up_kernel_wanted(void);

#endif
