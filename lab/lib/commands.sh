# shellcheck shell=bash
# What the user asks for: hosts up, down, reset, their state.

boot_hosts() {
    local accel=$1 host
    shift
    # Interrupted, all hosts that this call was to boot are put away; what was up before stays.
    # shellcheck disable=SC2064
    trap "put_away_hosts $*; exit 130" INT TERM
    # One after the other: on two cores, two at once take three times as long as one, as their CPUs wait for each other's locks.
    for host in "$@"; do
        use_host "$host"
        boot_until_it_answers "$accel"
        keep_guests_from_dom0
        push_programs
    done
    trap - INT TERM
}

put_away_hosts() {
    local host
    for host in "$@"; do
        use_host "$host"
        put_away_host
    done
}

join_if_both() {
    local host
    for host in $HOSTS; do
        use_host "$host"
        host_pid >/dev/null || return 0
    done
    join_hosts
}

cmd_up() {
    local host new=()
    [[ $# -gt 0 ]] || set -- a
    check_hosts "$@"
    check_kernel_name "${XENLAB_KERNEL:-$(default_kernel "$DEFAULT_SUITE")}"
    for host in "$@"; do
        use_host "$host"
        if host_pid >/dev/null; then
            say "host $host is up already"
            [[ -r $HOST_DIR/host ]] && wait_for_dom0 || { show_console_end; die "host $host runs but does not answer (xenlab down $host; xenlab up $host)"; }
            push_programs
        else
            new+=("$host")
        fi
    done
    if ((${#new[@]})); then
        ensure_material
        boot_hosts "$(choose_accelerator)" "${new[@]}"
    fi
    join_if_both
    cmd_status
}

# All that the wanted hosts are made of.
ensure_material() {
    local suite=$XENLAB_XEN
    ensure_qemu
    [[ $suite == */* ]] && suite=$DEFAULT_SUITE
    ensure_root "$suite"
    ensure_kernel "${XENLAB_KERNEL:-$(default_kernel "$suite")}"
    ensure_guests
}

cmd_build() {
    ensure_material
}

cmd_status() {
    local host known status=0
    known=$(known_hosts)
    [[ -n $known ]] || { echo "down ($XENLAB_DIR)"; return 3; }
    for host in $known; do
        use_host "$host"
        describe_status || status=3
    done
    return $status
}

cmd_console() {
    [[ -r $HOST_DIR/console.log ]] || die "no console in $HOST_DIR: xenlab up $HOST"
    if [[ ${1-} == -n ]]; then
        cat -v "$HOST_DIR/console.log"
    else
        tail -n +1 -f "$HOST_DIR/console.log"
    fi
}

cmd_down() {
    local host
    # shellcheck disable=SC2086
    [[ $# -gt 0 ]] || set -- $HOSTS
    check_hosts "$@"
    [[ " $* " == *' b '* || " $* " != *' a '* || ! -r $XENLAB_DIR/b/host ]] || part_hosts
    put_away_hosts "$@"
    rm -f "$XENLAB_DIR"/console-failed-*.log
    rmdir "$XENLAB_DIR" 2>/dev/null || true
}

# Off and on again with what they were booted with, from clean disks.
# Wishes for the next boot what the host that HOST_* describe was booted with.
wish_the_same() {
    XENLAB_XEN=${HOST_XEN_FILE:-$HOST_SUITE} XENLAB_KERNEL=$HOST_KERNEL XENLAB_MEMORY=$HOST_MEMORY XENLAB_DOM0_MEMORY=$HOST_DOM0_MEMORY
    XENLAB_CPUS=$HOST_CPUS XENLAB_DOM0_VCPUS=$HOST_DOM0_VCPUS XENLAB_LOW_NOISE=$HOST_LOW_NOISE XENLAB_ONE_THREAD=$HOST_ONE_THREAD XENLAB_QEMU=$HOST_QEMU XENLAB_ACCEL=$HOST_ACCEL
    XENLAB_PORT=$((HOST_PORT - $(host_number) + 1))
}

cmd_reset() {
    local host
    local -A described
    # shellcheck disable=SC2046
    [[ $# -gt 0 ]] || set -- $(known_hosts)
    [[ $# -gt 0 ]] || die "no host is up in $XENLAB_DIR: xenlab up"
    check_hosts "$@"
    for host in "$@"; do
        use_host "$host"
        load_host
        described[$host]=$(<"$HOST_DIR/host")
    done
    put_away_hosts "$@"
    for host in "$@"; do
        use_host "$host"
        # shellcheck disable=SC1090
        source <(echo "${described[$host]}")
        wish_the_same
        ensure_material
        boot_hosts "$HOST_ACCEL" "$host"
    done
    join_if_both
    cmd_status
}

cmd_vm() {
    load_host
    dom0 "$(quote_command xenlab-vm "$@")" </dev/null
}

# Removes what no present recipe makes.
cmd_prune() {
    local keep dir
    keep=" $(for suite in $SUITES; do root_dir "$suite"; build_root_dir "$suite"; done; cut -d'|' -f1 <<<"$KERNELS" | while read -r name; do kernel_dir "$name"; done; for suite in $SUITES; do qemu_dir "$suite"; done; guests_dir) "
    keep=$(tr '\n' ' ' <<<"$keep")
    for dir in "$XENLAB_CACHE"/{root,build,kernel,guests,qemu,image}-*/; do
        dir=${dir%/}
        [[ -d $dir && $keep != *" $dir "* ]] || continue
        [[ $dir != */kernel-own-* ]] || continue
        say "removing $dir"
        rm -rf --one-file-system "$dir"
    done
}
