#include "analyzer/summary/lane.h"

#include "analyzer/decode/hypercalls.h"

enum { NO_HYPERCALL = XPH_HYPERCALLS };

/* A vCPU that ran for longer may have had its time wrapped, in 32 bits of ns. At 1 GHz it takes so
 * many cycles. */
static const uint64_t max_ran_cycles = UINT64_C(4000000000);

void xph_lane_open(struct xph_lane *lane, const struct xph_trace_file *file,
                   const struct xph_pcpu_windows *pcpu, struct xph_tally *tally)
{
    *lane = (struct xph_lane){
        .running = XPH_NO_VCPU, .exit_reason = XPH_NO_REASON, .hypercall = NO_HYPERCALL};
    xph_pcpu_cursor_open(&lane->cursor, file, pcpu, &tally->census);
}

void xph_lane_close(struct xph_lane *lane)
{
    xph_losses_free(&lane->losses);
}

static struct xph_lane_event *add_event(struct xph_lane *lane, const struct xph_record_view *view,
                                        int what, uint32_t vcpu)
{
    struct xph_lane_event *event = xph_lane_queue_add(lane->queue);

    if (!event) {
        lane->failed = true;
        event = &lane->nowhere;
    }
    *event = (struct xph_lane_event){
        .what = what,
        .vcpu = vcpu,
        .tsc = view->tsc,
        .file_offset = (uint64_t)(view->at - lane->cursor.file->data),
    };
    return event;
}

static void add_exit_event(struct xph_lane *lane, const struct xph_record_view *view, int what,
                           uint32_t reason, uint64_t since)
{
    struct xph_lane_event *event = add_event(lane, view, what, lane->running);

    event->reason = reason;
    event->cycles = view->tsc > since ? view->tsc - since : 0;
}

static void end_hypercall(struct xph_lane *lane, struct xph_tally *tally, uint64_t tsc)
{
    if (lane->hypercall != NO_HYPERCALL && tsc >= lane->hypercall_tsc)
        xph_times_add(tally, &tally->hypercalls[lane->hypercall], tsc - lane->hypercall_tsc);
    lane->hypercall = NO_HYPERCALL;
}

/* Nobody is known to run any more. */
static void vacate(struct xph_lane *lane)
{
    lane->running = XPH_NO_VCPU;
    lane->pv = NULL;
    lane->exit_reason = XPH_NO_REASON;
    lane->hypercall = NO_HYPERCALL;
    lane->entry_awaited = false;
}

static void leave(struct xph_lane *lane, struct xph_tally *tally,
                  const struct xph_record_view *view)
{
    end_hypercall(lane, tally, view->tsc);
    if (lane->exit_reason != XPH_NO_REASON)
        add_exit_event(lane, view, XPH_LANE_EXIT_PAUSED, lane->exit_reason, lane->exit_tsc);
    else if (lane->entry_awaited)
        add_exit_event(lane, view, XPH_LANE_EXIT_PAUSED, XPH_NO_REASON, lane->running_since);
    vacate(lane);
}

static void occupy(struct xph_lane *lane, uint32_t vcpu, uint64_t tsc)
{
    vacate(lane);
    if (!xph_vcpu_is_possible((uint16_t)(vcpu >> 16), (uint16_t)vcpu))
        return;
    lane->running = vcpu;
    lane->running_since = tsc;
    lane->entry_awaited = true;
}

static void take_runstate(struct xph_lane *lane, struct xph_tally *tally,
                          const struct xph_record_view *view)
{
    uint32_t vcpu = xph_view_word(view, 0), event = xph_view_event(view);
    struct xph_lane_event *change;
    uint8_t old = event >> 8 & 15, new = event >> 4 & 15;

    if (old == XPH_RUNNING && new != XPH_RUNNING) {
        if (vcpu == lane->running)
            leave(lane, tally, view);
        else
            vacate(lane);
    } else if (new == XPH_RUNNING && vcpu != lane->running) {
        occupy(lane, vcpu, view->tsc);
    }
    change = add_event(lane, view, XPH_LANE_STATE, vcpu);
    change->old = old;
    change->new = new;
}

static void take_continue(struct xph_lane *lane, const struct xph_record_view *view)
{
    uint32_t vcpu = xph_view_word(view, 0);

    if (vcpu != lane->running)
        occupy(lane, vcpu, view->tsc);
    add_event(lane, view, XPH_LANE_STATE, vcpu); /* from running to running: both are 0 */
}

static void take_loss(struct xph_lane *lane, const struct xph_record_view *view)
{
    bool full = xph_view_words(view) >= 4;
    uint64_t since =
        full ? (uint64_t)xph_view_word(view, 3) << 32 | xph_view_word(view, 2) : view->tsc;
    uint32_t vcpu = full ? xph_lost_vcpu(xph_view_word(view, 1)) : XPH_NO_VCPU;

    add_event(lane, view, XPH_LANE_LOSS, vcpu)->cycles = since;
    xph_losses_add(&lane->losses,
                   (struct xph_loss){lane->cursor.pcpu, xph_view_word(view, 0),
                                     since < view->tsc ? since : view->tsc, view->tsc});
    vacate(lane);
    if (xph_vcpu_is_possible((uint16_t)(vcpu >> 16), (uint16_t)vcpu))
        lane->running = vcpu;
    lane->ran_tsc = 0;
}

static void take_removal(struct xph_lane *lane, const struct xph_record_view *view)
{
    add_event(lane, view, XPH_LANE_REMOVE, xph_view_word(view, 0) & 0xffff);
}

/* The scheduler tells how long the vCPU ran that it takes away: since it did so the last time. */
static void take_ran(struct xph_lane *lane, struct xph_tally *tally,
                     const struct xph_record_view *view)
{
    uint64_t cycles = view->tsc - lane->ran_tsc;

    if (lane->ran_tsc != 0 && view->tsc > lane->ran_tsc && cycles < max_ran_cycles &&
        xph_view_words(view) >= 3) {
        tally->ran_cycles += cycles;
        tally->ran_ns += xph_view_word(view, 2);
        tally->ran_intervals++;
    }
    lane->ran_tsc = view->tsc;
}

/* The entries of whoever runs; NULL without memory. */
static struct xph_pv_tally *pv_of(struct xph_lane *lane, struct xph_tally *tally)
{
    if (!lane->pv)
        lane->pv = xph_tally_pv(tally, xph_tally_vcpu(tally, lane->running));
    return lane->pv;
}

static void take_hypercall(struct xph_lane *lane, struct xph_tally *tally,
                           const struct xph_record_view *view)
{
    struct xph_pv_tally *pv = pv_of(lane, tally);
    uint32_t op = xph_hypercall_op(xph_view_word(view, 0));

    if (!pv)
        return;
    end_hypercall(lane, tally, view->tsc);
    lane->entry_awaited = false;
    if (op >= XPH_HYPERCALLS) {
        pv->hypercalls_unknown++;
        return;
    }
    pv->hypercalls[op]++;
    tally->hypercalls[op].count++;
    if (lane->running == XPH_NO_VCPU)
        return;
    lane->hypercall = op;
    lane->hypercall_tsc = view->tsc;
}

static void take_subcall(struct xph_lane *lane, struct xph_tally *tally,
                         const struct xph_record_view *view)
{
    struct xph_pv_tally *pv = pv_of(lane, tally);
    uint32_t op = xph_hypercall_op(xph_view_word(view, 0));

    if (!pv)
        return;
    if (op < XPH_HYPERCALLS)
        pv->subcalls[op]++;
    else
        pv->hypercalls_unknown++;
}

static void take_pv_entry(struct xph_lane *lane, struct xph_tally *tally,
                          const struct xph_record_view *view)
{
    struct xph_pv_tally *pv = pv_of(lane, tally);

    if (!pv)
        return;
    end_hypercall(lane, tally, view->tsc);
    lane->entry_awaited = false;
    pv->events[xph_view_event(view) % XPH_PV_EVENTS]++;
}

static void take_vmexit(struct xph_lane *lane, struct xph_tally *tally,
                        const struct xph_record_view *view)
{
    /* Bits 16-31 are flags of VMX (Xen: vmx.h); SVM's codes need 16 bits, but for -1. */
    uint32_t reason = (xph_view_event(view) & 0xff) << 16 | (xph_view_word(view, 0) & 0xffff);
    struct xph_times *times = xph_tally_reason(tally, reason);

    xph_tally_vcpu(tally, lane->running)->vmexits++;
    if (times)
        times->count++;
    else
        tally->vmexits_other++;
    lane->entry_awaited = false;
    lane->exit_reason = lane->running == XPH_NO_VCPU ? XPH_NO_REASON : reason;
    lane->exit_tsc = view->tsc;
}

static void take_vmentry(struct xph_lane *lane, struct xph_tally *tally,
                         const struct xph_record_view *view)
{
    struct xph_times *times;

    if (lane->exit_reason != XPH_NO_REASON) {
        times = xph_tally_reason(tally, lane->exit_reason);
        if (times && view->tsc >= lane->exit_tsc)
            xph_times_add(tally, times, view->tsc - lane->exit_tsc);
    } else if (lane->entry_awaited) {
        add_exit_event(lane, view, XPH_LANE_EXIT_RESUMED, XPH_NO_REASON, lane->running_since);
    }
    lane->exit_reason = XPH_NO_REASON;
    lane->entry_awaited = false;
}

static void take_record(struct xph_lane *lane, struct xph_tally *tally,
                        const struct xph_record_view *view)
{
    unsigned kind = view->event->kind;

    /* A record that is not as Xen writes it may lack the word that is looked at. */
    if (kind != XPH_KIND_OTHER && kind != XPH_KIND_VMENTRY && xph_view_words(view) == 0 &&
        kind != XPH_KIND_PV_ENTRY)
        return;
    switch (kind) {
    case XPH_KIND_RUNSTATE:
        take_runstate(lane, tally, view);
        break;
    case XPH_KIND_CONTINUE:
        take_continue(lane, view);
        break;
    case XPH_KIND_LOST:
        take_loss(lane, view);
        break;
    case XPH_KIND_DOM_REM:
        take_removal(lane, view);
        break;
    case XPH_KIND_RAN:
        take_ran(lane, tally, view);
        break;
    case XPH_KIND_HYPERCALL:
        take_hypercall(lane, tally, view);
        break;
    case XPH_KIND_SUBCALL:
        take_subcall(lane, tally, view);
        break;
    case XPH_KIND_PV_ENTRY:
        take_pv_entry(lane, tally, view);
        break;
    case XPH_KIND_VMEXIT:
        take_vmexit(lane, tally, view);
        break;
    case XPH_KIND_VMENTRY:
        take_vmentry(lane, tally, view);
        break;
    default:
        break;
    }
}

void xph_lane_read(struct xph_lane *lane, struct xph_tally *tally, uint64_t bytes)
{
    uint64_t records = 0, read = 0;
    struct xph_record_view view;

    /* The tally may be another one than last time. */
    lane->pv = NULL;
    while (read < bytes) {
        size_t length;

        if (!xph_pcpu_cursor_next(&lane->cursor, &tally->census, &view)) {
            lane->done = true;
            break;
        }
        length = xph_header_length(view.header);
        view.event->records++;
        view.event->bytes += length;
        if (records++ == 0 && lane->records == 0)
            lane->first_tsc = view.tsc;
        read += length;
        take_record(lane, tally, &view);
    }
    lane->records += records;
    lane->bytes += read;
    lane->last_tsc = lane->cursor.last_tsc;
}
