#include "analyzer/report/sieves.h"

#include "analyzer/decode/events.h"

enum { ALL = 0x0fffffff };

/* Run states, those that cannot be, too (record.h); losses; and what else changes the machine. */
#define OF_MACHINE                                                                                 \
    {0x0ffff00f, 0x00021001}, {ALL, XPH_EVENT_CONTINUE_RUNNING}, {ALL, XPH_EVENT_LOST_RECORDS},    \
    {                                                                                              \
        ALL, XPH_EVENT_DOM_REM                                                                     \
    }

static const struct xph_event_family machine[] = {OF_MACHINE};
static const struct xph_event_family gathering[] = {
    OF_MACHINE, {ALL, XPH_EVENT_DOM_ADD}, {ALL, XPH_EVENT_HYPERCALL_V2}};

const struct xph_sieve xph_sieve_of_machine = {
    .events = {machine, sizeof(machine) / sizeof(machine[0])}};
const struct xph_sieve xph_sieve_of_gathering = {
    .events = {gathering, sizeof(gathering) / sizeof(gathering[0])}};
