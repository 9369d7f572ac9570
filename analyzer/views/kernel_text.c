#include "analyzer/views/kernel_text.h"

#include <inttypes.h>
#include <string.h>

#include "analyzer/views/terminal_text.h"

enum { TARGET_BYTES = 64 };

void xph_print_task(FILE *out, const char *name, uint32_t pid)
{
    if (pid == 0) {
        fputs("idle", out);
        return;
    }
    xph_print_text(out, name[0] != '\0' ? name : "?");
    fprintf(out, "-%" PRIu32, pid);
}

/* As ps(1) has them; Linux's fs/proc/array.c, since 4.14. */
static char state_letter(uint32_t state)
{
    static const char letters[] = "SDTtXZPI";
    if (state == 0 || state == XPH_KERNEL_PREEMPTED)
        return 'R';
    for (unsigned bit = 0; bit < sizeof(letters) - 1; bit++) {
        if (state & 1U << bit)
            return letters[bit];
    }
    return '?';
}

static void print_switch(FILE *out, const struct xph_kernel_event *event)
{
    xph_print_task(out, event->schedule.previous_name, event->schedule.previous_pid);
    fprintf(out, " %c%s -> ", state_letter(event->schedule.previous_state),
            event->schedule.previous_state == XPH_KERNEL_PREEMPTED ? "+" : "");
    xph_print_task(out, event->schedule.next_name, event->schedule.next_pid);
}

static void print_privcmd(FILE *out, const struct xph_kernel_event *event)
{
    struct xph_hypercall_target target;
    char text[TARGET_BYTES];

    xph_hypercall_target(event, &target);
    xph_hypercall_target_text(&target, text, sizeof(text));
    fputs(text, out);
    if (target.domid != XPH_NO_DOMAIN)
        fprintf(out, " d%u", target.domid);
    if (target.pages > 0)
        fprintf(out, " pages=%" PRIu32, target.pages);
    if (target.command == XPH_PRIVCMD_HYPERCALL)
        fprintf(out, " argument=0x%" PRIx64, event->privcmd.argument);
    else if (target.command == XPH_PRIVCMD_OTHER)
        fprintf(out, " 0x%" PRIx32, event->privcmd.ioctl);
}

/* Xen's public/io/xenbus.h */
static const char *xenbus_state_name(uint32_t state)
{
    static const char *const names[] = {"unknown",     "initialising",  "init_wait",
                                        "initialised", "connected",     "closing",
                                        "closed",      "reconfiguring", "reconfigured"};

    return state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

static void print_block(FILE *out, const struct xph_kernel_event *event)
{
    fprintf(out, "%" PRIu32 ":%" PRIu32 " sector=%" PRIu64 " sectors=%" PRIu32 " ",
            event->block.device >> 20, event->block.device & 0xfffff, event->block.sector,
            event->block.sectors);
    xph_print_text(out, event->block.rwbs);
    if (event->block.error != 0)
        fprintf(out, " error=%" PRId32, event->block.error);
}

static void print_call(FILE *out, const struct xph_kernel_event *event, const char *value)
{
    xph_print_text(out, event->call.function);
    if (event->call.has_value)
        fprintf(out, " %s=%" PRId64, value, event->call.value);
}

static void print_fields(FILE *out, const struct xph_kernel_event *event)
{
    switch ((enum xph_kernel_event_type)event->type) {
    case XPH_KERNEL_SWITCH:
        print_switch(out, event);
        break;
    case XPH_KERNEL_WAKING:
        xph_print_task(out, event->waking.name, event->waking.pid);
        fprintf(out, " on d0v%" PRIu32 "%s", event->waking.cpu,
                event->waking.interrupt ? " by an interrupt" : "");
        break;
    case XPH_KERNEL_FORK:
        xph_print_task(out, event->fork.child_name, event->fork.child_pid);
        break;
    case XPH_KERNEL_EXEC:
        xph_print_text(out, event->exec.path);
        break;
    case XPH_KERNEL_PRIVCMD:
        print_privcmd(out, event);
        break;
    case XPH_KERNEL_PRIVCMD_END:
        fprintf(out, "result=%" PRId64, event->privcmd_end.result);
        break;
    case XPH_KERNEL_XENBUS_STATE:
        xph_print_text(out, event->xenbus.node);
        fprintf(out, " %s", xenbus_state_name(event->xenbus.state));
        break;
    case XPH_KERNEL_BLOCK_ISSUE:
    case XPH_KERNEL_BLOCK_COMPLETE:
        print_block(out, event);
        break;
    case XPH_KERNEL_NET_SEND:
    case XPH_KERNEL_NET_RECEIVE:
        xph_print_text(out, event->net.device);
        fprintf(out, " bytes=%" PRIu32, event->net.bytes);
        break;
    case XPH_KERNEL_INTERRUPT:
        fprintf(out, "irq=%" PRIu32 " ", event->interrupt.irq);
        xph_print_text(out, event->interrupt.name);
        break;
    case XPH_KERNEL_CALL:
        print_call(out, event, "domain");
        break;
    case XPH_KERNEL_CALL_END:
        print_call(out, event, "result");
        break;
    case XPH_KERNEL_LOST:
        if (event->lost.count > 0)
            fprintf(out, "%" PRIu64 " events", event->lost.count);
        break;
    case XPH_KERNEL_OTHER:
        xph_print_text(out, event->other.name);
        break;
    case XPH_KERNEL_EXIT:
    case XPH_KERNEL_NAME:
    case XPH_KERNEL_EVENT_TYPES:
        break;
    }
}

void xph_print_kernel_event(FILE *out, const struct xph_kernel_event *event)
{
    fprintf(out, "%-16s ", xph_kernel_event_name((enum xph_kernel_event_type)event->type));
    print_fields(out, event);
}
