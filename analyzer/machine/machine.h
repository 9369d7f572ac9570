/*
 * Which vCPU runs on which pCPU, and what the others are doing: run states followed record by
 * record. The work is linear in the number of records, however many vCPUs there are.
 */
#ifndef XPH_ANALYZER_MACHINE_MACHINE_H
#define XPH_ANALYZER_MACHINE_MACHINE_H

#include "analyzer/decode/record.h"
#include "analyzer/decode/trace_damage.h"
#include "analyzer/machine/skew.h"
#include "analyzer/machine/vcpus.h"
#include "recording/error.h"

/* A vCPU was in one state for a while. */
struct xph_runstate_interval {
    uint16_t domid, vcpu, pcpu;
    enum xph_runstate state;
    uint64_t start_ns, end_ns;
};

/* Told of each interval when it is known to be over. */
struct xph_machine_observer {
    bool (*interval)(void *context, const struct xph_runstate_interval *interval,
                     struct xph_error *err);
    void *context;
};

/* What records say that cannot be, by what was known before. */
enum xph_contradiction {
    XPH_CONTRADICTION_STATE, /* the old state is not the one followed */
    XPH_CONTRADICTION_PLACE, /* a running vCPU does something on another pCPU */
    XPH_CONTRADICTION_TWO,   /* two vCPUs run on a pCPU */
    XPH_CONTRADICTION_IDLE,  /* an idle vCPU runs on a pCPU that is not its own */
    XPH_CONTRADICTION_VCPU,  /* Xen has no such vCPU */
    XPH_CONTRADICTION_VCPUS, /* more vCPUs than are followed */
    XPH_CONTRADICTION_LOSS,  /* records were lost after the record that tells of it */
    XPH_CONTRADICTIONS,
};

/* A record that changes what is known. */
struct xph_machine_event {
    enum xph_machine_event_kind {
        XPH_MACHINE_STATE, /* `vcpu` of `domid` goes from state `old` to `new` */
        XPH_MACHINE_LOSS,  /* records of the pCPU were lost since `lost_since`; `vcpu` is current */
        XPH_MACHINE_REMOVE /* `domid` is gone */
    } kind;
    uint16_t pcpu, domid, vcpu;
    uint8_t old, new;
    uint64_t tsc, time_ns, lost_since_tsc, lost_since_ns;
    uint64_t file_offset;
};

struct xph_machine {
    struct xph_machine_observer observer;
    struct xph_skew *skew; /* told of records, if the caller sets it; the caller's */
    struct xph_vcpus vcpus;
    struct xph_machine_pcpu {
        uint32_t running;   /* position in vcpus + 1 of the vCPU that runs there, 0 if unknown */
        uint32_t named;     /* of the one that the record of a loss names, until another is known */
        bool scheduled;     /* a run state record was seen there */
        bool started;       /* any record was */
        uint64_t start_tsc; /* of the first one */
        uint64_t untold_ns; /* where nobody is known to run there: since when; 0: ever */
        uint64_t last_tsc;  /* of the last one so far */
    } * pcpus;              /* by number; owned */
    struct xph_machine_loss {
        uint64_t tsc, ns; /* when it began */
    } * losses;           /* all so far; owned */
    size_t loss_count, loss_capacity;
    struct xph_finding contradictions[XPH_CONTRADICTIONS];
    /* Where the trace's front was cut off, by each pCPU's windows, as a ring's is: from here on all
     * pCPUs' records are there. What contradicts something from before is none. */
    uint64_t settled_tsc;
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

/*
 * The same in two parts, for who has sorted out the records that change anything: all pCPUs' first
 * records are noted before the first event, their last ones before the end.
 */
void xph_machine_note(struct xph_machine *machine, uint16_t pcpu, uint64_t tsc, uint64_t time_ns);
bool xph_machine_take(struct xph_machine *machine, const struct xph_machine_event *event,
                      struct xph_error *err);

/* Tells the observer of the states that last to the end of the trace. */
bool xph_machine_finish(struct xph_machine *machine, uint64_t end_ns, struct xph_error *err);

/* How often a record told another state of its vCPU, or another pCPU, than was known. */
uint64_t xph_machine_state_contradictions(
    const struct xph_finding contradictions[static XPH_CONTRADICTIONS]);

/* The vCPU that runs on a pCPU, NULL while that is not known. */
const struct xph_vcpu *xph_machine_running(const struct xph_machine *machine, uint16_t pcpu);

/* Has the pCPU had a run state record yet? Before, it is not known who runs there. */
bool xph_machine_scheduled(const struct xph_machine *machine, uint16_t pcpu);

#endif
