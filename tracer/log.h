/*
 * What the recorder says on standard error: its own notices and errors, and what the Xen libraries
 * say, all through one libxentoollog logger.
 */
#ifndef XPH_TRACER_LOG_H
#define XPH_TRACER_LOG_H

#include <stdbool.h>
#include <xentoollog.h>

/* `quiet`: of our own messages only errors; `verbose`: all that the Xen libraries say, who are else
 * silent but for what is critical. NULL without memory; the caller ends it with
 * xtl_logger_destroy(). */
xentoollog_logger *log_open(bool quiet, bool verbose);

/* A line that says something to the user. */
void log_notice(xentoollog_logger *log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Why the program ends as it does. */
void log_error(xentoollog_logger *log, const char *text);

#endif
