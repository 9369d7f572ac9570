#include "analyzer/machine/machine.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/events.h"
#include "analyzer/decode/trace_file.h"

enum { FIRST_LOSSES = 16 };

bool xph_machine_open(struct xph_machine *machine, const struct xph_machine_observer *observer,
                      struct xph_error *err)
{
    *machine = (struct xph_machine){0};
    if (observer)
        machine->observer = *observer;
    if (!xph_vcpus_open(&machine->vcpus, err))
        return false;
    machine->pcpus = calloc(XPH_MAX_PCPUS, sizeof(*machine->pcpus));
    if (machine->pcpus)
        return true;
    xph_machine_close(machine);
    return xph_fail(err, "out of memory");
}

void xph_machine_close(struct xph_machine *machine)
{
    xph_vcpus_close(&machine->vcpus);
    free(machine->pcpus);
    free(machine->losses);
    *machine = (struct xph_machine){0};
}

static uint32_t position_of(const struct xph_machine *machine, const struct xph_vcpu *vcpu)
{
    return (uint32_t)(vcpu - machine->vcpus.list) + 1;
}

static bool tell(struct xph_machine *machine, const struct xph_vcpu *vcpu, uint64_t end_ns,
                 struct xph_error *err)
{
    struct xph_runstate_interval interval = {vcpu->domid, vcpu->vcpu,     vcpu->pcpu,
                                             vcpu->state, vcpu->since_ns, end_ns};

    if (!machine->observer.interval || end_ns <= vcpu->since_ns)
        return true;
    return machine->observer.interval(machine->observer.context, &interval, err);
}

/*
 * Ends the state that the vCPU is in. What is added up begins with the vCPU's first run, as
 * xenalyze does it, so that the sums can be compared; the observer is told of what lies before it
 * too.
 */
static bool end_state(struct xph_machine *machine, struct xph_vcpu *vcpu, uint64_t tsc,
                      uint64_t now_ns, struct xph_error *err)
{
    if (vcpu->ran && tsc > vcpu->since_tsc) {
        vcpu->cycles[vcpu->state] += tsc - vcpu->since_tsc;
        vcpu->intervals[vcpu->state]++;
    }
    return tell(machine, vcpu, now_ns, err);
}

static void leave_pcpu(struct xph_machine *machine, const struct xph_vcpu *vcpu, uint64_t time_ns)
{
    struct xph_machine_pcpu *pcpu = &machine->pcpus[vcpu->pcpu];

    if (pcpu->running != position_of(machine, vcpu))
        return;
    pcpu->running = 0;
    pcpu->untold_ns = time_ns;
}

static void set_state(struct xph_machine *machine, struct xph_vcpu *vcpu, enum xph_runstate state,
                      uint64_t tsc, uint64_t ns)
{
    vcpu->state = state;
    vcpu->since_tsc = tsc;
    vcpu->since_ns = ns;
    vcpu->losses_known = (uint32_t)machine->loss_count;
    vcpu->told = false;
}

/* The vCPU was last known to be what it was when the gap began, or later if a record of another
 * pCPU tells of it. */
static bool lose_state(struct xph_machine *machine, struct xph_vcpu *vcpu, uint64_t tsc,
                       uint64_t ns, struct xph_error *err)
{
    if (tsc < vcpu->since_tsc || ns < vcpu->since_ns) {
        tsc = vcpu->since_tsc;
        ns = vcpu->since_ns;
    }
    if (!end_state(machine, vcpu, tsc, ns, err))
        return false;
    set_state(machine, vcpu, XPH_LOST, tsc, ns);
    return true;
}

/*
 * Where records of any pCPU are missing, it is not known any more what a vCPU that does not run is
 * doing. That it was lost is found here, when the vCPU is met next: to touch all vCPUs at each loss
 * would take too long.
 */
static bool apply_losses(struct xph_machine *machine, struct xph_vcpu *vcpu, struct xph_error *err)
{
    const struct xph_machine_loss *first;

    if (vcpu->losses_known == machine->loss_count || vcpu->state == XPH_RUNNING ||
        vcpu->state == XPH_LOST)
        return true;
    first = &machine->losses[vcpu->losses_known];
    return lose_state(machine, vcpu, first->tsc, first->ns, err);
}

/*
 * A vCPU's first record also says what it was doing before: since the trace's start, if its domain
 * is older. One that was running did so on this pCPU, and since the last record that tells of
 * another there: a pCPU that idles from the start has no record until it wakes. What is added up
 * begins with the pCPU's first record all the same, as xenalyze does it.
 */
static void begin_vcpu(const struct xph_machine *machine, struct xph_vcpu *vcpu,
                       const struct xph_machine_event *event)
{
    const struct xph_machine_pcpu *pcpu = &machine->pcpus[event->pcpu];

    vcpu->state = event->old;
    vcpu->pcpu = event->pcpu;
    vcpu->losses_known = (uint32_t)machine->loss_count;
    vcpu->since_tsc = event->old == XPH_RUNNING ? pcpu->start_tsc : machine->start_tsc;
    vcpu->since_ns = event->old == XPH_RUNNING && pcpu->untold_ns > machine->start_ns
                         ? pcpu->untold_ns
                         : machine->start_ns;
}

static void contradict(struct xph_machine *machine, enum xph_contradiction what,
                       const struct xph_machine_event *event)
{
    xph_finding_add(&machine->contradictions[what], event->file_offset);
}

/* From now on another vCPU runs on the event's pCPU, of which `position` is 0 if it is not
 * followed. Of the one that was believed to run there it is not known what it does. */
static bool take_pcpu(struct xph_machine *machine, uint32_t position,
                      const struct xph_machine_event *event, struct xph_error *err)
{
    struct xph_machine_pcpu *pcpu = &machine->pcpus[event->pcpu];
    uint32_t other = pcpu->running;

    pcpu->running = position;
    pcpu->named = 0;
    if (other == 0 || other == position)
        return true;
    if (machine->vcpus.list[other - 1].since_tsc >= machine->settled_tsc)
        contradict(machine, XPH_CONTRADICTION_TWO, event);
    return lose_state(machine, &machine->vcpus.list[other - 1], event->tsc, event->time_ns, err);
}

static bool occupy_pcpu(struct xph_machine *machine, struct xph_vcpu *vcpu,
                        const struct xph_machine_event *event, struct xph_error *err)
{
    vcpu->ran = true;
    vcpu->pcpu = event->pcpu;
    if (vcpu->domid == XPH_IDLE_DOMID && vcpu->vcpu != event->pcpu)
        contradict(machine, XPH_CONTRADICTION_IDLE, event);
    return take_pcpu(machine, position_of(machine, vcpu), event, err);
}

static void check_state(struct xph_machine *machine, const struct xph_vcpu *vcpu,
                        const struct xph_machine_event *event)
{
    if (vcpu->state == XPH_LOST || vcpu->since_tsc < machine->settled_tsc)
        return;
    if (vcpu->state != event->old)
        contradict(machine, XPH_CONTRADICTION_STATE, event);
    else if (vcpu->state == XPH_RUNNING && vcpu->pcpu != event->pcpu)
        contradict(machine, XPH_CONTRADICTION_PLACE, event);
    else if (machine->skew && vcpu->told && vcpu->told_on != event->pcpu &&
             event->tsc >= vcpu->since_tsc)
        xph_skew_pair(machine->skew, vcpu->told_on, event->pcpu, event->tsc - vcpu->since_tsc);
}

static void sample_for_skew(const struct xph_machine *machine, const struct xph_vcpu *vcpu,
                            const struct xph_machine_event *event)
{
    if (machine->skew && event->tsc >= machine->settled_tsc)
        xph_skew_sample(machine->skew,
                        (struct xph_skew_record){event->tsc, position_of(machine, vcpu) - 1,
                                                 event->pcpu, event->old, event->new});
}

static bool change_state(struct xph_machine *machine, const struct xph_machine_event *event,
                         struct xph_error *err)
{
    bool is_new;
    struct xph_vcpu *vcpu;

    machine->pcpus[event->pcpu].scheduled = true;
    if (event->old == XPH_RUNNING)
        machine->pcpus[event->pcpu].named = 0;
    if (!xph_vcpu_is_possible(event->domid, event->vcpu)) {
        contradict(machine, XPH_CONTRADICTION_VCPU, event);
        return true;
    }
    vcpu = xph_vcpus_find(&machine->vcpus, event->domid, event->vcpu, &is_new, err);
    if (!vcpu && err->errnum == 0) {
        contradict(machine, XPH_CONTRADICTION_VCPUS, event);
        *err = (struct xph_error){0};
        return event->new != XPH_RUNNING || take_pcpu(machine, 0, event, err);
    }
    if (!vcpu)
        return false;
    if (is_new)
        begin_vcpu(machine, vcpu, event);
    else if (!apply_losses(machine, vcpu, err))
        return false;
    check_state(machine, vcpu, event);
    sample_for_skew(machine, vcpu, event);
    /* One that turns out to have run since the trace's start counts from there. */
    if (is_new && event->old == XPH_RUNNING && event->new == XPH_RUNNING)
        return occupy_pcpu(machine, vcpu, event, err);
    if (!end_state(machine, vcpu, event->tsc, event->time_ns, err))
        return false;
    if (vcpu->state == XPH_RUNNING)
        leave_pcpu(machine, vcpu, event->time_ns);
    set_state(machine, vcpu, event->new, event->tsc, event->time_ns);
    vcpu->told = true;
    vcpu->told_on = event->pcpu;
    return event->new != XPH_RUNNING || occupy_pcpu(machine, vcpu, event, err);
}

/*
 * A record of a loss names the vCPU that was current when there was room for it (Xen:
 * common/trace.c, insert_lost_records()), so the records that follow are that vCPU's. Its states
 * are not taken to begin here: it may have begun to run at any time in the gap.
 */
static bool name_vcpu(struct xph_machine *machine, const struct xph_machine_event *event,
                      struct xph_error *err)
{
    struct xph_vcpu *vcpu;
    bool is_new;

    machine->pcpus[event->pcpu].named = 0;
    if (!xph_vcpu_is_possible(event->domid, event->vcpu))
        return true;
    vcpu = xph_vcpus_find(&machine->vcpus, event->domid, event->vcpu, &is_new, err);
    if (!vcpu) {
        bool too_many = err->errnum == 0;

        if (too_many)
            *err = (struct xph_error){0};
        return too_many;
    }
    if (is_new) {
        begin_vcpu(machine, vcpu, event);
        vcpu->state = XPH_LOST;
    }
    machine->pcpus[event->pcpu].named = position_of(machine, vcpu);
    return true;
}

/*
 * Records of this pCPU are missing: what the vCPUs that did not run, and the one that did, are
 * doing now is unknown until each one's next record.
 */
static bool lose_states(struct xph_machine *machine, const struct xph_machine_event *event,
                        struct xph_error *err)
{
    struct xph_machine_pcpu *pcpu = &machine->pcpus[event->pcpu];
    bool impossible = event->lost_since_tsc > event->tsc;
    struct xph_machine_loss loss = {impossible ? event->tsc : event->lost_since_tsc,
                                    impossible ? event->time_ns : event->lost_since_ns};

    if (impossible)
        contradict(machine, XPH_CONTRADICTION_LOSS, event);
    if (machine->loss_count == machine->loss_capacity) {
        size_t capacity = machine->loss_capacity ? machine->loss_capacity * 2 : FIRST_LOSSES;
        struct xph_machine_loss *grown = realloc(machine->losses, capacity * sizeof(*grown));

        if (!grown)
            return xph_fail(err, "out of memory for %zu losses", capacity);
        machine->losses = grown;
        machine->loss_capacity = capacity;
    }
    machine->losses[machine->loss_count++] = loss;
    if (machine->skew)
        xph_skew_loss(machine->skew, loss.tsc);
    if (pcpu->running != 0 &&
        !lose_state(machine, &machine->vcpus.list[pcpu->running - 1], loss.tsc, loss.ns, err))
        return false;
    pcpu->running = 0;
    pcpu->untold_ns = event->time_ns;
    return name_vcpu(machine, event, err);
}

/* The domain is gone, and its number may be used again. */
static bool forget_domain(struct xph_machine *machine, const struct xph_machine_event *event,
                          struct xph_error *err)
{
    struct xph_vcpu *vcpu;

    while ((vcpu = xph_vcpus_take_from_domain(&machine->vcpus, event->domid))) {
        if (!apply_losses(machine, vcpu, err))
            return false;
        if (vcpu->state == XPH_OFFLINE)
            continue;
        /* Not added up: no record of the vCPU's own says when this state ended. */
        if (!tell(machine, vcpu, event->time_ns, err))
            return false;
        if (vcpu->state == XPH_RUNNING)
            leave_pcpu(machine, vcpu, event->time_ns);
        set_state(machine, vcpu, XPH_OFFLINE, event->tsc, event->time_ns);
    }
    return true;
}

void xph_machine_note(struct xph_machine *machine, uint16_t pcpu_number, uint64_t tsc,
                      uint64_t time_ns)
{
    struct xph_machine_pcpu *pcpu = &machine->pcpus[pcpu_number];

    if (!machine->started || tsc < machine->start_tsc) {
        machine->started = true;
        machine->start_tsc = tsc;
        machine->start_ns = time_ns;
    }
    if (!pcpu->started) {
        pcpu->started = true;
        pcpu->start_tsc = tsc;
    }
    pcpu->last_tsc = tsc;
}

bool xph_machine_take(struct xph_machine *machine, const struct xph_machine_event *event,
                      struct xph_error *err)
{
    switch (event->kind) {
    case XPH_MACHINE_STATE:
        return change_state(machine, event, err);
    case XPH_MACHINE_LOSS:
        return lose_states(machine, event, err);
    case XPH_MACHINE_REMOVE:
        return forget_domain(machine, event, err);
    }
    return true;
}

/* False if the record changes nothing. */
static bool to_event(const struct xph_record *record, struct xph_machine_event *event)
{
    *event = (struct xph_machine_event){.pcpu = record->pcpu,
                                        .domid = (uint16_t)(record->words[0] >> 16),
                                        .vcpu = (uint16_t)record->words[0],
                                        .tsc = record->tsc,
                                        .time_ns = record->time_ns,
                                        .file_offset = record->file_offset};
    if (record->event == XPH_EVENT_LOST_RECORDS) {
        uint32_t vcpu = record->extra_words >= 4 ? xph_lost_vcpu(record->words[1]) : XPH_NO_VCPU;

        event->kind = XPH_MACHINE_LOSS;
        event->lost_since_tsc = xph_record_first_lost_tsc(record);
        event->lost_since_ns = record->lost_since_ns;
        event->domid = (uint16_t)(vcpu >> 16);
        event->vcpu = (uint16_t)vcpu;
        return true;
    }
    if (record->extra_words == 0)
        return false;
    if (record->event == XPH_EVENT_DOM_REM) {
        event->kind = XPH_MACHINE_REMOVE;
        event->domid = (uint16_t)record->words[0];
        return true;
    }
    if (record->event == XPH_EVENT_CONTINUE_RUNNING)
        return true;
    event->old = record->event >> 8 & 15;
    event->new = record->event >> 4 & 15;
    /* Only a damaged record has other states. */
    return xph_event_is_runstate_change(record->event) && event->old <= XPH_OFFLINE &&
           event->new <= XPH_OFFLINE;
}

bool xph_machine_feed(struct xph_machine *machine, const struct xph_record *record,
                      struct xph_error *err)
{
    struct xph_machine_event event;

    xph_machine_note(machine, record->pcpu, record->tsc, record->time_ns);
    return !to_event(record, &event) || xph_machine_take(machine, &event, err);
}

bool xph_machine_finish(struct xph_machine *machine, uint64_t end_ns, struct xph_error *err)
{
    for (size_t i = 0; i < machine->vcpus.count; i++) {
        struct xph_vcpu *vcpu = &machine->vcpus.list[i];
        uint64_t last_tsc = machine->pcpus[vcpu->pcpu].last_tsc;

        if (!apply_losses(machine, vcpu, err))
            return false;
        /* One that runs at the end was seen to do so up to its pCPU's last record. */
        if (vcpu->state == XPH_RUNNING && vcpu->ran && last_tsc > vcpu->since_tsc) {
            vcpu->cycles[XPH_RUNNING] += last_tsc - vcpu->since_tsc;
            vcpu->intervals[XPH_RUNNING]++;
        }
        if (!tell(machine, vcpu, end_ns, err))
            return false;
    }
    return true;
}

uint64_t
xph_machine_state_contradictions(const struct xph_finding contradictions[static XPH_CONTRADICTIONS])
{
    return contradictions[XPH_CONTRADICTION_STATE].count +
           contradictions[XPH_CONTRADICTION_PLACE].count;
}

const struct xph_vcpu *xph_machine_running(const struct xph_machine *machine, uint16_t pcpu)
{
    uint32_t running = machine->pcpus[pcpu].running;
    uint32_t position = running != 0 ? running : machine->pcpus[pcpu].named;

    return position == 0 ? NULL : &machine->vcpus.list[position - 1];
}

bool xph_machine_scheduled(const struct xph_machine *machine, uint16_t pcpu)
{
    return machine->pcpus[pcpu].scheduled;
}
