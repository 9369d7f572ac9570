/*
 * Which records xenalyze(1) can read. On others it ends, or prints one line for ever.
 */
#ifndef XPH_ANALYZER_EXPORT_XENALYZE_RULES_H
#define XPH_ANALYZER_EXPORT_XENALYZE_RULES_H

#include "analyzer/decode/record.h"

enum xph_xenalyze_verdict {
    XPH_XENALYZE_READS,
    XPH_XENALYZE_GUEST,   /* a guest's own record: "unexpected number bits(0)" */
    XPH_XENALYZE_UNKNOWN, /* of an event that it has no place for */
    XPH_XENALYZE_SHAPE,   /* of an event whose records it takes in another shape only */
    XPH_XENALYZE_PCPU,    /* of a pCPU beyond those it has room for */
    XPH_XENALYZE_VERDICTS,
};

enum xph_xenalyze_verdict xph_xenalyze_judge(const struct xph_record *record);

/* For a message: "3 records of ...". */
const char *xph_xenalyze_verdict_text(enum xph_xenalyze_verdict verdict);

#endif
