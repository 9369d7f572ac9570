# shellcheck shell=bash
# What is built once and kept in XENLAB_CACHE: a directory named NAME-KEY, where KEY is a hash of all that it is made from.
# A directory under its final name is complete, as it is built under another.

# The key of an artifact made from what stands on standard input.
key_of() {
    sha256sum | cut -c1-16
}

# The lines of a package list that hold for a suite.
packages_for() {
    local list=$1 suite=$2
    awk -v suite="$suite" '
        /^#/ || NF == 0 { next }
        NF == 1 { print; next }
        index("," substr($1, 1, length($1) - 1) ",", "," suite ",") { print $2 }' "$list"
}

# mmdebstrap's output for packages $3 (with commas) of suite $1 in $2; more options may follow.
fetch_packages() {
    local suite=$1 target=$2 packages=$3 sources=()
    shift 3
    # The suite is out of support: its security archive lists packages that it no longer has. The last point release has all.
    # shellcheck disable=SC2016
    [[ $suite != bullseye ]] || sources=(--setup-hook='sed -i /security/d "$1/etc/apt/sources.list"')
    mmdebstrap "${sources[@]}" --include="$packages" --aptopt='APT::Install-Recommends "false"' \
        --aptopt='Acquire::Retries "3"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' "$@" "$suite" "$target"
}

# An ext4 file system of $3 from directory $1 as file $2, without mounting anything.
make_ext4() {
    mke2fs -q -t ext4 -E lazy_itable_init=1 -d "$1" "$2" "$3"
}

# Commands as root, or as if: fakeroot lends an ordinary user the owners that files in an image must have.
as_root() {
    if [[ $UID -eq 0 ]]; then
        "$@"
    else
        fakeroot -- "$@"
    fi
}

# Why a build that ended with log $1 failed, as far as it can be told from there.
explain_failure() {
    local log=$1
    if grep -qsiE 'failed to fetch|could not resolve|temporary failure resolving|unable to fetch|connection (failed|refused|timed out)' "$log"; then
        echo "the package mirror did not answer, or lacks a file: check the network and try again"
    elif grep -qsi 'no space left' "$log"; then
        echo "the disk is full: free some space in $XENLAB_CACHE, or choose another with XENLAB_CACHE"
    else
        echo "see the log"
    fi
}

# Builds in the background to show progress; an interrupted or failed build leaves nothing but its log.
build_watched() {
    local label=$1 final=$2 work=$2.building log=$2.log pid start=$SECONDS
    shift 2
    rm -rf --one-file-system "$work"
    mkdir -p "$work"
    (set -e; TMPDIR=$work; export TMPDIR; "$@" "$work") >"$log" 2>&1 </dev/null &
    pid=$!
    # shellcheck disable=SC2064
    trap "trap - EXIT; pkill -TERM -P $pid 2>/dev/null; kill $pid 2>/dev/null; wait $pid 2>/dev/null
          rm -rf --one-file-system '$work'; exit 130" INT TERM
    while kill -0 "$pid" 2>/dev/null; do
        show_progress "building $label" $((SECONDS - start))
        sleep 1
    done
    if ! wait "$pid"; then
        trap - INT TERM
        rm -rf --one-file-system "$work"
        tail -n 15 "$log" >&2
        die "$label could not be built: $(explain_failure "$log") ($log); what was built before is still there"
    fi
    trap - INT TERM
    mv "$work" "$final"
    rm -f "$log"
    end_progress "built $label in $((SECONDS - start)) s"
}

# ensure_artifact LABEL DIRECTORY BUILDER [ARGUMENT...]: the builder gets its arguments and the directory to fill.
ensure_artifact() {
    local label=$1 final=$2 lock
    shift 2
    [[ -d $final ]] && return
    need_builders
    mkdir -p "$XENLAB_CACHE"
    # Two instances that need the same thing: the second waits for the first and finds it done. A build whose xenlab
    # was killed keeps the lock until it ends, so nobody builds in the same place meanwhile.
    exec {lock}>"$XENLAB_CACHE/lock"
    flock -n "$lock" || { say "waiting for another xenlab that builds something"; flock -w 1800 "$lock" ||
        die "another xenlab has held $XENLAB_CACHE/lock for half an hour"; }
    [[ -d $final ]] || build_watched "$label" "$final" "$@"
    exec {lock}>&-
}

need_builders() {
    need_program mmdebstrap mmdebstrap
    need_program mke2fs e2fsprogs
    need_program ssh-keygen openssh-client
    need_program cpio cpio
    need_program mkfs.btrfs btrfs-progs
    need_program sfdisk fdisk
    need_program modprobe kmod
    need_program xz xz-utils
    need_program cc gcc
    [[ $UID -eq 0 ]] || need_program fakeroot fakeroot
}
