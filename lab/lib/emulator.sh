# shellcheck shell=bash
# Which QEMU: the machine's own, or one of another suite, unpacked beside it and run by its own loader, so that no chroot and no
# root is needed. They differ in how they emulate a virtualising CPU: docs/lab.md has what was measured.

qemu_dir() {
    echo "$XENLAB_CACHE/qemu-$1-$(cd "$XENLAB_HOME" && cat lib/emulator.sh lib/artifact.sh | key_of)"
}

# A program of the unpacked suite that finds its libraries and firmware wherever the cache is.
write_wrapper() {
    local path=$1 options=$2
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nroot=$(dirname "$(dirname "$(readlink -f "$0")")")/root\nexec "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/%s" %s "$@"\n' \
        "$(basename "$path")" "$options" >"$path"
    chmod +x "$path"
}

build_qemu() {
    local suite=$1 work=$2
    fetch_packages "$suite" "$work/root.tar" qemu-system-x86,qemu-utils,libc6 --variant=extract
    mkdir "$work/root" "$work/bin"
    tar -x -C "$work/root" -f "$work/root.tar" --exclude='./usr/share/doc' --exclude='./usr/share/locale' ./usr
    rm "$work/root.tar"
    # shellcheck disable=SC2016
    write_wrapper "$work/bin/qemu-system-x86_64" '-L "$root/usr/share/qemu" -L "$root/usr/share/seabios"'
    write_wrapper "$work/bin/qemu-img" ''
    "$work/bin/qemu-system-x86_64" --version
}

ensure_qemu() {
    if [[ $XENLAB_QEMU == machine ]]; then
        need_program qemu-system-x86_64 qemu-system-x86
        need_program qemu-img qemu-utils
    else
        ensure_artifact "QEMU of $XENLAB_QEMU" "$(qemu_dir "$XENLAB_QEMU")" build_qemu "$XENLAB_QEMU"
    fi
}

# Where program $1 of the chosen QEMU is.
qemu_program() {
    if [[ $XENLAB_QEMU == machine ]]; then
        echo "$1"
    else
        echo "$(qemu_dir "$XENLAB_QEMU")/bin/$1"
    fi
}
