/*
 * Records as lines of text: time, pCPU, the vCPU that runs there, the event, its fields.
 */
#ifndef XPH_ANALYZER_VIEWS_DUMP_TEXT_H
#define XPH_ANALYZER_VIEWS_DUMP_TEXT_H

#include <stdio.h>

#include "analyzer/machine/machine.h"

void xph_dump_record(FILE *out, const struct xph_machine *machine, const struct xph_record *record);

/* dXvY, idleY, or d?v? for NULL, into `text`. */
void xph_vcpu_text(const struct xph_vcpu *vcpu, char text[static 24]);

#endif
