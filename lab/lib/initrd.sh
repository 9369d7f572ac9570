# shellcheck shell=bash
# Small initial RAM disks of our own: busybox, an init script and the few modules it loads, not compressed, as emulated CPUs are
# slow at that. The same for dom0's kernels of any suite and for guests.

# The kernel's version whose modules are under directory $1.
kernel_version() {
    basename "$1"/lib/modules/*
}

# Copies modules $4... of the kernel in $1 with all that they need into $2, and writes the order of loading to $3. A module
# that is built in, or that this kernel lacks, is left out.
collect_modules() {
    local kernel=$1 target=$2 order=$3 version name line file
    shift 3
    version=$(kernel_version "$kernel")
    : >"$order"
    for name in "$@"; do
        while read -r line; do
            [[ $line == insmod\ * ]] || continue
            file=${line#insmod }
            file=${file%% *}
            name=$(basename "$file")
            name=${name%.[xz][zs]*}
            case $file in
            *.xz) xz -dc "$file" >"$target/$name" ;;
            *.zst) zstd -qdcf "$file" >"$target/$name" ;;
            *) cp "$file" "$target/$name" ;;
            esac
            grep -qx "$name" "$order" || echo "$name" >>"$order"
        done < <(modprobe -d "$kernel" --set-version "$version" --show-depends "$name" 2>/dev/null)
    done
}

# make_initrd KERNEL_DIR INIT OUTPUT FILES MODULE...: FILES are further programs for /bin, separated by blanks.
make_initrd() {
    local kernel=$1 init=$2 output=$3 files=$4 tree
    shift 4
    tree=$(mktemp -d)
    mkdir -p "$tree"/{bin,dev,proc,sys,run,modules,mnt}
    cp "$kernel/bin/busybox" "$tree/bin/busybox"
    # shellcheck disable=SC2086
    [[ -z $files ]] || cp $files "$tree/bin/"
    install -m 755 "$init" "$tree/init"
    collect_modules "$kernel" "$tree/modules" "$tree/modules/order" "$@"
    (cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) >"$output"
    rm -rf "$tree"
}
