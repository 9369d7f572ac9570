/*
 * What each event of Xen's trace is called and what its words mean, for Xen 4.14 and later on x86:
 * one row for each layout of an event. Sources: Xen's public/trace.h and the places that emit it.
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

/* Bits 16 to 27 of an event that a guest made itself. */
enum { XPH_EVENT_CLASS_GUEST = 0x800 };

/* Versions of Xen that can be compared as numbers. */
#define XPH_XEN(major, minor) ((major)*100 + (minor))

struct xph_event {
    uint32_t id;
    uint16_t since, until; /* first and last XPH_XEN with this layout; 0: as far as is known */
    const char *name;      /* the same in all rows of an event */
    /*
     * The words in their order, as "NAME=%CONVERSION NAME=%CONVERSION ...":
     *   u d x   a word: decimal, signed, hexadecimal; with bits, as in %8-15u, only these, and the
     *           word goes on until its bit 31 was told
     *   U X     two words, low first: decimal, hexadecimal
     *   a A     an address in one or two words
     *   D       a domain
     *   v V     a vCPU: one word (domid << 16 | vcpu), or two words (domid, vcpu)
     *   c       a hypercall and its arguments, packed as in HYPERCALL_V2; takes all words
     *   h       the number of a hypercall
     *   t s e   the reason of a VM exit: VMX's, SVM's, or what the host has
     *   r       why a domain shuts down
     *   m       a set of CPUs; takes all words that are left
     *   _       nothing: padding, whatever is in it (no NAME)
     */
    const char *fields;
};

/* All rows, ascending by id; those of one event ascending by version. */
const struct xph_event *xph_event_rows(size_t *count);

/* A row of the event, NULL if it is not in the table: it is to be shown raw. Changes of run state,
 * which are a family of ids, are not in it. */
const struct xph_event *xph_event_find(uint32_t event);

/* The name of the class that bits 16-27 stand for, "?" if it is none that Xen has. */
const char *xph_event_class_name(uint32_t event);

/* Names of run states 0 to 3 as in Xen's public/vcpu.h, and "lost" for 4. */
const char *xph_runstate_name(unsigned state);

/* Why a domain shut down (Xen: public/sched.h), NULL for a reason that Xen does not have. */
const char *xph_shutdown_name(uint32_t reason);

#endif
