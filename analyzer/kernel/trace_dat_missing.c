#include "analyzer/kernel/trace_dat.h"

xph_worker_function *const xph_trace_dat_worker = NULL;
