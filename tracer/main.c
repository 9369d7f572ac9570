/*
 * xenphase-record: records what Xen does while a command creates, destroys or moves a domain.
 */
#include <stdio.h>
#include <string.h>

#include "recording/version.h"
#include "tracer/clean_up.h"
#include "tracer/command.h"
#include "tracer/doctor.h"
#include "tracer/log.h"
#include "tracer/options.h"
#include "tracer/session.h"

/* What the options ask for; the exit code. */
static int run(const struct options *options, xentoollog_logger *log, struct xph_error *err)
{
    if (options->help) {
        options_help(stdout);
        return 0;
    }
    if (options->version) {
        puts("xenphase-record " XPH_VERSION);
        return 0;
    }
    if (options->doctor)
        return (int)doctor_run(log);
    if (options->cleanup)
        return clean_up(log, err) ? 0 : EXIT_RECORDING_FAILED;
    return session_run(options, log, err);
}

int main(int argc, char **argv)
{
    struct xph_error err = {0};
    struct options options;
    bool understood = options_parse(&options, argc, argv, &err);
    xentoollog_logger *log = log_open(options.quiet, options.verbose);
    int code = EXIT_RECORDING_FAILED;

    if (!log)
        return code;
    if (understood)
        code = run(&options, log, &err);
    if (err.text[0] != '\0')
        log_error(log, err.text);
    xtl_logger_destroy(log);
    return code;
}
