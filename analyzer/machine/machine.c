#include "analyzer/machine/machine.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/events.h"
#include "analyzer/decode/trace_file.h"

enum {
    FIRST_VCPUS = 64,
    FIRST_INDEX = 256,   /* a power of two, at least twice FIRST_VCPUS */
    MAX_VCPUS = 1 << 20, /* more than any host has: a damaged trace must not take all memory */
};

bool xph_machine_open(struct xph_machine *machine, const struct xph_machine_observer *observer,
                      struct xph_error *err)
{
    *machine = (struct xph_machine){.vcpu_capacity = FIRST_VCPUS, .index_size = FIRST_INDEX};
    if (observer)
        machine->observer = *observer;
    machine->vcpus = calloc(machine->vcpu_capacity, sizeof(*machine->vcpus));
    machine->index = calloc(machine->index_size, sizeof(*machine->index));
    machine->pcpus = calloc(XPH_MAX_PCPUS, sizeof(*machine->pcpus));
    if (machine->vcpus && machine->index && machine->pcpus)
        return true;
    xph_machine_close(machine);
    return xph_fail(err, "out of memory");
}

void xph_machine_close(struct xph_machine *machine)
{
    free(machine->vcpus);
    free(machine->index);
    free(machine->pcpus);
    *machine = (struct xph_machine){0};
}

static size_t hash_slot(uint32_t key, size_t size)
{
    uint32_t hash = key * UINT32_C(2654435761);

    /* The low bits of the product know nothing of the domain, which is in the key's high half. */
    return (hash ^ hash >> 15) & (size - 1);
}

/* The slot of the vCPU in the index, or the empty one where it belongs. */
static uint32_t *find_slot(const struct xph_machine *machine, uint32_t *index, size_t size,
                           uint16_t domid, uint16_t vcpu)
{
    size_t slot = hash_slot((uint32_t)domid << 16 | vcpu, size);

    while (index[slot] != 0) {
        const struct xph_vcpu *found = &machine->vcpus[index[slot] - 1];

        if (found->domid == domid && found->vcpu == vcpu)
            break;
        slot = (slot + 1) & (size - 1);
    }
    return &index[slot];
}

static bool grow(struct xph_machine *machine, struct xph_error *err)
{
    size_t capacity = machine->vcpu_capacity * 2, size = machine->index_size * 2;
    struct xph_vcpu *vcpus;
    uint32_t *index;

    if (capacity > MAX_VCPUS)
        return xph_fail(err, "the trace names more than %d vCPUs: it is damaged", MAX_VCPUS);
    vcpus = realloc(machine->vcpus, capacity * sizeof(*vcpus));
    if (!vcpus)
        return xph_fail(err, "out of memory for %zu vCPUs", capacity);
    machine->vcpus = vcpus;
    machine->vcpu_capacity = capacity;
    index = calloc(size, sizeof(*index));
    if (!index)
        return xph_fail(err, "out of memory for %zu vCPUs", capacity);
    for (size_t i = 0; i < machine->vcpu_count; i++)
        *find_slot(machine, index, size, vcpus[i].domid, vcpus[i].vcpu) = (uint32_t)i + 1;
    free(machine->index);
    machine->index = index;
    machine->index_size = size;
    return true;
}

/* The vCPU, made if it is new (*is_new). NULL on error. */
static struct xph_vcpu *find_vcpu(struct xph_machine *machine, uint16_t domid, uint16_t vcpu,
                                  bool *is_new, struct xph_error *err)
{
    uint32_t *slot = find_slot(machine, machine->index, machine->index_size, domid, vcpu);

    *is_new = *slot == 0;
    if (!*is_new)
        return &machine->vcpus[*slot - 1];
    if (machine->vcpu_count == machine->vcpu_capacity) {
        if (!grow(machine, err))
            return NULL;
        slot = find_slot(machine, machine->index, machine->index_size, domid, vcpu);
    }
    machine->vcpus[machine->vcpu_count] = (struct xph_vcpu){.domid = domid, .vcpu = vcpu};
    *slot = (uint32_t)++machine->vcpu_count;
    return &machine->vcpus[*slot - 1];
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

    if (pcpu->running != (uint32_t)(vcpu - machine->vcpus) + 1)
        return;
    pcpu->running = 0;
    pcpu->untold_ns = time_ns;
}

/*
 * A vCPU's first record also says what it was doing before: since the trace's start, if its domain
 * is older. One that was running did so on this pCPU, and since the last record that tells of
 * another there: a pCPU that idles from the start has no record until it wakes. What is added up
 * begins with the pCPU's first record all the same, as xenalyze does it.
 */
static void begin_vcpu(const struct xph_machine *machine, struct xph_vcpu *vcpu,
                       const struct xph_record *record, enum xph_runstate old)
{
    const struct xph_machine_pcpu *pcpu = &machine->pcpus[record->pcpu];

    vcpu->state = old;
    vcpu->pcpu = record->pcpu;
    vcpu->since_tsc = old == XPH_RUNNING ? pcpu->start_tsc : machine->start_tsc;
    vcpu->since_ns = old == XPH_RUNNING && pcpu->untold_ns > machine->start_ns ? pcpu->untold_ns
                                                                               : machine->start_ns;
}

static void enter_state(struct xph_machine *machine, struct xph_vcpu *vcpu,
                        const struct xph_record *record, enum xph_runstate state)
{
    if (vcpu->state == XPH_RUNNING)
        leave_pcpu(machine, vcpu, record->time_ns);
    vcpu->state = state;
    vcpu->since_tsc = record->tsc;
    vcpu->since_ns = record->time_ns;
    if (state != XPH_RUNNING)
        return;
    vcpu->ran = true;
    vcpu->pcpu = record->pcpu;
    machine->pcpus[record->pcpu].running = (uint32_t)(vcpu - machine->vcpus) + 1;
}

static bool change_state(struct xph_machine *machine, const struct xph_record *record,
                         enum xph_runstate old, enum xph_runstate new, struct xph_error *err)
{
    bool is_new;
    struct xph_vcpu *vcpu = find_vcpu(machine, (uint16_t)(record->words[0] >> 16),
                                      (uint16_t)record->words[0], &is_new, err);

    if (!vcpu)
        return false;
    machine->pcpus[record->pcpu].scheduled = true;
    if (is_new)
        begin_vcpu(machine, vcpu, record, old);
    else if (vcpu->state != old && vcpu->state != XPH_LOST)
        machine->contradictions++;
    /* One that turns out to have run since the trace's start counts from there. */
    if (is_new && old == XPH_RUNNING && new == XPH_RUNNING) {
        vcpu->ran = true;
        machine->pcpus[record->pcpu].running = (uint32_t)(vcpu - machine->vcpus) + 1;
        return true;
    }
    if (!end_state(machine, vcpu, record->tsc, record->time_ns, err))
        return false;
    enter_state(machine, vcpu, record, new);
    return true;
}

/* The vCPU was last known to be what it was when the gap began, or later if a record of another
 * pCPU tells of it. */
static bool lose_state(struct xph_machine *machine, struct xph_vcpu *vcpu,
                       const struct xph_record *record, struct xph_error *err)
{
    uint64_t tsc = xph_record_first_lost_tsc(record), ns = record->lost_since_ns;

    if (tsc > record->tsc)
        tsc = record->tsc;
    if (tsc < vcpu->since_tsc || ns < vcpu->since_ns) {
        tsc = vcpu->since_tsc;
        ns = vcpu->since_ns;
    }
    if (!end_state(machine, vcpu, tsc, ns, err))
        return false;
    enter_state(machine, vcpu, record, XPH_LOST);
    vcpu->since_tsc = tsc;
    vcpu->since_ns = ns;
    return true;
}

/*
 * Records of this pCPU are missing: who runs there now, and what the vCPUs that did not run are
 * doing now, is unknown until each one's next record.
 */
static bool lose_states(struct xph_machine *machine, const struct xph_record *record,
                        struct xph_error *err)
{
    for (size_t i = 0; i < machine->vcpu_count; i++) {
        struct xph_vcpu *vcpu = &machine->vcpus[i];

        if (vcpu->state == XPH_RUNNING && vcpu->pcpu != record->pcpu)
            continue;
        if (!lose_state(machine, vcpu, record, err))
            return false;
    }
    machine->pcpus[record->pcpu].running = 0;
    machine->pcpus[record->pcpu].untold_ns = record->time_ns;
    return true;
}

/* The domain is gone, and its number may be used again. */
static bool forget_domain(struct xph_machine *machine, const struct xph_record *record,
                          struct xph_error *err)
{
    for (size_t i = 0; i < machine->vcpu_count; i++) {
        struct xph_vcpu *vcpu = &machine->vcpus[i];

        if (vcpu->domid != (record->words[0] & 0xffff) || vcpu->state == XPH_OFFLINE)
            continue;
        /* Not added up: no record of the vCPU's own says when this state ended. */
        if (!tell(machine, vcpu, record->time_ns, err))
            return false;
        enter_state(machine, vcpu, record, XPH_OFFLINE);
    }
    return true;
}

static void note_pcpu(struct xph_machine *machine, const struct xph_record *record)
{
    struct xph_machine_pcpu *pcpu = &machine->pcpus[record->pcpu];

    if (!machine->started) {
        machine->started = true;
        machine->start_tsc = record->tsc;
        machine->start_ns = record->time_ns;
    }
    if (!pcpu->started) {
        pcpu->started = true;
        pcpu->start_tsc = record->tsc;
    }
    pcpu->last_tsc = record->tsc;
}

bool xph_machine_feed(struct xph_machine *machine, const struct xph_record *record,
                      struct xph_error *err)
{
    note_pcpu(machine, record);
    if (record->event == XPH_EVENT_LOST_RECORDS)
        return lose_states(machine, record, err);
    if (record->extra_words == 0)
        return true;
    if (record->event == XPH_EVENT_CONTINUE_RUNNING)
        return change_state(machine, record, XPH_RUNNING, XPH_RUNNING, err);
    if (record->event == XPH_EVENT_DOM_REM)
        return forget_domain(machine, record, err);
    if (xph_event_is_runstate_change(record->event)) {
        unsigned old = record->event >> 8 & 15, new = record->event >> 4 & 15;

        /* Only a damaged record has others. */
        if (old <= XPH_OFFLINE && new <= XPH_OFFLINE)
            return change_state(machine, record, old, new, err);
    }
    return true;
}

bool xph_machine_finish(struct xph_machine *machine, uint64_t end_ns, struct xph_error *err)
{
    for (size_t i = 0; i < machine->vcpu_count; i++) {
        struct xph_vcpu *vcpu = &machine->vcpus[i];
        uint64_t last_tsc = machine->pcpus[vcpu->pcpu].last_tsc;

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

const struct xph_vcpu *xph_machine_running(const struct xph_machine *machine, uint16_t pcpu)
{
    uint32_t position = machine->pcpus[pcpu].running;

    return position == 0 ? NULL : &machine->vcpus[position - 1];
}

bool xph_machine_scheduled(const struct xph_machine *machine, uint16_t pcpu)
{
    return machine->pcpus[pcpu].scheduled;
}
