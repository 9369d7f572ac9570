/*
 * Records in the forms that `xenphase dump` has: text, JSON (docs/format/dump-json.md), CSV. One
 * record a line, and each line the same whatever came before.
 */
#ifndef XPH_ANALYZER_VIEWS_DUMP_VIEW_H
#define XPH_ANALYZER_VIEWS_DUMP_VIEW_H

#include "analyzer/decode/events.h"
#include "analyzer/decode/hypercalls.h"
#include "analyzer/decode/layouts.h"
#include "analyzer/machine/vcpus.h"
#include "analyzer/symbols/symbols.h"
#include "analyzer/views/output.h"

enum {
    XPH_DUMP_PLACE = 32,
    XPH_DUMP_NAME = 63,
    XPH_DUMP_SVM_EXITS = 256,
};

/* A record and what is known of its moment. */
struct xph_dump_item {
    const struct xph_layout *layout; /* NULL: the event is not in the table */
    uint32_t vcpu; /* who runs on the record's pCPU, as domid << 16 | vcpu; XPH_NO_VCPU if nobody
                      knows */
    struct xph_record record;
};

/* The text of a pCPU and of who runs there, kept as long as it is the same vCPU. */
struct xph_dump_place {
    uint32_t vcpu;
    uint8_t length; /* 0: nothing was printed yet */
    char text[XPH_DUMP_PLACE];
};

/* "NAME(NUMBER)", ready to be copied. */
struct xph_dump_name {
    char text[XPH_DUMP_NAME];
    uint8_t length;
};

/* Those that a trace has by the thousand. */
struct xph_dump_names {
    struct xph_dump_name hypercalls[XPH_HYPERCALLS];
    struct xph_dump_name svm_exits[XPH_DUMP_SVM_EXITS];
};

/* What the views share. All but the places and the names are the caller's. */
struct xph_dump {
    const struct xph_layouts *layouts;
    const struct xph_symbols *symbols; /* NULL: addresses are numbers */
    struct xph_output *output;
    struct xph_dump_place *places; /* by pCPU */
    struct xph_dump_names *names;
    uint64_t second_ns; /* the second whose text is kept, in ns */
    uint8_t second_length;
    char second[XPH_DUMP_PLACE];
    uint64_t unknown_records;   /* printed ones of events that are not in the table */
    uint64_t ambiguous_records; /* printed ones whose layout depends on an unknown version */
    uint64_t addresses, addresses_named; /* looked up in `symbols`, and found there */
};

bool xph_dump_open(struct xph_dump *dump, const struct xph_layouts *layouts,
                   const struct xph_symbols *symbols, struct xph_output *output,
                   struct xph_error *err);
void xph_dump_close(struct xph_dump *dump);

/* Prints one. */
typedef void xph_dump_record(struct xph_dump *dump, const struct xph_dump_item *item);

xph_dump_record xph_dump_text, xph_dump_json, xph_dump_csv;

/* Counts an item that is going to be printed. */
static inline void xph_dump_count(struct xph_dump *dump, const struct xph_dump_item *item)
{
    /* A guest's own records are not unknown: nobody but the guest says what they mean. */
    if (!item->layout)
        dump->unknown_records += item->record.event >> 16 != XPH_EVENT_CLASS_GUEST;
    else
        dump->ambiguous_records += item->layout->ambiguous;
}

/* The line above those of xph_dump_csv(). */
void xph_dump_csv_header(struct xph_dump *dump);

/* For the views themselves, from here on: each puts something at `at` and returns its end. */

/* Seconds with nine decimals. */
char *xph_dump_put_time(struct xph_dump *dump, char *at, uint64_t time_ns);

/* What the symbols say of an address that `vcpu` had; false if they have none. */
bool xph_dump_symbol(struct xph_dump *dump, uint32_t vcpu, uint64_t address,
                     struct xph_symbol *symbol);

/* "idle0", "d1v2", or "none" for ~0, ~0. */
char *xph_dump_put_vcpu(char *at, uint32_t domid, uint32_t vcpu);

/* NAME(NUMBER), or ?(NUMBER) without a name. */
char *xph_dump_put_named(char *at, const char *name, uint64_t number, bool hexadecimal);

/* The event's name; of one without a layout its class and id. */
char *xph_dump_put_name(char *at, const struct xph_dump_item *item);

/* " NAME=VALUE" for each field, and " [WORD]" for each word that no field tells. */
char *xph_dump_put_fields(struct xph_dump *dump, char *at, const struct xph_dump_item *item);

#endif
