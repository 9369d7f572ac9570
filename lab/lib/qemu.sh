# shellcheck shell=bash
# One host's QEMU process: how it is started, found and stopped. HOST_* describe the host (host.sh).

# The process whose disk is this host's, also when xenlab was killed before it could note it.
host_pid() {
    local pid
    for pid in $(pgrep -u "$UID" -f -- "-name xenlab-$HOST "); do
        if grep -qszxF -- "file=$HOST_DIR/disk.qcow2,if=virtio,cache=unsafe" "/proc/$pid/cmdline"; then
            echo "$pid"
            return
        fi
    done
    return 1
}

free_port() {
    local port
    for ((port = 22220 + RANDOM % 5000; port < 32000; port++)); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    die "no free port found: choose one with --port"
}

# What is wired to the other host: datagrams between two sockets, so neither has to be there first.
wire_options() {
    local other=a
    [[ $HOST == a ]] && other=b
    echo "-netdev dgram,id=net1,local.type=unix,local.path=$SOCKETS/$HOST.net,remote.type=unix,remote.path=$SOCKETS/$other.net"
    echo "-device virtio-net-pci,netdev=net1,romfile=,mac=52:54:00:78:77:0$(host_number)"
}

# An emulated CPU does not speculate, so guards against that only take time: this option takes them away.
unguarded() {
    [[ $HOST_ACCEL != tcg ]] || echo " $1"
}

xen_command_line() {
    # bootscrub would touch, and so make QEMU commit, all of the host's memory.
    echo "console=com1 com1=115200,8n1 cpuidle=0 dom0_mem=${HOST_DOM0_MEMORY}M,max:${HOST_DOM0_MEMORY}M dom0_max_vcpus=$HOST_DOM0_VCPUS dom0_vcpus_pin noreboot sched=credit2 bootscrub=0$(unguarded spec-ctrl=no) $XENLAB_XEN_OPTIONS"
}

dom0_command_line() {
    local emulated=$HOST_ACCEL
    [[ $emulated == kvm ]] && emulated=kvm-nested
    echo "root=/dev/vda rw console=hvc0 net.ifnames=0 loglevel=4 systemd.hostname=xenlab-$HOST ip=192.168.77.$(host_number):::255.255.255.0::xenbr0:none$(unguarded mitigations=off) xenphase.emulated=$emulated $XENLAB_DOM0_OPTIONS"
}

start_qemu() {
    local -a accel_options wire more
    read -ra accel_options <<<"$(accelerator_options "$HOST_ACCEL" "$HOST_LOW_NOISE" "$HOST_ONE_THREAD")"
    read -ra more <<<"$XENLAB_QEMU_OPTIONS"
    mapfile -t wire < <(wire_options | tr ' ' '\n')
    # QEMU's multiboot loader starts Xen; the first module is dom0's kernel with its command line, the second its initrd.
    # A comma in a module's command line would end it, so there is none.
    "$(qemu_program qemu-system-x86_64)" -name "xenlab-$HOST" -nodefaults -machine pc "${accel_options[@]}" \
        -smp "$HOST_CPUS" -m "$HOST_MEMORY" -display none -no-reboot \
        -kernel "$HOST_DIR/xen" -append "$(xen_command_line)" \
        -initrd "$HOST_KERNEL_DIR/vmlinuz $(dom0_command_line),$HOST_KERNEL_DIR/initrd" \
        -drive "file=$HOST_DIR/disk.qcow2,if=virtio,cache=unsafe" \
        -drive "file=$HOST_DIR/vms.qcow2,if=virtio,cache=unsafe" \
        -drive "file=$HOST_KERNEL_DIR/modules.img,if=virtio,format=raw,readonly=on" \
        -netdev "user,id=net0,hostfwd=tcp:127.0.0.1:$HOST_PORT-:22" -device virtio-net-pci,netdev=net0,romfile= "${wire[@]}" \
        -serial "file:$HOST_DIR/console.log" "${more[@]}" -daemonize 2>"$HOST_DIR/qemu.log"
}

stop_qemu() {
    local pid i
    pid=$(host_pid) || return 0
    kill "$pid" 2>/dev/null || true
    for ((i = 0; i < 100; i++)); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
}
