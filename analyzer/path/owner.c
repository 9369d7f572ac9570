#include "analyzer/path/owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    FIRST_OWNERS = 32,
    FIRST_PIECES = 128,
    MAX_OWNERS = 512,   /* more than any operation has: names may be made up to take time */
    INDEX_SLOTS = 1024, /* a power of two, so that half are always free */
    KTHREADD = 2,
};

struct owning {
    const struct xph_owner_evidence *evidence;
    struct xph_owned_path *owned;
    struct xph_error *err;
};

const char *xph_layer_name(enum xph_layer layer)
{
    static const char *const names[] = {
        [XPH_LAYER_HYPERVISOR] = "hypervisor",   [XPH_LAYER_DOM0_PROCESS] = "dom0 process",
        [XPH_LAYER_DOM0_KERNEL] = "dom0 kernel", [XPH_LAYER_GUEST] = "guest",
        [XPH_LAYER_WAITING] = "waiting",         [XPH_LAYER_STOLEN] = "stolen",
        [XPH_LAYER_UNEXPLAINED] = "unexplained",
    };

    return names[layer];
}

/* The slot of the owner in the index, or the empty one where it belongs. */
static uint16_t *find_slot(const struct xph_owned_path *owned, const struct xph_owner *owner)
{
    size_t slot = XXH3_64bits(owner, sizeof(*owner)) % INDEX_SLOTS;

    while (owned->index[slot] != 0 &&
           memcmp(&owned->owners[owned->index[slot] - 1], owner, sizeof(*owner)) != 0)
        slot = (slot + 1) % INDEX_SLOTS;
    return &owned->index[slot];
}

static bool make_room(struct xph_owned_path *owned, struct xph_error *err)
{
    size_t capacity = owned->owner_capacity ? owned->owner_capacity * 2 : FIRST_OWNERS;
    struct xph_owner *grown;

    if (owned->owner_count < owned->owner_capacity)
        return true;
    grown = realloc(owned->owners, capacity * sizeof(*grown));
    if (!grown)
        return xph_fail(err, "out of memory for %zu owners of time", capacity);
    owned->owners = grown;
    owned->owner_capacity = capacity;
    return true;
}

/* There are some dozens at the most, but for hostile names: the last one stands for all others. */
static bool find_owner(struct xph_owned_path *owned, const struct xph_owner *owner,
                       uint32_t *position, struct xph_error *err)
{
    uint16_t *slot;

    if (!owned->index && !(owned->index = calloc(INDEX_SLOTS, sizeof(*owned->index))))
        return xph_fail(err, "out of memory");
    slot = find_slot(owned, owner);
    *position = *slot != 0 ? *slot - 1U : MAX_OWNERS - 1;
    if (*slot != 0 || owned->owner_count == MAX_OWNERS)
        return true;
    if (!make_room(owned, err))
        return false;
    *position = (uint32_t)owned->owner_count++;
    owned->owners[*position] = *owner;
    if (*position == MAX_OWNERS - 1)
        owned->owners[*position] = (struct xph_owner){owner->layer, "others", ""};
    else
        *slot = (uint16_t)owned->owner_count;
    return true;
}

bool xph_owned_path_add(struct xph_owned_path *owned, uint64_t start_ns, uint64_t end_ns,
                        const struct xph_owner *owner, struct xph_error *err)
{
    uint32_t position = 0;

    if (end_ns <= start_ns)
        return true;
    if (!find_owner(owned, owner, &position, err))
        return false;
    if (owned->count > 0 && owned->pieces[owned->count - 1].owner == position) {
        owned->pieces[owned->count - 1].end_ns = end_ns;
        return true;
    }
    if (owned->count == owned->capacity) {
        size_t capacity = owned->capacity ? owned->capacity * 2 : FIRST_PIECES;
        struct xph_owned_piece *grown = realloc(owned->pieces, capacity * sizeof(*grown));

        if (!grown)
            return xph_fail(err, "out of memory for %zu pieces of time", capacity);
        owned->pieces = grown;
        owned->capacity = capacity;
    }
    owned->pieces[owned->count++] = (struct xph_owned_piece){start_ns, end_ns, position};
    return true;
}

static bool add_piece(struct owning *owning, uint64_t start_ns, uint64_t end_ns,
                      const struct xph_owner *owner)
{
    return xph_owned_path_add(owning->owned, start_ns, end_ns, owner, owning->err);
}

static void set_text(char text[static XPH_OWNER_TEXT_BYTES], const char *from)
{
    size_t length = strnlen(from, XPH_OWNER_TEXT_BYTES - 1);

    memcpy(text, from, length);
    memset(text + length, 0, XPH_OWNER_TEXT_BYTES - length);
}

static struct xph_owner make_owner(enum xph_layer layer, const char *actor, const char *activity)
{
    struct xph_owner owner = {.layer = layer};

    set_text(owner.actor, actor);
    set_text(owner.activity, activity);
    return owner;
}

/* What Linux calls its threads, of those that were there before; a process may take such a name,
 * too, and then is shown among them. Backends: 7.xvda-0 of blkback, vif7.0-q0-guest of netback. */
static bool is_kernel_thread(const struct xph_task_name *name)
{
    static const char *const beginnings[] = {
        "kworker/", "ksoftirqd/", "migration/", "rcu",        "xenbus",     "xenwatch",
        "kthreadd", "jbd2/",      "kswapd",     "kcompactd",  "khugepaged", "loop",
        "irq/",     "kdevtmpfs",  "kauditd",    "btrfs-",     "xfs",        "xen-balloon",
        "nvme",     "scsi_eh",    "kblockd",    "oom_reaper",
    };
    const char *text = name->name;

    if (name->parent == KTHREADD)
        return true;
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    }
    return (text[0] >= '0' && text[0] <= '9' && strchr(text, '.') && strchr(text, '-')) ||
           (strncmp(text, "vif", 3) == 0 && strstr(text, "-q"));
}

/* A hotplug script's programs are the script's time. */
static struct xph_owner owner_of_task(const struct owning *owning, enum xph_layer layer,
                                      uint32_t pid, uint64_t ns)
{
    const struct xph_task_name *name = xph_task_name_at(owning->evidence->names, pid, ns);
    const struct xph_task_name *script = xph_task_script_at(owning->evidence->names, pid, ns);
    struct xph_owner owner;
    char number[XPH_PROGRAM_NAME_BYTES];

    if (!name && !script)
        snprintf(number, sizeof(number), "process %u", (unsigned)pid);
    owner = make_owner(layer,
                       script ? script->name
                       : name ? name->name
                              : number,
                       script && name && name != script ? name->name : "");
    if (layer == XPH_LAYER_DOM0_PROCESS && name && is_kernel_thread(name))
        owner.layer = XPH_LAYER_DOM0_KERNEL;
    return owner;
}

static void name_vcpu(uint32_t number, char *text, size_t size)
{
    snprintf(text, size, "domain %u", (unsigned)(number >> 16));
}

/* Told of each change that overlaps an interval, clipped to it. */
typedef bool take_change(struct owning *owning, const struct xph_change *change, uint64_t start_ns,
                         uint64_t end_ns, const void *context);

/* Goes through the changes of actor `position` between two moments. Where nothing is known of it,
 * `change` is NULL. */
static bool each_change(struct owning *owning, uint32_t position, uint64_t start_ns,
                        uint64_t end_ns, take_change *take, const void *context)
{
    const struct xph_actor *actor;
    size_t i;

    if (position == XPH_NOBODY)
        return take(owning, NULL, start_ns, end_ns, context);
    actor = xph_history_at(owning->evidence->history, position);
    i = (size_t)(xph_history_before(actor, start_ns + 1) + 1);
    for (; start_ns < end_ns; i++) {
        uint64_t to =
            i < actor->count && actor->changes[i].ns < end_ns ? actor->changes[i].ns : end_ns;

        if (to > start_ns &&
            !take(owning, i > 0 ? &actor->changes[i - 1] : NULL, start_ns, to, context))
            return false;
        start_ns = to;
    }
    return true;
}

/* Somebody could run, but another one held the CPU. */
static bool own_stolen(struct owning *owning, const struct xph_change *holder, uint64_t start_ns,
                       uint64_t end_ns, const void *context)
{
    const struct xph_actor *by = holder && holder->by != XPH_NOBODY
                                     ? xph_history_at(owning->evidence->history, holder->by)
                                     : NULL;
    char text[XPH_OWNER_TEXT_BYTES];
    struct xph_owner owner;

    (void)context;
    if (!by) {
        owner = make_owner(XPH_LAYER_WAITING, "an idle CPU", "wake-up");
    } else if (by->kind == XPH_ACTOR_VCPU) {
        name_vcpu(by->number, text, sizeof(text));
        owner = make_owner(XPH_LAYER_STOLEN, text, "held the pCPU");
    } else {
        owner = owner_of_task(owning, XPH_LAYER_STOLEN, by->number, start_ns);
        set_text(owner.activity, "held dom0's CPU");
    }
    return add_piece(owning, start_ns, end_ns, &owner);
}

static bool own_by_pcpu(struct owning *owning, uint32_t pcpu, uint64_t start_ns, uint64_t end_ns)
{
    uint32_t holder = xph_history_find(owning->evidence->history, XPH_ACTOR_PCPU, pcpu);

    return each_change(owning, holder, start_ns, end_ns, own_stolen, NULL);
}

static bool own_in_hypercall(struct owning *owning, const struct xph_task_call *call,
                             uint64_t start_ns, uint64_t end_ns)
{
    uint64_t entry_ns = call->xen_ns > start_ns ? call->xen_ns : start_ns;
    struct xph_owner owner;

    /* Mappings are the kernel's work, of which hypercalls are a part that is not told apart. */
    if (call->target.command != XPH_PRIVCMD_HYPERCALL) {
        owner = make_owner(XPH_LAYER_DOM0_KERNEL, "privcmd", "");
        xph_hypercall_target_text(&call->target, owner.activity, sizeof(owner.activity));
        return add_piece(owning, start_ns, end_ns, &owner);
    }
    if (entry_ns > end_ns)
        entry_ns = end_ns;
    if (call->xen_ns != 0) {
        owner = make_owner(XPH_LAYER_DOM0_KERNEL, "privcmd", "");
        if (!add_piece(owning, start_ns, entry_ns, &owner))
            return false;
        start_ns = entry_ns;
    }
    owner = make_owner(XPH_LAYER_HYPERVISOR, "", "");
    xph_hypercall_target_text(&call->target, owner.actor, sizeof(owner.actor));
    return add_piece(owning, start_ns, end_ns, &owner);
}

/* A task of dom0 had a CPU: what it did there, as far as hypercalls tell. */
static bool own_at_work(struct owning *owning, uint32_t pid, uint64_t start_ns, uint64_t end_ns)
{
    const struct xph_task_call *call;
    struct xph_owner owner = owner_of_task(owning, XPH_LAYER_DOM0_PROCESS, pid, start_ns);

    while (start_ns < end_ns) {
        uint64_t to;

        call = xph_task_call_after(owning->evidence->calls, pid, start_ns);
        if (!call || call->start_ns >= end_ns)
            return add_piece(owning, start_ns, end_ns, &owner);
        if (call->start_ns > start_ns && !add_piece(owning, start_ns, call->start_ns, &owner))
            return false;
        if (call->start_ns > start_ns)
            start_ns = call->start_ns;
        to = call->end_ns < end_ns ? call->end_ns : end_ns;
        if (!own_in_hypercall(owning, call, start_ns, to))
            return false;
        start_ns = to;
    }
    return true;
}

/* `change` is dom0's vCPU's, whose CPU a task had: Xen may not have run it. */
static bool own_on_vcpu(struct owning *owning, const struct xph_change *change, uint64_t start_ns,
                        uint64_t end_ns, const void *context)
{
    uint32_t pid = *(const uint32_t *)context;

    if (change && change->activity == XPH_ACTIVITY_READY)
        return own_by_pcpu(owning, change->cpu, start_ns, end_ns);
    return own_at_work(owning, pid, start_ns, end_ns);
}

static uint32_t dom0_vcpu(const struct owning *owning, uint16_t cpu)
{
    return xph_history_find(owning->evidence->history, XPH_ACTOR_VCPU, cpu);
}

/* Nobody had dom0's CPU, whose vCPU `change` is of: it was still to be woken, or to be run by Xen.
 */
static bool own_wake_up(struct owning *owning, const struct xph_change *change, uint64_t start_ns,
                        uint64_t end_ns, const void *context)
{
    struct xph_owner owner = make_owner(XPH_LAYER_WAITING, "dom0's CPU", "wake-up");

    (void)context;
    if (change && change->activity == XPH_ACTIVITY_READY)
        return own_by_pcpu(owning, change->cpu, start_ns, end_ns);
    return add_piece(owning, start_ns, end_ns, &owner);
}

/* A task that could run did not: another one had dom0's CPU, or nobody yet. */
static bool own_kept_waiting(struct owning *owning, const struct xph_change *holder,
                             uint64_t start_ns, uint64_t end_ns, const void *context)
{
    const struct xph_path_piece *piece = context;

    if (holder && holder->by != XPH_NOBODY && holder->by != piece->actor)
        return own_stolen(owning, holder, start_ns, end_ns, NULL);
    return each_change(owning, dom0_vcpu(owning, piece->cpu), start_ns, end_ns, own_wake_up, NULL);
}

static bool own_ready_task(struct owning *owning, const struct xph_path_piece *piece)
{
    uint32_t cpu = xph_history_find(owning->evidence->history, XPH_ACTOR_DOM0_CPU, piece->cpu);

    return each_change(owning, cpu, piece->start_ns, piece->end_ns, own_kept_waiting, piece);
}

static const char *cause_name(enum xph_cause cause)
{
    static const char *const names[] = {
        [XPH_CAUSE_UNKNOWN] = "not known",
        [XPH_CAUSE_ACTOR] = "somebody",
        [XPH_CAUSE_INTERRUPT] = "interrupt",
        [XPH_CAUSE_TIMER] = "timer",
        [XPH_CAUSE_EVENT_CHANNEL] = "event channel",
        [XPH_CAUSE_DISK] = "disk",
        [XPH_CAUSE_NETWORK] = "network",
        [XPH_CAUSE_STOPPED] = "stopped",
    };

    return names[cause];
}

static bool own_task(struct owning *owning, const struct xph_path_piece *piece, uint32_t pid)
{
    struct xph_owner owner;

    switch (piece->activity) {
    case XPH_ACTIVITY_RUNNING:
        return each_change(owning, dom0_vcpu(owning, piece->cpu), piece->start_ns, piece->end_ns,
                           own_on_vcpu, &pid);
    case XPH_ACTIVITY_READY:
        return own_ready_task(owning, piece);
    case XPH_ACTIVITY_WAITING:
        owner = owner_of_task(owning, XPH_LAYER_WAITING, pid, piece->start_ns);
        set_text(owner.activity, cause_name(piece->cause));
        return add_piece(owning, piece->start_ns, piece->end_ns, &owner);
    default:
        owner = owner_of_task(owning, XPH_LAYER_UNEXPLAINED, pid, piece->start_ns);
        return add_piece(owning, piece->start_ns, piece->end_ns, &owner);
    }
}

static bool own_nothing(struct owning *owning, const struct xph_path_piece *piece)
{
    const struct xph_owner owner = make_owner(XPH_LAYER_UNEXPLAINED, "", "");

    return add_piece(owning, piece->start_ns, piece->end_ns, &owner);
}

static bool own_vcpu(struct owning *owning, const struct xph_path_piece *piece, uint32_t number)
{
    static const enum xph_layer layers[] = {
        [XPH_ACTIVITY_RUNNING] = XPH_LAYER_GUEST,
        [XPH_ACTIVITY_WAITING] = XPH_LAYER_WAITING,
        [XPH_ACTIVITY_ABSENT] = XPH_LAYER_WAITING,
    };
    const char *activity = "";
    char text[XPH_OWNER_TEXT_BYTES];
    struct xph_owner owner;

    if (piece->activity == XPH_ACTIVITY_READY)
        return own_by_pcpu(owning, piece->cpu, piece->start_ns, piece->end_ns);
    name_vcpu(number, text, sizeof(text));
    if (piece->activity == XPH_ACTIVITY_WAITING)
        activity = cause_name(piece->cause);
    if (piece->activity == XPH_ACTIVITY_ABSENT) {
        /* Before the first that is known of it, nothing is. */
        if (xph_history_at(owning->evidence->history, piece->actor)->changes[0].ns >= piece->end_ns)
            return own_nothing(owning, piece);
        activity = "paused";
    }
    owner = make_owner(layers[piece->activity], text, activity);
    return add_piece(owning, piece->start_ns, piece->end_ns, &owner);
}

static bool own_piece(struct owning *owning, const struct xph_path_piece *piece)
{
    const struct xph_actor *actor;

    if (piece->actor == XPH_NOBODY)
        return own_nothing(owning, piece);
    actor = xph_history_at(owning->evidence->history, piece->actor);
    return actor->kind == XPH_ACTOR_TASK ? own_task(owning, piece, actor->number)
                                         : own_vcpu(owning, piece, actor->number);
}

bool xph_own_path(const struct xph_path *path, const struct xph_owner_evidence *evidence,
                  struct xph_owned_path *owned, struct xph_error *err)
{
    struct owning owning = {evidence, owned, err};

    *owned = (struct xph_owned_path){0};
    for (size_t i = 0; i < path->count; i++) {
        if (!own_piece(&owning, &path->pieces[i])) {
            xph_owned_path_close(owned);
            return false;
        }
    }
    return true;
}

void xph_owned_path_close(struct xph_owned_path *owned)
{
    free(owned->owners);
    free(owned->index);
    free(owned->pieces);
    *owned = (struct xph_owned_path){0};
}
