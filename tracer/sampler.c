#include "tracer/sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tracer/clock.h"
#include "tracer/realtime.h"

enum {
    PENDING_BYTES = 64 * 1024,
    /* Domains asked for at once: their descriptions fit into a page, which libxencall keeps at
     * hand; for more it would map memory anew with each sample, several times as slow (353 us
     * instead of 46 on an emulated host). */
    LIST_CAPACITY = XC_PAGE_SIZE / sizeof(xc_domaininfo_t),
    SAMPLER_PRIORITY = 5, /* below the trace reader's: a late sample is better than a lost record */
    HOST_EVERY = 10,      /* domains change faster than the host's memory */
    NO_DOMAIN = -1,
};

#define WHOLE_EVERY_NS (5 * XPH_NS_PER_SECOND)

static bool write_pending(struct sampler *sampler, struct xph_error *err)
{
    struct iovec iov = {sampler->pending, sampler->pending_bytes};

    if (sampler->pending_bytes == 0)
        return true;
    sampler->pending_bytes = 0;
    return xph_chunk_writer_append(&sampler->out, &iov, 1, err);
}

static bool store(struct sampler *sampler, const void *record, size_t size, struct xph_error *err)
{
    if (sampler->pending_bytes + size > PENDING_BYTES && !write_pending(sampler, err))
        return false;
    memcpy(sampler->pending + sampler->pending_bytes, record, size);
    sampler->pending_bytes += size;
    return true;
}

static struct xph_sample_header header_of(enum xph_sample_type type, size_t size, uint32_t domid,
                                          uint64_t tsc)
{
    return (struct xph_sample_header){(uint16_t)type, (uint16_t)size, domid, tsc};
}

/* Once a second, so that the file can be placed in time by itself. */
static bool sample_clock(struct sampler *sampler, struct xph_error *err)
{
    struct xph_instant now;
    struct xph_sample_clock record;

    if (sampler->latest.monotonic_ns < sampler->next_clock_ns)
        return true;
    sampler->next_clock_ns = sampler->latest.monotonic_ns + XPH_NS_PER_SECOND;
    now = clock_instant();
    record.header = header_of(XPH_SAMPLE_CLOCK, sizeof(record), (uint32_t)NO_DOMAIN, now.tsc);
    record.monotonic_ns = now.monotonic_ns;
    return store(sampler, &record, sizeof(record), err) && write_pending(sampler, err) &&
           xph_chunk_writer_flush(&sampler->out, err) &&
           xph_chunk_ring_trim(&sampler->ring, &sampler->out, err);
}

static bool sample_host(struct sampler *sampler, struct xph_error *err)
{
    struct xph_sample_host record = {0};
    xc_physinfo_t info = {0};
    uint64_t before = clock_tsc();

    if (xc_physinfo(sampler->host->xch, &info) != 0)
        return xph_fail_errno(err, errno, "cannot sample the host");
    record.header = header_of(XPH_SAMPLE_HOST, sizeof(record), (uint32_t)NO_DOMAIN,
                              before + (clock_tsc() - before) / 2);
    record.free_pages = info.free_pages;
    record.scrub_pages = info.scrub_pages;
    record.outstanding_pages = info.outstanding_pages;
    if (!sampler->whole && record.free_pages == sampler->last_host.free_pages &&
        record.scrub_pages == sampler->last_host.scrub_pages &&
        record.outstanding_pages == sampler->last_host.outstanding_pages)
        return true;
    sampler->last_host = record;
    return store(sampler, &record, sizeof(record), err);
}

static struct xph_sample_domain sample_of(const xc_domaininfo_t *info, uint64_t tsc)
{
    struct xph_sample_domain sample = {
        .header = header_of(XPH_SAMPLE_DOMAIN, sizeof(sample), info->domain, tsc),
        .cpu_time_ns = info->cpu_time,
        .tot_pages = info->tot_pages,
        .max_pages = info->max_pages,
        .outstanding_pages = info->outstanding_pages,
        .shr_pages = info->shr_pages,
        .paged_pages = info->paged_pages,
        .flags = info->flags,
        .nr_online_vcpus = info->nr_online_vcpus,
        .max_vcpu_id = info->max_vcpu_id,
        .cpupool = info->cpupool,
        .emulation_flags = info->arch_config.emulation_flags,
    };

    memcpy(sample.handle, info->handle, sizeof(sample.handle));
    return sample;
}

static bool same_but_for_time(const struct xph_sample_domain *a, const struct xph_sample_domain *b)
{
    /* BLOCKED and RUNNING flip with every scheduling, which the trace knows better. */
    uint32_t flags = ~(uint32_t)(XPH_DOMAIN_BLOCKED | XPH_DOMAIN_RUNNING);

    return (a->flags & flags) == (b->flags & flags) && a->tot_pages == b->tot_pages &&
           a->max_pages == b->max_pages && a->outstanding_pages == b->outstanding_pages &&
           a->shr_pages == b->shr_pages && a->paged_pages == b->paged_pages &&
           a->nr_online_vcpus == b->nr_online_vcpus && a->max_vcpu_id == b->max_vcpu_id &&
           a->cpupool == b->cpupool && a->emulation_flags == b->emulation_flags &&
           memcmp(a->handle, b->handle, sizeof(a->handle)) == 0;
}

static bool store_domain(struct sampler *sampler, const struct xph_sample_domain *now,
                         const struct xph_sample_domain *last, struct xph_error *err)
{
    struct xph_sample_domain_time time_only = {
        .header = header_of(XPH_SAMPLE_DOMAIN_TIME, sizeof(time_only), now->header.domid,
                            now->header.tsc),
        .cpu_time_ns = now->cpu_time_ns,
    };

    if (!last || !same_but_for_time(now, last))
        return store(sampler, now, sizeof(*now), err);
    if (now->cpu_time_ns == last->cpu_time_ns)
        return true;
    return store(sampler, &time_only, sizeof(time_only), err);
}

/* The vCPUs of a domain that ran since it was sampled last. One that does not exist, or a domain
 * that is gone by now, is no failure. */
static bool store_vcpus(struct sampler *sampler, const struct xph_sample_domain *domain,
                        struct xph_error *err)
{
    for (uint32_t vcpu = 0; domain->max_vcpu_id != UINT32_MAX && vcpu <= domain->max_vcpu_id;
         vcpu++) {
        struct xph_sample_vcpu record = {.vcpu = vcpu};
        uint64_t before = clock_tsc();
        xc_vcpuinfo_t info;

        if (xc_vcpu_getinfo(sampler->host->xch, domain->header.domid, vcpu, &info) != 0)
            continue;
        record.header = header_of(XPH_SAMPLE_VCPU, sizeof(record), domain->header.domid,
                                  before + (clock_tsc() - before) / 2);
        record.cpu_time_ns = info.cpu_time;
        record.pcpu = info.cpu;
        record.state = (info.online ? XPH_VCPU_ONLINE : 0U) |
                       (info.blocked ? XPH_VCPU_BLOCKED : 0U) |
                       (info.running ? XPH_VCPU_RUNNING : 0U);
        if (!store(sampler, &record, sizeof(record), err))
            return false;
    }
    return true;
}

static struct sampled_domain *add_domain(struct sampler *sampler, struct xph_instant at,
                                         struct xph_error *err)
{
    struct sampled_domain *domain = domain_list_add(&sampler->domains);

    if (!domain) {
        xph_fail(err, "out of memory for another domain");
        return NULL;
    }
    domain->first = at;
    domain->is_new = sampler->samples > 0;
    if (domain->is_new && !idle_watch_open(&domain->idle_watch, sampler->hz)) {
        xph_fail(err, "out of memory for another domain");
        return NULL;
    }
    return domain;
}

static bool mark_gone(struct sampler *sampler, struct sampled_domain *domain, struct xph_instant at,
                      struct xph_error *err)
{
    struct xph_sample_domain_gone record = {
        header_of(XPH_SAMPLE_DOMAIN_GONE, sizeof(record), domain->last.header.domid, at.tsc)};

    /* Not `at`: Xen may have removed it in the second half of the hypercall, and the end of a
     * domain in the manifest must not be before Xen's record of it. */
    domain->gone = clock_instant();
    if (sampler->consoles)
        console_source_drop(sampler->consoles, domain->last.header.domid);
    domain_list_end(&sampler->domains, domain);
    return store(sampler, &record, sizeof(record), err);
}

static bool update_domain(struct sampler *sampler, const xc_domaininfo_t *info,
                          struct xph_instant at, uint64_t error_ns, struct xph_error *err)
{
    struct xph_sample_domain now = sample_of(info, at.tsc);
    struct sampled_domain *domain = domain_list_find(&sampler->domains, info->domain);
    bool known = domain != NULL, ran;

    if (known && !sampled_domain_is(domain, &now)) {
        if (!mark_gone(sampler, domain, at, err))
            return false;
        known = false;
    }
    if (!known && !(domain = add_domain(sampler, at, err)))
        return false;
    if (!store_domain(sampler, &now, known && !sampler->whole ? &domain->last : NULL, err))
        return false;
    ran = !known || now.cpu_time_ns != domain->last.cpu_time_ns;
    if (sampler->vcpus && ran && !store_vcpus(sampler, &now, err))
        return false;
    domain->last = now;
    domain->seen = sampler->samples;
    if (domain->ran_ns == 0 && now.cpu_time_ns > 0)
        domain->ran_ns = at.monotonic_ns;
    domain_end_add(&domain->end, &now, at.monotonic_ns);
    if (sampler->consoles && domain->end.certain)
        console_source_drop(sampler->consoles, info->domain);
    if (domain->is_new && now.cpu_time_ns > 0 && !(now.flags & XPH_DOMAIN_SHUTDOWN))
        idle_watch_add(&domain->idle_watch, at, error_ns, now.cpu_time_ns);
    return true;
}

static uint64_t ns_of(const struct sampler *sampler, uint64_t cycles)
{
    return cycles * 1000000 / sampler->host->tsc_khz;
}

/* The domains from `first` on, as many as are asked for at once. The moment is that of the middle
 * of the hypercall, give or take `error_ns`; by the TSC, as the sample's beginning has been read
 * on both clocks. */
static int list_domains(struct sampler *sampler, uint32_t first, struct xph_instant *at,
                        uint64_t *error_ns)
{
    uint64_t before = clock_tsc(), half;
    int count = xc_domain_getinfolist(sampler->host->xch, first, LIST_CAPACITY, sampler->list);

    half = (clock_tsc() - before) / 2;
    at->tsc = before + half;
    at->monotonic_ns = sampler->latest.monotonic_ns + ns_of(sampler, at->tsc - sampler->latest.tsc);
    *error_ns = ns_of(sampler, half + sampler->latest_error);
    return count;
}

static bool sample_domains(struct sampler *sampler, struct xph_error *err)
{
    uint32_t first = 0;
    struct xph_instant at;
    uint64_t error_ns;
    bool ok = true;
    int count;

    do {
        count = list_domains(sampler, first, &at, &error_ns);
        if (count < 0)
            return xph_fail_errno(err, errno, "cannot sample the domains");
        for (int i = 0; ok && i < count; i++)
            ok = update_domain(sampler, &sampler->list[i], at, error_ns, err);
        if (count > 0)
            first = sampler->list[count - 1].domain + 1U;
    } while (ok && count == LIST_CAPACITY);
    for (size_t i = sampler->domains.living_count; ok && i-- > 0;) {
        struct sampled_domain *domain = &sampler->domains.living[i];

        if (domain->seen != sampler->samples)
            ok = mark_gone(sampler, domain, at, err);
    }
    return ok;
}

static bool take_sample(struct sampler *sampler, struct xph_error *err)
{
    bool ok;

    pthread_mutex_lock(&sampler->lock);
    sampler->latest = clock_instant_once(&sampler->latest_error);
    /* The front of a ring is lost, so what changes seldom must come again and again. */
    sampler->whole =
        sampler->ring.keep_bytes > 0 && sampler->latest.monotonic_ns >= sampler->next_whole_ns;
    if (sampler->whole)
        sampler->next_whole_ns = sampler->latest.monotonic_ns + WHOLE_EVERY_NS;
    ok = sample_clock(sampler, err) &&
         (!sampler->consoles || console_source_poll(sampler->consoles, err)) &&
         sample_domains(sampler, err) &&
         ((!sampler->whole && sampler->samples % HOST_EVERY != 0) || sample_host(sampler, err));
    if (sampler->samples++ == 0)
        sampler->first = sampler->latest;
    pthread_mutex_unlock(&sampler->lock);
    return ok;
}

static void sleep_until(uint64_t monotonic_ns)
{
    struct timespec deadline = {(time_t)(monotonic_ns / XPH_NS_PER_SECOND),
                                (long)(monotonic_ns % XPH_NS_PER_SECOND)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL) == EINTR)
        ;
}

static uint64_t thread_cpu_ns(void)
{
    struct timespec cpu;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    return (uint64_t)cpu.tv_sec * XPH_NS_PER_SECOND + (uint64_t)cpu.tv_nsec;
}

static void *run(void *argument)
{
    struct sampler *sampler = argument;
    uint64_t deadline = clock_monotonic_ns();
    struct xph_error error;
    struct pace pace;
    bool ok = true;

    pace_begin(&pace, sampler->hz, sampler->limited);
    realtime_thread(SAMPLER_PRIORITY);
    while (ok && !atomic_load(&sampler->stop)) {
        uint64_t late;

        deadline += pace.period_ns;
        sleep_until(deadline);
        ok = take_sample(sampler, &error);
        late = sampler->latest.monotonic_ns - deadline;
        sampler->late_sum_ns += late;
        if (late > sampler->late_max_ns)
            sampler->late_max_ns = late;
        /* Samples that are overdue would only tell the same again: go on with the next one that is
         * in time. */
        if (late > pace.period_ns)
            deadline += late / pace.period_ns * pace.period_ns;
        pace_count(&pace, pace_wants_cpu_time(&pace) ? thread_cpu_ns() : 0);
    }
    pthread_mutex_lock(&sampler->lock);
    sampler->cpu_ns = thread_cpu_ns();
    if (!ok) {
        sampler->failed = true;
        sampler->error = error;
    }
    pthread_mutex_unlock(&sampler->lock);
    return NULL;
}

bool sampler_open(struct sampler *sampler, const struct xen_host *host,
                  struct console_source *consoles, int dirfd, unsigned hz, bool limited, bool vcpus,
                  uint64_t keep_bytes, struct xph_error *err)
{
    struct iovec magic = {(void *)(uintptr_t)XPH_SAMPLES_MAGIC, strlen(XPH_SAMPLES_MAGIC)};

    *sampler = (struct sampler){
        .host = host,
        .consoles = consoles,
        .dirfd = dirfd,
        .hz = hz,
        .limited = limited,
        .vcpus = vcpus,
        .ring = {.keep_bytes = keep_bytes, .head_bytes = strlen(XPH_SAMPLES_MAGIC)}};
    sampler->out.fd = sampler->out.index_fd = -1;
    realtime_mutex_init(&sampler->lock);
    sampler->list = calloc(LIST_CAPACITY, sizeof(*sampler->list));
    sampler->pending = malloc(PENDING_BYTES);
    if (!sampler->list || !sampler->pending)
        return xph_fail(err, "out of memory");
    return xph_chunk_writer_open(&sampler->out, dirfd, XPH_FILE_SAMPLES, err) &&
           xph_chunk_writer_append(&sampler->out, &magic, 1, err);
}

bool sampler_begin(struct sampler *sampler, struct xph_error *err)
{
    return take_sample(sampler, err);
}

bool sampler_start(struct sampler *sampler, struct xph_error *err)
{
    int result = realtime_thread_start(&sampler->thread, run, sampler);
    if (result != 0)
        return xph_fail_errno(err, result, "cannot start the sampler");
    sampler->running = true;
    return true;
}

bool sampler_stop(struct sampler *sampler, struct xph_error *err)
{
    if (sampler->running) {
        atomic_store(&sampler->stop, true);
        pthread_join(sampler->thread, NULL);
        sampler->running = false;
    } else if (sampler->samples == 1 && !take_sample(sampler, err)) {
        /* Only the start and the end were wanted. */
        return false;
    }
    if (sampler->failed) {
        *err = sampler->error;
        return false;
    }
    return write_pending(sampler, err) && xph_chunk_writer_close(&sampler->out, err) &&
           (sampler->ring.keep_bytes == 0 ||
            xph_chunk_ring_close(sampler->dirfd, XPH_FILE_SAMPLES, sampler->ring.head_bytes, NULL,
                                 err));
}

void sampler_close(struct sampler *sampler)
{
    struct xph_error ignored;

    xph_chunk_writer_close(&sampler->out, &ignored);
    domain_list_free(&sampler->domains);
    free(sampler->list);
    free(sampler->pending);
    pthread_mutex_destroy(&sampler->lock);
}

bool sampler_failed(struct sampler *sampler, struct xph_error *why)
{
    bool failed;

    pthread_mutex_lock(&sampler->lock);
    failed = sampler->failed;
    if (failed)
        *why = sampler->error;
    pthread_mutex_unlock(&sampler->lock);
    return failed;
}
