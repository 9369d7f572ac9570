# shellcheck shell=bash
# The programs that a host gets. They are built against the libraries of one Xen and do not start elsewhere, so for a host of
# another suite than this machine's they are built in a root of that suite, with its compiler.

readonly BUILD_PACKAGES=gcc,libc6-dev,make,pkg-config,libjansson-dev,libxxhash-dev,libxen-dev,libtraceevent-dev,libtracefs-dev,libelf-dev

build_root_dir() {
    echo "$XENLAB_CACHE/build-$1-$(cd "$XENLAB_HOME" && cat lib/programs.sh lib/artifact.sh | key_of)"
}

make_build_root() {
    local suite=$1 work=$2 packages=$BUILD_PACKAGES
    # bullseye has no library that reads kernel events: its programs do without.
    [[ $suite == bullseye ]] || packages+=,libtracecmd-dev
    fetch_packages "$suite" "$work/root.tar" "$packages" --variant=minbase
    mkdir "$work/root"
    tar -x --no-same-owner --exclude='./dev/*' -C "$work/root" -f "$work/root.tar"
    mkdir -p "$work/root"/{dev,source,built}
    rm "$work/root.tar"
}

# The suite of this machine; nothing if it is no Debian.
machine_suite() {
    # shellcheck disable=SC1091
    (source /etc/os-release && [[ $ID == debian ]] && echo "$VERSION_CODENAME")
}

# Runs make in root $1 on our sources, into directory $2.
make_in_root() {
    local source user=()
    source=$(dirname "$XENLAB_HOME")
    [[ $UID -eq 0 ]] || user=(--map-root-user)
    # shellcheck disable=SC2016
    unshare "${user[@]}" --mount sh -euc '
        mount --rbind /dev "$1/dev"
        mount --bind "$2" "$1/source"
        mount --bind "$3" "$1/built"
        exec chroot "$1" make -s -C /source BUILD=/built WERROR= all' sh "$1" "$source" "$2"
}

# Prints where the programs for suite $1 are, once they are up to date there.
programs_of() {
    local suite=$1 built=$XENPHASE_BUILD/for-$1 root
    if [[ $suite == "$(machine_suite)" ]]; then
        echo "$XENPHASE_BUILD"
        return
    fi
    root=$(build_root_dir "$suite")
    ensure_artifact "a compiler of $suite" "$root" make_build_root "$suite"
    mkdir -p "$built"
    if ! make_in_root "$root/root" "$built" >"$built/log" 2>&1; then
        tail -n 15 "$built/log" >&2
        say "the programs could not be built for $suite ($built/log)"
        return 1
    fi
    echo "$built"
}
