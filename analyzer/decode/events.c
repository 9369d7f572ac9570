#include "analyzer/decode/events.h"

#include <stdlib.h>

/* Ascending by id. Run state changes (0x21001 | old << 8 | new << 4) are not in it: they are a
 * family. */
/* clang-format off */
static const struct xph_event events[] = {
    {0x0001f001, "lost_records", "count=%u d%Lv%H first_tsc=%q"},
    {0x0001f002, "wrap_buffer", ""},
    {0x0001f003, "cpu_change", "pcpu=%u window=%u"},

    {0x00021002, "continue_running", "%v"},
    {0x00022201, "csched2:tick", ""},
    {0x00022202, "csched2:runq_pos", "%v pos=%u"},
    {0x00022203, "csched2:credit_burn", "%v"},
    {0x00022205, "csched2:tickle_check", "%v"},
    {0x00022206, "csched2:tickle", "cpu=%u"},
    {0x00022207, "csched2:credit_reset", "%v"},
    {0x00022208, "csched2:sched_tasklet", "cpu=%u"},
    {0x00022209, "csched2:update_load", ""},
    {0x0002220a, "csched2:runq_assign", "%v"},
    {0x0002220b, "csched2:update_unit_load", ""},
    {0x0002220c, "csched2:update_runq_load", ""},
    {0x0002220d, "csched2:tickle_new", ""},
    {0x0002220e, "csched2:runq_max_weight", ""},
    {0x0002220f, "csched2:migrate", "%v"},
    {0x00022210, "csched2:load_check", ""},
    {0x00022211, "csched2:load_balance", ""},
    {0x00022213, "csched2:picked_cpu", "%v cpu=%u"},
    {0x00022214, "csched2:runq_candidate", ""},
    {0x00022215, "csched2:schedule", ""},
    {0x00022216, "csched2:ratelimit", ""},
    {0x00022217, "csched2:runq_cand_check", ""},
    {0x00028001, "sched_domain_add", "d%u"},
    {0x00028002, "sched_domain_remove", "d%u"},
    {0x00028003, "vcpu_sleep", "%d"},
    {0x00028004, "vcpu_wake", "%d"},
    {0x00028005, "vcpu_yield", "%d"},
    {0x00028006, "vcpu_block", "%d"},
    {0x00028007, "domain_shutdown", "%d reason=%u"},
    {0x00028009, "sched_adjust", "d%u"},
    {0x0002800a, "sched_switch", "prev=%d next=%d"},
    {0x0002800e, "sched_switch_prev", "%d ran_ns=%u"},
    {0x0002800f, "sched_switch_next", "%d waited_ns=%u slice_ns=%u"},
    {0x00028010, "domain_shutdown_code", "%d reason=%u"},
    {0x00028011, "sched_switch_continue", "%d ran_ns=%u slice_ns=%u"},

    {0x00041001, "domain_add", "d%u"},
    {0x00041002, "domain_remove", "d%u"},

    {0x00081001, "vmentry", ""},
    {0x00081002, "vmexit", "reason=%x rip=%x"},
    {0x00081003, "vmexit_svm", "code=%x rip=%x"},
    {0x00081102, "vmexit", "reason=%x rip=%q"},
    {0x00081103, "vmexit_svm", "code=%x rip=%q"},
    {0x00081401, "vmentry_nested", ""},
    {0x00081402, "vmexit_nested", "reason=%x rip=%x"},
    {0x00081502, "vmexit_nested", "reason=%x rip=%q"},
    {0x00081503, "vmexit_svm_nested", "code=%x rip=%q"},
    {0x00082001, "hvm:pf_xen", "error=%x address=%x"},
    {0x00082003, "hvm:inject_exception", "vector=%u error=%x"},
    {0x00082004, "hvm:inject_virq", "vector=%u"},
    {0x0008200b, "hvm:dr_write", ""},
    {0x0008200c, "hvm:msr_read", "msr=%x value=%q"},
    {0x0008200d, "hvm:msr_write", "msr=%x value=%q"},
    {0x0008200e, "hvm:cpuid", "leaf=%x subleaf=%x eax=%x ebx=%x ecx=%x edx=%x"},
    {0x0008200f, "hvm:interrupt", "vector=%u"},
    {0x00082010, "hvm:nmi", ""},
    {0x00082011, "hvm:smi", ""},
    {0x00082012, "hvm:vmmcall", "op=%u"},
    {0x00082013, "hvm:hlt", "runnable=%u"},
    {0x00082015, "hvm:machine_check", ""},
    {0x00082016, "hvm:ioport_read", "port=%x data=%x"},
    {0x00082017, "hvm:mmio_read", "address=%x data=%x"},
    {0x00082018, "hvm:clts", ""},
    {0x0008201a, "hvm:rdtsc", "eax=%x edx=%x"},
    {0x00082020, "hvm:interrupt_window", "vector=%u source=%u pending=%x"},
    {0x00082021, "hvm:npf", "gpa=%q mfn=%q qualification=%x type=%u"},
    {0x00082022, "hvm:realmode_emulate", ""},
    {0x00082023, "hvm:trap", "vector=%u"},
    {0x00082024, "hvm:trap_debug", "qualification=%x"},
    {0x00082025, "hvm:vlapic", ""},
    {0x00082101, "hvm:pf_xen", "error=%x address=%q"},
    {0x00082102, "hvm:pf_inject", "error=%x address=%q"},
    {0x00082108, "hvm:cr_read", "cr=%u value=%q"},
    {0x00082109, "hvm:cr_write", "cr=%u value=%q"},
    {0x00082114, "hvm:invlpg", "invlpga=%u address=%q"},
    {0x00082116, "hvm:ioport_read", "port=%x data=%x"},
    {0x00082117, "hvm:mmio_read", "address=%q data=%q"},
    {0x00082119, "hvm:lmsw", "value=%q"},
    {0x00082126, "hvm:xcr_read", "register=%x value=%q"},
    {0x00082127, "hvm:xcr_write", "register=%x value=%q"},
    {0x00082216, "hvm:ioport_write", "port=%x data=%x"},
    {0x00082217, "hvm:mmio_write", "address=%x data=%x"},
    {0x00082316, "hvm:ioport_write", "port=%x data=%x"},
    {0x00082317, "hvm:mmio_write", "address=%q data=%q"},
    {0x00084001, "hvm:hpet_start", "timer=%u irq=%u delta=%q period=%q"},
    {0x00084002, "hvm:pit_start", "delta=%u period=%u"},
    {0x00084003, "hvm:rtc_start", ""},
    {0x00084004, "hvm:lapic_start", "delta=%q period=%q irq=%u"},
    {0x00084005, "hvm:hpet_stop", ""},
    {0x00084006, "hvm:pit_stop", ""},
    {0x00084007, "hvm:rtc_stop", ""},
    {0x00084008, "hvm:lapic_stop", ""},
    {0x00084009, "hvm:pit_callback", ""},
    {0x0008400a, "hvm:lapic_callback", ""},
    {0x0008400b, "hvm:pic_int_output", ""},
    {0x0008400c, "hvm:pic_kick", ""},
    {0x0008400d, "hvm:pic_intack", ""},
    {0x0008400e, "hvm:pic_posedge", ""},
    {0x0008400f, "hvm:pic_negedge", ""},
    {0x00084010, "hvm:pic_pend_irq", ""},
    {0x00084011, "hvm:lapic_pic_interrupt", "target=%u accept=%u"},

    {0x0010f001, "grant_map", "d%u"},
    {0x0010f002, "grant_unmap", "d%u"},
    {0x0010f003, "grant_transfer", "d%u"},
    {0x0010f004, "p2m_set_entry", "gfn=%q mfn=%q type=%u d%L order=%H"},
    {0x0010f005, "decrease_reservation", "gfn=%q"},
    {0x0010f010, "pod_populate", "gfn=%q mfn=%q"},
    {0x0010f011, "pod_zero_reclaim", "gfn=%q mfn=%q"},
    {0x0010f012, "pod_superpage_splinter", "gfn=%q"},

    {0x00201001, "hypercall_old", "rip=%x op=%u"},
    {0x00201003, "trap", "rip=%x trap=%x"},
    {0x00201004, "page_fault", "rip=%x address=%x error=%x"},
    {0x00201005, "forced_invalid_op", "rip=%x"},
    {0x00201006, "emulate_privop", "rip=%x"},
    {0x00201008, "math_state_restore", ""},
    {0x00201009, "paging_fixup", "rip=%x address=%x"},
    {0x0020100a, "descriptor_fault", "rip=%x offset=%x"},
    {0x0020100b, "ptwr_emulation", "pte=%x address=%x rip=%x"},
    {0x0020100c, "ptwr_emulation_pae", "pte=%q address=%x rip=%x"},
    {0x0020100d, "hypercall", "%c"},
    {0x00201101, "hypercall_old", "rip=%q op=%u"},
    {0x00201103, "trap", "rip=%q trap=%x"},
    {0x00201104, "page_fault", "rip=%q address=%q error=%x"},
    {0x00201105, "forced_invalid_op", "rip=%q"},
    {0x00201106, "emulate_privop", "rip=%q"},
    {0x00201109, "paging_fixup", "rip=%q address=%q"},
    {0x0020110a, "descriptor_fault", "rip=%q offset=%q"},
    {0x0020110b, "ptwr_emulation", "pte=%q address=%q rip=%q"},
    {0x0020200e, "hypercall_subcall", "%c"},

    {0x00801001, "frequency_change", "old_mhz=%u new_mhz=%u"},
    {0x00801002, "idle_entry", "cx=%u tick=%u expected=%u predicted=%u"},
    {0x00801003, "idle_exit", "cx=%u tick=%u"},
    {0x00802001, "irq_move_cleanup_delay", "irq=%u vector=%u cpu=%u"},
    {0x00802002, "irq_move_cleanup", "irq=%u vector=%u cpu=%u"},
    {0x00802003, "irq_bind_vector", "irq=%L vector=%H"},
    {0x00802004, "irq_clear_vector", "irq=%L vector=%H"},
    {0x00802005, "irq_move_finish", "irq=%u vector=%u cpu=%u"},
    {0x00802006, "irq_assign_vector", "irq=%L vector=%H"},
    {0x00802007, "irq_unmapped_vector", "vector=%u"},
    {0x00802008, "irq_handled", "irq=%u tsc_in=%x tsc_out=%x"},
};
/* clang-format on */

static int compare_id(const void *key, const void *row)
{
    uint32_t id = *(const uint32_t *)key, other = ((const struct xph_event *)row)->id;

    return id < other ? -1 : id > other;
}

const struct xph_event *xph_event_find(uint32_t event)
{
    return bsearch(&event, events, sizeof(events) / sizeof(events[0]), sizeof(events[0]),
                   compare_id);
}

const char *xph_event_class_name(uint32_t event)
{
    static const struct {
        uint32_t bits;
        const char *name;
    } classes[] = {
        {0x001, "general"}, {0x002, "sched"},    {0x004, "dom0op"},
        {0x008, "hvm"},     {0x010, "mem"},      {0x020, "pv"},
        {0x040, "shadow"},  {0x080, "hardware"}, {0x800, "guest"},
    };

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (event >> 16 == classes[i].bits)
            return classes[i].name;
    }
    return "?";
}

const char *xph_runstate_name(unsigned state)
{
    static const char *const names[] = {"running", "runnable", "blocked", "offline", "lost"};

    return state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}
