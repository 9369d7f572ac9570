#include "tracer/session_manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording/idle_rule.h"
#include "recording/version.h"

/* Below this a quotient of two clock readings says less about the TSC's frequency than Xen's own
 * measurement. */
enum { SHORTEST_MEASURED_NS = 100000000 };

static char **copy_arguments(char **argv)
{
    size_t count = 0;
    char **copy;

    while (argv[count])
        count++;
    copy = calloc(count + 1, sizeof(*copy));
    for (size_t i = 0; copy && i < count; i++)
        copy[i] = strdup(argv[i]);
    return copy;
}

bool session_manifest_begin(struct xph_manifest *manifest, const struct options *options,
                            struct xph_error *err)
{
    manifest->state = XPH_STATE_RECORDING;
    manifest->recorder_version = strdup(XPH_VERSION);
    manifest->argv = copy_arguments(options->command);
    manifest->ring_bytes = options->ring_bytes;
    manifest->until = strdup(options->until_text);
    manifest->until_rule = options->until == UNTIL_IDLE ? strdup(XPH_IDLE_RULE_TEXT) : NULL;
    manifest->trace_events = strdup(options->events->name);
    manifest->sample_hz_wanted = options->sample ? options->sample_hz : 0;
    if (options->kernel_set_count > 0)
        manifest->kernel_sets = strdup(options->kernel_sets_text);
    manifest->xenstore_wanted = options->xenstore;
    manifest->console_wanted = options->xenstore && options->console && options->sample;
    return manifest->argv || xph_fail(err, "out of memory");
}

static void describe_domain(struct xph_domain_info *info, const struct sampled_domain *domain,
                            struct xenstore_source *xenstore)
{
    const uint8_t *id = domain->last.handle;

    info->domid = (uint16_t)domain->last.header.domid;
    snprintf(info->uuid, sizeof(info->uuid),
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", id[0], id[1],
             id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9], id[10], id[11], id[12], id[13],
             id[14], id[15]);
    info->name = xenstore
                     ? xenstore_source_name(xenstore, domain->last.header.domid, domain->first.tsc)
                     : NULL;
    info->type = xph_domain_type(domain->last.flags, domain->last.emulation_flags);
    info->vcpus = domain->last.max_vcpu_id == UINT32_MAX ? 0 : domain->last.max_vcpu_id + 1;
    info->memory_kib = domain->last.max_pages * 4;
    info->became_idle = domain->idle_watch.idle;
    info->idle = domain->idle_watch.idle_since;
    info->idle_error_ns = domain->idle_watch.idle_error_ns;
    info->first_tsc = domain->is_new ? domain->first.tsc : 0;
    info->gone_tsc = domain->gone.tsc;
}

static int compare_first(const void *a, const void *b)
{
    const struct xph_domain_info *first = a, *second = b;

    if (first->first_tsc != second->first_tsc)
        return first->first_tsc < second->first_tsc ? -1 : 1;
    return (int)first->domid - (int)second->domid;
}

static void describe_domains(struct xph_manifest *manifest, const struct domain_list *domains,
                             struct xenstore_source *xenstore)
{
    size_t count = domain_list_count(domains);

    manifest->dropped_domains = domains->dropped;
    manifest->domains = calloc(count + 1, sizeof(*manifest->domains));
    for (size_t i = 0; manifest->domains && i < count; i++)
        describe_domain(&manifest->domains[manifest->domain_count++], domain_list_at(domains, i),
                        xenstore);
    if (manifest->domains)
        qsort(manifest->domains, manifest->domain_count, sizeof(*manifest->domains), compare_first);
}

static uint64_t measure_khz(const struct xph_instant *start, const struct xph_instant *end)
{
    uint64_t ns = end->monotonic_ns - start->monotonic_ns;

    if (ns < SHORTEST_MEASURED_NS)
        return 0;
    return (uint64_t)((double)(end->tsc - start->tsc) / (double)ns * 1e6 + 0.5);
}

static void describe_losses(struct xph_manifest *manifest, const struct trace_watch *watch)
{
    manifest->trace_lost_records = watch->lost_records;
    if (watch->loss_count == 0)
        return;
    manifest->trace_losses = calloc(watch->loss_count, sizeof(*manifest->trace_losses));
    if (!manifest->trace_losses)
        return;
    memcpy(manifest->trace_losses, watch->losses, watch->loss_count * sizeof(*watch->losses));
    manifest->trace_loss_count = watch->loss_count;
}

static void describe_tails(struct xph_manifest *manifest, const struct trace_watch *watch)
{
    size_t count = trace_watch_doubtful(watch);

    manifest->trace_tail_loss = count > 0;
    manifest->trace_tails = calloc(count + 1, sizeof(*manifest->trace_tails));
    for (size_t i = 0; manifest->trace_tails && i < watch->pcpu_count; i++) {
        if (watch->pcpus[i].maybe_lost)
            manifest->trace_tails[manifest->trace_tail_count++] =
                (struct xph_tail_loss){(uint32_t)i, watch->pcpus[i].last_tsc};
    }
}

static void describe_sampler(struct xph_manifest *manifest, const struct sampler *sampler)
{
    uint64_t sampled_ns = sampler->latest.monotonic_ns - sampler->first.monotonic_ns;

    manifest->samples = sampler->samples;
    manifest->sample_late_mean_ns = sampler->samples ? sampler->late_sum_ns / sampler->samples : 0;
    manifest->sample_late_max_ns = sampler->late_max_ns;
    manifest->sample_cost_ns = sampler->cpu_ns;
    if (sampled_ns > 0)
        manifest->sample_hz_achieved = (double)(sampler->samples - 1) * 1e9 / (double)sampled_ns;
}

void session_manifest_sources(struct xph_manifest *manifest, const struct sources *sources)
{
    free(manifest->kernel_missing);
    free(manifest->kernel_unavailable);
    manifest->kernel_buffer_kib = sources->kernel.buffer_kib;
    manifest->kernel_events = (uint32_t)sources->kernel.probes.count;
    manifest->kernel_missing = kernel_probes_missing_text(&sources->kernel.probes);
    manifest->kernel_unavailable =
        sources->kernel_error.text[0] != '\0' ? strdup(sources->kernel_error.text) : NULL;
}

void session_manifest_clock(struct xph_manifest *manifest, const struct sources *sources)
{
    manifest->clock_start = sources->recorder.clock_start;
    manifest->clock_end = sources->recorder.clock_end;
    manifest->clock_offset = xph_clock_pair_combine(&manifest->clock_start, &manifest->clock_end);
}

void session_manifest_end(struct xph_manifest *manifest, struct sources *sources)
{
    session_manifest_sources(manifest, sources);
    manifest->tsc_khz_measured = measure_khz(&manifest->recording_start, &manifest->recording_end);
    manifest->trace_bytes = sources->recorder.total.bytes;
    describe_losses(manifest, &sources->recorder.total.watch);
    manifest->trace_off_count = sources->recorder.alive.count;
    manifest->trace_off_ns = sources->recorder.alive.off_ns;
    session_manifest_clock(manifest, sources);
    describe_tails(manifest, &sources->recorder.total.watch);
    manifest->kernel_bytes = sources->kernel.bytes;
    manifest->kernel_lost_events = sources->kernel.lost_events;
    manifest->kernel_missed_events = sources->kernel.missed_events;
    manifest->console_bytes =
        sources->consoles.paravirtual.files.bytes + sources->consoles.serial.files.bytes;
    manifest->console_lost_bytes =
        sources->consoles.paravirtual.files.lost_bytes + sources->consoles.serial.files.lost_bytes;
    if (sources->serial.unavailable)
        manifest->console_serial_unavailable = strdup(sources->serial.unavailable);
    manifest->console_serial_lost_writes = sources->serial.lost;
    describe_sampler(manifest, &sources->sampler);
    if (manifest->xenstore_wanted)
        xenstore_source_describe(&sources->xenstore, manifest);
    describe_domains(manifest, &sources->sampler.domains,
                     manifest->xenstore_wanted ? &sources->xenstore : NULL);
}
