/*
 * What each event of Xen's trace is called and what its words mean. One row an event; sources:
 * Xen's public/trace.h and the places that emit it.
 */
#ifndef XPH_ANALYZER_DECODE_EVENTS_H
#define XPH_ANALYZER_DECODE_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/decode/record.h"

/* Events that the analyzer itself follows. */
enum {
    XPH_EVENT_CONTINUE_RUNNING = 0x00021002,
    XPH_EVENT_DOM_ADD = 0x00041001,
    XPH_EVENT_DOM_REM = 0x00041002,
    XPH_EVENT_HYPERCALL_V2 = 0x0020100d,
    XPH_EVENT_HYPERCALL_SUBCALL = 0x0020200e,
};

struct xph_event {
    uint32_t id;
    const char *name;
    /*
     * How to print the words, in their order: text is copied, and
     *   %u  a word, decimal          %x  a word, hexadecimal       %q  two words, low first,
     * hexadecimal %v  a vCPU as domid << 16 | vcpu                            %d  two words, domid
     * and vCPU %L  the low half of a word, decimal, staying on the word    %H  its high half, going
     * on %c  hypercall number and arguments, in HYPERCALL_V2's packing
     */
    const char *fields;
};

/* NULL for an event that is not in the table: it is to be shown raw. */
const struct xph_event *xph_event_find(uint32_t event);

/* The name of the class that bits 16-27 stand for, "?" if it is none that Xen has. */
const char *xph_event_class_name(uint32_t event);

/* Names of run states 0 to 3 as in Xen's public/vcpu.h, and "lost" for 4. */
const char *xph_runstate_name(unsigned state);

/* Writes the record's name and decoded words into `text` (always terminated). Unknown events and
 * words are shown raw. */
void xph_record_text(const struct xph_record *record, char *name, size_t name_size, char *text,
                     size_t size);

#endif
