#include "analyzer/machine/vcpus.h"

#include <errno.h>
#include <stdlib.h>

#include "analyzer/decode/trace_file.h"

enum {
    FIRST_VCPUS = 64,
    FIRST_INDEX = 256, /* a power of two, at least twice FIRST_VCPUS */
    DOMIDS = UINT16_MAX + 1,
    FIRST_RESERVED_DOMID = 0x7ff0,
    MAX_VCPUS_OF_DOMAIN = 8192,
};

bool xph_vcpus_open(struct xph_vcpus *vcpus, struct xph_error *err)
{
    *vcpus = (struct xph_vcpus){.capacity = FIRST_VCPUS, .index_size = FIRST_INDEX};
    vcpus->list = calloc(vcpus->capacity, sizeof(*vcpus->list));
    vcpus->index = calloc(vcpus->index_size, sizeof(*vcpus->index));
    vcpus->domains = calloc(DOMIDS, sizeof(*vcpus->domains));
    if (vcpus->list && vcpus->index && vcpus->domains)
        return true;
    xph_vcpus_close(vcpus);
    return xph_fail_errno(err, ENOMEM, "cannot follow vCPUs");
}

void xph_vcpus_close(struct xph_vcpus *vcpus)
{
    free(vcpus->list);
    free(vcpus->index);
    free(vcpus->domains);
    *vcpus = (struct xph_vcpus){0};
}

static size_t hash_slot(uint32_t key, size_t size)
{
    uint32_t hash = key * UINT32_C(2654435761);

    /* The low bits of the product know nothing of the domain, which is in the key's high half. */
    return (hash ^ hash >> 15) & (size - 1);
}

/* The slot of the vCPU in the index, or the empty one where it belongs. */
static uint32_t *find_slot(const struct xph_vcpus *vcpus, uint32_t *index, size_t size,
                           uint16_t domid, uint16_t vcpu)
{
    size_t slot = hash_slot((uint32_t)domid << 16 | vcpu, size);

    while (index[slot] != 0) {
        const struct xph_vcpu *found = &vcpus->list[index[slot] - 1];

        if (found->domid == domid && found->vcpu == vcpu)
            break;
        slot = (slot + 1) & (size - 1);
    }
    return &index[slot];
}

uint32_t xph_vcpus_position(const struct xph_vcpus *vcpus, uint16_t domid, uint16_t vcpu)
{
    return *find_slot(vcpus, vcpus->index, vcpus->index_size, domid, vcpu);
}

static bool grow(struct xph_vcpus *vcpus, struct xph_error *err)
{
    size_t capacity = vcpus->capacity * 2, size = vcpus->index_size * 2;
    struct xph_vcpu *list;
    uint32_t *index;

    if (capacity > XPH_MAX_VCPUS) {
        *err = (struct xph_error){.errnum = 0};
        return xph_fail(err, "the trace names more than %d vCPUs: it is damaged", XPH_MAX_VCPUS);
    }
    list = realloc(vcpus->list, capacity * sizeof(*list));
    if (!list)
        return xph_fail_errno(err, ENOMEM, "cannot follow %zu vCPUs", capacity);
    vcpus->list = list;
    vcpus->capacity = capacity;
    index = calloc(size, sizeof(*index));
    if (!index)
        return xph_fail_errno(err, ENOMEM, "cannot follow %zu vCPUs", capacity);
    for (size_t i = 0; i < vcpus->count; i++)
        *find_slot(vcpus, index, size, list[i].domid, list[i].vcpu) = (uint32_t)i + 1;
    free(vcpus->index);
    vcpus->index = index;
    vcpus->index_size = size;
    return true;
}

static struct xph_vcpu *put_into_domain(struct xph_vcpus *vcpus, uint32_t position)
{
    struct xph_vcpu *vcpu = &vcpus->list[position - 1];

    if (!vcpu->in_domain) {
        vcpu->in_domain = true;
        vcpu->next_in_domain = vcpus->domains[vcpu->domid];
        vcpus->domains[vcpu->domid] = position;
    }
    return vcpu;
}

struct xph_vcpu *xph_vcpus_find(struct xph_vcpus *vcpus, uint16_t domid, uint16_t vcpu,
                                bool *is_new, struct xph_error *err)
{
    uint32_t *slot = find_slot(vcpus, vcpus->index, vcpus->index_size, domid, vcpu);

    *is_new = *slot == 0;
    if (*is_new) {
        if (vcpus->count == vcpus->capacity) {
            if (!grow(vcpus, err))
                return NULL;
            slot = find_slot(vcpus, vcpus->index, vcpus->index_size, domid, vcpu);
        }
        vcpus->list[vcpus->count] = (struct xph_vcpu){.domid = domid, .vcpu = vcpu};
        *slot = (uint32_t)++vcpus->count;
    }
    return put_into_domain(vcpus, *slot);
}

struct xph_vcpu *xph_vcpus_take_from_domain(struct xph_vcpus *vcpus, uint16_t domid)
{
    uint32_t position = vcpus->domains[domid];
    struct xph_vcpu *vcpu;

    if (position == 0)
        return NULL;
    vcpu = &vcpus->list[position - 1];
    vcpus->domains[domid] = vcpu->next_in_domain;
    vcpu->in_domain = false;
    return vcpu;
}

bool xph_vcpu_is_possible(uint16_t domid, uint16_t vcpu)
{
    if (domid == XPH_IDLE_DOMID)
        return vcpu < XPH_MAX_PCPUS;
    return domid < FIRST_RESERVED_DOMID && vcpu < MAX_VCPUS_OF_DOMAIN;
}
