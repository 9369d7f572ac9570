/*
 * Reads dom0.dat by libtracecmd and libtraceevent, in a worker: the libraries do not expect files
 * that somebody made to harm them. Built without these libraries, there is trace_dat_missing.c
 * instead of trace_dat.c.
 */
#ifndef XPH_ANALYZER_KERNEL_TRACE_DAT_H
#define XPH_ANALYZER_KERNEL_TRACE_DAT_H

#include "analyzer/kernel/worker.h"

/* The type of the last event that comes through the pipe: other.name says what is wrong with the
 * file, "" if nothing is. Without it the worker did not get to the end. */
enum { XPH_TRACE_DAT_END = 0xffff };

/* Writes all events as struct xph_kernel_event in the order of time. NULL: not built in. */
extern xph_worker_function *const xph_trace_dat_worker;

#endif
