# shellcheck shell=bash
# dom0's root disk and the hypervisor, from one Debian suite. The kernel is another artifact (kernel.sh), so that any kernel
# goes with any suite.

readonly ROOT_DISK_SIZE=4G

# The key that opens every host of this cache, and that hosts use among themselves.
ensure_ssh_key() {
    [[ -r $XENLAB_CACHE/key ]] && return
    need_program ssh-keygen openssh-client
    mkdir -p "$XENLAB_CACHE"
    ssh-keygen -q -t ed25519 -N '' -C xenlab -f "$XENLAB_CACHE/key.$$"
    mv "$XENLAB_CACHE/key.$$.pub" "$XENLAB_CACHE/key.pub"
    mv "$XENLAB_CACHE/key.$$" "$XENLAB_CACHE/key"
}

root_dir() {
    local suite=$1 key
    key=$(cd "$XENLAB_HOME" && cat lib/dom0_root.sh lib/artifact.sh dom0/* guest/check.c "$XENLAB_CACHE/key.pub" | key_of)
    echo "$XENLAB_CACHE/root-$suite-$key"
}

pack_root() {
    local work=$1
    mkdir "$work/root"
    tar -x --numeric-owner -C "$work/root" -f "$work/root.tar"
    rm "$work/root.tar"
    gzip -dc "$work"/root/boot/xen-*.gz >"$work/xen"
    make_ext4 "$work/root" "$work/disk.img" "$ROOT_DISK_SIZE"
    rm -rf --one-file-system "$work/root"
}

build_root() {
    local suite=$1 work=$2 packages
    cc -O2 -static -o "$work/xenlab-check" "$XENLAB_HOME/guest/check.c"
    packages=$(packages_for "$XENLAB_HOME/dom0/packages" "$suite" | paste -sd,)
    fetch_packages "$suite" "$work/root.tar" "$packages" --variant=minbase \
        --customize-hook="sh '$XENLAB_HOME/dom0/customize.sh' \"\$1\" '$XENLAB_HOME' '$XENLAB_CACHE' '$work'"
    as_root bash -euc 'for file in common artifact dom0_root; do source "$1/lib/$file.sh"; done; pack_root "$2"' \
        bash "$XENLAB_HOME" "$work"
}

ensure_root() {
    ensure_ssh_key
    ensure_artifact "dom0 of $1" "$(root_dir "$1")" build_root "$1"
}
