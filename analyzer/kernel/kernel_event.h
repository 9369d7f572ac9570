/*
 * One event of dom0's kernel, in a form of fixed size that knows nothing of trace-cmd's files: it
 * also goes through the pipe from the process that reads them.
 */
#ifndef XPH_ANALYZER_KERNEL_KERNEL_EVENT_H
#define XPH_ANALYZER_KERNEL_KERNEL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

enum xph_kernel_event_type {
    XPH_KERNEL_OTHER, /* one that the analyzer makes nothing of; only its name is kept */
    XPH_KERNEL_SWITCH,
    XPH_KERNEL_WAKING,
    XPH_KERNEL_FORK,
    XPH_KERNEL_EXEC,
    XPH_KERNEL_EXIT,
    XPH_KERNEL_PRIVCMD,     /* an ioctl of the privcmd driver begins: most are hypercalls */
    XPH_KERNEL_PRIVCMD_END, /* it returns */
    XPH_KERNEL_XENBUS_STATE,
    XPH_KERNEL_BLOCK_ISSUE,
    XPH_KERNEL_BLOCK_COMPLETE,
    XPH_KERNEL_NET_SEND,
    XPH_KERNEL_NET_RECEIVE,
    XPH_KERNEL_INTERRUPT, /* its handler begins */
    XPH_KERNEL_CALL,      /* a probed function begins */
    XPH_KERNEL_CALL_END,  /* it returns */
    XPH_KERNEL_LOST,      /* the kernel had no room for events of this CPU before this moment */
    XPH_KERNEL_NAME,      /* not an event: what the file's table of names says of a pid */
    XPH_KERNEL_EVENT_TYPES,
};

/* What an ioctl of privcmd asks for: Linux's include/uapi/xen/privcmd.h. */
enum xph_privcmd {
    XPH_PRIVCMD_HYPERCALL,
    XPH_PRIVCMD_MMAP,
    XPH_PRIVCMD_MMAP_BATCH,
    XPH_PRIVCMD_DM_OP,
    XPH_PRIVCMD_RESTRICT,
    XPH_PRIVCMD_MMAP_RESOURCE,
    XPH_PRIVCMD_OTHER, /* libraries probe for the driver with one that it does not have */
    XPH_PRIVCMDS,
};

enum {
    XPH_TASK_NAME_BYTES = 16, /* Linux's TASK_COMM_LEN */
    XPH_KERNEL_TEXT_BYTES = 88,
    XPH_KERNEL_MAX_PID = 1 << 22, /* Linux's PID_MAX_LIMIT */
    XPH_KERNEL_RWBS_BYTES = 8,
    XPH_KERNEL_IRQ_BYTES = 32,
    XPH_KERNEL_PREEMPTED = 256, /* schedule.previous_state of one that could go on */
};

/* All texts are terminated, and hold any bytes. */
struct xph_kernel_event {
    uint64_t tsc; /* dom0's */
    uint16_t type;
    uint16_t cpu; /* of dom0: it is that vCPU of domain 0 */
    uint32_t pid; /* of the thread that ran there; 0: the idle one */
    union {
        struct {
            uint32_t previous_pid, next_pid;
            uint32_t previous_state; /* Linux's TASK_*: 0 means that it could go on, 256 that it
                                        could and was preempted */
            char previous_name[XPH_TASK_NAME_BYTES], next_name[XPH_TASK_NAME_BYTES];
        } schedule;
        struct {
            uint32_t pid;
            uint32_t cpu;       /* where it is to run */
            uint32_t interrupt; /* 1: an interrupt woke it, whatever thread was there; else 0 */
            char name[XPH_TASK_NAME_BYTES];
        } waking;
        struct {
            uint32_t child_pid; /* of a process or a thread: the event does not tell which */
            char child_name[XPH_TASK_NAME_BYTES];
        } fork;
        struct {
            uint32_t old_pid; /* before: another thread of the process may have called exec */
            char path[XPH_KERNEL_TEXT_BYTES]; /* its end, if it is longer */
        } exec;
        struct {
            char name[XPH_TASK_NAME_BYTES];
        } exit, name;
        /*
         * Of a hypercall: its number, first argument, and what stands where the argument points to:
         * a 32-bit word at 0, a 16-bit one at 8 and a 64-bit one at 16, which mean what the number
         * says (analyzer/kernel/hypercall_target.h). Noise where the argument is no pointer.
         */
        struct {
            uint32_t ioctl; /* the raw number */
            uint32_t sub;
            uint64_t op, argument, word;
            uint16_t domain;
            uint16_t command; /* enum xph_privcmd */
        } privcmd;
        struct {
            int64_t result; /* negative: an errno */
        } privcmd_end;
        struct {
            uint32_t state;                   /* XenbusState of Xen's public/io/xenbus.h */
            char node[XPH_KERNEL_TEXT_BYTES]; /* "" where the kernel could not tell */
        } xenbus;
        struct {
            uint64_t sector;  /* of 512 bytes */
            uint32_t device;  /* Linux's dev_t: major << 20 | minor */
            uint32_t sectors; /* 512 bytes each */
            int32_t error;    /* of a completion */
            char rwbs[XPH_KERNEL_RWBS_BYTES];
        } block;
        struct {
            uint32_t bytes;
            char device[XPH_TASK_NAME_BYTES];
        } net;
        struct {
            uint32_t irq;
            char name[XPH_KERNEL_IRQ_BYTES]; /* as /proc/interrupts has it: "timer0", "xenbus" */
        } interrupt;
        struct {
            int64_t value; /* the domain it is for, or the result; if has_value */
            uint32_t has_value;
            char function[XPH_KERNEL_TEXT_BYTES];
        } call;
        struct {
            uint64_t count; /* 0: it is not known how many */
        } lost;
        struct {
            char name[XPH_KERNEL_TEXT_BYTES];
        } other;
    };
};

/* Whether all that is in it can be: it came from a process that read a file of unknown origin. */
bool xph_kernel_event_valid(const struct xph_kernel_event *event);

/* Of privcmd's ioctl number, the command. */
enum xph_privcmd xph_privcmd_of_ioctl(uint32_t ioctl);
const char *xph_privcmd_name(enum xph_privcmd command);

/* Short names, as "switch". */
const char *xph_kernel_event_name(enum xph_kernel_event_type type);

#endif
