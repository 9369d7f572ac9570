/*
 * Which vCPU runs on which pCPU, and what the others are doing: run states followed record by
 * record.
 */
#ifndef XPH_ANALYZER_MACHINE_MACHINE_H
#define XPH_ANALYZER_MACHINE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/decode/record.h"
#include "recording/error.h"

enum { XPH_IDLE_DOMID = 32767 };

/* Xen's run states (public/vcpu.h), and one for what a lost record hides. */
enum xph_runstate {
    XPH_RUNNING,
    XPH_RUNNABLE,
    XPH_BLOCKED,
    XPH_OFFLINE,
    XPH_LOST,
    XPH_RUNSTATES,
};

/* What is known of a vCPU. */
struct xph_vcpu {
    uint16_t domid, vcpu;
    uint16_t pcpu; /* where it runs, or ran last */
    bool ran;      /* was seen to begin to run: its states are followed from there on */
    enum xph_runstate state;
    uint64_t since_tsc, since_ns;
    uint64_t cycles[XPH_RUNSTATES]; /* from its first run to its last run state record, or, where it
                                      runs at the end, to its pCPU's last record; by state */
    uint64_t intervals[XPH_RUNSTATES]; /* how many made up these; a CONTINUE_RUNNING record begins a
                                          new one */
};

/* A vCPU was in one state for a while. */
struct xph_runstate_interval {
    uint16_t domid, vcpu, pcpu;
    enum xph_runstate state;
    uint64_t start_ns, end_ns;
};

/* Told of each interval when it is over. */
struct xph_machine_observer {
    bool (*interval)(void *context, const struct xph_runstate_interval *interval,
                     struct xph_error *err);
    void *context;
};

struct xph_machine {
    struct xph_machine_observer observer;
    struct xph_vcpu *vcpus; /* in the order of their first record; owned */
    size_t vcpu_count, vcpu_capacity;
    uint32_t *index; /* hash of (domid, vcpu) to position in vcpus + 1; owned */
    size_t index_size;
    struct xph_machine_pcpu {
        uint32_t running;    /* position in vcpus + 1 of the vCPU that runs there, 0 if unknown */
        bool scheduled;      /* a run state record was seen there */
        bool started;        /* any record was */
        uint64_t start_tsc;  /* of the first one */
        uint64_t untold_ns;  /* where nobody is known to run there: since when; 0: ever */
        uint64_t last_tsc;   /* of the last one so far */
    } * pcpus;               /* by number; owned */
    uint64_t contradictions; /* records whose old state is not the one followed */
    uint64_t start_tsc, start_ns; /* of the first record */
    bool started;
};

/* `observer` may be NULL. */
bool xph_machine_open(struct xph_machine *machine, const struct xph_machine_observer *observer,
                      struct xph_error *err);
void xph_machine_close(struct xph_machine *machine);

/* Takes the next record in time. */
bool xph_machine_feed(struct xph_machine *machine, const struct xph_record *record,
                      struct xph_error *err);

/* Tells the observer of the states that last to the end of the trace. */
bool xph_machine_finish(struct xph_machine *machine, uint64_t end_ns, struct xph_error *err);

/* The vCPU that runs on a pCPU, NULL while that is not known. */
const struct xph_vcpu *xph_machine_running(const struct xph_machine *machine, uint16_t pcpu);

/* Has the pCPU had a run state record yet? Before, it is not known who runs there. */
bool xph_machine_scheduled(const struct xph_machine *machine, uint16_t pcpu);

#endif
