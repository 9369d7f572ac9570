#include "analyzer/decode/hypercalls.h"

#include <stddef.h>

static const char *const names[XPH_HYPERCALLS] = {
    [0] = "set_trap_table",
    [1] = "mmu_update",
    [2] = "set_gdt",
    [3] = "stack_switch",
    [4] = "set_callbacks",
    [5] = "fpu_taskswitch",
    [6] = "sched_op_compat",
    [7] = "platform_op",
    [8] = "set_debugreg",
    [9] = "get_debugreg",
    [10] = "update_descriptor",
    [12] = "memory_op",
    [13] = "multicall",
    [14] = "update_va_mapping",
    [15] = "set_timer_op",
    [16] = "event_channel_op_compat",
    [17] = "xen_version",
    [18] = "console_io",
    [19] = "physdev_op_compat",
    [20] = "grant_table_op",
    [21] = "vm_assist",
    [22] = "update_va_mapping_otherdomain",
    [23] = "iret",
    [24] = "vcpu_op",
    [25] = "set_segment_base",
    [26] = "mmuext_op",
    [27] = "xsm_op",
    [28] = "nmi_op",
    [29] = "sched_op",
    [30] = "callback_op",
    [31] = "xenoprof_op",
    [32] = "event_channel_op",
    [33] = "physdev_op",
    [34] = "hvm_op",
    [35] = "sysctl",
    [36] = "domctl",
    [37] = "kexec_op",
    [38] = "tmem_op",
    [39] = "argo_op",
    [40] = "xenpmu_op",
    [41] = "dm_op",
    [42] = "hypfs_op",
    [48] = "mca",
    [49] = "paging_domctl_continuation",
};

const char *xph_hypercall_name(uint32_t op)
{
    return op < XPH_HYPERCALLS ? names[op] : NULL;
}

static const char *const grant_table_commands[] = {
    "map_grant_ref", "unmap_grant_ref", "setup_table",       "dump_table",  "transfer",
    "copy",          "query_size",      "unmap_and_replace", "set_version", "get_status_frames",
    "get_version",   "swap_grant_ref",  "cache_flush",
};

static const char *const vcpu_commands[] = {
    "initialise",
    "up",
    "down",
    "is_up",
    "get_runstate_info",
    "register_runstate_memory_area",
    "set_periodic_timer",
    "stop_periodic_timer",
    "set_singleshot_timer",
    "stop_singleshot_timer",
    "register_vcpu_info",
    "send_nmi",
    "get_physid",
    "register_vcpu_time_memory_area",
    "register_runstate_phys_area",
    "register_vcpu_time_phys_area",
};

static const char *const sched_commands[] = {
    "yield",           "block",         "shutdown", "poll",
    "remote_shutdown", "shutdown_code", "watchdog", "pin_override",
};

#define NAMES(table) table, sizeof(table) / sizeof((table)[0])

/* MMU_UPDATE_PREEMPTED of arch/x86/include/asm/hypercall.h. */
#define PREEMPTED (UINT32_C(1) << 31)

enum {
    MMU_UPDATE = 1,
    MULTICALL = 13,
    GRANT_TABLE_OP = 20,
    VCPU_OP = 24,
    MMUEXT_OP = 26,
    SCHED_OP = 29,
};

static const struct {
    uint32_t op;
    unsigned argument;
    struct xph_hypercall_argument what;
} arguments[] = {
    {MMU_UPDATE, 1, {"count", NULL, 0, PREEMPTED}},
    {MULTICALL, 1, {"count", NULL, 0, 0}},
    {GRANT_TABLE_OP, 0, {"cmd", NAMES(grant_table_commands), 0}},
    {GRANT_TABLE_OP, 2, {"count", NULL, 0, 0}},
    {VCPU_OP, 0, {"cmd", NAMES(vcpu_commands), 0}},
    {VCPU_OP, 1, {"vcpu", NULL, 0, 0}},
    {MMUEXT_OP, 1, {"count", NULL, 0, PREEMPTED}},
    {SCHED_OP, 0, {"cmd", NAMES(sched_commands), 0}},
};

struct xph_hypercall_argument xph_hypercall_argument(uint32_t op, unsigned argument)
{
    static const char *const unknown[XPH_HYPERCALL_ARGUMENTS] = {"a0", "a1", "a2",
                                                                 "a3", "a4", "a5"};

    for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
        if (arguments[i].op == op && arguments[i].argument == argument)
            return arguments[i].what;
    }
    return (struct xph_hypercall_argument){unknown[argument], NULL, 0, 0};
}
