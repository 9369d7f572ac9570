# shellcheck shell=bash
# A host's life: made ready, booted, waited for, described, put away. Hosts are a and b; each has a directory of its name in
# XENLAB_DIR with its console, its disks' overlays and the file `host` that says what it was booted with.

readonly HOSTS='a b'
readonly BOOT_SECONDS=300
readonly CONSOLE_TAIL=25

# Makes $1 the host that the functions below speak of.
use_host() {
    HOST=$1
    HOST_DIR=$XENLAB_DIR/$1
}

host_number() {
    [[ $HOST == a ]] && echo 1 || echo 2
}

check_hosts() {
    local host
    for host in "$@"; do
        [[ " $HOSTS " == *" $host "* ]] || die "no host '$host': there are $HOSTS"
    done
}

# The hosts that have a directory.
known_hosts() {
    local host
    for host in $HOSTS; do
        [[ -d $XENLAB_DIR/$host ]] && echo "$host"
    done
    return 0
}

# Reads what the host was booted with; fails when there is none.
load_host() {
    [[ -r $HOST_DIR/host ]] || die "host $HOST is not up in $XENLAB_DIR: xenlab up $HOST"
    # shellcheck disable=SC1091
    source "$HOST_DIR/host"
    set_ssh_options
}

show_console_end() {
    echo "--- the last lines of host $HOST's console, $HOST_DIR/console.log:" >&2
    tail -n $CONSOLE_TAIL "$HOST_DIR/console.log" 2>/dev/null | tr -d '\r' | cat -v >&2
    echo "---" >&2
}

# Decides what the host is booted with and writes it down.
describe_host() {
    HOST_SUITE=$XENLAB_XEN HOST_XEN_FILE=
    [[ $XENLAB_XEN == */* ]] && { HOST_SUITE=$DEFAULT_SUITE; HOST_XEN_FILE=$(realpath "$XENLAB_XEN"); }
    HOST_KERNEL=${XENLAB_KERNEL:-$(default_kernel "$HOST_SUITE")}
    HOST_ROOT_DIR=$(root_dir "$HOST_SUITE") HOST_KERNEL_DIR=$(kernel_dir "$HOST_KERNEL") HOST_GUESTS_DIR=$(guests_dir)
    HOST_ACCEL=$1 HOST_PORT=$2 HOST_MEMORY=$XENLAB_MEMORY HOST_DOM0_MEMORY=$XENLAB_DOM0_MEMORY HOST_CPUS=$XENLAB_CPUS HOST_DOM0_VCPUS=$XENLAB_DOM0_VCPUS
    HOST_LOW_NOISE=$XENLAB_LOW_NOISE HOST_ONE_THREAD=$XENLAB_ONE_THREAD HOST_QEMU=$XENLAB_QEMU
    local name
    for name in SUITE XEN_FILE KERNEL ROOT_DIR KERNEL_DIR GUESTS_DIR ACCEL PORT MEMORY DOM0_MEMORY CPUS DOM0_VCPUS LOW_NOISE ONE_THREAD QEMU; do
        local variable=HOST_$name
        printf '%s=%q\n' "$variable" "${!variable}"
    done >"$HOST_DIR/host"
}

# Fills the host's directory with all that a boot needs. The overlays are new: every boot begins with a clean system.
prepare_host() {
    mkdir -p "$HOST_DIR"
    [[ -d $SOCKETS ]] || mkdir -m 700 "$SOCKETS"
    [[ -O $SOCKETS ]] || die "$SOCKETS belongs to somebody else"
    rm -f "$HOST_DIR"/{disk.qcow2,vms.qcow2,console.log,xen}
    describe_host "$1" "$2"
    "$(qemu_program qemu-img)" create -q -f qcow2 -b "$HOST_ROOT_DIR/disk.img" -F raw "$HOST_DIR/disk.qcow2"
    "$(qemu_program qemu-img)" create -q -f qcow2 -b "$HOST_GUESTS_DIR/vms.img" -F raw "$HOST_DIR/vms.qcow2"
    if [[ -n $HOST_XEN_FILE ]]; then
        gzip -dcf <"$HOST_XEN_FILE" >"$HOST_DIR/xen"
    else
        cp "$HOST_ROOT_DIR/xen" "$HOST_DIR/xen"
    fi
    : >"$HOST_DIR/console.log"
}

# A port that was free a moment ago may be taken by now: another one is tried.
boot_host() {
    local accel=$1 try port
    for try in 1 2 3; do
        port=$(free_port)
        [[ -z $XENLAB_PORT ]] || port=$((XENLAB_PORT + $(host_number) - 1))
        prepare_host "$accel" "$port"
        start_qemu && return
        grep -qs 'host forwarding' "$HOST_DIR/qemu.log" && [[ -z $XENLAB_PORT && $try -lt 3 ]] || break
    done
    cat "$HOST_DIR/qemu.log" >&2
    put_away_host
    die "QEMU does not start"
}

# Whether Xen or dom0's kernel has said that it gave up.
host_panicked() {
    grep -aqE 'Manual reset required|Kernel panic - not syncing' "$HOST_DIR/console.log"
}

# Asks dom0 by ssh until it answers, Xen's tools work and the guests' disk is there; bounded.
wait_for_dom0() {
    local start=$SECONDS
    load_host
    while ((SECONDS - start < BOOT_SECONDS)); do
        host_pid >/dev/null && ! host_panicked || return 1
        show_progress "booting host $HOST: Xen of $HOST_SUITE, kernel $HOST_KERNEL ($HOST_ACCEL)" $((SECONDS - start))
        if dom0 'xl info >/dev/null 2>&1 && xl list >/dev/null 2>&1 && test -e /srv/vms/guest' 2>/dev/null </dev/null; then
            end_progress "host $HOST answers after $((SECONDS - start)) s"
            return
        fi
        sleep 1
    done
    return 1
}

# A host that does not come up leaves its console, and nothing else.
give_up_host() {
    local what="did not boot within $BOOT_SECONDS s"
    host_pid >/dev/null || what='reset itself while it booted'
    ! host_panicked || what='panicked'
    show_console_end
    cp "$HOST_DIR/console.log" "$XENLAB_DIR/console-failed-$HOST.log"
    put_away_host
    die "host $HOST $what; its whole console: $XENLAB_DIR/console-failed-$HOST.log"
}

# Now and then an emulated machine resets itself in its first seconds, and boots when it is tried again (docs/lab.md).
boot_until_it_answers() {
    local accel=$1 try
    for try in 1 2 3; do
        boot_host "$accel"
        wait_for_dom0 && return
        if host_pid >/dev/null || [[ $try == 3 ]]; then
            give_up_host
        fi
        cp "$HOST_DIR/console.log" "$XENLAB_DIR/console-failed-$HOST.log"
        put_away_host
        say "host $HOST reset itself while it booted ($XENLAB_DIR/console-failed-$HOST.log): once more"
    done
}

put_away_host() {
    close_connection
    stop_qemu
    rm -rf "$HOST_DIR" "$SOCKETS/$HOST".*
    rmdir "$SOCKETS" "$XENLAB_DIR" 2>/dev/null || true
}

# dom0 is pinned to the first CPUs; an emulated HVM or PVH guest that shares a CPU with it breaks now and then (docs/lab.md), so
# xl keeps them apart, whatever a guest's definition says.
keep_guests_from_dom0() {
    dom0 "echo 'vm.hvm.cpumask=\"$HOST_DOM0_VCPUS-$((HOST_CPUS - 1))\"' >>/etc/xen/xl.conf" </dev/null
}

push_programs() {
    local program built found=() new=/usr/local/bin/.new
    [[ -x $XENPHASE_BUILD/xenphase ]] || { say "nothing to push: the programs are not built yet (make)"; return; }
    built=$(programs_of "$HOST_SUITE") || return 0
    for program in xenphase xenphase-record; do
        [[ -x $built/$program ]] && found+=("$built/$program")
    done
    # Moved into place, as a program that runs cannot be written.
    dom0 "rm -rf $new && mkdir -p $new" </dev/null &&
        scp -q "${SSH_OPTIONS[@]}" "${found[@]}" "root@127.0.0.1:$new/" &&
        dom0 "mv -f $new/* /usr/local/bin/ && rmdir $new" </dev/null
}

describe_status() {
    local pid
    if ! pid=$(host_pid); then
        echo "$HOST: down ($HOST_DIR)"
        return 3
    fi
    load_host
    echo "$HOST: up, process $pid, $HOST_CPUS CPUs ($HOST_DOM0_VCPUS dom0's), $HOST_MEMORY MiB, under $HOST_ACCEL, QEMU of $HOST_QEMU$([[ $HOST_LOW_NOISE == yes ]] && echo ', low noise')$([[ $HOST_ONE_THREAD == yes ]] && echo ', one thread'), ssh on 127.0.0.1:$HOST_PORT, console: $HOST_DIR/console.log"
    # shellcheck disable=SC2016
    dom0 'echo "   Xen $(xl info xen_version), dom0 Linux $(uname -r), /srv/vms: $(findmnt -nro FSTYPE /srv/vms)"' </dev/null ||
        { echo "   dom0 does not answer"; return 3; }
}
