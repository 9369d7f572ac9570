/*
 * Xen's trace buffers: one ring per pCPU, shared between Xen, which writes, and one reader, us.
 * Layout and rules: Xen's public/trace.h and common/trace.c; what was measured of them:
 * docs/format/recording.md.
 */
#ifndef XPH_TRACER_TRACE_BUFFERS_H
#define XPH_TRACER_TRACE_BUFFERS_H

#include <xencall.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#include "recording/chunk_index.h"
#include "recording/error.h"
#include "tracer/trace_watch.h"
#include "tracer/xen_host.h"

struct trace_buffers {
    const struct xen_host *host;
    xencall_handle *call;
    xenevtchn_handle *evtchn;
    xenforeignmemory_handle *memory;
    xenevtchn_port_or_error_t port; /* of VIRQ_TBUF */
    const struct t_info *info;      /* read-only, shared by Xen */
    size_t info_pages;
    struct t_buf **rings; /* one per pCPU slot, NULL where a pCPU has none */
    uint32_t pages;       /* of each ring, in force */
    uint32_t largest;     /* pages that a ring of this Xen can have */
    uint32_t data_size;   /* bytes of records that a ring holds */
    uint32_t saved_mask;  /* the event mask to be put back */
    bool touched;         /* tracing state was changed and must be put back */
};

/* What the drains saw. */
struct trace_drain {
    uint64_t bytes;
    struct trace_watch watch;
};

/* What Xen says of its trace buffers. */
struct trace_buffers_state {
    uint32_t pages;   /* of each pCPU's, 0 while there are none */
    uint32_t largest; /* pages that they could have; 0 where that is not known yet */
    uint32_t mask;    /* of events */
};

/* Only asks, and sees whether another program is the reader; changes nothing. */
bool trace_buffers_ask(const struct xen_host *host, struct trace_buffers_state *state,
                       struct xph_error *err);

/*
 * Becomes the host's one trace reader (VIRQ_TBUF is the lock that all readers share). Nothing is
 * changed yet, so there is time to note `saved_mask`, the event mask that is put back at the end;
 * NULL given means the one in force, another that a killed recorder left tracing on. There is
 * nothing to close after a failure.
 */
bool trace_buffers_open(struct trace_buffers *buffers, const struct xen_host *host,
                        const uint32_t *saved_mask, struct xph_error *err);

/* Sizes the rings to `pages` if this Xen boot has none yet, maps them, throws away what an earlier
 * reader left. Tracing is off afterwards. */
bool trace_buffers_make(struct trace_buffers *buffers, uint32_t pages, struct xph_error *err);

/* Writes to `text` the numbers of the pCPUs that have no ring, as they came online after Xen made
 * them; "" if all have one, or if that cannot be told. Some hypercalls. */
void trace_buffers_unrecorded(const struct trace_buffers *buffers, char *text, size_t size);

/* Sets the event mask, all pCPUs, and switches tracing on. The mask of pCPUs that somebody else had
 * set cannot be put back: Xen has no call that tells it. */
bool trace_buffers_start(struct trace_buffers *buffers, uint32_t mask, struct xph_error *err);

/* Whether Xen's event mask is still this one; true where Xen does not answer. */
bool trace_buffers_mask_is(struct trace_buffers *buffers, uint32_t mask);

/* Appends what the rings hold to `out`, straight from the mapping, and gives the space back to Xen.
 */
bool trace_buffers_drain(struct trace_buffers *buffers, struct xph_chunk_writer *out,
                         struct trace_drain *drain, struct xph_error *err);

/* Waits until Xen says that a ring is half full, at most `timeout_ms`. */
void trace_buffers_wait(struct trace_buffers *buffers, int timeout_ms);

/* Switches tracing off; the rings keep what they hold. */
void trace_buffers_stop(struct trace_buffers *buffers);

/* Maps what rings there are, so that what a killed recorder left in them can be thrown away. */
bool trace_buffers_map(struct trace_buffers *buffers, struct xph_error *err);

/* Switches tracing off, puts the mask back and throws away what the rings hold, if that is not done
 * yet. */
bool trace_buffers_put_back(struct trace_buffers *buffers, struct xph_error *err);

/* Puts back what it can and unmaps. Safe after a failed open. */
void trace_buffers_close(struct trace_buffers *buffers);

#endif
