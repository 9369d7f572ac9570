/*
 * One recording from beginning to end: everything is set up, the command runs, everything is
 * undone.
 */
#ifndef XPH_TRACER_SESSION_H
#define XPH_TRACER_SESSION_H

#include <signal.h>
#include <xentoollog.h>

#include "recording/error.h"
#include "tracer/options.h"

/*
 * Records options->command into a new directory and tells `log` what the user wants to know.
 * Returns the exit code for the process; where that is one of EXIT_RECORDING_FAILED,
 * EXIT_NOT_EXECUTABLE or EXIT_NOT_FOUND, `err` says why if err->text is not empty.
 */
int session_run(const struct options *options, xentoollog_logger *log, struct xph_error *err);

#endif
