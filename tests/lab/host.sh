# shellcheck shell=bash
# One emulated host for a test: the one that runs already, or one that is put away at the end. Source this after tests/tap.sh.
# shellcheck disable=SC2034 # for the tests
xenlab=lab/xenlab

started=no
$xenlab status >/dev/null 2>&1 || started=yes
trap '[[ $started == no ]] || $xenlab down' EXIT

# A command in dom0.
run() {
    $xenlab run "$@"
}

no_kernel_tracing_is_left() {
    run 'cd /sys/kernel/tracing && ls instances && cat kprobe_events uprobe_events && test -z "$(ls instances)" && ! grep xenphase kprobe_events uprobe_events'
}

# Mounts a new file system of $1 MiB at /mnt/small in dom0. It is made here, as not every dom0 can, and sent without its zeros.
small_disk() {
    local work
    work=$(mktemp -d) || return 1
    truncate -s "$1M" "$work/small.img" && PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -O ^has_journal -m 0 "$work/small.img" &&
        zstd -q "$work/small.img" && $xenlab push "$work/small.img.zst" /root/ &&
        run 'cd /root && zstd -qdf --rm small.img.zst && mkdir -p /mnt/small && { modprobe loop; mount -o loop small.img /mnt/small; }'
    local status=$?
    rm -rf "$work"
    return "$status"
}

no_small_disk() {
    run 'umount /mnt/small && rm -f /root/small.img'
}
