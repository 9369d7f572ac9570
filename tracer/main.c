/*
 * xenphase-record: records what Xen does while a command creates, destroys or moves a domain.
 */
#include <stdio.h>
#include <string.h>

#include "recording/version.h"
#include "tracer/clean_up.h"
#include "tracer/command.h"
#include "tracer/doctor.h"
#include "tracer/options.h"
#include "tracer/session.h"

int main(int argc, char **argv)
{
    struct xph_error err = {0};
    struct options options;
    int code = EXIT_RECORDING_FAILED;

    if (options_parse(&options, argc, argv, &err)) {
        if (options.help) {
            options_help(stdout);
            return 0;
        }
        if (options.version) {
            puts("xenphase-record " XPH_VERSION);
            return 0;
        }
        if (options.doctor)
            code = (int)doctor_run(options.verbose);
        else if (options.cleanup)
            code = clean_up(options.verbose, &err) ? 0 : EXIT_RECORDING_FAILED;
        else
            code = session_run(&options, &err);
    }
    if (err.text[0] != '\0')
        fprintf(stderr, "xenphase-record: %s\n", err.text);
    return code;
}
