# shellcheck shell=bash
# Kernels for dom0: any suite's, their RT variants, or one that the user built. Each is a directory with vmlinuz, initrd and a
# disk of modules that the initrd mounts over dom0's /lib/modules.

# name|suite|package
readonly KERNELS='5.10|bullseye|linux-image-amd64
5.10-rt|bullseye|linux-image-rt-amd64
6.1|bookworm|linux-image-amd64
6.1-rt|bookworm|linux-image-rt-amd64
6.12|trixie|linux-image-amd64
6.12-rt|trixie|linux-image-rt-amd64'

readonly DOM0_INITRD_MODULES='virtio_pci virtio_blk virtio_net ext4 btrfs'
# What no dom0 of the lab uses, a third of the modules' size.
readonly UNUSED_MODULES='sound drivers/gpu drivers/media drivers/infiniband drivers/net/wireless drivers/iio drivers/staging'

# The distribution's own kernel of a suite.
default_kernel() {
    case $1 in
    bullseye) echo 5.10 ;;
    bookworm) echo 6.1 ;;
    trixie) echo 6.12 ;;
    esac
}

check_kernel_name() {
    [[ -e $1 ]] && return
    grep -q "^$1|" <<<"$KERNELS" || die "unknown kernel '$1': one of $(cut -d'|' -f1 <<<"$KERNELS" | paste -sd' '), or a linux-image .deb, or a directory with boot/vmlinuz* and lib/modules"
}

kernel_dir() {
    local name=$1 content
    if [[ -e $name ]]; then
        content=$(find "$name" -type f -printf '%P %s %T@\n' | LC_ALL=C sort)
        name=$(basename "$name")
        name=own-${name//[^A-Za-z0-9._-]/_}
    fi
    echo "$XENLAB_CACHE/kernel-$name-$(cd "$XENLAB_HOME" && { cat lib/kernel.sh lib/initrd.sh lib/artifact.sh dom0/initrd-init; echo "${content-}"; } | key_of)"
}

# Unpacks kernel $1 below directory $2: boot/vmlinuz-VERSION, lib/modules/VERSION and a static busybox.
unpack_kernel() {
    local name=$1 tree=$2 suite=bookworm package=
    [[ -e $name ]] || IFS='|' read -r _ suite package < <(grep "^$name|" <<<"$KERNELS")
    fetch_packages "$suite" "$tree.tar" "busybox-static${package:+,$package}" --variant=extract
    tar -x -C "$tree" -f "$tree.tar" --wildcards './boot' './lib/modules*' './usr/lib/modules*' './bin/busybox' './usr/bin/busybox' 2>/dev/null || true
    rm "$tree.tar"
    if [[ -f $name ]]; then
        dpkg-deb -x "$name" "$tree"
    elif [[ -d $name ]]; then
        cp -r "$name/." "$tree/"
    fi
    # Suites differ in what is below /usr.
    local dir
    for dir in bin lib; do
        [[ -d $tree/usr/$dir ]] || continue
        mkdir -p "$tree/$dir"
        cp -rn "$tree/usr/$dir/." "$tree/$dir/"
    done
    rm -rf "$tree/usr"
}

build_kernel() {
    local name=$1 work=$2 tree version dir
    tree=$work/tree
    mkdir "$tree"
    unpack_kernel "$name" "$tree"
    version=$(kernel_version "$tree")
    for dir in $UNUSED_MODULES; do
        rm -rf "$tree/lib/modules/$version/kernel/$dir"
    done
    depmod -b "$tree" "$version"
    cp "$tree"/boot/vmlinuz-"$version" "$work/vmlinuz"
    cp "$tree"/boot/config-"$version" "$work/config" 2>/dev/null || true
    # shellcheck disable=SC2086
    make_initrd "$tree" "$XENLAB_HOME/dom0/initrd-init" "$work/initrd" '' $DOM0_INITRD_MODULES
    rm -f "$tree/lib/modules/$version"/{build,source}
    mke2fs -q -t ext4 -O ^has_journal -d "$tree/lib/modules" "$work/modules.img" "$(($(du -sm "$tree/lib/modules" | cut -f1) * 5 / 4 + 16))M"
    echo "$version" >"$work/version"
    rm -rf --one-file-system "$tree"
}

ensure_kernel() {
    ensure_artifact "dom0 kernel $1" "$(kernel_dir "$1")" build_kernel "$1"
}
