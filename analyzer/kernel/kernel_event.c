#include "analyzer/kernel/kernel_event.h"

#include <stddef.h>
#include <string.h>

#include "recording/kernel_file.h"

_Static_assert(sizeof(struct xph_kernel_event) == 120, "it goes through a pipe as it is");

/* Linux's _IOC_NR and _IOC_TYPE. */
static uint32_t ioctl_number(uint32_t ioctl)
{
    return ioctl & 0xff;
}

static uint32_t ioctl_kind(uint32_t ioctl)
{
    return ioctl >> 8 & 0xff;
}

static const struct {
    const char *name;
    int number; /* of the ioctl; -1: none of its own */
} privcmds[XPH_PRIVCMDS] = {
    [XPH_PRIVCMD_HYPERCALL] = {"hypercall", 0},
    [XPH_PRIVCMD_MMAP] = {"mmap", 2},
    [XPH_PRIVCMD_MMAP_BATCH] = {"mmap_batch", 4},
    [XPH_PRIVCMD_DM_OP] = {"dm_op", 5},
    [XPH_PRIVCMD_RESTRICT] = {"restrict", 6},
    [XPH_PRIVCMD_MMAP_RESOURCE] = {"mmap_resource", 7},
    [XPH_PRIVCMD_OTHER] = {"ioctl", -1},
};

enum { MMAP_BATCH_V1 = 3 };

enum xph_privcmd xph_privcmd_of_ioctl(uint32_t ioctl)
{
    uint32_t number = ioctl_number(ioctl);

    if (ioctl_kind(ioctl) != 'P')
        return XPH_PRIVCMD_OTHER;
    if (number == MMAP_BATCH_V1)
        return XPH_PRIVCMD_MMAP_BATCH;
    for (int i = 0; i < XPH_PRIVCMD_OTHER; i++) {
        if (privcmds[i].number == (int)number)
            return (enum xph_privcmd)i;
    }
    return XPH_PRIVCMD_OTHER;
}

const char *xph_privcmd_name(enum xph_privcmd command)
{
    return command < XPH_PRIVCMDS ? privcmds[command].name : "?";
}

const char *xph_kernel_event_name(enum xph_kernel_event_type type)
{
    static const char *const names[XPH_KERNEL_EVENT_TYPES] = {
        [XPH_KERNEL_OTHER] = "other",
        [XPH_KERNEL_SWITCH] = "switch",
        [XPH_KERNEL_WAKING] = "waking",
        [XPH_KERNEL_FORK] = "fork",
        [XPH_KERNEL_EXEC] = "exec",
        [XPH_KERNEL_EXIT] = "exit",
        [XPH_KERNEL_PRIVCMD] = "privcmd",
        [XPH_KERNEL_PRIVCMD_END] = "privcmd_end",
        [XPH_KERNEL_XENBUS_STATE] = "xenbus_state",
        [XPH_KERNEL_BLOCK_ISSUE] = "block_issue",
        [XPH_KERNEL_BLOCK_COMPLETE] = "block_complete",
        [XPH_KERNEL_NET_SEND] = "net_send",
        [XPH_KERNEL_NET_RECEIVE] = "net_receive",
        [XPH_KERNEL_INTERRUPT] = "interrupt",
        [XPH_KERNEL_CALL] = "call",
        [XPH_KERNEL_CALL_END] = "call_end",
        [XPH_KERNEL_LOST] = "lost",
        [XPH_KERNEL_NAME] = "name",
    };

    return type < XPH_KERNEL_EVENT_TYPES ? names[type] : "?";
}

static bool terminated(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

#define TERMINATED(array) terminated(array, sizeof(array))

static bool valid_pid(uint32_t pid)
{
    return pid <= XPH_KERNEL_MAX_PID;
}

bool xph_kernel_event_valid(const struct xph_kernel_event *event)
{
    if (event->cpu >= XPH_KERNEL_MAX_CPUS || !valid_pid(event->pid))
        return false;
    switch ((enum xph_kernel_event_type)event->type) {
    case XPH_KERNEL_SWITCH:
        return valid_pid(event->schedule.previous_pid) && valid_pid(event->schedule.next_pid) &&
               TERMINATED(event->schedule.previous_name) && TERMINATED(event->schedule.next_name);
    case XPH_KERNEL_WAKING:
        return valid_pid(event->waking.pid) && event->waking.cpu < XPH_KERNEL_MAX_CPUS &&
               event->waking.interrupt <= 1 && TERMINATED(event->waking.name);
    case XPH_KERNEL_FORK:
        return valid_pid(event->fork.child_pid) && TERMINATED(event->fork.child_name);
    case XPH_KERNEL_EXEC:
        return valid_pid(event->exec.old_pid) && TERMINATED(event->exec.path);
    case XPH_KERNEL_EXIT:
    case XPH_KERNEL_NAME:
        return TERMINATED(event->name.name);
    case XPH_KERNEL_PRIVCMD:
        return event->privcmd.command == xph_privcmd_of_ioctl(event->privcmd.ioctl);
    case XPH_KERNEL_XENBUS_STATE:
        return TERMINATED(event->xenbus.node);
    case XPH_KERNEL_BLOCK_ISSUE:
    case XPH_KERNEL_BLOCK_COMPLETE:
        return TERMINATED(event->block.rwbs);
    case XPH_KERNEL_NET_SEND:
    case XPH_KERNEL_NET_RECEIVE:
        return TERMINATED(event->net.device);
    case XPH_KERNEL_INTERRUPT:
        return TERMINATED(event->interrupt.name);
    case XPH_KERNEL_CALL:
    case XPH_KERNEL_CALL_END:
        return event->call.has_value <= 1 && TERMINATED(event->call.function);
    case XPH_KERNEL_OTHER:
        return TERMINATED(event->other.name);
    case XPH_KERNEL_PRIVCMD_END:
    case XPH_KERNEL_LOST:
        return true;
    case XPH_KERNEL_EVENT_TYPES:
        break;
    }
    return false;
}
