# shellcheck shell=bash
# What this machine offers for the lab, and what to do about what is missing.

doctor_line() {
    printf '%-4s %s\n' "$1" "$2"
    [[ $1 != MISS ]] || DOCTOR_MISSING=yes
}

doctor_program() {
    if command -v "$1" >/dev/null; then
        doctor_line ok "$1"
    else
        doctor_line MISS "$1: apt-get install $2"
    fi
}

# At least $2 of $3 MiB or so that are there for $1.
doctor_amount() {
    if (($3 >= $2)); then
        doctor_line ok "$1: $3 MiB"
    else
        doctor_line MISS "$1: $3 MiB, but $2 MiB are needed: $4"
    fi
}

cmd_doctor() {
    local pair disk memory dir=$XENLAB_CACHE answer
    DOCTOR_MISSING=no
    for pair in mmdebstrap:mmdebstrap mke2fs:e2fsprogs \
        mkfs.btrfs:btrfs-progs sfdisk:fdisk ssh:openssh-client cpio:cpio modprobe:kmod xz:xz-utils cc:gcc as:binutils; do
        doctor_program "${pair%%:*}" "${pair#*:}"
    done
    if [[ $XENLAB_QEMU == machine ]]; then
        doctor_program qemu-system-x86_64 qemu-system-x86
        doctor_program qemu-img qemu-utils
    fi
    [[ $UID -eq 0 ]] || doctor_program fakeroot fakeroot
    while [[ ! -d $dir ]]; do dir=$(dirname "$dir"); done
    disk=$(($(stat -f -c '%a * %S' "$dir") / 1048576))
    doctor_amount "free disk for $XENLAB_CACHE" 4096 "$disk" "choose another place with XENLAB_CACHE, or xenlab prune"
    memory=$(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
    doctor_amount "free memory (a host takes --memory, now $XENLAB_MEMORY MiB, when all of it was touched)" $((XENLAB_MEMORY + 512)) "$memory" "fewer hosts, or a smaller --memory"
    if [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
        doctor_line info "no KVM: /dev/kvm cannot be opened; hosts are emulated"
    elif answer=$(probe_accelerator kvm host); then
        doctor_line ok "KVM: $answer"
    else
        doctor_line info "no KVM: $answer; hosts are emulated"
    fi
    [[ $DOCTOR_MISSING == no ]]
}
