#include "analyzer/views/timeline_text.h"

#include <inttypes.h>
#include <string.h>

#include "analyzer/decode/events.h"
#include "analyzer/views/dump_text.h"
#include "analyzer/views/kernel_text.h"
#include "analyzer/views/terminal_text.h"

enum { WHO_WIDTH = 27 }; /* a vCPU, a name of 15 letters, a pid */

/* The vCPU and, on one of dom0's, the thread that runs there. */
static void print_who(FILE *out, const char *vcpu, const struct xph_task *task)
{
    char pid[16];
    int width = (int)strlen(vcpu);

    fputs(vcpu, out);
    if (task && task->pid == 0) {
        width += fprintf(out, " idle");
    } else if (task) {
        fputc(' ', out);
        xph_print_task(out, task->name, task->pid);
        width += 1 + (task->name[0] != '\0' ? xph_text_width(task->name) : 1) +
                 snprintf(pid, sizeof(pid), "-%" PRIu32, task->pid);
    }
    fprintf(out, "%*s ", width < WHO_WIDTH ? WHO_WIDTH - width : 0, "");
}

static void print_record(FILE *out, struct xph_dump *dump, const struct xph_record *record,
                         const struct xph_machine *machine, const struct xph_dom0_tasks *tasks)
{
    const struct xph_vcpu *vcpu = xph_machine_running(machine, record->pcpu);
    struct xph_dump_item item = {
        .layout = xph_layout_find(dump->layouts, record->event),
        .vcpu = vcpu ? (uint32_t)vcpu->domid << 16 | vcpu->vcpu : XPH_NO_VCPU,
        .record = *record,
    };
    char who[24], line[XPH_OUTPUT_LINE], *at;

    xph_vcpu_text(vcpu, who);
    fprintf(out, "p%-4u ", record->pcpu);
    print_who(out, who, vcpu && vcpu->domid == 0 ? xph_dom0_task_on(tasks, vcpu->vcpu) : NULL);
    at = xph_dump_put_name(line, &item);
    fprintf(out, "%-16.*s", (int)(at - line), line);
    at = xph_dump_put_fields(dump, line, &item);
    fwrite(line, 1, (size_t)(at - line), out);
}

static void print_kernel(FILE *out, const struct xph_kernel_event *event,
                         const struct xph_dom0_tasks *tasks)
{
    uint32_t handle = xph_task_lookup(&tasks->table, event->pid);
    char who[24];

    snprintf(who, sizeof(who), "d0v%u", event->cpu);
    fputs("dom0  ", out);
    print_who(out, who, xph_task_at(&tasks->table, handle));
    xph_print_kernel_event(out, event);
}

static void print_seconds(FILE *out, uint64_t ns)
{
    fprintf(out, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
}

static void print_domain(FILE *out, const struct xph_sample_domain *domain)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } flags[] = {{XPH_DOMAIN_DYING, " dying"},     {XPH_DOMAIN_SHUTDOWN, " shutdown"},
                 {XPH_DOMAIN_PAUSED, " paused"},   {XPH_DOMAIN_BLOCKED, " blocked"},
                 {XPH_DOMAIN_RUNNING, " running"}, {0, NULL}};

    fprintf(out, "%-16s pages=%" PRIu64 " max_pages=%" PRIu64 " vcpus=%" PRIu32 " cpu_seconds=",
            "domain", domain->tot_pages, domain->max_pages, domain->nr_online_vcpus);
    print_seconds(out, domain->cpu_time_ns);
    for (size_t i = 0; flags[i].name; i++) {
        if (domain->flags & flags[i].flag)
            fputs(flags[i].name, out);
    }
}

static void print_sample(FILE *out, const union xph_sample *sample)
{
    char who[24] = "host";

    if (sample->header.domid <= UINT16_MAX)
        snprintf(who, sizeof(who), "d%" PRIu32, sample->header.domid);
    fputs("dom0  ", out);
    print_who(out, who, NULL);
    switch (sample->header.type) {
    case XPH_SAMPLE_CLOCK:
        fprintf(out, "%-16s monotonic=", "clock");
        print_seconds(out, sample->clock.monotonic_ns);
        break;
    case XPH_SAMPLE_HOST:
        fprintf(out,
                "%-16s free_pages=%" PRIu64 " scrub_pages=%" PRIu64 " outstanding_pages=%" PRIu64,
                "memory", sample->host.free_pages, sample->host.scrub_pages,
                sample->host.outstanding_pages);
        break;
    case XPH_SAMPLE_DOMAIN:
        print_domain(out, &sample->domain);
        break;
    case XPH_SAMPLE_DOMAIN_TIME:
        fprintf(out, "%-16s cpu_seconds=", "domain");
        print_seconds(out, sample->domain_time.cpu_time_ns);
        break;
    case XPH_SAMPLE_DOMAIN_GONE:
        fputs("domain_gone", out);
        break;
    case XPH_SAMPLE_VCPU:
        fprintf(out, "%-16s vcpu=%" PRIu32 " pcpu=%" PRIu32 " state=%s cpu_seconds=", "vcpu",
                sample->vcpu.vcpu, sample->vcpu.pcpu,
                !(sample->vcpu.state & XPH_VCPU_ONLINE) ? "offline"
                : sample->vcpu.state & XPH_VCPU_RUNNING ? "running"
                : sample->vcpu.state & XPH_VCPU_BLOCKED ? "blocked"
                                                        : "runnable");
        print_seconds(out, sample->vcpu.cpu_time_ns);
        break;
    }
}

static void print_xenstore(FILE *out, const struct xph_xenstore_event *event)
{
    fputs("dom0  ", out);
    print_who(out, "xenstored", NULL);
    fprintf(out, "%-16s ", event->state == XPH_XENSTORE_GONE ? "gone" : "changed");
    xph_print_bytes(out, event->path, event->path_bytes);
    if (event->state != XPH_XENSTORE_VALUE)
        return;
    fputs(" = \"", out);
    xph_print_bytes(out, event->value, event->value_bytes);
    fputc('"', out);
}

static void print_console(FILE *out, const struct xph_console_line *line)
{
    char who[24];

    snprintf(who, sizeof(who), "d%u", line->domid);
    fputs("dom0  ", out);
    print_who(out, who, NULL);
    fprintf(out, "%-16s ", "line");
    xph_print_bytes(out, line->text, line->bytes);
}

void xph_timeline_event_text(FILE *out, struct xph_dump *dump, const struct xph_joint_event *event,
                             const struct xph_machine *machine, const struct xph_dom0_tasks *tasks)
{
    fprintf(out, "%6" PRIu64 ".%09" PRIu64 " %-8s ", event->ns / 1000000000, event->ns % 1000000000,
            xph_source_name(event->source));
    switch (event->source) {
    case XPH_SOURCE_KERNEL:
        print_kernel(out, &event->kernel, tasks);
        break;
    case XPH_SOURCE_XEN:
        print_record(out, dump, &event->record, machine, tasks);
        break;
    case XPH_SOURCE_SAMPLES:
        print_sample(out, &event->sample);
        break;
    case XPH_SOURCE_XENSTORE:
        print_xenstore(out, &event->xenstore);
        break;
    case XPH_SOURCE_CONSOLE:
        print_console(out, &event->console);
        break;
    case XPH_SOURCES:
        break;
    }
    fputc('\n', out);
}
