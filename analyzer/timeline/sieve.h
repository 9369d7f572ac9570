/*
 * Which of Xen's records a reader of a time line needs: all others are read and checked like these,
 * but are not put in order, which takes most of the time. What a sieve keeps is for whoever needs
 * the records to say; the time line delivers some more, so that its first and last moment and its
 * order are those of all records.
 */
#ifndef XPH_ANALYZER_TIMELINE_SIEVE_H
#define XPH_ANALYZER_TIMELINE_SIEVE_H

#include "analyzer/decode/event_census.h"
#include "analyzer/decode/pcpu_cursor.h"

struct xph_sieve {
    struct xph_event_set events;
    /* Is this record of one of these events needed, too? Asked of each of them in the pCPU's order;
     * *memory is the pCPU's own, 0 before its first record. NULL: all of them are needed. */
    bool (*keeps)(uint32_t *memory, const struct xph_record_view *view);
};

#endif
