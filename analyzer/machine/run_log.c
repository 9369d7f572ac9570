#include "analyzer/machine/run_log.h"

#include <stdlib.h>

#include "analyzer/decode/coded_number.h"
#include "analyzer/decode/trace_file.h"

enum { FIRST_CAPACITY = 4096, MAX_CODED = 3 * XPH_CODED_NUMBER_BYTES };

bool xph_run_log_open(struct xph_run_log *log, size_t limit, struct xph_error *err)
{
    *log = (struct xph_run_log){.limit = limit};
    log->pcpus = calloc(XPH_MAX_PCPUS, sizeof(*log->pcpus));
    return log->pcpus || xph_fail(err, "out of memory");
}

void xph_run_log_close(struct xph_run_log *log)
{
    free(log->coded);
    free(log->pcpus);
    *log = (struct xph_run_log){0};
}

static void give_up(struct xph_run_log *log)
{
    free(log->coded);
    log->coded = NULL;
    log->size = log->capacity = 0;
    log->given_up = true;
}

static bool make_room(struct xph_run_log *log)
{
    size_t capacity = log->capacity ? log->capacity * 2 : FIRST_CAPACITY;
    uint8_t *grown;

    if (log->capacity - log->size >= MAX_CODED)
        return true;
    grown = capacity <= log->limit ? realloc(log->coded, capacity) : NULL;
    if (!grown)
        return false;
    log->coded = grown;
    log->capacity = capacity;
    return true;
}

/* Small for a small step in either direction; none is lost. */
static uint64_t code_step(uint64_t step)
{
    return step << 1 ^ -(step >> 63);
}

static uint64_t decode_step(uint64_t coded)
{
    return coded >> 1 ^ -(coded & 1);
}

/* The idle domain, whose number is large, is met most often. */
static uint32_t code_domid(uint16_t domid)
{
    return domid == XPH_IDLE_DOMID ? 0 : domid < XPH_IDLE_DOMID ? domid + 1U : domid;
}

static uint16_t decode_domid(uint64_t coded)
{
    return (uint16_t)(coded == 0 ? XPH_IDLE_DOMID : coded <= XPH_IDLE_DOMID ? coded - 1 : coded);
}

static void write_run(struct xph_run_log *log, const struct xph_run *run)
{
    uint8_t *at;

    if (run->end_ns == run->start_ns)
        return;
    if (!make_room(log)) {
        give_up(log);
        return;
    }
    at = log->coded + log->size;
    at += xph_coded_number_put(at, code_domid(run->domid));
    at += xph_coded_number_put(at, code_step(run->start_ns - log->last_ns));
    at += xph_coded_number_put(at, run->end_ns - run->start_ns);
    log->size = (size_t)(at - log->coded);
    log->last_ns = run->start_ns;
}

void xph_run_log_add(struct xph_run_log *log, const struct xph_runstate_interval *interval)
{
    struct xph_run *run = &log->pcpus[interval->pcpu];

    if (interval->state != XPH_RUNNING || log->given_up)
        return;
    if (run->domid != interval->domid || run->end_ns != interval->start_ns) {
        write_run(log, run);
        *run = (struct xph_run){interval->domid, interval->start_ns, interval->start_ns};
    }
    run->end_ns = interval->end_ns;
}

void xph_run_log_end(struct xph_run_log *log)
{
    for (size_t pcpu = 0; pcpu < XPH_MAX_PCPUS && !log->given_up; pcpu++)
        write_run(log, &log->pcpus[pcpu]);
    free(log->pcpus);
    log->pcpus = NULL;
}

bool xph_run_log_next(struct xph_run_log_walk *walk, struct xph_run *run)
{
    const uint8_t *coded = walk->log->coded;

    if (walk->at == walk->log->size)
        return false;
    run->domid = decode_domid(xph_coded_number_get(coded, &walk->at));
    run->start_ns = walk->last_ns + decode_step(xph_coded_number_get(coded, &walk->at));
    run->end_ns = run->start_ns + xph_coded_number_get(coded, &walk->at);
    walk->last_ns = run->start_ns;
    return true;
}
