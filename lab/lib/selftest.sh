# shellcheck shell=bash
# Is this lab sound? What docs/lab.md tells was measured by these.

selftest_usage() {
    cat <<EOF
usage: xenlab selftest integrity [COUNT] | migrate [COUNT] | memory [MIB] | creations [COUNT [TYPE]] | matrix [SUITE[/KERNEL]...]
  integrity  COUNT (50) guests with disk and vif created and destroyed, PV and PVH in turn, beside checksums in dom0 and guest
  migrate    COUNT (20) live migrations of a PVH guest between a and b (both up) that verifies its memory all the time
  creations  COUNT (10) creations of the same guest, of TYPE (pvh) pv, pvh or hvm: how long they take, and how much that varies
  matrix     boots every kernel under every suite's Xen (or these), creates a PV and a PVH guest, prints a table
  memory     creates and destroys a PVH guest of MIB (8192); the host needs that much and 2 GiB more (--memory 12288)
EOF
}

# The guest's last line about its memory on host $1, without a carriage return.
memory_looks() {
    on_host "$1" xenlab-selftest looks self-move 2>/dev/null | tr -d '\r' || true
}

# Waits until the guest on host $1 has looked again since line $2, and found nothing wrong; bounded.
wait_for_look() {
    local host=$1 before=$2 now i
    for ((i = 0; i < 60; i++)); do
        now=$(memory_looks "$host")
        if [[ -n $now && $now != "$before" ]]; then
            [[ $now == *' 0 wrong' ]] && return
            say "the guest's memory: $now"
            return 1
        fi
        sleep 2
    done
    say "the guest said nothing for two minutes"
    return 1
}

selftest_migrate() {
    local count=$1 from=a to=b i start
    on_host b true
    for i in a b; do
        on_host "$i" 'xl destroy self-move 2>/dev/null; rm -f /var/log/xen/console/guest-self-move*; true'
    done
    on_host a 'xenlab-vm remove self-move; xenlab-vm make self-move devices=yes memory=160 check=memory,24,0 && xl create -q /etc/xenlab/self-move.cfg' ||
        die "the guest could not be created"
    wait_for_look a '' || die "the guest did not begin"
    for ((i = 1; i <= count; i++)); do
        local before
        before=$(memory_looks "$to")
        start=$SECONDS
        on_host "$from" xenlab-migrate self-move "$to" || die "migration $i of $count from $from to $to failed"
        on_host "$to" xl domid self-move >/dev/null || die "migration $i of $count: the guest is not on $to"
        ! on_host "$from" xl domid self-move >/dev/null 2>&1 || die "migration $i of $count: the guest is still on $from"
        local took=$((SECONDS - start))
        wait_for_look "$to" "$before" || die "migration $i of $count from $from to $to: the guest is not what it was"
        echo "$i/$count $from to $to in $took s, then: $(memory_looks "$to")"
        [[ $from == a ]] && { from=b to=a; } || { from=a to=b; }
    done
    on_host "$from" 'xl destroy self-move'
    on_host a 'xenlab-vm remove self-move'
    echo "$count live migrations, guest never lost, its memory never wrong"
}

selftest_memory() {
    local mib=$1 start=$SECONDS
    load_host
    ((HOST_MEMORY >= mib + 2048)) || die "the host has $HOST_MEMORY MiB: xenlab --memory $((mib + 4096)) up"
    dom0 "xenlab-vm remove self-large 2>/dev/null; xenlab-vm make self-large memory=$mib && xl create -q /etc/xenlab/self-large.cfg" </dev/null || die "no guest of $mib MiB"
    echo "guest of $mib MiB created in $((SECONDS - start)) s"
    dom0 "i=0; while ! grep -qs 'guest ready' /var/log/xen/console/guest-self-large.log; do i=\$((i + 1)); [ \$i -lt 300 ] || exit 1; sleep 1; done" </dev/null ||
        die "the guest is not ready after five minutes"
    echo "ready after $((SECONDS - start)) s; QEMU has $(($(ps -o rss= -p "$(host_pid)") / 1024)) MiB resident"
    dom0 'xl destroy self-large && xenlab-vm remove self-large' </dev/null || die "the guest was not destroyed"
    echo "created and destroyed in $((SECONDS - start)) s; QEMU has $(($(ps -o rss= -p "$(host_pid)") / 1024)) MiB resident"
}

# What the console $1 says of a boot that failed; a panic of Xen has its reason in the next line.
why_not() {
    tr -d '\r' <"$1" | awk '
        /Kernel panic - / { sub(/.*Kernel panic - /, ""); why = "dom0 panics, " $0 }
        /Panic on CPU/ { getline; sub(/^\(XEN\) /, ""); why = "Xen panics, " $0 }
        /initrd: no / { why = $0 }
        # The first sign of a kernel that waits for an interrupt for ever; the rest is its consequences.
        /rcu:? .*(kthread timer wakeup didn.t happen|Possible timer handling issue)/ && !why { sub(/^.*rcu: +/, ""); why = "dom0 hangs, " $0 }
        /[^ ]/ { last = $0 }
        END { why = why ? why : "it does not answer; the end of its console: " substr(last, 1, 120); gsub(/[|]/, "/", why); print why }'
}

# One row of the table: does it boot, in what time, and do guests get ready?
matrix_row() {
    local suite=$1 kernel=$2 start=$SECONDS took type said=() lab=("$XENLAB_HOME/xenlab" --dir "$XENLAB_DIR-matrix" --xen "$1" --kernel "$2")
    if ! "${lab[@]}" build >&2; then
        echo "| $suite | $kernel | the kernel cannot be had: its package cannot be fetched | |"
        return
    fi
    start=$SECONDS
    if ! "${lab[@]}" up >&2; then
        echo "| $suite | $kernel | no: $(why_not "$XENLAB_DIR-matrix"/console-failed-a.log) | |"
        "${lab[@]}" down
        return
    fi
    took=$((SECONDS - start))
    for type in pv pvh; do
        if "${lab[@]}" run "xl create -q /etc/xenlab/$type.cfg && for i in \$(seq 90); do sleep 1; grep -qs 'guest ready' /var/log/xen/console/guest-tiny-$type.log && break; done; [ \$i -lt 90 ] && xl destroy tiny-$type" >&2; then
            said+=("$type")
        fi
    done
    echo "| $suite, Xen $("${lab[@]}" run 'xl info xen_version') | $kernel, $("${lab[@]}" run 'uname -r') | $took s | ${said[*]:-none} |"
    "${lab[@]}" down
}

selftest_matrix() {
    local suite kernel
    # shellcheck disable=SC2086
    [[ $# -gt 0 ]] || set -- $SUITES
    echo '| Xen of | dom0 kernel | boots in | guests that get ready |'
    echo '| --- | --- | --- | --- |'
    for suite in "$@"; do
        while IFS='|' read -r kernel _ <&3; do
            [[ $suite != */* || ${suite#*/} == "$kernel" ]] || continue
            matrix_row "${suite%%/*}" "$kernel"
        done 3<<<"$KERNELS"
    done
}

cmd_selftest() {
    case ${1-} in
    integrity) load_host; dom0 "xenlab-selftest integrity ${2:-50}" </dev/null ;;
    migrate) selftest_migrate "${2:-20}" ;;
    memory) selftest_memory "${2:-8192}" ;;
    creations) load_host; dom0 "xenlab-selftest creations ${2:-10} ${3:-pvh}" </dev/null ;;
    matrix) selftest_matrix "${@:2}" ;;
    help) selftest_usage ;;
    *) selftest_usage >&2; exit 2 ;;
    esac
}
