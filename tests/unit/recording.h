/* A real recording, open for all tests of a program. Define RECORDING, its path, before. */
#ifndef XPH_TESTS_UNIT_RECORDING_H
#define XPH_TESTS_UNIT_RECORDING_H

#include "recording/recording.h"

static struct xph_recording recording;

static int open_recording(void **state)
{
    struct xph_error err = {0};

    (void)state;
    if (xph_recording_open(&recording, RECORDING, &err))
        return 0;
    print_error("%s\n", err.text);
    return -1;
}

static int close_recording(void **state)
{
    (void)state;
    xph_recording_close(&recording);
    return 0;
}

#endif
