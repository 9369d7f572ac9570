#include "tracer/xen_host.h"

#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <xentoollog.h>

/* The leaf where a hypervisor says its name; a PV dom0 sees what Xen itself runs on, unless CPUID
 * faults. */
enum { HYPERVISOR_LEAF = 0x40000000 };

/* The first line of a file, without its end; NULL if it cannot be read. The caller frees it. */
static char *read_line(const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    if (!file)
        return NULL;
    length = getline(&line, &size, file);
    fclose(file);
    if (length < 0) {
        free(line);
        return NULL;
    }
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static bool check_environment(struct xph_error *err)
{
    char *type = read_line("/sys/hypervisor/type");
    bool on_xen = type && strcmp(type, "xen") == 0;

    free(type);
    if (!on_xen)
        return xph_fail(err, "this machine does not run on Xen (/sys/hypervisor/type does not say "
                             "xen): boot its Xen "
                             "entry, or try the emulated host: make demo");
    if (geteuid() != 0)
        return xph_fail(err, "recording needs root: run it with sudo");
    if (access("/dev/xen/privcmd", R_OK | W_OK) != 0 &&
        access("/proc/xen/privcmd", R_OK | W_OK) != 0)
        return xph_fail_errno(err, errno,
                              "cannot use /dev/xen/privcmd (is this dom0, is xen-privcmd loaded?)");
    return true;
}

bool xen_host_open(struct xen_host *host, xentoollog_logger *log, struct xph_error *err)
{
    xc_physinfo_t info = {0};
    int version;

    *host = (struct xen_host){.log = log};
    if (!check_environment(err))
        return false;
    host->xch = xc_interface_open(log, log, 0);
    if (!host->xch) {
        xph_fail_errno(err, errno, "cannot open Xen's control interface");
        goto fail;
    }
    if (xc_physinfo(host->xch, &info) != 0) {
        if (errno == EACCES)
            xph_fail(err, "this xenphase-record was built for another Xen release than the one "
                          "that runs: rebuild it "
                          "against this host's libxen-dev");
        else
            xph_fail_errno(err, errno,
                           "Xen refuses to say what the host is (is this the control domain?)");
        goto fail;
    }
    version = xc_version(host->xch, XENVER_version, NULL);
    snprintf(host->version, sizeof(host->version), "%d.%d", version >> 16, version & 0xffff);
    host->cpu_slots = info.max_cpu_id + 1;
    host->tsc_khz = info.cpu_khz;
    if (host->tsc_khz != 0)
        return true;
    xph_fail(err,
             "Xen does not tell the TSC's frequency, and guessing it would make every time wrong");
fail:
    xen_host_close(host);
    return false;
}

void xen_host_close(struct xen_host *host)
{
    if (host->xch)
        xc_interface_close(host->xch);
    *host = (struct xen_host){0};
}

static void add_pcpus(const struct xen_host *host, xc_cpumap_t map, bool *online)
{
    for (unsigned pcpu = 0; pcpu < host->cpu_slots; pcpu++)
        online[pcpu] |= xc_cpumap_testcpu((int)pcpu, map) != 0;
}

/* A pCPU that is online is in a pool or free for one; Xen's lists of its topology have the offline
 * ones, too. */
bool xen_host_online(const struct xen_host *host, bool *online)
{
    xc_cpumap_t free_pcpus = xc_cpupool_freeinfo(host->xch);
    xc_cpupoolinfo_t *pool;
    uint32_t next = 0;

    if (!free_pcpus)
        return false;
    add_pcpus(host, free_pcpus, online);
    free(free_pcpus);
    while ((pool = xc_cpupool_getinfo(host->xch, next)) != NULL) {
        next = pool->cpupool_id + 1;
        add_pcpus(host, pool->cpumap, online);
        xc_cpupool_infofree(host->xch, pool);
    }
    return next > 0;
}

static char *read_cpu_model(void)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[512];
    char *model = NULL;

    while (file && !model && fgets(line, sizeof(line), file)) {
        char *value = strstr(line, ": ");

        if (strncmp(line, "model name", 10) != 0 || !value)
            continue;
        value[strcspn(value, "\n")] = '\0';
        model = strdup(value + 2);
    }
    if (file)
        fclose(file);
    return model;
}

/* What the host itself runs on, if it is not the bare machine: times recorded there are not the
 * hardware's. */
static char *detect_emulation(const char *dom0_command_line)
{
    static const char marker[] = "xenphase.emulated=";
    const char *marked = dom0_command_line ? strstr(dom0_command_line, marker) : NULL;
    unsigned eax, ebx = 0, ecx = 0, edx = 0;
    char signature[13] = "";
    char *vendor;
    bool qemu;

    if (marked) {
        marked += sizeof(marker) - 1;
        return strndup(marked, strcspn(marked, " "));
    }
    __cpuid(HYPERVISOR_LEAF, eax, ebx, ecx, edx);
    (void)eax;
    memcpy(signature, &ebx, 4);
    memcpy(signature + 4, &ecx, 4);
    memcpy(signature + 8, &edx, 4);
    if (strcmp(signature, "TCGTCGTCGTCG") == 0)
        return strdup("tcg");
    if (strncmp(signature, "KVMKVMKVM", 9) == 0)
        return strdup("kvm-nested");
    vendor = read_line("/sys/class/dmi/id/sys_vendor");
    qemu = vendor && strstr(vendor, "QEMU");
    free(vendor);
    return qemu ? strdup("qemu") : NULL;
}

static char *describe_xen(xc_interface *xch)
{
    int version = xc_version(xch, XENVER_version, NULL);
    xen_extraversion_t extra = "";
    char text[sizeof(extra) + 32];

    if (version < 0)
        return NULL;
    if (xc_version(xch, XENVER_extraversion, extra) < 0)
        extra[0] = '\0';
    snprintf(text, sizeof(text), "%d.%d%.*s", version >> 16, version & 0xffff, (int)sizeof(extra),
             extra);
    return strdup(text);
}

bool xen_host_describe(const struct xen_host *host, struct xph_manifest *manifest,
                       struct xph_error *err)
{
    xen_commandline_t command_line = "";
    xc_physinfo_t info = {0};
    struct utsname kernel;
    char hostname[256] = "";

    if (xc_physinfo(host->xch, &info) != 0 || uname(&kernel) != 0)
        return xph_fail_errno(err, errno, "cannot describe the host");
    if (xc_version(host->xch, XENVER_commandline, command_line) < 0)
        command_line[0] = '\0';
    gethostname(hostname, sizeof(hostname) - 1);
    manifest->hostname = strdup(hostname);
    manifest->xen_version = describe_xen(host->xch);
    manifest->xen_command_line = strndup(command_line, sizeof(command_line));
    manifest->cpu_model = read_cpu_model();
    manifest->pcpus = info.nr_cpus;
    manifest->memory_kib = info.total_pages * (XC_PAGE_SIZE / 1024);
    manifest->dom0_kernel = strdup(kernel.release);
    manifest->dom0_command_line = read_line("/proc/cmdline");
    manifest->dom0_vcpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
    manifest->emulation = detect_emulation(manifest->dom0_command_line);
    manifest->tsc_khz = host->tsc_khz;
    return true;
}
