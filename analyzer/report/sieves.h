/*
 * Which of Xen's records a report needs.
 */
#ifndef XPH_ANALYZER_REPORT_SIEVES_H
#define XPH_ANALYZER_REPORT_SIEVES_H

#include "analyzer/timeline/sieve.h"

/* Those that the machine, what happened to domains, and who did what are followed by. */
extern const struct xph_sieve xph_sieve_of_gathering;

/* Those that the machine is followed by. */
extern const struct xph_sieve xph_sieve_of_machine;

#endif
