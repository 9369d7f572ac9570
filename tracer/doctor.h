/*
 * Says what this host offers to each source of a recording, and what to do about what is missing.
 */
#ifndef XPH_TRACER_DOCTOR_H
#define XPH_TRACER_DOCTOR_H

#include <xentoollog.h>

/* How well a host can be recorded; also the exit code of `xenphase doctor`. */
enum doctor_verdict {
    DOCTOR_WELL = 0,
    DOCTOR_NOT_AT_ALL = 1,
    DOCTOR_IN_PART = 3, /* recordings will lack something */
};

/* Prints a line for each source. Records nothing, and leaves the host as it was. */
enum doctor_verdict doctor_run(xentoollog_logger *log);

#endif
