#!/usr/bin/env bash
# From an emulated Xen host to the phases of real operations: everything here happens on real Xen.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh
# A dom0 of one CPU: between two, the emulator hangs now and then while tracepoints are switched (docs/lab.md).
export XENLAB_CPUS=${XENLAB_CPUS-2} XENLAB_DOM0_VCPUS=${XENLAB_DOM0_VCPUS-1}
# shellcheck source=tests/lab/host.sh
source tests/lab/host.sh
# shellcheck source=tests/budget.sh
source tests/budget.sh

out=build/lab-test
rm -rf "$out"
mkdir -p "$out"

# Creates a guest under the recorder, with an event set. The emulation crashes a PVH guest now and then (docs/lab.md): such a
# recording is right, but not of a creation that succeeded, so another one is made, twice at the most.
record_creation() {
    local type=$1 events=$2 try
    for try in 1 2 3; do
        run "rm -rf /root/$type.xph; ! xl domid tiny-$type 2>/dev/null || xl destroy tiny-$type" || return 1
        run "cd /root && xenphase record --until idle --events $events -o $type.xph -- xl create /etc/xenlab/$type.cfg" || return 1
        if ! run "xl list tiny-$type" >/dev/null 2>&1; then
            echo "try $try: the emulation crashed the guest"
        else
            return 0
        fi
    done
    return 1
}

# Of a pCPU it is always known who held it, but for moments.
holders_are_known() {
    build/xenphase report --json "$1" | awk '
        /"(dom0|guest|others|idle|unknown)":/ { sub(/,/, ""); whole += $2 }
        /"unknown":/ { unknown += $2 }
        END { print unknown " of " whole " ns unknown"; exit !(whole > 0 && unknown < whole / 50) }'
}

# xentrace -X switches tracing off when it starts (so what it saw once is gone afterwards) and collects what the
# buffers hold: what was traced since the last recorder emptied them. If that one switched tracing off, this spans
# no more than the instant for which xentrace switches it on; if not, the seconds that pass here before it.
tracing_is_off() {
    run 'cd /root; rm -f off.trace; sleep 3
        xentrace -X off.trace >/dev/null 2>&1 &
        for i in $(seq 100); do sleep 0.2; test -e off.trace && break; done
        sleep 1; kill -TERM $!; wait $!
        test -s off.trace || echo span 0
        ! test -s off.trace || xenphase summary --trace off.trace --khz $(xl info cpu_mhz | tr -d .) | grep ^span' |
        awk '{ print } $1 == "span" { told = 1; span = $2 } END { exit !(told && span < 2.5) }'
}

tracing_is_on() {
    ! tracing_is_off
}

# Of the kernel events in recording $1, trace-cmd finds all that a creation cannot be without.
kernel_events_tell() {
    run "trace-cmd report -i /root/$1/dom0.dat >/root/dom0.txt 2>/root/dom0.err && ! grep -i 'unknown\\|error' /root/dom0.err &&
        grep -c 'sched_switch: ' /root/dom0.txt && grep 'sched_process_exec: .*/xl ' /root/dom0.txt &&
        grep -m 1 ' hypercall: .*op=\(36\|0x24\) .*sub=\(1\|0x1\) ' /root/dom0.txt && grep -m 1 ' hypercall_end: .*result=' /root/dom0.txt"
}

# The text of the only console in recording $1.xph, without its stamps, is what xenconsoled logged of the guest.
console_is_whole() {
    run "log=/var/log/xen/console/guest-tiny-$1.log; cd /root/$1.xph/console && ls && test \$(ls | wc -l) = 1 &&
        tail -n 3 *.log && printf '%b\n' \"\$(cut -d ' ' -f 2- *.log)\" >/root/ours.txt && tr -d '\r' <\$log | grep . | tail -n \$(wc -l <*.log) >/root/theirs.txt &&
        grep -q 'xenlab: guest ready' /root/ours.txt && diff /root/theirs.txt /root/ours.txt"
}

xentrace_in_background() {
    run 'rm -f /root/other.trace; setsid xentrace -D /root/other.trace >/dev/null 2>&1 </dev/null &
        for i in $(seq 100); do sleep 0.2; test -s /root/other.trace && break; done; pgrep -x xentrace'
}

claim "the emulated host comes up" $xenlab up
claim "a second up is harmless" $xenlab up
claim "status says that it is up" $xenlab status
claim_says "Xen 4.17"
claim "push the comparison" $xenlab push tests/compare-with-xenalyze /root/

# The one with the hypercalls, which xenalyze counts too, the other with the default set, of which the phases must be the same.
declare -A events=([pv]=hypercalls [pvh]=lifecycle)
for type in pv pvh; do
    claim "record the creation of a $type guest" record_creation $type "${events[$type]}"
    claim "the $type guest says that it is ready" run "grep -q 'xenlab: guest ready' /var/log/xen/console/guest-tiny-$type.log"
    claim "bring it home" $xenlab pull /root/$type.xph "$out/"
    claim "create $type: the phases add up within 0.5 %" balances "$out/$type.xph"
    claim "create $type: it is known who held the CPUs" holders_are_known "$out/$type.xph"
    claim_exit 0 "create $type: the report" build/xenphase report "$out/$type.xph"
    for phase in "toolstack prepare" "kernel image" "memory and image copy" "guest boot" "lost records: none" "emulated"; do
        claim_says "$phase"
    done
    claim_exit 0 "create $type: the stacks" build/xenphase report --folded "$out/$type.xph"
    claim_says ";hypervisor;memory_op populate_physmap "
    claim "create $type: whose the time was adds up to each phase" budget_balances "$out/$type.xph" 1
    claim "create $type: xenalyze opens xen.trace, run states and hypercall counts are equal" \
        run "XENPHASE=/usr/local/bin/xenphase bash /root/compare-with-xenalyze /root/$type.xph/xen.trace $(field "$(cat "$out/$type.xph/manifest.json")" khz)"
    claim_says ", 0 differences"
    claim "create $type: trace-cmd reads dom0's kernel events: switches, xl, hypercalls" kernel_events_tell $type.xph
    claim "create $type: changes in xenstore, and what they are now" run "xenphase dump --xenstore /root/$type.xph"
    claim_says "@introduceDomain"
    claim_says "/name = \"tiny-$type\""
    claim_says "/console/ring-ref = "
    claim "create $type: the guest's console, line by line what xenconsoled had" console_is_whole $type
    claim "record its destruction" run "cd /root && rm -rf d$type.xph && xenphase record -o d$type.xph -- xl destroy tiny-$type"
    claim "bring it home" $xenlab pull /root/d$type.xph "$out/"
    claim "destroy $type: the phases add up within 0.5 %" balances "$out/d$type.xph"
    claim "destroy $type: whose the time was adds up to each phase" budget_balances "$out/d$type.xph" 1
    claim_exit 0 "destroy $type: the report" build/xenphase report "$out/d$type.xph"
    claim_says "device teardown"
    claim_says "domain kill"
    claim "tracing is off afterwards" tracing_is_off
done

claim "the TSC frequency in the manifest is what Xen says" \
    run "mhz=\$(xl info cpu_mhz); khz=\$(sed -n 's/.*\"khz\": \\([0-9]*\\).*/\\1/p' /root/pv.xph/manifest.json); echo \"\$mhz \$khz\"; awk -v m=\$mhz -v k=\$khz 'BEGIN { exit !(k > 0 && m * 1000 - k < 1 && k - m * 1000 < 1) }'"

ten_creations() {
    run 'cd /root && for i in 1 2 3 4 5 6 7 8 9 10; do
            rm -rf ten.xph
            xenphase record -q -o ten.xph -- xl create -q /etc/xenlab/pv.cfg || { echo "creation $i failed: $?"; exit 1; }
            xl destroy tiny-pv
            xenphase report ten.xph >/root/ten.txt || { echo "report $i: $?"; cat /root/ten.txt; exit 1; }
            grep "lost records: none" /root/ten.txt || exit 1
        done'
}
claim "ten creations in a row: none fails, no record is lost" ten_creations
claim "tracing is off after ten creations" tracing_is_off
claim "nothing is left in tracefs" no_kernel_tracing_is_left

three_at_once() {
    run 'cd /root && rm -rf three.xph; for i in 1 2 3; do xenlab-vm remove three-$i 2>/dev/null; xenlab-vm make three-$i type=pv memory=128; done
        xenphase record --until idle -o three.xph -- sh -c "for i in 1 2 3; do xl create -q /etc/xenlab/three-\$i.cfg & done; wait"; status=$?
        for i in 1 2 3; do xl destroy three-$i; xenlab-vm remove three-$i; done; exit $status' &&
        $xenlab pull /root/three.xph "$out/"
}
claim "three creations at once" three_at_once
claim "each has a budget of its own that balances" budget_balances "$out/three.xph" 3
claim "the report shows who stood in whose way" build/xenphase report "$out/three.xph"
claim_says "held dom0's CPU"

# Of a guest with a disk and a vif, each set of dom0's kernel events tells something. 0x205004 maps a domain's memory.
record_all_sets() {
    run 'cd /root && rm -rf sets.xph; xl destroy sets 2>/dev/null; xenlab-vm remove sets 2>/dev/null; xenlab-vm make sets type=pv memory=128 devices=yes
        xenphase record --until idle --timeout 120 --kernel sched,process,hypercalls,xenbus,toolstack,block,net -o sets.xph -- xl create -q /etc/xenlab/sets.cfg; status=$?
        xl destroy sets; xenlab-vm remove sets; trace-cmd report -i sets.xph/dom0.dat >sets.txt 2>/dev/null; exit $status'
}
kernel_set_tells() {
    run "grep -m 1 '$1' /root/sets.txt"
}
claim "all sets of kernel events: the creation of a guest with a disk and a vif" record_all_sets
claim "no event is missing" run '! grep "\"missing\": \"" /root/sets.xph/manifest.json'
claim "xenbus: its disk's backend is connected" kernel_set_tells ' xenbus_state: .*state=\(4\|0x4\) node="backend/vbd/'
claim "xenbus: its vif's backend is connected" kernel_set_tells ' xenbus_state: .*state=\(4\|0x4\) node="backend/vif/'
claim "toolstack: the creation begins" kernel_set_tells ' libxl_domain_create_new: '
claim "toolstack: ... and ends well" kernel_set_tells ' libxl_domain_create_new_end: .*result=0'
claim "toolstack: its memory is given to it" kernel_set_tells ' xc_dom_boot_mem_init_end: .*result=0'
claim "hypercalls: its memory is mapped" kernel_set_tells ' hypercall: .*cmd=\(2117636\|0x205004\) '
for event in block_rq_issue block_rq_complete net_dev_xmit netif_receive_skb sched_process_fork irq_handler_entry; do
    claim "there is $event" kernel_set_tells " $event: "
done

claim "the doctor finds everything" run 'xenphase doctor'
claim_says "paravirtual consoles"
system_recording() {
    run "cd /root; rm -rf s.xph s.err; { until grep -s 'recording whatever' s.err; do sleep 1; done
            $1; } & timeout 600 xenphase-record --system $2 -o /root/s.xph 2>/root/s.err; status=\$?; wait; cat /root/s.err; exit \$status"
}
claim "record --system, until Ctrl-C" system_recording \
    'xl create -q /etc/xenlab/pvh.cfg; sleep 5; xl destroy tiny-pvh; sleep 1; pkill -INT -x xenphase-record' ''
claim "it saw the domain come and go" run 'xenphase dump --xenstore /root/s.xph | grep "/name = .tiny-pvh" && xenphase dump --event domain_remove /root/s.xph | grep .'
claim "bring it home" $xenlab pull /root/s.xph "$out/"
claim "its creation and its destruction each have a budget that balances" budget_balances "$out/s.xph"
claim "the report names it" build/xenphase report "$out/s.xph"
claim_says "create of domain"
claim_says "toolstack prepare"
claim "record --system in a ring until an operation takes too long" system_recording \
    'for i in 1 2 3; do sleep 5; xl create -q /etc/xenlab/pv.cfg; sleep 5; xl destroy tiny-pv; done; xl create -qp /etc/xenlab/pv.cfg; sleep 45; xl unpause tiny-pv' \
    '--ring 8 --trigger "create>30s"'
claim_says "takes more than 30.000 s: recording until it ends"
claim_says "for 2 s more"
claim "the slow creation is in it to its end" run 'grep "triggered_by.*create of domain .* took" /root/s.xph/manifest.json'
claim "of the slow domain nothing is left" run 'xl destroy tiny-pv'
claim "the ring is no larger than it may be, and whole" run 'du -sm /root/s.xph && test $(du -sm /root/s.xph | cut -f 1) -lt 11 && xenphase summary /root/s.xph && grep triggered_by.*create /root/s.xph/manifest.json && trace-cmd report -i /root/s.xph/dom0.dat | tail -n 2'
claim "--max-time ends a recording, not the command" run 'cd /root && rm -rf m.xph && xenphase record --max-time 2 -o m.xph -- sh -c "sleep 5; echo whole >/root/m.txt" && grep whole /root/m.txt'
claim_says "max-time is over"
claim_exit 3 "and it says so" run 'xenphase summary /root/m.xph >/dev/null'
claim_says "max-time"
claim "--max-size ends a recording" run 'cd /root && rm -rf m.xph && xenphase record --max-size 1 --events all -o m.xph -- sh -c "for i in 1 2 3 4 5 6; do xl list; xl info; done >/dev/null" && du -sm m.xph && test $(du -sm m.xph | cut -f 1) -lt 12'
claim_says "max-size is reached"
claim "... and has something in it" run 'xenphase dump /root/m.xph 2>/dev/null | wc -l >/root/m.txt; cat /root/m.txt; test $(cat /root/m.txt) -gt 1000'
claim_exit 7 "a command's exit status is passed on" run 'cd /root && rm -rf e.xph && xenphase record -o e.xph -- sh -c "exit 7"'
claim "its recording is kept" run 'test -s /root/e.xph/manifest.json'
claim_exit 125 "DIR exists" run 'cd /root && xenphase record -o e.xph -- true'
claim_says "exists already"
claim_exit 127 "COMMAND not found" run 'cd /root && xenphase record -o f.xph -- no-such-command'
claim_says "command not found"
claim_exit 126 "COMMAND cannot be executed" run 'cd /root && xenphase record -o f.xph -- /etc/passwd'
claim "no recording is left behind" run 'test ! -e /root/f.xph'
claim_exit 125 "not root" run 'cd /tmp && setpriv --reuid=65534 --clear-groups xenphase record -o /tmp/g.xph -- true'
claim_says "needs root"
claim_exit 125 "a directory that cannot be made" run 'xenphase record -o /no/such/place.xph -- true'
claim_says "cannot make the directory"

claim "xentrace runs" xentrace_in_background
claim_exit 125 "another consumer of the trace buffers" run 'cd /root && xenphase record -o h.xph -- true'
claim_says "another program reads Xen's trace buffers"
claim "it is not disturbed" run 'pgrep -x xentrace && pkill -INT -x xentrace; sleep 1; test ! -e /root/h.xph'

claim "a small disk" small_disk 24
claim_exit 125 "a full disk" run 'rm -f /root/whole.txt; xenphase record --reserve-mib 0 -o /mnt/small/i.xph -- sh -c "
    sleep 1; cat /dev/zero >/mnt/small/fill; for i in 1 2 3 4 5 6 7 8; do xl list; xl info; done >/dev/null; echo whole >/root/whole.txt" 2>&1; status=$?
    grep whole /root/whole.txt && exit $status'
claim_says "recording has failed: "
claim_says "No space left on device; waiting for the command to end"
claim_says "No space left on device"
claim_exit 3 "its recording can be read, and says so" run 'xenphase summary /mnt/small/i.xph >/dev/null'
claim_says "No space left on device"
claim "the small disk goes" no_small_disk
claim "tracing is off after a full disk" tracing_is_off

claim_exit 130 "Ctrl-C ends command and recording" run 'cd /root && rm -rf j.xph started
    (until test -e started; do sleep 0.5; done; sleep 1; pkill -INT -x xenphase-record) &
    xenphase-record -o j.xph -- sh -c "touch started; exec sleep 60"'
claim_exit 3 "the interrupted recording can be read, and says so" run 'xenphase summary /root/j.xph >/dev/null'
claim_says "interrupted"
claim "tracing is off after Ctrl-C" tracing_is_off

recorder_is_killed() {
    run 'cd /root && rm -rf k.xph l.xph started
        (until test -e started; do sleep 0.5; done; sleep 3; pkill -KILL -x xenphase-record) &
        xenphase-record -o k.xph -- sh -c "touch started; exec sleep 60"; status=$?; pkill -x sleep; test $status = 137'
}
claim "a recorder is killed" recorder_is_killed
claim_exit 3 "what it wrote can be read, and says so" run 'xenphase summary /root/k.xph >/dev/null'
claim_says "never finished"
claim "dom0's kernel events were left in parts" run 'test -s /root/k.xph/dom0.head'
claim "repair makes one file of them" run 'xenphase repair /root/k.xph && trace-cmd report -i /root/k.xph/dom0.dat 2>/dev/null | grep -m 1 "sched_process_exec: .*sleep"'
claim "tracing was left on" tracing_is_on
claim "the next recorder works" run 'cd /root && xenphase record -o l.xph -- true'
claim_says "an earlier recorder was killed"
claim_says "kernel tracing that a killed recorder left behind was taken away"
claim "nothing is left in tracefs" no_kernel_tracing_is_left
claim "and tracing is off again" tracing_is_off
claim "a recorder is killed once more" recorder_is_killed
claim "its remains are cleaned up" run 'xenphase record --cleanup'
claim_says "Xen's tracing: off"
claim_says "probes and trace instance removed"
claim "tracing is off after that" tracing_is_off
claim "nothing is left in tracefs" no_kernel_tracing_is_left
claim "there is nothing more to clean up" run 'xenphase record --cleanup'
claim_says "nothing to clean up"
claim "memory and registers stay sound while guests come and go" $xenlab selftest integrity 2
finish
