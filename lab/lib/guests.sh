# shellcheck shell=bash
# What guests are made of: one kernel for all of them, so that it does not change with dom0's; an initial RAM disk that is the
# whole tiny guest; the Debian guest's disk. They stand on a btrfs disk, on which dom0 clones a guest's disk in no time.

readonly GUEST_SUITE=bookworm
readonly VMS_DISK_SIZE=24G
readonly GUEST_FRONTENDS='xen-blkfront xen-netfront'
readonly GUEST_SPARE_MIB=300
readonly SECTORS_PER_MIB=2048

guests_dir() {
    local key
    key=$(cd "$XENLAB_HOME" && cat lib/guests.sh lib/initrd.sh lib/artifact.sh guest/* "$XENLAB_CACHE/key.pub" | key_of)
    echo "$XENLAB_CACHE/guests-$GUEST_SUITE-$key"
}

# A disk with one partition from directory $1 as file $2. The partition begins at 1 MiB; GRUB's image fits in the gap.
make_guest_disk() {
    local root=$1 disk=$2 size
    size=$(($(du -sm "$root" | cut -f1) + GUEST_SPARE_MIB))
    truncate -s "${size}M" "$disk"
    echo "start=$SECTORS_PER_MIB,type=83,bootable" | sfdisk -q "$disk"
    mke2fs -q -t ext4 -E offset=1048576 -d "$root" "$disk" "$((size - 1))M"
    # The boot sector without its partition table, and the rest of GRUB behind it.
    dd if="$root/boot/boot.img" of="$disk" bs=440 count=1 conv=notrunc status=none
    dd if="$root/boot/core.img" of="$disk" bs=512 seek=1 conv=notrunc status=none
}

pack_guests() {
    local work=$1 root=$1/root vms=$1/vms
    mkdir "$root" "$vms"
    tar -x --numeric-owner -C "$root" -f "$work/root.tar"
    rm "$work/root.tar"
    cp "$root"/boot/vmlinuz-* "$vms/vmlinuz"
    mkdir -p "$work/kernel/bin" "$work/kernel/lib"
    cp "$root/bin/busybox" "$work/kernel/bin/busybox"
    ln -s "$root/lib/modules" "$work/kernel/lib/modules"
    # shellcheck disable=SC2086
    make_initrd "$work/kernel" "$XENLAB_HOME/guest/initrd-init" "$vms/debian.cpio" '' $GUEST_FRONTENDS ext4
    # shellcheck disable=SC2086
    make_initrd "$work/kernel" "$XENLAB_HOME/guest/init" "$vms/tiny.cpio" "$work/xenlab-check" $GUEST_FRONTENDS
    rm -f "$root"/boot/{initrd.img,vmlinuz}-* "$root"/{vmlinuz,initrd.img}*
    cp "$vms/vmlinuz" "$root/boot/vmlinuz"
    cp "$vms/debian.cpio" "$root/boot/initrd"
    install -m 755 "$work/xenlab-check" "$root/usr/local/bin/"
    make_guest_disk "$root" "$vms/debian.img"
    mkdir "$work/btrfs"
    mv "$vms" "$work/btrfs/guest"
    truncate -s "$VMS_DISK_SIZE" "$work/vms.full"
    mkfs.btrfs -q --rootdir "$work/btrfs" "$work/vms.full"
    cp --sparse=always "$work/vms.full" "$work/vms.img"
    rm -rf --one-file-system "$root" "$work"/{btrfs,kernel,vms.full,xenlab-check}
}

build_guests() {
    local work=$1
    cc -O2 -static -o "$work/xenlab-check" "$XENLAB_HOME/guest/check.c"
    fetch_packages "$GUEST_SUITE" "$work/root.tar" \
        "$(packages_for "$XENLAB_HOME/guest/packages" "$GUEST_SUITE" | paste -sd,)" --variant=minbase \
        --essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d" && echo MODULES=list >"$1/etc/initramfs-tools/conf.d/xenlab"' \
        --customize-hook="sh '$XENLAB_HOME/guest/customize.sh' \"\$1\" '$XENLAB_CACHE/key.pub'"
    as_root bash -euc 'for file in common artifact initrd guests; do source "$1/lib/$file.sh"; done; pack_guests "$2"' \
        bash "$XENLAB_HOME" "$work"
}

ensure_guests() {
    ensure_ssh_key
    ensure_artifact "the guests" "$(guests_dir)" build_guests
}
