/*
 * manifest.json: what a recording is, where and how it was made, and what can be doubted in it.
 * The file's fields are described in docs/format/recording.md.
 */
#ifndef XPH_RECORDING_MANIFEST_H
#define XPH_RECORDING_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "recording/clock_pair.h"
#include "recording/error.h"

enum { XPH_MANIFEST_SCHEMA = 1 };

/* One moment on both clocks: dom0's TSC in cycles and dom0's CLOCK_MONOTONIC in ns. */
struct xph_instant {
    uint64_t tsc;
    uint64_t monotonic_ns;
};

/* A gap in a pCPU's records. */
struct xph_trace_loss {
    uint32_t pcpu;
    uint32_t records;            /* how many were lost; 0: tracing was off, nobody knows */
    uint64_t first_tsc, end_tsc; /* of the first one lost, and when there was room again */
};

enum { XPH_MAX_LOSSES = 1024 }; /* that a manifest lists */

/* A pCPU whose buffer was full when its last records were taken from it, so that nothing tells
 * whether more were lost. */
struct xph_tail_loss {
    uint32_t pcpu;
    uint64_t last_tsc; /* of its last record */
};

/* How far a recording got; anything but complete is a doubt that views must print. */
enum xph_recording_state {
    XPH_STATE_RECORDING,   /* still being made, or its recorder was killed */
    XPH_STATE_COMPLETE,    /* stopped as planned */
    XPH_STATE_INTERRUPTED, /* stopped by a signal, readable up to there */
    XPH_STATE_UNFINISHED,  /* complete, once xenphase repair has given its files their last form */
    XPH_STATE_FAILED,      /* stopped by an error such as a full disk, readable up to there */
};

/* A domain that lived while the recording was made. */
struct xph_domain_info {
    uint16_t domid;
    char uuid[37];           /* "" if unknown */
    char *name;              /* as xenstore had it: any bytes but NUL, NULL if unknown; owned */
    const char *type;        /* "PV", "PVH", "HVM", or "" if unknown; static */
    uint32_t vcpus;          /* 0 if unknown */
    uint64_t memory_kib;     /* what the domain may have at most */
    bool became_idle;        /* by the rule in until_rule */
    struct xph_instant idle; /* start of the idle window */
    uint64_t idle_error_ns;  /* so much earlier or later; 0 in recordings that do not tell */
    /* dom0's TSC when it was first seen and when it was seen to be gone. 0: it lived before, or
     * after the recording, or the recorder did not tell. By these, domains with the same domid are
     * told apart. */
    uint64_t first_tsc, gone_tsc;
};

struct xph_manifest {
    enum xph_recording_state state;
    char *state_reason; /* why not complete; NULL if complete */

    char **argv; /* NULL-terminated */
    bool command_ended;
    int exit_status;      /* as a shell has it: 128 + signal if killed */
    uint32_t command_pid; /* 0 if unknown */
    struct xph_instant command_start, command_end;
    struct xph_instant recording_start, recording_end;
    char *triggered_by;  /* what --trigger saw, NULL if nothing */
    char *ended_by;      /* what else ended it before what `until` asks for, NULL if nothing did */
    uint64_t ring_bytes; /* only the last so many were kept; 0: all */
    char *until;         /* "exit", "idle" or seconds as text */
    char *until_rule;    /* the rule in words */
    char *recorder_version;
    char *priority_refused; /* what the recorder's threads may not have and why, NULL if all */

    char *hostname;
    char *xen_version, *xen_command_line;
    char *cpu_model;
    uint32_t pcpus;
    uint64_t memory_kib;
    char *dom0_kernel, *dom0_command_line;
    uint32_t dom0_vcpus;
    char *emulation; /* "tcg", "kvm-nested", ...; NULL on real hardware */

    uint64_t tsc_khz; /* Xen's own measurement (sysctl physinfo), never assumed */
    /* Measured just after tracing was switched on and just before it was switched off. */
    struct xph_clock_pair clock_start, clock_end;
    struct xph_clock_pair clock_offset; /* what to reckon with; made of these where it is missing */
    uint64_t tsc_khz_measured; /* TSC against CLOCK_MONOTONIC over the recording, 0 if too short */

    char *trace_events;                       /* name of the event set */
    uint32_t trace_mask;                      /* Xen's event mask in force */
    uint32_t trace_pages_wanted, trace_pages; /* per pCPU, 4 KiB each */
    uint64_t trace_bytes;
    uint64_t trace_lost_records;
    struct xph_trace_loss *trace_losses; /* owned, trace_loss_count of them */
    size_t trace_loss_count;
    uint32_t trace_off_count; /* how often tracing was found off, or with another event mask */
    uint64_t trace_off_ns;    /* for how long at the most, in all */
    bool trace_tail_loss;     /* records may have been lost at the end */
    struct xph_tail_loss *trace_tails; /* where; owned, trace_tail_count of them, ascending */
    size_t trace_tail_count;           /* 0 in older recordings */
    char *trace_unrecorded;            /* pCPUs without a buffer, as "4-7"; NULL if none are */

    uint32_t sample_hz_wanted;
    uint64_t samples; /* sampling instants */
    double sample_hz_achieved;
    uint64_t sample_late_mean_ns;
    uint64_t sample_late_max_ns; /* the worst delay behind the wanted moment */
    uint64_t sample_cost_ns;     /* CPU time that the sampler thread took */

    char *kernel_sets;          /* sets of dom0 kernel events that were wanted; NULL: none */
    char *kernel_unavailable;   /* why none of them could be recorded, NULL if they were */
    char *kernel_missing;       /* "EVENT: REASON; ..." for those that this kernel lacks, or NULL */
    uint32_t kernel_events;     /* how many kinds of event were recorded */
    uint32_t kernel_buffer_kib; /* for each of dom0's CPUs */
    uint64_t kernel_bytes;
    uint64_t kernel_lost_events;
    uint64_t kernel_missed_events; /* of probes that the kernel passed over */

    bool xenstore_wanted;
    char *xenstore_unavailable; /* why events are missing, NULL if none are */
    uint64_t xenstore_events;
    uint64_t xenstore_dropped_events; /* beyond what one recording keeps */

    bool console_wanted;
    uint64_t console_bytes; /* of guests' text */
    uint64_t console_lost_bytes;
    char *console_serial_unavailable;    /* why serial ports' text is missing, NULL if none is */
    uint64_t console_serial_lost_writes; /* to serial ports that were not seen */

    struct xph_domain_info *domains; /* owned, domain_count of them, as they were first seen */
    size_t domain_count;
    uint64_t dropped_domains; /* of the first that are gone; more than a manifest lists */
};

/* Writes manifest.json in `dirfd`, replacing an older one in one step. Uses the space kept by
 * _reserve. */
bool xph_manifest_write(int dirfd, const struct xph_manifest *manifest, struct xph_error *err);

/* Replaces manifest.json while the recording goes on: leaves the space that was set aside alone,
 * does not wait for the disk, and leaves the older one in place where it fails. */
bool xph_manifest_update(int dirfd, const struct xph_manifest *manifest, struct xph_error *err);

/* Sets disk space aside so that the next _write succeeds even when the disk is full by then. */
bool xph_manifest_reserve(int dirfd, struct xph_error *err);

/* Gives that space back, and what an _update left that was killed; returns whether there was any.
 */
bool xph_manifest_release(int dirfd);

/* Of an unfinished recording whose files have their last form now: says that it is complete. */
bool xph_manifest_complete(int dirfd, bool *completed, struct xph_error *err);

/* Reads and checks manifest.json; `manifest` must be released by xph_manifest_free even after a
 * failure. */
bool xph_manifest_read(int dirfd, struct xph_manifest *manifest, struct xph_error *err);
void xph_manifest_free(struct xph_manifest *manifest);

/* The manifest's record of the domain that had `domid` at dom0's TSC `tsc`, or soon after, as it is
 * first seen a moment after it was made; NULL if there is none. */
const struct xph_domain_info *xph_manifest_domain(const struct xph_manifest *manifest,
                                                  uint16_t domid, uint64_t tsc);

const char *xph_recording_state_name(enum xph_recording_state state);

#endif
