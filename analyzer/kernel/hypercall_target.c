#include "analyzer/kernel/hypercall_target.h"

#include <stdio.h>

#include "analyzer/decode/hypercalls.h"

enum {
    PLATFORM_OP = 7,
    XEN_VERSION = 17,
    GRANT_TABLE_OP = 20,
    VCPU_OP = 24,
    XSM_OP = 27,
    SCHED_OP = 29,
    EVENT_CHANNEL_OP = 32,
    PHYSDEV_OP = 33,
    HVM_OP = 34,
    HYPFS_OP = 42,
    MEMORY_COMMAND_MASK = 0x3f, /* MEMOP_CMD_MASK: above it stands how far it got before */
};

/* Ascending by op and sub. */
/* clang-format off */
static const struct {
    uint16_t op, sub;
    const char *name;
} commands[] = {
    {12, 0, "increase_reservation"},
    {12, 1, "decrease_reservation"},
    {12, 2, "maximum_ram_page"},
    {12, 3, "current_reservation"},
    {12, 4, "maximum_reservation"},
    {12, 5, "machphys_mfn_list"},
    {12, 6, "populate_physmap"},
    {12, 7, "add_to_physmap"},
    {12, 9, "memory_map"},
    {12, 10, "machine_memory_map"},
    {12, 11, "exchange"},
    {12, 12, "machphys_mapping"},
    {12, 13, "set_memory_map"},
    {12, 14, "maximum_gpfn"},
    {12, 15, "remove_from_physmap"},
    {12, 16, "set_pod_target"},
    {12, 17, "get_pod_target"},
    {12, 18, "get_sharing_freed_pages"},
    {12, 19, "get_sharing_shared_pages"},
    {12, 20, "paging_op"},
    {12, 21, "access_op"},
    {12, 22, "sharing_op"},
    {12, 23, "add_to_physmap_batch"},
    {12, 24, "claim_pages"},
    {12, 25, "machphys_compat_mfn_list"},
    {12, 26, "get_vnumainfo"},
    {12, 27, "reserved_device_memory_map"},
    {12, 28, "acquire_resource"},
    {17, 0, "version"},
    {17, 1, "extraversion"},
    {17, 2, "compile_info"},
    {17, 3, "capabilities"},
    {17, 4, "changeset"},
    {17, 5, "platform_parameters"},
    {17, 6, "get_features"},
    {17, 7, "pagesize"},
    {17, 8, "guest_handle"},
    {17, 9, "commandline"},
    {17, 10, "build_id"},
    {20, 0, "map_grant_ref"},
    {20, 1, "unmap_grant_ref"},
    {20, 2, "setup_table"},
    {20, 3, "dump_table"},
    {20, 4, "transfer"},
    {20, 5, "copy"},
    {20, 6, "query_size"},
    {20, 7, "unmap_and_replace"},
    {20, 8, "set_version"},
    {20, 9, "get_status_frames"},
    {20, 10, "get_version"},
    {29, 0, "yield"},
    {29, 1, "block"},
    {29, 2, "shutdown"},
    {29, 3, "poll"},
    {29, 4, "remote_shutdown"},
    {29, 5, "shutdown_code"},
    {29, 6, "watchdog"},
    {29, 7, "pin_override"},
    {32, 0, "bind_interdomain"},
    {32, 1, "bind_virq"},
    {32, 2, "bind_pirq"},
    {32, 3, "close"},
    {32, 4, "send"},
    {32, 5, "status"},
    {32, 6, "alloc_unbound"},
    {32, 7, "bind_ipi"},
    {32, 8, "bind_vcpu"},
    {32, 9, "unmask"},
    {32, 10, "reset"},
    {32, 11, "init_control"},
    {32, 12, "expand_array"},
    {32, 13, "set_priority"},
    {32, 14, "reset_cont"},
    {34, 0, "set_param"},
    {34, 1, "get_param"},
    {34, 2, "set_pci_intx_level"},
    {34, 3, "set_isa_irq_level"},
    {34, 4, "set_pci_link_route"},
    {34, 5, "flush_tlbs"},
    {34, 9, "pagetable_dying"},
    {34, 10, "get_time"},
    {34, 11, "xentrace"},
    {34, 12, "set_mem_access"},
    {34, 13, "get_mem_access"},
    {34, 15, "get_mem_type"},
    {34, 23, "set_evtchn_upcall_vector"},
    {34, 24, "guest_request_vm_event"},
    {34, 25, "altp2m"},
    {35, 1, "readconsole"},
    {35, 2, "tbuf_op"},
    {35, 3, "physinfo"},
    {35, 4, "sched_id"},
    {35, 5, "perfc_op"},
    {35, 6, "getdomaininfolist"},
    {35, 7, "debug_keys"},
    {35, 8, "getcpuinfo"},
    {35, 9, "availheap"},
    {35, 10, "get_pmstat"},
    {35, 11, "cpu_hotplug"},
    {35, 12, "pm_op"},
    {35, 14, "page_offline_op"},
    {35, 15, "lockprof_op"},
    {35, 16, "cputopoinfo"},
    {35, 17, "numainfo"},
    {35, 18, "cpupool_op"},
    {35, 19, "scheduler_op"},
    {35, 20, "coverage_op"},
    {35, 21, "psr_cmt_op"},
    {35, 22, "pcitopoinfo"},
    {35, 23, "psr_alloc"},
    {35, 25, "get_cpu_levelling_caps"},
    {35, 26, "get_cpu_featureset"},
    {35, 27, "livepatch_op"},
    {35, 29, "get_cpu_policy"},
    {36, 1, "createdomain"},
    {36, 2, "destroydomain"},
    {36, 3, "pausedomain"},
    {36, 4, "unpausedomain"},
    {36, 5, "getdomaininfo"},
    {36, 9, "setvcpuaffinity"},
    {36, 10, "shadow_op"},
    {36, 11, "max_mem"},
    {36, 12, "setvcpucontext"},
    {36, 13, "getvcpucontext"},
    {36, 14, "getvcpuinfo"},
    {36, 15, "max_vcpus"},
    {36, 16, "scheduler_op"},
    {36, 17, "setdomainhandle"},
    {36, 18, "setdebugging"},
    {36, 19, "irq_permission"},
    {36, 20, "iomem_permission"},
    {36, 21, "ioport_permission"},
    {36, 22, "hypercall_init"},
    {36, 23, "soft_reset_cont"},
    {36, 24, "settimeoffset"},
    {36, 25, "getvcpuaffinity"},
    {36, 26, "real_mode_area"},
    {36, 27, "resumedomain"},
    {36, 28, "sendtrigger"},
    {36, 29, "subscribe"},
    {36, 33, "gethvmcontext"},
    {36, 34, "sethvmcontext"},
    {36, 35, "set_address_size"},
    {36, 36, "get_address_size"},
    {36, 37, "assign_device"},
    {36, 38, "bind_pt_irq"},
    {36, 39, "memory_mapping"},
    {36, 40, "ioport_mapping"},
    {36, 42, "set_ext_vcpucontext"},
    {36, 43, "get_ext_vcpucontext"},
    {36, 44, "set_opt_feature"},
    {36, 45, "test_assign_device"},
    {36, 46, "set_target"},
    {36, 47, "deassign_device"},
    {36, 48, "unbind_pt_irq"},
    {36, 49, "set_cpuid"}, /* up to 4.14 */
    {36, 50, "get_device_group"},
    {36, 54, "debug_op"},
    {36, 55, "gethvmcontext_partial"},
    {36, 56, "vm_event_op"},
    {36, 57, "mem_sharing_op"},
    {36, 59, "gettscinfo"},
    {36, 60, "settscinfo"},
    {36, 61, "getpageframeinfo3"},
    {36, 62, "setvcpuextstate"},
    {36, 63, "getvcpuextstate"},
    {36, 64, "set_access_required"},
    {36, 65, "audit_p2m"},
    {36, 66, "set_virq_handler"},
    {36, 67, "set_broken_page_p2m"},
    {36, 68, "setnodeaffinity"},
    {36, 69, "getnodeaffinity"},
    {36, 71, "cacheflush"},
    {36, 72, "get_vcpu_msrs"},
    {36, 73, "set_vcpu_msrs"},
    {36, 74, "setvnumainfo"},
    {36, 75, "psr_cmt_op"},
    {36, 77, "monitor_op"},
    {36, 78, "psr_alloc"},
    {36, 79, "soft_reset"},
    {36, 81, "vuart_op"},
    {36, 82, "get_cpu_policy"},
    {36, 83, "set_cpu_policy"},
    {36, 84, "vmtrace_op"},
    {36, 85, "get_paging_mempool_size"},
    {36, 86, "set_paging_mempool_size"},
    {36, 87, "dt_overlay"},
    {36, 88, "gsi_permission"},
    {36, 89, "set_llc_colors"},
    {36, 90, "get_domain_state"},
    {36, 1000, "gdbsx_guestmemio"},
    {36, 1001, "gdbsx_pausevcpu"},
    {36, 1002, "gdbsx_unpausevcpu"},
    {36, 1003, "gdbsx_domstatus"},
};
/* clang-format on */

const char *xph_sub_command_name(uint32_t op, uint32_t sub)
{
    size_t low = 0, high = sizeof(commands) / sizeof(commands[0]);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (commands[middle].op < op || (commands[middle].op == op && commands[middle].sub < sub))
            low = middle + 1;
        else
            high = middle;
    }
    if (low < sizeof(commands) / sizeof(commands[0]) && commands[low].op == op &&
        commands[low].sub == sub)
        return commands[low].name;
    return NULL;
}

static uint16_t bounded(uint64_t number)
{
    return number < XPH_NO_COMMAND ? (uint16_t)number : XPH_NO_COMMAND;
}

static void target_of_domctl(const struct xph_kernel_event *event,
                             struct xph_hypercall_target *target)
{
    target->sub = bounded(event->privcmd.sub);
    target->domid = event->privcmd.domain;
    if (event->privcmd.sub == XPH_DOMCTL_SHADOW_OP)
        target->detail = bounded((uint32_t)event->privcmd.word);
}

static void target_of_hypercall(const struct xph_kernel_event *event,
                                struct xph_hypercall_target *target)
{
    target->op = target->traced_op = bounded(event->privcmd.op);
    switch (target->op) {
    case XPH_HYPERCALL_MULTICALL:
        target->op = bounded(event->privcmd.sub);
        if (target->op == XPH_HYPERCALL_MEMORY_OP)
            target->sub = event->privcmd.word & MEMORY_COMMAND_MASK;
        break;
    case XPH_HYPERCALL_MEMORY_OP:
        target->sub = event->privcmd.argument & MEMORY_COMMAND_MASK;
        break;
    case XPH_HYPERCALL_DOMCTL:
        target_of_domctl(event, target);
        break;
    case XPH_HYPERCALL_SYSCTL:
    case PLATFORM_OP:
    case XSM_OP:
        target->sub = bounded(event->privcmd.sub);
        break;
    case XPH_HYPERCALL_DM_OP:
        target->domid = bounded(event->privcmd.argument);
        break;
    case XEN_VERSION:
    case GRANT_TABLE_OP:
    case VCPU_OP:
    case SCHED_OP:
    case EVENT_CHANNEL_OP:
    case PHYSDEV_OP:
    case HVM_OP:
    case HYPFS_OP:
        target->sub = bounded(event->privcmd.argument);
        break;
    }
}

/* For others than hypercalls the words of `privcmd` are what stands at the ioctl's argument. */
void xph_hypercall_target(const struct xph_kernel_event *event, struct xph_hypercall_target *target)
{
    *target = (struct xph_hypercall_target){.command = event->privcmd.command,
                                            .domid = XPH_NO_DOMAIN,
                                            .op = XPH_NO_COMMAND,
                                            .sub = XPH_NO_COMMAND,
                                            .detail = XPH_NO_COMMAND,
                                            .traced_op = XPH_NO_COMMAND};
    switch ((enum xph_privcmd)event->privcmd.command) {
    case XPH_PRIVCMD_HYPERCALL:
        target_of_hypercall(event, target);
        break;
    /* struct privcmd_mmap, privcmd_mmapbatch_v2: a 32-bit count, then the domain */
    case XPH_PRIVCMD_MMAP:
    case XPH_PRIVCMD_MMAP_BATCH:
        target->pages = (uint32_t)event->privcmd.op;
        target->domid = (uint16_t)(event->privcmd.op >> 32);
        break;
    case XPH_PRIVCMD_DM_OP:
        target->op = target->traced_op = XPH_HYPERCALL_DM_OP;
        target->domid = (uint16_t)event->privcmd.op;
        break;
    case XPH_PRIVCMD_MMAP_RESOURCE:
    case XPH_PRIVCMD_RESTRICT:
        target->domid = (uint16_t)event->privcmd.op;
        break;
    case XPH_PRIVCMD_OTHER:
    case XPH_PRIVCMDS:
        break;
    }
}

void xph_hypercall_target_text(const struct xph_hypercall_target *target, char *text, size_t size)
{
    const char *op = xph_hypercall_name(target->op);
    const char *sub = xph_sub_command_name(target->op, target->sub);
    char number[16] = "", detail[16] = "", op_number[16];

    if (target->command != XPH_PRIVCMD_HYPERCALL) {
        snprintf(text, size, "%s", xph_privcmd_name((enum xph_privcmd)target->command));
        return;
    }
    snprintf(op_number, sizeof(op_number), "op_%u", target->op);
    if (!sub && target->sub != XPH_NO_COMMAND)
        snprintf(number, sizeof(number), "%u", target->sub);
    if (target->detail != XPH_NO_COMMAND)
        snprintf(detail, sizeof(detail), ":%u", target->detail);
    snprintf(text, size, "%s%s%s%s", op ? op : op_number, sub || number[0] ? " " : "",
             sub ? sub : number, detail);
}
