/*
 * The command line of xenphase-record.
 */
#ifndef XPH_TRACER_OPTIONS_H
#define XPH_TRACER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "recording/error.h"
#include "tracer/disk_guard.h"
#include "tracer/event_sets.h"
#include "tracer/probe_sets.h"
#include "tracer/trigger.h"

enum { MAX_KERNEL_SETS = 16, MAX_TRIGGERS = 8 };

#define DEFAULT_KERNEL_SETS "sched,process,hypercalls,xenbus,toolstack"

/* What each sample costs dom0: `xenphase doctor`. On an emulated host it is a tenth of a ms and
 * more. */
enum { DEFAULT_SAMPLE_HZ = 1000 };

enum { DEFAULT_IDLE_TIMEOUT = 300 }; /* seconds */

enum until { UNTIL_EXIT, UNTIL_IDLE, UNTIL_SECONDS };

struct options {
    char *directory; /* NULL: a name is made from the time */
    enum until until;
    double until_seconds; /* after the command's end, for UNTIL_SECONDS */
    char *until_text;     /* as given */
    double idle_timeout;  /* seconds after the command's end, for UNTIL_IDLE */
    const struct event_set *events;
    const struct probe_set *kernel_sets[MAX_KERNEL_SETS]; /* of dom0 kernel events */
    size_t kernel_set_count;                              /* 0: none are recorded */
    const char *kernel_sets_text;                         /* as given, NULL if none */
    bool xenstore, console;
    uint32_t buffer_pages; /* wanted for each pCPU, 0: chosen from the host's size */
    bool sample;           /* all the time, not only at the start and the end */
    unsigned sample_hz;
    bool sample_vcpus;   /* each vCPU, too */
    bool sample_limited; /* fewer, where they would take too much of a CPU: nobody asked for a rate
                          */
    bool verbose, quiet;
    bool help, version, cleanup, doctor;
    bool system;         /* no command: everything until we are stopped */
    double max_seconds;  /* 0: no limit */
    uint64_t ring_bytes; /* only the last so many of the recording are kept, 0: all */
    uint64_t max_bytes;  /* of the recording, 0: no limit */
    struct disk_rules disk;
    struct trigger triggers[MAX_TRIGGERS]; /* what ends a recording of the system */
    size_t trigger_count;
    char **command; /* NULL-terminated; empty only where there is something else to do */
};

/* Fills `options` from the arguments, which it points into. */
bool options_parse(struct options *options, int argc, char **argv, struct xph_error *err);
void options_help(FILE *out);

#endif
