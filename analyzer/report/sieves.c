#include "analyzer/report/sieves.h"

#include "analyzer/decode/events.h"
#include "analyzer/machine/dom0_tasks.h"
#include "analyzer/path/history_builder.h"

enum { ALL = 0x0fffffff };

/* Run states, those that cannot be, too (record.h); losses; and what else changes the machine. */
#define OF_MACHINE                                                                                 \
    {0x0ffff00f, 0x00021001}, {ALL, XPH_EVENT_CONTINUE_RUNNING}, {ALL, XPH_EVENT_LOST_RECORDS},    \
    {                                                                                              \
        ALL, XPH_EVENT_DOM_REM                                                                     \
    }

/* What is remembered of a pCPU. */
enum {
    DOM0_RUNS = 1,  /* or may run: it was the last domain that a record said to run there */
    WAKES_LAST = 2, /* the last hypercall was one that wakes */
};

static void note_domain(uint32_t *memory, uint32_t vcpu)
{
    if (!xph_vcpu_is_possible((uint16_t)(vcpu >> 16), (uint16_t)vcpu))
        return;
    *memory &= ~(uint32_t)DOM0_RUNS;
    if (vcpu >> 16 == 0)
        *memory |= DOM0_RUNS;
}

/* Most hypercalls are a guest's kernel's, or dom0's own, and wake nobody. */
static bool is_needed(uint32_t *memory, uint32_t op)
{
    bool wakes = xph_hypercall_wakes(op), needed = wakes || *memory & WAKES_LAST;

    *memory &= ~(uint32_t)WAKES_LAST;
    if (wakes)
        *memory |= WAKES_LAST;
    return needed || (*memory & DOM0_RUNS && xph_hypercall_of_task(op));
}

static bool keeps(uint32_t *memory, const struct xph_record_view *view)
{
    uint32_t event = xph_view_event(view);

    if (xph_view_words(view) == 0)
        return true;
    if (event == XPH_EVENT_HYPERCALL_V2)
        return is_needed(memory, xph_hypercall_op(xph_view_word(view, 0)));
    if (event == XPH_EVENT_LOST_RECORDS && xph_view_words(view) >= 4)
        note_domain(memory, xph_lost_vcpu(xph_view_word(view, 1)));
    else if (event == XPH_EVENT_CONTINUE_RUNNING ||
             (xph_event_is_runstate_change(event) && (event >> 8 & 15) <= XPH_OFFLINE &&
              (event >> 4 & 15) == XPH_RUNNING))
        note_domain(memory, xph_view_word(view, 0));
    return true;
}

static const struct xph_event_family machine[] = {OF_MACHINE};
static const struct xph_event_family gathering[] = {
    OF_MACHINE, {ALL, XPH_EVENT_DOM_ADD}, {ALL, XPH_EVENT_HYPERCALL_V2}};

const struct xph_sieve xph_sieve_of_machine = {
    .events = {machine, sizeof(machine) / sizeof(machine[0])}};
const struct xph_sieve xph_sieve_of_gathering = {
    .events = {gathering, sizeof(gathering) / sizeof(gathering[0])}, .keeps = keeps};
