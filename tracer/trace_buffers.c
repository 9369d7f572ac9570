#include "tracer/trace_buffers.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xen/sysctl.h>
#include <xen/trace.h>

#include "recording/number_list.h"
#include "tracer/buffer_size.h"

enum {
    /* xentrace(8)'s own record, which says whose records follow; Xen never writes it.
       tools/xentrace/xentrace.c */
    CPU_CHANGE_HEADER = TRC_TRACE_CPU_CHANGE | 2 << TRACE_EXTRA_SHIFT,
};

/* trace_watch.c does without Xen's headers. */
_Static_assert(TRC_LOST_RECORDS == 0x0001f001 && TRC_SCHED_YIELD == 0x00028005 &&
                   TRACE_EXTRA_SHIFT == 28 && TRACE_EXTRA_MAX == 7,
               "as in trace_watch.c");

/* libxenctrl has no call that reads the event mask, nor one that enables without trying to size:
 * this is sysctl 8. */
static int tbuf_sysctl(struct trace_buffers *buffers, uint32_t command,
                       struct xen_sysctl_tbuf_op *out)
{
    struct xen_sysctl *sysctl = xencall_alloc_buffer(buffers->call, sizeof(*sysctl));
    int result;

    if (!sysctl)
        return -1;
    memset(sysctl, 0, sizeof(*sysctl));
    sysctl->cmd = XEN_SYSCTL_tbuf_op;
    sysctl->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    sysctl->u.tbuf_op.cmd = command;
    result = xencall1(buffers->call, __HYPERVISOR_sysctl, (uint64_t)(uintptr_t)sysctl);
    if (out)
        *out = sysctl->u.tbuf_op;
    xencall_free_buffer(buffers->call, sysctl);
    return result;
}

static bool fail_from_xen(struct xph_error *err, const char *what)
{
    if (errno == ENOSYS)
        return xph_fail(
            err,
            "this Xen was built without trace buffers (CONFIG_TRACEBUFFER): install a Xen that has "
            "them, as the distributions' packages do");
    if (errno == EPERM)
        return xph_fail(err,
                        "%s: Xen refuses (a XSM/FLASK policy without xen:tbufcontrol, or not the "
                        "control domain)",
                        what);
    return xph_fail_errno(err, errno, "%s", what);
}

/* Whoever holds VIRQ_TBUF is the reader; xentrace takes it too, so this keeps two readers apart. */
static bool become_reader(struct trace_buffers *buffers, struct xph_error *err)
{
    buffers->evtchn = xenevtchn_open(buffers->host->log, 0);
    if (!buffers->evtchn)
        return xph_fail_errno(err, errno, "cannot open /dev/xen/evtchn (is xen-evtchn loaded?)");
    buffers->port = xenevtchn_bind_virq(buffers->evtchn, VIRQ_TBUF);
    if (buffers->port >= 0)
        return true;
    if (errno == EEXIST || errno == EBUSY)
        return xph_fail(err,
                        "another program reads Xen's trace buffers (xentrace, or another "
                        "xenphase-record): stop "
                        "it first, they would steal each other's records (see: pgrep -a xentrace)");
    return xph_fail_errno(err, errno, "cannot bind VIRQ_TBUF");
}

static bool find_buffers(struct trace_buffers *buffers, uint32_t pages,
                         struct xen_sysctl_tbuf_op *info, struct xph_error *err)
{
    if (tbuf_sysctl(buffers, XEN_SYSCTL_TBUFOP_get_info, info) != 0)
        return fail_from_xen(err, "cannot ask Xen for its trace buffers");
    if (info->buffer_mfn == 0) {
        /* Allocating them switches tracing on at once, so from here on there is something to put
         * back. */
        buffers->touched = true;
        if (xc_tbuf_set_size(buffers->host->xch, pages) != 0)
            return xph_fail_errno(err, errno,
                                  "Xen cannot allocate trace buffers of %u pages for each CPU "
                                  "(try a smaller --buffer-mib)",
                                  pages);
        if (tbuf_sysctl(buffers, XEN_SYSCTL_TBUFOP_get_info, info) != 0)
            return fail_from_xen(err, "cannot ask Xen for its trace buffers");
    }
    if (info->buffer_mfn == 0 || info->size == 0)
        return xph_fail(err, "Xen has no trace buffers after they were asked for: see xl dmesg");
    return true;
}

static bool map_info(struct trace_buffers *buffers, const struct xen_sysctl_tbuf_op *info,
                     struct xph_error *err)
{
    size_t pages = (info->size + XC_PAGE_SIZE - 1) / XC_PAGE_SIZE;
    xen_pfn_t *frames = calloc(pages, sizeof(*frames));

    if (!frames)
        return xph_fail(err, "out of memory");
    for (size_t i = 0; i < pages; i++)
        frames[i] = info->buffer_mfn + i;
    buffers->info =
        xenforeignmemory_map(buffers->memory, DOMID_XEN, PROT_READ, pages, frames, NULL);
    buffers->info_pages = pages;
    free(frames);
    if (!buffers->info)
        return xph_fail_errno(err, errno, "cannot map Xen's list of trace buffers");
    buffers->pages = buffers->info->tbuf_size;
    buffers->largest = buffer_size_largest(buffers->info->mfn_offset[0], buffers->host->cpu_slots);
    buffers->data_size = buffers->pages * XC_PAGE_SIZE - sizeof(struct t_buf);
    return true;
}

/* The list of machine frames of one pCPU's ring lies in t_info, at an offset counted in 32-bit
 * words. */
static bool map_ring(struct trace_buffers *buffers, unsigned pcpu, xen_pfn_t *frames,
                     struct xph_error *err)
{
    size_t info_words = buffers->info_pages * XC_PAGE_SIZE / sizeof(uint32_t);
    const uint32_t *words = (const uint32_t *)buffers->info;
    size_t first = buffers->info->mfn_offset[pcpu];

    if (first == 0)
        return true;
    if (first + buffers->pages > info_words)
        return xph_fail(err, "Xen's list of trace buffers makes no sense for CPU %u", pcpu);
    for (uint32_t page = 0; page < buffers->pages; page++)
        frames[page] = words[first + page];
    buffers->rings[pcpu] = xenforeignmemory_map(buffers->memory, DOMID_XEN, PROT_READ | PROT_WRITE,
                                                buffers->pages, frames, NULL);
    if (!buffers->rings[pcpu])
        return xph_fail_errno(err, errno, "cannot map the trace buffer of CPU %u", pcpu);
    return true;
}

static bool map_rings(struct trace_buffers *buffers, struct xph_error *err)
{
    xen_pfn_t *frames = calloc(buffers->pages, sizeof(*frames));
    bool ok = frames != NULL;

    buffers->rings = calloc(buffers->host->cpu_slots, sizeof(*buffers->rings));
    if (!ok || !buffers->rings)
        ok = xph_fail(err, "out of memory");
    for (unsigned pcpu = 0; ok && pcpu < buffers->host->cpu_slots; pcpu++)
        ok = map_ring(buffers, pcpu, frames, err);
    free(frames);
    return ok;
}

static void discard_old_records(struct trace_buffers *buffers)
{
    for (unsigned pcpu = 0; buffers->rings && pcpu < buffers->host->cpu_slots; pcpu++) {
        if (buffers->rings[pcpu])
            buffers->rings[pcpu]->cons = buffers->rings[pcpu]->prod;
    }
}

static bool open_interfaces(struct trace_buffers *buffers, const struct xen_host *host,
                            struct xph_error *err)
{
    *buffers = (struct trace_buffers){.host = host, .port = -1};
    buffers->call = xencall_open(host->log, 0);
    buffers->memory = xenforeignmemory_open(host->log, 0);
    return (buffers->call && buffers->memory) ||
           xph_fail_errno(err, errno, "cannot open Xen's privileged interfaces");
}

bool trace_buffers_ask(const struct xen_host *host, struct trace_buffers_state *state,
                       struct xph_error *err)
{
    struct xen_sysctl_tbuf_op info;
    struct trace_buffers buffers;
    bool ok = open_interfaces(&buffers, host, err) && become_reader(&buffers, err);

    if (ok && tbuf_sysctl(&buffers, XEN_SYSCTL_TBUFOP_get_info, &info) != 0)
        ok = fail_from_xen(err, "cannot ask Xen for its trace buffers");
    *state = (struct trace_buffers_state){0};
    if (ok && info.buffer_mfn != 0 && map_info(&buffers, &info, err))
        *state = (struct trace_buffers_state){.pages = buffers.pages, .largest = buffers.largest};
    if (ok)
        state->mask = info.evt_mask;
    trace_buffers_close(&buffers);
    return ok;
}

bool trace_buffers_open(struct trace_buffers *buffers, const struct xen_host *host,
                        const uint32_t *saved_mask, struct xph_error *err)
{
    struct xen_sysctl_tbuf_op info;

    if (open_interfaces(buffers, host, err) && become_reader(buffers, err)) {
        if (tbuf_sysctl(buffers, XEN_SYSCTL_TBUFOP_get_info, &info) == 0) {
            buffers->saved_mask = saved_mask ? *saved_mask : info.evt_mask;
            buffers->touched = saved_mask != NULL;
            return true;
        }
        fail_from_xen(err, "cannot ask Xen for its trace buffers");
    }
    trace_buffers_close(buffers);
    return false;
}

bool trace_buffers_make(struct trace_buffers *buffers, uint32_t pages, struct xph_error *err)
{
    struct xen_sysctl_tbuf_op info;

    if (!find_buffers(buffers, pages, &info, err))
        return false;
    buffers->touched = true;
    xc_tbuf_disable(buffers->host->xch);
    if (!map_info(buffers, &info, err) || !map_rings(buffers, err))
        return false;
    discard_old_records(buffers);
    return true;
}

void trace_buffers_unrecorded(const struct trace_buffers *buffers, char *text, size_t size)
{
    unsigned slots = buffers->host->cpu_slots;
    uint32_t *numbers = calloc(slots + 1, sizeof(*numbers));
    bool *online = calloc(slots + 1, sizeof(*online));
    size_t count = 0;

    if (numbers && online && buffers->rings && xen_host_online(buffers->host, online)) {
        for (unsigned pcpu = 0; pcpu < slots; pcpu++) {
            if (online[pcpu] && !buffers->rings[pcpu])
                numbers[count++] = pcpu;
        }
    }
    xph_number_list(text, size, numbers, count);
    free(numbers);
    free(online);
}

static bool trace_all_cpus(const struct xen_host *host, struct xph_error *err)
{
    xc_cpumap_t map = xc_cpumap_alloc(host->xch);
    int size = xc_get_cpumap_size(host->xch);
    bool ok = false;

    if (map && size > 0) {
        memset(map, 0xff, (size_t)size);
        ok = xc_tbuf_set_cpu_mask(host->xch, map) == 0;
    }
    free(map);
    return ok || xph_fail_errno(err, errno, "cannot set Xen's trace CPU mask");
}

bool trace_buffers_start(struct trace_buffers *buffers, uint32_t mask, struct xph_error *err)
{
    if (!trace_all_cpus(buffers->host, err))
        return false;
    if (xc_tbuf_set_evt_mask(buffers->host->xch, mask) != 0)
        return fail_from_xen(err, "cannot set Xen's trace event mask");
    if (tbuf_sysctl(buffers, XEN_SYSCTL_TBUFOP_enable, NULL) != 0)
        return fail_from_xen(err, "cannot switch Xen's tracing on");
    return true;
}

bool trace_buffers_mask_is(struct trace_buffers *buffers, uint32_t mask)
{
    struct xen_sysctl_tbuf_op info;

    return tbuf_sysctl(buffers, XEN_SYSCTL_TBUFOP_get_info, &info) != 0 || info.evt_mask == mask;
}

static bool drain_ring(struct trace_buffers *buffers, unsigned pcpu, struct xph_chunk_writer *out,
                       struct trace_drain *drain, struct xph_error *err)
{
    struct t_buf *ring = buffers->rings[pcpu];
    uint8_t *data = (uint8_t *)(ring + 1);
    uint32_t size = buffers->data_size;
    uint32_t cons = *(volatile uint32_t *)&ring->cons, prod = *(volatile uint32_t *)&ring->prod;
    uint32_t used = prod >= cons ? prod - cons : prod + 2 * size - cons;
    uint32_t start = cons % size, first;
    uint32_t header[3] = {CPU_CHANGE_HEADER, pcpu, used};
    struct iovec iov[3];

    if (used == 0)
        return true;
    if (cons >= 2 * size || prod >= 2 * size || used > size)
        return xph_fail(
            err, "the trace buffer of CPU %u is inconsistent: another program reads it too", pcpu);
    xen_rmb();
    first = used < size - start ? used : size - start;
    iov[0] = (struct iovec){header, sizeof(header)};
    iov[1] = (struct iovec){data + start, first};
    iov[2] = (struct iovec){data, used - first};
    if (!xph_chunk_writer_append(out, iov, used > first ? 3 : 2, err))
        return false;
    drain->bytes += used;
    trace_watch_window(&drain->watch, pcpu,
                       (struct trace_run[2]){{data + start, first}, {data, used - first}},
                       size - used);
    xen_mb();
    *(volatile uint32_t *)&ring->cons = prod;
    return true;
}

bool trace_buffers_drain(struct trace_buffers *buffers, struct xph_chunk_writer *out,
                         struct trace_drain *drain, struct xph_error *err)
{
    for (unsigned pcpu = 0; pcpu < buffers->host->cpu_slots; pcpu++) {
        if (buffers->rings[pcpu] && !drain_ring(buffers, pcpu, out, drain, err))
            return false;
    }
    return true;
}

void trace_buffers_wait(struct trace_buffers *buffers, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = xenevtchn_fd(buffers->evtchn), .events = POLLIN};

    if (poll(&poll_fd, 1, timeout_ms) > 0) {
        xenevtchn_port_or_error_t port = xenevtchn_pending(buffers->evtchn);

        if (port >= 0)
            xenevtchn_unmask(buffers->evtchn, (evtchn_port_t)port);
    }
}

void trace_buffers_stop(struct trace_buffers *buffers)
{
    xc_tbuf_disable(buffers->host->xch);
}

bool trace_buffers_map(struct trace_buffers *buffers, struct xph_error *err)
{
    struct xen_sysctl_tbuf_op info;

    if (tbuf_sysctl(buffers, XEN_SYSCTL_TBUFOP_get_info, &info) != 0)
        return fail_from_xen(err, "cannot ask Xen for its trace buffers");
    return info.buffer_mfn == 0 || (map_info(buffers, &info, err) && map_rings(buffers, err));
}

bool trace_buffers_put_back(struct trace_buffers *buffers, struct xph_error *err)
{
    if (!buffers->touched)
        return true;
    if (xc_tbuf_disable(buffers->host->xch) != 0)
        return fail_from_xen(err, "cannot switch Xen's tracing off");
    if (xc_tbuf_set_evt_mask(buffers->host->xch, buffers->saved_mask) != 0)
        return fail_from_xen(err, "cannot put Xen's trace event mask back");
    /* After a failure there is something left, which the next reader would take for news. */
    discard_old_records(buffers);
    buffers->touched = false;
    return true;
}

void trace_buffers_close(struct trace_buffers *buffers)
{
    trace_buffers_put_back(buffers, &(struct xph_error){0});
    for (unsigned pcpu = 0; buffers->rings && pcpu < buffers->host->cpu_slots; pcpu++) {
        if (buffers->rings[pcpu])
            xenforeignmemory_unmap(buffers->memory, buffers->rings[pcpu], buffers->pages);
    }
    free(buffers->rings);
    if (buffers->info)
        xenforeignmemory_unmap(buffers->memory, (void *)(uintptr_t)buffers->info,
                               buffers->info_pages);
    if (buffers->memory)
        xenforeignmemory_close(buffers->memory);
    if (buffers->evtchn)
        xenevtchn_close(buffers->evtchn);
    if (buffers->call)
        xencall_close(buffers->call);
    *buffers = (struct trace_buffers){.port = -1};
}
