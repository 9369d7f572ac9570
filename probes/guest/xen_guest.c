#include "probes/guest/xen_guest.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "probes/guest/frame.h"

#ifndef __x86_64__
#error "the ways of x86-64 only"
#endif

/* Xen's leaves begin at one of these (Xen: public/arch-x86/cpuid.h). */
enum { FIRST_BASE = 0x40000000, LAST_BASE = 0x4000ff00, BASE_STEP = 0x100, SIGNATURE_LEAVES = 2 };
/* Its leaf about HVM guests, which is all zero for a PV guest. */
enum { HVM_LEAF = 4 };
/* CPUID leaf 1, ECX: what runs under a hypervisor says so. */
#define HYPERVISOR_BIT (UINT32_C(1) << 31)

static const char signature[] = "XenVMMXenVMM";

/*
 * The stubs: ud2; "xen"; cpuid; ret. The linker puts them at XPH_STUBS_ADDRESS, too far away for
 * an ordinary call.
 */
__asm__(".section .xenphase_stubs, \"ax\", @progbits\n"
        ".rept 8192\n"
        ".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2, 0xc3\n"
        ".endr\n"
        ".previous\n");
_Static_assert(XPH_STUBS == 8192, "as many as there are numbers");

void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t registers[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(registers[0]), "=b"(registers[1]), "=c"(registers[2]),
                       "=d"(registers[3])
                     : "a"(leaf), "c"(subleaf)
                     : "memory");
}

/* The same where Xen is asked to emulate it, which it does for PV guests. */
static void forced_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t registers[4])
{
    __asm__ volatile("ud2; .ascii \"xen\"; cpuid"
                     : "=a"(registers[0]), "=b"(registers[1]), "=c"(registers[2]),
                       "=d"(registers[3])
                     : "a"(leaf), "c"(subleaf)
                     : "memory");
}

/* A signal handler has nowhere else to find what it returns to. */
static sigjmp_buf refused_at;

static void refused(int number)
{
    (void)number;
    siglongjmp(refused_at, 1);
}

/* With SIGILL and SIGSEGV (CPUID faulting that a process asked for) caught. */
struct caught {
    struct sigaction illegal, fault;
};

static void catch_refusals(struct caught *before)
{
    struct sigaction action = {.sa_handler = refused};

    sigaction(SIGILL, &action, &before->illegal);
    sigaction(SIGSEGV, &action, &before->fault);
}

static void catch_no_more(const struct caught *before)
{
    sigaction(SIGILL, &before->illegal, NULL);
    sigaction(SIGSEGV, &before->fault, NULL);
}

typedef void cpuid_function(uint32_t leaf, uint32_t subleaf, uint32_t registers[4]);

/* Where Xen's leaves begin, 0 if there are none. */
static uint32_t xen_base(cpuid_function *ask)
{
    uint32_t registers[4];

    for (uint32_t base = FIRST_BASE; base <= LAST_BASE; base += BASE_STEP) {
        ask(base, 0, registers);
        if (registers[0] >= base + SIGNATURE_LEAVES &&
            memcmp(&registers[1], signature, sizeof(signature) - 1) == 0)
            return base;
        /* The first range tells whether it is worth looking on: Viridian leaves are before Xen's.
         */
        if (base == FIRST_BASE && (registers[0] & 0xffff0000) != FIRST_BASE)
            return 0;
    }
    return 0;
}

static bool forced_cpuid_works(void)
{
    struct caught before;
    bool works;

    catch_refusals(&before);
    works = sigsetjmp(refused_at, 1) == 0 && xen_base(forced_cpuid) != 0;
    catch_no_more(&before);
    return works;
}

static enum xen_guest detect_by_cpuid(void)
{
    uint32_t registers[4], base;

    cpuid(1, 0, registers);
    base = registers[2] & HYPERVISOR_BIT ? xen_base(cpuid) : 0;
    if (base == 0)
        return NO_XEN_GUEST;
    cpuid(base + HVM_LEAF, 0, registers);
    /* A PV guest on a CPU whose CPUID Xen can make fault. */
    return registers[0] == 0 && forced_cpuid_works() ? XEN_GUEST_PV : XEN_GUEST_HVM;
}

enum xen_guest xen_guest_detect(void)
{
    struct caught before;
    enum xen_guest guest;

    catch_refusals(&before);
    guest = sigsetjmp(refused_at, 1) == 0 ? detect_by_cpuid() : NO_XEN_GUEST;
    catch_no_more(&before);
    if (guest == NO_XEN_GUEST && forced_cpuid_works())
        guest = XEN_GUEST_PV;
    return guest;
}

static void stub_call(unsigned number)
{
    uint64_t stub = XPH_STUBS_ADDRESS + (uint64_t)number * XPH_STUB_BYTES;
    uint32_t leaf = FIRST_BASE, subleaf = 0;

    __asm__ volatile("call *%2"
                     : "+a"(leaf), "+c"(subleaf)
                     : "r"(stub)
                     : "rbx", "rdx", "cc", "memory");
}

bool stubs_send(unsigned tag, bool begins, const uint8_t *bytes, size_t count)
{
    struct caught before;
    bool sent;

    catch_refusals(&before);
    sent = sigsetjmp(refused_at, 1) == 0;
    for (size_t i = 0; sent && i < count; i++)
        stub_call(tag << XPH_STUB_TAG_SHIFT | (begins && i == 0 ? XPH_STUB_BEGIN : 0) | bytes[i]);
    catch_no_more(&before);
    return sent;
}
