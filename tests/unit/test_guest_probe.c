/*
 * The probe itself, build/xenphase-mark, under something that stands in for Xen: a tracer that
 * does with the probe's CPUID what Xen does with a guest's (Xen: arch/x86/pv/emul-inv-op.c,
 * arch/x86/hvm/hvm.c, hvm_vmexit_cpuid()) and makes the records that Xen would. Host and guest
 * have the same clocks here, so it is known where on the time line each mark must lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/guest/guest_clock.h"
#include "analyzer/guest/marks.h"
#include "tests/unit/guest_marks.h"

#define PROBE "build/xenphase-mark"

enum { DOMID = 7, FORCED_BYTES = 7, CPUID_BYTES = 2, HVM_LEAF = 0x40000004, MAX_STEPS = 5000000 };

enum guest_type { PV, HVM };

static const struct xph_vcpu vcpu = {.domid = DOMID, .vcpu = 0};

/* A record of now. */
static struct xph_record record_now(uint32_t event, bool timed)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct xph_record){.event = event,
                               .timed = timed,
                               .tsc = __builtin_ia32_rdtsc(),
                               .time_ns =
                                   (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec};
}

static void feed(const struct xph_record *record)
{
    assert_true(xph_guest_marks_feed(&marks, record, &vcpu, &err));
}

/* What Xen answers: its leaves, and nothing in those of others. */
static void answer(struct user_regs_struct *registers, enum guest_type type)
{
    uint32_t leaf = (uint32_t)registers->rax;

    registers->rax = registers->rbx = registers->rcx = registers->rdx = 0;
    if (leaf == 0x40000000) {
        registers->rax = 0x40000005;
        registers->rbx = 0x566e6558;
        registers->rcx = 0x65584d4d;
        registers->rdx = 0x4d4d566e;
    } else if (leaf == HVM_LEAF && type == HVM) {
        registers->rax = 8;
    } else if (leaf == 1 && type == HVM) {
        registers->rcx = UINT64_C(1) << 31;
    }
}

/* The bytes where the probe stands; false where it cannot be read. */
static bool peek(pid_t probe, uint64_t rip, uint8_t bytes[8])
{
    long word;

    errno = 0;
    word = ptrace(PTRACE_PEEKTEXT, probe, (void *)(uintptr_t)rip, NULL);
    memcpy(bytes, &word, sizeof(word));
    return errno == 0;
}

/* Emulates a forced CPUID, and traces it as Xen does: by the RIP after it. */
static bool emulate_forced(pid_t probe, struct user_regs_struct *registers)
{
    uint8_t bytes[8];
    struct xph_record record;

    if (!peek(probe, registers->rip, bytes) || memcmp(bytes, "\xf\xbxen\xf\xa2", FORCED_BYTES) != 0)
        return false;
    answer(registers, PV);
    registers->rip += FORCED_BYTES;
    ptrace(PTRACE_SETREGS, probe, NULL, registers);
    record = record_now(0x201105, true);
    record.extra_words = 2;
    record.words[0] = (uint32_t)registers->rip;
    record.words[1] = (uint32_t)(registers->rip >> 32);
    feed(&record);
    return true;
}

/* The same with a plain one, which exits from an HVM guest: an exit with a stamp, then the record
 * without. */
static bool emulate_plain(pid_t probe, struct user_regs_struct *registers)
{
    uint8_t bytes[8];
    struct xph_record record, vmexit;

    if (!peek(probe, registers->rip, bytes) || memcmp(bytes, "\xf\xa2", CPUID_BYTES) != 0)
        return false;
    vmexit = record_now(0x81103, true);
    record = vmexit;
    record.event = 0x8200e;
    record.timed = false;
    record.extra_words = 6;
    record.words[0] = (uint32_t)registers->rax;
    record.words[1] = (uint32_t)registers->rcx;
    feed(&vmexit);
    feed(&record);
    answer(registers, HVM);
    registers->rip += CPUID_BYTES;
    ptrace(PTRACE_SETREGS, probe, NULL, registers);
    return true;
}

/* Runs the probe to its end; returns its exit status, -1 if it cannot be traced or does not end. */
static int run_probe(enum guest_type type, char *const argv[])
{
    enum __ptrace_request step = type == HVM ? PTRACE_SINGLESTEP : PTRACE_CONT;
    pid_t probe = fork();
    int status = 0;

    if (probe == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execv(PROBE, argv);
        _exit(127);
    }
    for (unsigned steps = 0; waitpid(probe, &status, 0) == probe && WIFSTOPPED(status); steps++) {
        struct user_regs_struct registers;
        int number = WSTOPSIG(status);

        /* Step by step, a mark takes longer than the watchdog allows. */
        if (number == SIGTRAP || number == SIGALRM)
            number = 0;
        if (steps == MAX_STEPS)
            kill(probe, SIGKILL);
        if (ptrace(PTRACE_GETREGS, probe, NULL, &registers) == 0) {
            if (type == PV && number == SIGILL && emulate_forced(probe, &registers))
                number = 0;
            while (type == HVM && number == 0 && emulate_plain(probe, &registers))
                ;
        }
        if (ptrace(step, probe, NULL, (void *)(intptr_t)number) != 0)
            kill(probe, SIGKILL);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void assert_text(const char *bytes, uint32_t count, const char *wanted, size_t wanted_count)
{
    assert_int_equal(count, wanted_count);
    assert_memory_equal(bytes, wanted, wanted_count);
}

static void make_marks(enum guest_type type)
{
    static const char hostile[] = "\x1b[2J\r\n\xff";
    char *const plain[] = {PROBE, "first", NULL}, *const valued[] = {PROBE, "second", "a value",
                                                                     NULL};
    char *const controls[] = {PROBE, "third", (char *)(uintptr_t)hostile, NULL};
    char longest[5001], *const cut[] = {PROBE, longest, longest, NULL};

    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(run_probe(type, plain), 0);
    assert_int_equal(run_probe(type, valued), 0);
    assert_int_equal(run_probe(type, controls), 0);
    assert_int_equal(run_probe(type, cut), 0);
    xph_guest_marks_finish(&marks);
    assert_int_equal(marks.count, 4);
    assert_text(marks.marks[0].name, marks.marks[0].name_bytes, "first", 5);
    assert_null(marks.marks[0].value);
    assert_text(marks.marks[1].value, marks.marks[1].value_bytes, "a value", 7);
    assert_text(marks.marks[2].value, marks.marks[2].value_bytes, hostile, sizeof(hostile) - 1);
    assert_text(marks.marks[3].name, marks.marks[3].name_bytes, longest, XPH_MARK_MAX_NAME);
    assert_text(marks.marks[3].value, marks.marks[3].value_bytes, longest, XPH_MARK_MAX_VALUE);
    assert_int_equal(marks.marks[3].flags,
                     XPH_MARK_HAS_VALUE | XPH_MARK_NAME_CUT | XPH_MARK_VALUE_CUT);
    assert_int_equal(marks.faults.torn + marks.faults.stray + marks.faults.damaged, 0);
}

/* Every mark's clocks lie between the moments that bound them, and so the guest's clock on the
 * host's, which it is. */
static void assert_clocks(enum xph_mark_way way)
{
    struct xph_guest_clock clock;
    int64_t host_ns;
    uint64_t error_ns;

    for (size_t i = 0; i < marks.count; i++) {
        const struct xph_guest_mark *mark = &marks.marks[i];

        assert_int_equal(mark->way, way);
        assert_true(mark->bounded);
        assert_true(mark->before_ns <= mark->guest.monotonic_ns);
        assert_true(mark->guest.monotonic_ns <= mark->after_ns);
        assert_true(mark->before_tsc <= mark->guest.tsc && mark->guest.tsc <= mark->after_tsc);
    }
    assert_true(xph_guest_clock_open(&clock, &marks, DOMID, &err));
    assert_int_equal(clock.stretches, 1);
    assert_true(clock.tsc_known);
    assert_true(llabs(clock.host_minus_guest_tsc) <= (int64_t)clock.tsc_error);
    assert_true(xph_guest_clock_place(&clock, marks.marks[0].time_ns,
                                      (int64_t)marks.marks[1].guest.monotonic_ns, &host_ns,
                                      &error_ns));
    assert_true(llabs(host_ns - (int64_t)marks.marks[1].guest.monotonic_ns) <= (int64_t)error_ns);
    xph_guest_clock_close(&clock);
}

static bool can_trace(void)
{
    char *const argv[] = {PROBE, "--version", NULL};
    int out = dup(STDOUT_FILENO), status;

    close(STDOUT_FILENO);
    status = run_probe(PV, argv);
    dup2(out, STDOUT_FILENO);
    close(out);
    return status != -1;
}

static void test_a_pv_guest_marks_by_forced_cpuid(void **state)
{
    (void)state;
    if (!can_trace())
        skip();
    make_marks(PV);
    assert_clocks(XPH_MARK_BY_FORCED_CPUID);
}

static void test_an_hvm_guest_marks_by_cpuid(void **state)
{
    (void)state;
    if (!can_trace())
        skip();
    make_marks(HVM);
    assert_clocks(XPH_MARK_BY_CPUID);
}

/* Stands in for systemd's systemctl: what it prints of a boot of 9 s. late.service was ready after
 * the boot's end, and loop.service waits for what waits for it. */
static const char systemctl[] =
    "#!/bin/sh\n"
    "case \"$*\" in\n"
    "*Firmware*) cat <<END\n"
    "FirmwareTimestampMonotonic=3000000\nLoaderTimestampMonotonic=1000000\n"
    "InitRDTimestampMonotonic=1500000\nUserspaceTimestampMonotonic=2000000\n"
    "FinishTimestampMonotonic=9000000\n"
    "END\n"
    ";;\n"
    "*) cat <<END\n"
    "Names=loop.service\nAfter=graphical.target\n"
    "InactiveExitTimestampMonotonic=8000000\nActiveEnterTimestampMonotonic=8500000\n\n"
    "Names=graphical.target default.target\nAfter=early.service loop.service late.service\n"
    "InactiveExitTimestampMonotonic=8900000\nActiveEnterTimestampMonotonic=8900000\n\n"
    "Names=early.service\nAfter=\n"
    "InactiveExitTimestampMonotonic=3000000\nActiveEnterTimestampMonotonic=3500000\n\n"
    "Names=late.service\nAfter=\n"
    "InactiveExitTimestampMonotonic=8800000\nActiveEnterTimestampMonotonic=9800000\n"
    "END\n"
    "esac\n";

static void with_systemctl(const char *script)
{
    char directory[] = "/tmp/xenphase-test-XXXXXX", path[64];
    char *const argv[] = {PROBE, "--boot", NULL}, *const before = strdup(getenv("PATH"));
    FILE *file;

    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/systemctl", directory);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(script, file);
    fchmod(fileno(file), 0755);
    fclose(file);
    /* The script's own commands are where they were. */
    snprintf(path, sizeof(path), "%s:/usr/bin:/bin", directory);
    setenv("PATH", path, 1);
    assert_int_equal(run_probe(PV, argv), 0);
    setenv("PATH", before, 1);
    free(before);
    snprintf(path, sizeof(path), "%s/systemctl", directory);
    unlink(path);
    rmdir(directory);
    xph_guest_marks_finish(&marks);
}

static void test_the_boot_is_told_of_with_its_critical_chain(void **state)
{
    static const struct {
        const char *name, *value;
    } wanted[] = {
        {"boot.firmware", "-3000000000 -1000000000"},
        {"boot.loader", "-1000000000 0"},
        {"boot.kernel", "0 1500000000"},
        {"boot.initrd", "1500000000 2000000000"},
        {"boot.userspace", "2000000000 9000000000"},
        {"boot.unit", "8900000000 8900000000 graphical.target"},
        {"boot.unit", "8000000000 8500000000 loop.service"},
    };
    const size_t count = sizeof(wanted) / sizeof(wanted[0]);

    (void)state;
    if (!can_trace())
        skip();
    with_systemctl(systemctl);
    assert_int_equal(marks.count, count);
    for (size_t i = 0; i < count; i++) {
        const struct xph_guest_mark *mark = &marks.marks[i];

        assert_text(mark->name, mark->name_bytes, wanted[i].name, strlen(wanted[i].name));
        assert_text(mark->value, mark->value_bytes, wanted[i].value, strlen(wanted[i].value));
    }
}

static void test_without_systemd_the_boot_is_unknown(void **state)
{
    (void)state;
    if (!can_trace())
        skip();
    with_systemctl("#!/bin/sh\nexit 1\n");
    assert_int_equal(marks.count, 1);
    assert_text(marks.marks[0].name, marks.marks[0].name_bytes, "boot.unknown", 12);
}

static void test_a_systemctl_that_never_stops_is_stopped(void **state)
{
    (void)state;
    if (!can_trace())
        skip();
    with_systemctl("#!/bin/sh\nwhile :; do echo Firmware; done\n");
    assert_int_equal(marks.count, 1);
    assert_text(marks.marks[0].name, marks.marks[0].name_bytes, "boot.unknown", 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_pv_guest_marks_by_forced_cpuid, open_marks,
                                        close_marks),
        cmocka_unit_test_setup_teardown(test_an_hvm_guest_marks_by_cpuid, open_marks, close_marks),
        cmocka_unit_test_setup_teardown(test_the_boot_is_told_of_with_its_critical_chain,
                                        open_marks, close_marks),
        cmocka_unit_test_setup_teardown(test_without_systemd_the_boot_is_unknown, open_marks,
                                        close_marks),
        cmocka_unit_test_setup_teardown(test_a_systemctl_that_never_stops_is_stopped, open_marks,
                                        close_marks),
    };

    return cmocka_run_group_tests_name("guest probe", tests, NULL, NULL);
}
