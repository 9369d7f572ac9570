/*
 * The name of a vCPU as text.
 */
#ifndef XPH_ANALYZER_VIEWS_DUMP_TEXT_H
#define XPH_ANALYZER_VIEWS_DUMP_TEXT_H

#include "analyzer/machine/machine.h"

/* dXvY, idleY, or d?v? for NULL, into `text`. */
void xph_vcpu_text(const struct xph_vcpu *vcpu, char text[static 24]);

#endif
