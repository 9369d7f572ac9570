#include "analyzer/decode/events.h"

#include <stdlib.h>

/* clang-format off */
static const struct xph_event events[] = {
    /* The trace itself. common/trace.c; cpu_change: tools/xentrace/xentrace.c. */
    {0x0001f001, 0, 0, "lost_records", "count=%u vcpu=%w first_tsc=%X"},
    {0x0001f002, 0, 0, "wrap_buffer", ""},
    {0x0001f003, 0, 0, "cpu_change", "pcpu=%u window=%u"},

    /* common/sched/core.c. Changes of run state are a family, see layouts.c. */
    {0x00021002, 0, 0, "continue_running", "vcpu=%v"},

    /* The credit scheduler's, common/sched/credit.c. */
    {0x00022001, 0, 0, "csched:sched_tasklet", ""},
    {0x00022002, 0, 0, "csched:account_start", "vcpu=%V active=%u"},
    {0x00022003, 0, 0, "csched:account_stop", "vcpu=%V active=%u"},
    {0x00022004, 0, 0, "csched:stolen_unit", "from_cpu=%u vcpu=%V"},
    {0x00022005, 0, 0, "csched:picked_cpu", "vcpu=%V cpu=%u"},
    {0x00022006, 0, 0, "csched:tickle", "cpu=%u"},
    {0x00022007, 0, 0, "csched:boost_start", "vcpu=%V"},
    {0x00022008, 0, 0, "csched:boost_end", "vcpu=%V"},
    {0x00022009, 0, 0, "csched:schedule", "cpu=%0-15u tasklet=%16-23u idle=%24-31u"},
    {0x0002200a, 0, 0, "csched:ratelimit", "vcpu=%v runtime=%u"},
    {0x0002200b, 0, 0, "csched:steal_check", "peer_cpu=%u checked=%u"},

    /* credit2's, common/sched/credit2.c. Until Xen 4.17 the padding holds remnants of the stack. */
    {0x00022201, 0, 0, "csched2:tick", ""},
    {0x00022202, 0, 0, "csched2:runq_pos", "vcpu=%v pos=%u"},
    {0x00022203, 0, 0, "csched2:credit_burn", "vcpu=%v credit=%d budget=%d delta=%d"},
    {0x00022204, 0, 0, "csched2:credit_add", ""},
    {0x00022205, 0, 0, "csched2:tickle_check", "vcpu=%v credit=%d score=%d"},
    {0x00022206, 0, 0, "csched2:tickle", "cpu=%0-15u %16-31_"},
    {0x00022207, 0, 0, "csched2:credit_reset", "vcpu=%v start=%d end=%d"},
    {0x00022208, 0, 0, "csched2:sched_tasklet", ""},
    {0x00022209, 0, 0, "csched2:update_load", ""},
    {0x0002220a, 0, 0, "csched2:runq_assign", "vcpu=%v rqi=%0-15u %16-31_"},
    {0x0002220b, 0, 0, "csched2:update_unit_load", "avgload=%U vcpu=%v shift=%u"},
    {0x0002220c, 0, 0, "csched2:update_runq_load", "rq_avgload=%U b_avgload=%U load=%0-15u rqi=%16-23u shift=%24-31u %_"},
    {0x0002220d, 0, 0, "csched2:tickle_new", "vcpu=%v processor=%u credit=%d"},
    {0x0002220e, 0, 0, "csched2:runq_max_weight", "rqi=%0-15u max_weight=%16-31u"},
    {0x0002220f, 0, 0, "csched2:migrate", "vcpu=%v rqi=%0-15u trqi=%16-31u"},
    {0x00022210, 0, 0, "csched2:load_check", "lrqi=%0-15u orqi=%16-31u delta=%u"},
    {0x00022211, 0, 0, "csched2:load_balance", "lb_avgload=%U ob_avgload=%U lrqi=%0-15u orqi=%16-31u %_"},
    {0x00022213, 0, 0, "csched2:picked_cpu", "b_avgload=%U vcpu=%v rqi=%0-15u new_cpu=%16-31u"},
    {0x00022214, 0, 0, "csched2:runq_candidate", "vcpu=%v tickled_cpu=%d credit=%d"},
    {0x00022215, 0, 0, "csched2:schedule", "cpu=%0-15u rqi=%16-31u tasklet=%0-7u idle=%8-15u smt_idle=%16-23u tickled=%24-31u"},
    {0x00022216, 0, 0, "csched2:ratelimit", "vcpu=%v runtime=%u"},
    {0x00022217, 0, 0, "csched2:runq_cand_check", "vcpu=%v"},

    /* RTDS's, common/sched/rt.c. */
    {0x00022801, 0, 0, "rtds:tickle", "cpu=%0-15u %16-31_"},
    {0x00022802, 0, 0, "rtds:runq_pick", "vcpu=%v deadline=%U budget=%U"},
    {0x00022803, 0, XPH_XEN(4, 17), "rtds:budget_burn", "vcpu=%v budget=%U delta=%d priority=%u extratime=%0-7u %8-31_"},
    {0x00022803, XPH_XEN(4, 18), 0, "rtds:budget_burn", "vcpu=%v budget=%U delta=%d priority=%u extratime=%u"},
    {0x00022804, 0, 0, "rtds:budget_replenish", "vcpu=%v priority=%u deadline=%U budget=%U"},
    {0x00022805, 0, 0, "rtds:sched_tasklet", ""},
    {0x00022806, 0, 0, "rtds:schedule", "cpu=%0-15u tasklet=%16-23u tickled=%24-27u idle=%28-31u"},

    /* The null scheduler's, common/sched/null.c. (ARINC 653's emits nothing.) */
    {0x00022a01, 0, 0, "null:picked_cpu", "vcpu=%v new_cpu=%u"},
    {0x00022a02, 0, 0, "null:unit_assign", "vcpu=%v cpu=%u"},
    {0x00022a03, 0, 0, "null:unit_deassign", "vcpu=%v cpu=%u"},
    {0x00022a04, 0, 0, "null:migrate", "vcpu=%v cpu=%0-15u new_cpu=%16-31u"},
    {0x00022a05, 0, 0, "null:schedule", "tasklet=%0-15u cpu=%16-31u vcpu=%v"},
    {0x00022a06, 0, 0, "null:sched_tasklet", ""},

    /* common/sched/core.c. 28008 and 2800b to 2800d have names, but no place emits them. */
    {0x00028001, 0, 0, "sched_domain_add", "domain=%D"},
    {0x00028002, 0, 0, "sched_domain_remove", "domain=%D"},
    {0x00028003, 0, 0, "vcpu_sleep", "vcpu=%V"},
    {0x00028004, 0, 0, "vcpu_wake", "vcpu=%V"},
    {0x00028005, 0, 0, "vcpu_yield", "vcpu=%V"},
    {0x00028006, 0, 0, "vcpu_block", "vcpu=%V"},
    {0x00028007, 0, 0, "domain_shutdown", "vcpu=%V reason=%r"},
    {0x00028008, 0, 0, "sched_ctl", ""},
    {0x00028009, 0, 0, "sched_adjust", "domain=%D"},
    {0x0002800a, 0, 0, "sched_switch", "prev=%V next=%V"},
    {0x0002800b, 0, 0, "s_timer_fn", ""},
    {0x0002800c, 0, 0, "t_timer_fn", ""},
    {0x0002800d, 0, 0, "domain_timer_fn", ""},
    {0x0002800e, 0, 0, "sched_switch_prev", "vcpu=%V ran_ns=%u"},
    {0x0002800f, 0, 0, "sched_switch_next", "vcpu=%V waited_ns=%u slice_ns=%d"},
    {0x00028010, 0, 0, "domain_shutdown_code", "vcpu=%V reason=%r"},
    {0x00028011, 0, 0, "sched_switch_continue", "vcpu=%V ran_ns=%u slice_ns=%d"},

    /* common/domain.c. */
    {0x00041001, 0, 0, "domain_add", "domain=%D"},
    {0x00041002, 0, 0, "domain_remove", "domain=%D"},

    /* arch/x86/hvm: vmx/vmx.c, svm/svm.c, hvm.c, emulate.c, and the emulated devices'. Until
     * Xen 4.18 81x02 was SVM's, too. Of the bits, 0x100 says 64 bits, 0x200 a write, 0x400 nested. */
    {0x00081001, 0, 0, "vmentry", ""},
    {0x00081002, 0, XPH_XEN(4, 18), "vmexit", "reason=%e rip=%a"},
    {0x00081002, XPH_XEN(4, 19), 0, "vmexit", "reason=%t rip=%a"},
    {0x00081003, XPH_XEN(4, 19), 0, "vmexit_svm", "reason=%s rip=%a"},
    {0x00081102, 0, XPH_XEN(4, 18), "vmexit", "reason=%e rip=%A"},
    {0x00081102, XPH_XEN(4, 19), 0, "vmexit", "reason=%t rip=%A"},
    {0x00081103, XPH_XEN(4, 19), 0, "vmexit_svm", "reason=%s rip=%A"},
    {0x00081401, 0, 0, "vmentry_nested", ""},
    {0x00081402, 0, XPH_XEN(4, 18), "vmexit_nested", "reason=%s rip=%a"},
    {0x00081403, XPH_XEN(4, 19), 0, "vmexit_svm_nested", "reason=%s rip=%a"},
    {0x00081502, 0, XPH_XEN(4, 18), "vmexit_nested", "reason=%s rip=%A"},
    {0x00081503, XPH_XEN(4, 19), 0, "vmexit_svm_nested", "reason=%s rip=%A"},
    {0x00082001, 0, 0, "hvm:pf_xen", "error=%x address=%a"},
    {0x00082002, 0, 0, "hvm:pf_inject", "error=%x address=%a"},
    {0x00082003, 0, 0, "hvm:inject_exception", "vector=%u error=%x"},
    {0x00082004, 0, 0, "hvm:inject_virq", "vector=%u fake=%u"},
    {0x00082005, 0, 0, "hvm:reinject_virq", "vector=%u"},
    {0x00082006, 0, 0, "hvm:io_read", "port=%x size=%u"},
    {0x00082007, 0, 0, "hvm:io_write", "port=%x size=%u"},
    {0x00082008, 0, 0, "hvm:cr_read", "cr=%u value=%x"},
    {0x00082009, 0, 0, "hvm:cr_write", "cr=%u value=%x"},
    {0x0008200a, 0, 0, "hvm:dr_read", ""},
    {0x0008200b, 0, 0, "hvm:dr_write", ""},
    {0x0008200c, 0, 0, "hvm:msr_read", "msr=%x value=%X"},
    {0x0008200d, 0, 0, "hvm:msr_write", "msr=%x value=%X"},
    {0x0008200e, 0, 0, "hvm:cpuid", "leaf=%x subleaf=%x eax=%x ebx=%x ecx=%x edx=%x"},
    {0x0008200f, 0, 0, "hvm:interrupt", "vector=%u"},
    {0x00082010, 0, 0, "hvm:nmi", ""},
    {0x00082011, 0, 0, "hvm:smi", ""},
    {0x00082012, 0, 0, "hvm:vmmcall", "op=%h"},
    {0x00082013, 0, 0, "hvm:hlt", "runnable=%u"},
    {0x00082014, 0, 0, "hvm:invlpg", "invlpga=%u address=%a"},
    {0x00082015, 0, 0, "hvm:machine_check", ""},
    {0x00082016, 0, 0, "hvm:ioport_read", "port=%x data=%x"},
    {0x00082017, 0, 0, "hvm:mmio_read", "address=%x data=%x"},
    {0x00082018, 0, 0, "hvm:clts", ""},
    {0x00082019, 0, 0, "hvm:lmsw", "value=%x"},
    {0x0008201a, 0, 0, "hvm:rdtsc", "value=%X"},
    {0x00082020, 0, 0, "hvm:interrupt_window", "vector=%u source=%u pending=%d"},
    {0x00082021, 0, 0, "hvm:npf", "gpa=%X mfn=%X qualification=%x type=%u"},
    {0x00082022, 0, 0, "hvm:realmode_emulate", ""},
    {0x00082023, 0, 0, "hvm:trap", "vector=%u"},
    {0x00082024, 0, 0, "hvm:trap_debug", "qualification=%x"},
    {0x00082025, 0, 0, "hvm:vlapic", ""},
    {0x00082101, 0, 0, "hvm:pf_xen", "error=%x address=%A"},
    {0x00082102, 0, 0, "hvm:pf_inject", "error=%x address=%A"},
    {0x00082108, 0, 0, "hvm:cr_read", "cr=%u value=%X"},
    {0x00082109, 0, 0, "hvm:cr_write", "cr=%u value=%X"},
    {0x00082114, 0, 0, "hvm:invlpg", "invlpga=%u address=%A"},
    {0x00082116, 0, 0, "hvm:ioport_read", "port=%X data=%X"},
    {0x00082117, 0, 0, "hvm:mmio_read", "address=%X data=%X"},
    {0x00082119, 0, 0, "hvm:lmsw", "value=%X"},
    {0x00082126, 0, 0, "hvm:xcr_read", "register=%x value=%X"},
    {0x00082127, 0, 0, "hvm:xcr_write", "register=%x value=%X"},
    {0x00082216, 0, 0, "hvm:ioport_write", "port=%x data=%x"},
    {0x00082217, 0, 0, "hvm:mmio_write", "address=%x data=%x"},
    {0x00082316, 0, 0, "hvm:ioport_write", "port=%X data=%X"},
    {0x00082317, 0, 0, "hvm:mmio_write", "address=%X data=%X"},
    {0x00084001, 0, 0, "hvm:hpet_start", "timer=%u irq=%u delta=%U period=%U"},
    {0x00084002, 0, 0, "hvm:pit_start", "delta=%u period=%u"},
    {0x00084003, 0, 0, "hvm:rtc_start", "delta=%u period=%u"},
    {0x00084004, 0, 0, "hvm:lapic_start", "delta=%U period=%U irq=%u"},
    {0x00084005, 0, 0, "hvm:hpet_stop", "timer=%u"},
    {0x00084006, 0, 0, "hvm:pit_stop", ""},
    {0x00084007, 0, 0, "hvm:rtc_stop", ""},
    {0x00084008, 0, 0, "hvm:lapic_stop", ""},
    {0x00084009, 0, 0, "hvm:pit_callback", ""},
    {0x0008400a, 0, 0, "hvm:lapic_callback", ""},
    {0x0008400b, 0, 0, "hvm:pic_int_output", "output=%u master=%u irq=%d"},
    {0x0008400c, 0, 0, "hvm:pic_kick", "irq=%d"},
    {0x0008400d, 0, 0, "hvm:pic_intack", "master=%u irq=%u"},
    {0x0008400e, 0, 0, "hvm:pic_posedge", "irq=%u"},
    {0x0008400f, 0, 0, "hvm:pic_negedge", "irq=%u"},
    {0x00084010, 0, 0, "hvm:pic_pend_irq", "accept=%u output=%u"},
    {0x00084011, 0, 0, "hvm:lapic_pic_interrupt", "target=%u accept=%u"},

    /* common/grant_table.c, common/memory.c, arch/x86/mm/p2m-pt.c, p2m-pod.c. */
    {0x0010f001, 0, 0, "grant_map", "domain=%D"},
    {0x0010f002, 0, 0, "grant_unmap", "domain=%D"},
    {0x0010f003, 0, 0, "grant_transfer", "domain=%D"},
    {0x0010f004, 0, 0, "p2m_set_entry", "gfn=%X mfn=%X type=%u domain=%0-15D order=%16-31u"},
    {0x0010f005, 0, XPH_XEN(4, 17), "decrease_reservation", "gfn=%X domain=%0-15D order=%16-31u %_"},
    {0x0010f005, XPH_XEN(4, 18), 0, "decrease_reservation", "gfn=%X domain=%D order=%u"},
    {0x0010f010, 0, XPH_XEN(4, 17), "pod_populate", "gfn=%X mfn=%X domain=%0-15D order=%16-31u %_"},
    {0x0010f010, XPH_XEN(4, 18), 0, "pod_populate", "gfn=%X mfn=%X domain=%D order=%u"},
    {0x0010f011, 0, XPH_XEN(4, 17), "pod_zero_reclaim", "gfn=%X mfn=%X domain=%0-15D order=%16-31u %_"},
    {0x0010f011, XPH_XEN(4, 18), 0, "pod_zero_reclaim", "gfn=%X mfn=%X domain=%D order=%u"},
    {0x0010f012, 0, XPH_XEN(4, 17), "pod_superpage_splinter", "gfn=%X domain=%0-15D %16-31_ %_"},
    {0x0010f012, XPH_XEN(4, 18), 0, "pod_superpage_splinter", "gfn=%X domain=%D order=%u"},

    /* arch/x86/pv/trace.c, common/trace.c. */
    {0x00201001, 0, 0, "hypercall_old", "rip=%a op=%h"},
    {0x00201003, 0, 0, "trap", "rip=%a vector=%0-14u has_error=%15-15u error=%16-31x"},
    {0x00201004, 0, 0, "page_fault", "rip=%a address=%a error=%x"},
    {0x00201005, 0, 0, "forced_invalid_op", "rip=%a"},
    {0x00201006, 0, 0, "emulate_privop", "rip=%a"},
    {0x00201007, 0, 0, "emulate_4gb", "rip=%a"},
    {0x00201008, 0, XPH_XEN(4, 21), "math_state_restore", ""},
    {0x00201009, 0, 0, "paging_fixup", "rip=%a address=%a"},
    {0x0020100a, 0, 0, "descriptor_fault", "rip=%a offset=%x"},
    {0x0020100b, 0, 0, "ptwr_emulation", "pte=%X address=%a rip=%a"},
    {0x0020100c, 0, 0, "ptwr_emulation_pae", "pte=%X address=%a rip=%a"},
    {0x0020100d, 0, 0, "hypercall", "op=%c"},
    {0x00201101, 0, 0, "hypercall_old", "rip=%A op=%h"},
    {0x00201103, 0, 0, "trap", "rip=%A vector=%0-14u has_error=%15-15u error=%16-31x"},
    {0x00201104, 0, 0, "page_fault", "rip=%A address=%A error=%x"},
    {0x00201105, 0, 0, "forced_invalid_op", "rip=%A"},
    {0x00201106, 0, 0, "emulate_privop", "rip=%A"},
    {0x00201107, 0, 0, "emulate_4gb", "rip=%A"},
    {0x00201109, 0, 0, "paging_fixup", "rip=%A address=%A"},
    {0x0020110a, 0, 0, "descriptor_fault", "rip=%A offset=%X"},
    {0x0020110b, 0, 0, "ptwr_emulation", "pte=%X address=%A rip=%A"},
    {0x0020200e, 0, 0, "hypercall_subcall", "op=%c"},

    /* arch/x86/mm/shadow: the second digit from the third on is the levels of paging of the
     * guest less two. xentrace_format(1) takes it for a flag that says 64 bits. */
    {0x0040f001, 0, 0, "shadow:not_shadow", "gl1e=%x address=%a flags=%x"},
    {0x0040f002, 0, 0, "shadow:fast_propagate", "address=%a"},
    {0x0040f003, 0, 0, "shadow:fast_mmio", "address=%a"},
    {0x0040f004, 0, 0, "shadow:false_fast_path", "address=%a"},
    {0x0040f005, 0, 0, "shadow:mmio", "address=%a"},
    {0x0040f006, 0, 0, "shadow:fixup", "gl1e=%x address=%a flags=%x"},
    {0x0040f007, 0, 0, "shadow:domain_dying", "address=%a"},
    {0x0040f008, 0, 0, "shadow:emulate", "gl1e=%x written=%x address=%a flags=%0-28x count=%29-31u"},
    {0x0040f009, 0, 0, "shadow:unshadow_user", "gfn=%x address=%a flags=%x"},
    {0x0040f00a, 0, 0, "shadow:unshadow_event", "gfn=%x address=%a flags=%x"},
    {0x0040f00b, 0, 0, "shadow:unshadow_unhandled", "gfn=%x address=%a flags=%x"},
    {0x0040f00c, 0, 0, "shadow:wrmap_brute_force", "gfn=%X"},
    {0x0040f00d, 0, 0, "shadow:prealloc_unpin", "gfn=%X"},
    {0x0040f00e, 0, 0, "shadow:resync_full", "gfn=%X"},
    {0x0040f00f, 0, 0, "shadow:resync_only", "gfn=%X"},
    {0x0040f101, 0, 0, "shadow:not_shadow", "gl1e=%X address=%a flags=%x"},
    {0x0040f102, 0, 0, "shadow:fast_propagate", "address=%a"},
    {0x0040f103, 0, 0, "shadow:fast_mmio", "address=%a"},
    {0x0040f104, 0, 0, "shadow:false_fast_path", "address=%a"},
    {0x0040f105, 0, 0, "shadow:mmio", "address=%a"},
    {0x0040f106, 0, 0, "shadow:fixup", "gl1e=%X address=%a flags=%x"},
    {0x0040f107, 0, 0, "shadow:domain_dying", "address=%a"},
    {0x0040f108, 0, 0, "shadow:emulate", "gl1e=%X written=%X address=%a flags=%0-28x count=%29-31u"},
    {0x0040f109, 0, 0, "shadow:unshadow_user", "gfn=%X address=%a flags=%x"},
    {0x0040f10a, 0, 0, "shadow:unshadow_event", "gfn=%X address=%a flags=%x"},
    {0x0040f10b, 0, 0, "shadow:unshadow_unhandled", "gfn=%X address=%a flags=%x"},
    {0x0040f201, 0, 0, "shadow:not_shadow", "gl1e=%X address=%A flags=%x"},
    {0x0040f202, 0, 0, "shadow:fast_propagate", "address=%A"},
    {0x0040f203, 0, 0, "shadow:fast_mmio", "address=%A"},
    {0x0040f204, 0, 0, "shadow:false_fast_path", "address=%A"},
    {0x0040f205, 0, 0, "shadow:mmio", "address=%A"},
    {0x0040f206, 0, 0, "shadow:fixup", "gl1e=%X address=%A flags=%x"},
    {0x0040f207, 0, 0, "shadow:domain_dying", "address=%A"},
    {0x0040f208, 0, 0, "shadow:emulate", "gl1e=%X written=%X address=%A flags=%0-28x count=%29-31u"},
    {0x0040f209, 0, 0, "shadow:unshadow_user", "gfn=%X address=%A flags=%x"},
    {0x0040f20a, 0, 0, "shadow:unshadow_event", "gfn=%X address=%A flags=%x"},
    {0x0040f20b, 0, 0, "shadow:unshadow_unhandled", "gfn=%X address=%A flags=%x"},

    /* arch/x86/acpi/cpu_idle.c, arch/x86/cpu/mwait-idle.c, drivers/cpufreq, arch/x86/irq.c. */
    {0x00801001, 0, 0, "frequency_change", "old_mhz=%u new_mhz=%u"},
    {0x00801002, 0, 0, "idle_entry", "cx=%u tick=%u expected=%u predicted=%u"},
    {0x00801003, 0, 0, "idle_exit", "cx=%u tick=%u irq1=%u irq2=%u irq3=%u irq4=%u"},
    {0x00802001, 0, 0, "irq_move_cleanup_delay", "irq=%u vector=%u cpu=%u"},
    {0x00802002, 0, 0, "irq_move_cleanup", "irq=%u vector=%u cpu=%u"},
    {0x00802003, 0, 0, "irq_bind_vector", "irq=%0-15u vector=%16-31u cpus=%m"},
    {0x00802004, 0, 0, "irq_clear_vector", "irq=%0-15u vector=%16-31u cpus=%m"},
    {0x00802005, 0, 0, "irq_move_finish", "irq=%u vector=%u cpu=%u"},
    {0x00802006, 0, 0, "irq_assign_vector", "irq=%0-15u vector=%16-31u cpus=%m"},
    {0x00802007, 0, 0, "irq_unmapped_vector", "vector=%u"},
    {0x00802008, 0, 0, "irq_handled", "irq=%d tsc_in=%u tsc_out=%u"},
};
/* clang-format on */

static int compare_id(const void *key, const void *row)
{
    uint32_t id = *(const uint32_t *)key, other = ((const struct xph_event *)row)->id;

    return id < other ? -1 : id > other;
}

const struct xph_event *xph_event_rows(size_t *count)
{
    *count = sizeof(events) / sizeof(events[0]);
    return events;
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

const char *xph_shutdown_name(uint32_t reason)
{
    static const char *const names[] = {"poweroff", "reboot",   "suspend",
                                        "crash",    "watchdog", "soft_reset"};

    return reason < sizeof(names) / sizeof(names[0]) ? names[reason] : NULL;
}
