#include "recording/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording/files.h"
#include "recording/manifest_fields.h"

#define UPDATE_NAME "manifest.json.new"

enum {
    RESERVED_BYTES = 1024 * 1024,
    MAX_MANIFEST_BYTES = 16 * 1024 * 1024,
    MAX_DOMAINS = 65536,
    MAX_PCPUS = 4096
};

static const char *const state_names[] = {
    [XPH_STATE_RECORDING] = "recording",     [XPH_STATE_COMPLETE] = "complete",
    [XPH_STATE_INTERRUPTED] = "interrupted", [XPH_STATE_UNFINISHED] = "unfinished",
    [XPH_STATE_FAILED] = "failed",
};

static const char *const domain_types[] = {"PV", "PVH", "HVM", ""};

const char *xph_recording_state_name(enum xph_recording_state state)
{
    return state_names[state];
}

static json_t *argv_to_json(char **argv)
{
    json_t *array = json_array();

    for (; argv && *argv; argv++)
        json_array_append_new(array, xph_text_to_json(*argv));
    return array;
}

static json_t *domain_to_json(const struct xph_domain_info *domain)
{
    json_t *object =
        json_pack("{s:i, s:s, s:o, s:s, s:I, s:I}", "domid", (int)domain->domid, "uuid",
                  domain->uuid, "name", xph_text_to_json(domain->name), "type", domain->type,
                  "vcpus", (json_int_t)domain->vcpus, "memory_kib", (json_int_t)domain->memory_kib);

    json_object_set_new(object, "idle",
                        domain->became_idle ? xph_instant_to_json(&domain->idle) : json_null());
    if (domain->became_idle)
        json_object_set_new(object, "idle_error_ns",
                            json_integer((json_int_t)domain->idle_error_ns));
    if (domain->first_tsc != 0)
        json_object_set_new(object, "first_tsc", json_integer((json_int_t)domain->first_tsc));
    if (domain->gone_tsc != 0)
        json_object_set_new(object, "gone_tsc", json_integer((json_int_t)domain->gone_tsc));
    return object;
}

static json_t *losses_to_json(const struct xph_manifest *manifest)
{
    json_t *array = json_array();

    for (size_t i = 0; i < manifest->trace_loss_count; i++) {
        const struct xph_trace_loss *loss = &manifest->trace_losses[i];

        json_array_append_new(
            array, json_pack("{s:I, s:I, s:I, s:I}", "pcpu", (json_int_t)loss->pcpu, "records",
                             (json_int_t)loss->records, "first_tsc", (json_int_t)loss->first_tsc,
                             "end_tsc", (json_int_t)loss->end_tsc));
    }
    return array;
}

static json_t *tails_to_json(const struct xph_manifest *manifest)
{
    json_t *array = json_array();

    for (size_t i = 0; i < manifest->trace_tail_count; i++)
        json_array_append_new(
            array, json_pack("{s:I, s:I}", "pcpu", (json_int_t)manifest->trace_tails[i].pcpu,
                             "last_tsc", (json_int_t)manifest->trace_tails[i].last_tsc));
    return array;
}

static json_t *manifest_to_json(const struct xph_manifest *manifest)
{
    json_t *root = json_pack("{s:s, s:i, s:s}", "format", "xenphase recording", "schema",
                             XPH_MANIFEST_SCHEMA, "state", state_names[manifest->state]);
    json_t *domains = json_array(), *trace;

    if (!xph_manifest_fields_to_json(manifest, root))
        goto fail;
    trace = json_object_get(json_object_get(root, "sources"), "xentrace");
    if (json_object_set_new(json_object_get(root, "command"), "argv",
                            argv_to_json(manifest->argv)) ||
        json_object_set_new(trace, "losses", losses_to_json(manifest)) ||
        json_object_set_new(trace, "tail_losses", tails_to_json(manifest)))
        goto fail;
    for (size_t i = 0; i < manifest->domain_count; i++)
        json_array_append_new(domains, domain_to_json(&manifest->domains[i]));
    if (json_object_set_new(root, "domains", domains) == 0)
        return root;
    return json_decref(root), NULL;
fail:
    json_decref(domains);
    json_decref(root);
    return NULL;
}

bool xph_manifest_reserve(int dirfd, struct xph_error *err)
{
    int fd = openat(dirfd, XPH_FILE_MANIFEST_RESERVE, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    int result;

    if (fd < 0)
        return xph_fail_errno(err, errno, "cannot create %s", XPH_FILE_MANIFEST_RESERVE);
    result = posix_fallocate(fd, 0, RESERVED_BYTES);
    close(fd);
    if (result != 0)
        return xph_fail_errno(err, result, "cannot set %d KiB of disk space aside",
                              RESERVED_BYTES / 1024);
    return true;
}

bool xph_manifest_release(int dirfd)
{
    bool reserve = unlinkat(dirfd, XPH_FILE_MANIFEST_RESERVE, 0) == 0;

    return unlinkat(dirfd, UPDATE_NAME, 0) == 0 || reserve;
}

/* Writes all that the file `name` is to hold; it is not truncated first, as the blocks set aside by
 * _reserve are what makes this safe on a full disk. */
static bool write_text(int dirfd, const char *name, const char *text, bool sync,
                       struct xph_error *err)
{
    struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    bool ok;

    if (fd < 0)
        return xph_fail_errno(err, errno, "cannot create %s", name);
    ok = xph_write_all(fd, &iov, 1, err);
    if (ok && (ftruncate(fd, (off_t)strlen(text)) != 0 || (sync && fsync(fd) != 0)))
        ok = xph_fail_errno(err, errno, "cannot write %s", name);
    if (close(fd) != 0 && ok)
        ok = xph_fail_errno(err, errno, "cannot write %s", name);
    if (ok && renameat(dirfd, name, dirfd, XPH_FILE_MANIFEST) != 0)
        ok = xph_fail_errno(err, errno, "cannot replace %s", XPH_FILE_MANIFEST);
    /* What it says of the other files must not come back as it was before. */
    if (ok && sync && fsync(dirfd) != 0 && errno != EINVAL)
        ok = xph_fail_errno(err, errno, "cannot bring %s to the disk", XPH_FILE_MANIFEST);
    return ok;
}

static bool write_json(int dirfd, const char *name, const json_t *root, bool sync,
                       struct xph_error *err)
{
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    bool ok = text ? write_text(dirfd, name, text, sync, err)
                   : xph_fail(err, "out of memory for the manifest");

    free(text);
    return ok;
}

static bool write_manifest(int dirfd, const char *name, const struct xph_manifest *manifest,
                           bool sync, struct xph_error *err)
{
    json_t *root = manifest_to_json(manifest);
    bool ok = write_json(dirfd, name, root, sync, err);

    json_decref(root);
    return ok;
}

bool xph_manifest_write(int dirfd, const struct xph_manifest *manifest, struct xph_error *err)
{
    return write_manifest(dirfd, XPH_FILE_MANIFEST_RESERVE, manifest, true, err);
}

bool xph_manifest_update(int dirfd, const struct xph_manifest *manifest, struct xph_error *err)
{
    bool ok = write_manifest(dirfd, UPDATE_NAME, manifest, false, err);

    if (!ok)
        unlinkat(dirfd, UPDATE_NAME, 0);
    return ok;
}

static bool load(int dirfd, json_t **root, struct xph_error *err)
{
    struct xph_mapped_file file;
    json_error_t json_error;

    if (!xph_map_file(dirfd, XPH_FILE_MANIFEST, &file, err))
        return false;
    if (file.size > MAX_MANIFEST_BYTES) {
        xph_unmap_file(&file);
        return xph_fail(err, "manifest.json is larger than any manifest: damaged");
    }
    *root = json_loadb((const char *)file.data, file.size, 0, &json_error);
    xph_unmap_file(&file);
    return *root ||
           xph_fail(err, "manifest.json is damaged: line %d: %s", json_error.line, json_error.text);
}

/* Only these two are touched: what another version wrote beside them stays. */
bool xph_manifest_complete(int dirfd, bool *completed, struct xph_error *err)
{
    json_t *root;
    const char *state;
    bool ok;

    *completed = false;
    if (!load(dirfd, &root, err))
        return false;
    state = json_string_value(json_object_get(root, "state"));
    *completed = state && strcmp(state, state_names[XPH_STATE_UNFINISHED]) == 0;
    if (!*completed) {
        json_decref(root);
        return true;
    }
    json_object_set_new(root, "state", json_string(state_names[XPH_STATE_COMPLETE]));
    json_object_set_new(root, "state_reason", json_null());
    ok = write_json(dirfd, XPH_FILE_MANIFEST_RESERVE, root, true, err);
    json_decref(root);
    return ok;
}

static bool read_argv(const json_t *array, struct xph_manifest *manifest, struct xph_error *err)
{
    size_t count = json_array_size(array);

    manifest->argv = calloc(count + 1, sizeof(*manifest->argv));
    if (!manifest->argv)
        return xph_fail(err, "out of memory for the manifest");
    for (size_t i = 0; i < count; i++) {
        if (!xph_json_to_text(json_array_get(array, i), &manifest->argv[i]) || !manifest->argv[i])
            return xph_fail(err, "manifest.json: command.argv[%zu] is not a string", i);
    }
    return true;
}

static bool read_domain(const json_t *object, struct xph_domain_info *domain)
{
    const json_t *idle = json_object_get(object, "idle");
    const char *uuid = json_string_value(json_object_get(object, "uuid"));
    const char *type = json_string_value(json_object_get(object, "type"));
    json_int_t domid = json_integer_value(json_object_get(object, "domid"));
    json_int_t vcpus = json_integer_value(json_object_get(object, "vcpus"));
    json_int_t idle_error = json_integer_value(json_object_get(object, "idle_error_ns"));

    domain->type = "";
    for (size_t i = 0; type && i < sizeof(domain_types) / sizeof(domain_types[0]); i++) {
        if (strcmp(type, domain_types[i]) == 0)
            domain->type = domain_types[i];
    }
    /* One that is longer is none, and cut it may not be text any more. */
    if (uuid && strlen(uuid) >= sizeof(domain->uuid))
        return false;
    snprintf(domain->uuid, sizeof(domain->uuid), "%s", uuid ? uuid : "");
    domain->domid = (uint16_t)domid;
    domain->vcpus = (uint32_t)vcpus;
    domain->memory_kib = (uint64_t)json_integer_value(json_object_get(object, "memory_kib"));
    domain->first_tsc = (uint64_t)json_integer_value(json_object_get(object, "first_tsc"));
    domain->gone_tsc = (uint64_t)json_integer_value(json_object_get(object, "gone_tsc"));
    domain->became_idle = json_is_object(idle);
    domain->idle_error_ns = (uint64_t)idle_error;
    if (domain->became_idle && !xph_json_to_instant(idle, &domain->idle))
        return false;
    return domid >= 0 && domid <= UINT16_MAX && vcpus >= 0 && vcpus <= UINT32_MAX &&
           idle_error >= 0 && xph_json_to_text(json_object_get(object, "name"), &domain->name);
}

static bool read_domains(const json_t *array, struct xph_manifest *manifest, struct xph_error *err)
{
    size_t count = json_array_size(array);

    if (count > MAX_DOMAINS)
        return xph_fail(err, "manifest.json: %zu domains are more than a recorder lists", count);
    manifest->domains = calloc(count ? count : 1, sizeof(*manifest->domains));
    if (!manifest->domains)
        return xph_fail(err, "out of memory for the manifest");
    for (size_t i = 0; i < count; i++) {
        manifest->domain_count = i + 1;
        if (!read_domain(json_array_get(array, i), &manifest->domains[i]))
            return xph_fail(err, "manifest.json: domains[%zu] is not of the right kind", i);
    }
    return true;
}

static bool read_header(json_t *root, struct xph_manifest *manifest, struct xph_error *err)
{
    const char *format = json_string_value(json_object_get(root, "format"));
    const char *state = json_string_value(json_object_get(root, "state"));
    json_int_t schema = json_integer_value(json_object_get(root, "schema"));

    if (!format || strcmp(format, "xenphase recording") != 0)
        return xph_fail(err, "manifest.json is not a xenphase recording's");
    if (schema != XPH_MANIFEST_SCHEMA)
        return xph_fail(
            err,
            "manifest.json has schema %lld, this xenphase reads schema %d: use the xenphase "
            "that made the recording, or a newer one",
            (long long)schema, XPH_MANIFEST_SCHEMA);
    for (size_t i = 0; state && i < sizeof(state_names) / sizeof(state_names[0]); i++) {
        if (strcmp(state, state_names[i]) == 0) {
            manifest->state = (enum xph_recording_state)i;
            return true;
        }
    }
    return xph_fail(err, "manifest.json: unknown state");
}

static bool read_loss(const json_t *object, struct xph_trace_loss *loss)
{
    json_int_t pcpu, records, first, end;

    if (json_unpack((json_t *)(uintptr_t)object, "{s:I, s:I, s:I, s:I}", "pcpu", &pcpu, "records",
                    &records, "first_tsc", &first, "end_tsc", &end) != 0 ||
        pcpu < 0 || pcpu > UINT32_MAX || records < 0 || records > UINT32_MAX)
        return false;
    *loss =
        (struct xph_trace_loss){(uint32_t)pcpu, (uint32_t)records, (uint64_t)first, (uint64_t)end};
    return true;
}

static bool read_losses(const json_t *array, struct xph_manifest *manifest, struct xph_error *err)
{
    size_t count = json_array_size(array);

    if (count > XPH_MAX_LOSSES)
        return xph_fail(err, "manifest.json: more losses than a manifest lists");
    manifest->trace_losses = calloc(count + 1, sizeof(*manifest->trace_losses));
    if (!manifest->trace_losses)
        return xph_fail(err, "out of memory for the manifest");
    for (; manifest->trace_loss_count < count; manifest->trace_loss_count++) {
        if (!read_loss(json_array_get(array, manifest->trace_loss_count),
                       &manifest->trace_losses[manifest->trace_loss_count]))
            return xph_fail(err, "manifest.json: a loss is not of the right kind");
    }
    return true;
}

static bool read_tails(const json_t *array, struct xph_manifest *manifest, struct xph_error *err)
{
    size_t count = json_array_size(array);

    if (count > MAX_PCPUS)
        return xph_fail(err, "manifest.json: more tail losses than there can be CPUs");
    manifest->trace_tails = calloc(count + 1, sizeof(*manifest->trace_tails));
    if (!manifest->trace_tails)
        return xph_fail(err, "out of memory for the manifest");
    for (size_t i = 0; i < count; i++) {
        json_int_t pcpu, last;

        if (json_unpack(json_array_get(array, i), "{s:I, s:I}", "pcpu", &pcpu, "last_tsc", &last) !=
                0 ||
            pcpu < 0 || pcpu > UINT32_MAX)
            return xph_fail(err, "manifest.json: a tail loss is not of the right kind");
        manifest->trace_tails[manifest->trace_tail_count++] =
            (struct xph_tail_loss){(uint32_t)pcpu, (uint64_t)last};
    }
    return true;
}

bool xph_manifest_read(int dirfd, struct xph_manifest *manifest, struct xph_error *err)
{
    json_t *root, *trace;
    bool ok;

    *manifest = (struct xph_manifest){0};
    if (!load(dirfd, &root, err))
        return false;
    trace = json_object_get(json_object_get(root, "sources"), "xentrace");
    ok = read_header(root, manifest, err) && xph_manifest_fields_from_json(root, manifest, err) &&
         read_argv(json_object_get(json_object_get(root, "command"), "argv"), manifest, err) &&
         read_losses(json_object_get(trace, "losses"), manifest, err) &&
         read_tails(json_object_get(trace, "tail_losses"), manifest, err) &&
         read_domains(json_object_get(root, "domains"), manifest, err);
    json_decref(root);
    if (!manifest->clock_offset.tried)
        manifest->clock_offset =
            xph_clock_pair_combine(&manifest->clock_start, &manifest->clock_end);
    return ok;
}

void xph_manifest_free(struct xph_manifest *manifest)
{
    xph_manifest_fields_free(manifest);
    for (char **argument = manifest->argv; argument && *argument; argument++)
        free(*argument);
    free(manifest->argv);
    for (size_t i = 0; i < manifest->domain_count; i++)
        free(manifest->domains[i].name);
    free(manifest->domains);
    free(manifest->trace_losses);
    free(manifest->trace_tails);
    *manifest = (struct xph_manifest){0};
}

const struct xph_domain_info *xph_manifest_domain(const struct xph_manifest *manifest,
                                                  uint16_t domid, uint64_t tsc)
{
    for (size_t i = 0; i < manifest->domain_count; i++) {
        const struct xph_domain_info *domain = &manifest->domains[i];

        if (domain->domid == domid && (domain->gone_tsc == 0 || domain->gone_tsc >= tsc))
            return domain;
    }
    return NULL;
}
