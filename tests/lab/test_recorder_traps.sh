#!/usr/bin/env bash
# What recording on real Xen can trip over, each trap once: small buffers, another program's mask, event sets, guests with a
# serial port, many domains, CPUs that come late, buffers so small that records are lost when the recorder is held up.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh
# So many recordings would hang a host of several threads now and then (docs/lab.md).
export XENLAB_ONE_THREAD=${XENLAB_ONE_THREAD-yes}
# shellcheck source=tests/lab/host.sh
source tests/lab/host.sh

out=build/lab-traps
rm -rf "$out"
mkdir -p "$out"

# Some claims are of the first recording after a boot, others of a host with another command line.
if [[ $started == no ]]; then
    echo "test_recorder_traps: a host runs already: put it away first ($xenlab down)" >&2
    exit 1
fi
claim "the emulated host comes up" $xenlab up

# --- CPUs that come online after the buffers were made ---
claim "more than Xen can give" run 'cd /root && xenphase doctor | grep "no buffers yet" && xen-hptool cpu-offline 2 && rm -rf t.xph && xenphase record --buffer-mib 200 -o t.xph -- true; grep "\"pages" t.xph/manifest.json'
claim_says "with so many CPUs"
claim "a CPU that comes later" run 'cd /root && xen-hptool cpu-online 2 && rm -rf t.xph && xenphase record -o t.xph -- true'
claim_says "what CPU 2 does is not recorded"
claim "the manifest names it" run 'grep "\"unrecorded_pcpus\": \"2\"" /root/t.xph/manifest.json'
claim "another boot, with all CPUs" $xenlab reset

# --- another program's event mask ---
mask_is_taken() {
    run 'cd /root; rm -rf t.xph started; { until test -e started; do sleep 0.2; done; sleep 2; xentrace -e 0x10000000 /root/no.trace 2>&1; } &
        xenphase-record -o t.xph -- sh -c "touch started; sleep 7; xl list >/dev/null"; status=$?; wait; exit $status'
}
claim "another program changes Xen's event mask while we record" mask_is_taken
claim_says "Xen's tracing was off"
claim "records of the end are there" run 'xenphase dump --event domain_add,runstate_change /root/t.xph | tail -n 1; s=$(xenphase summary --json /root/t.xph | sed -n "s/.*\"span_ns\": \([0-9]*\).*/\1/p"); echo $s; test $s -gt 6000000000'
claim_exit 3 "the summary doubts it" run 'xenphase summary /root/t.xph'
claim_says "another event mask"
claim "another mask than ours before" run 'rm -f no.trace; xentrace -D -e 0x2f000 -T 1 /root/no.trace; xenphase doctor | grep "event mask 0002f000"'
claim "is there again afterwards" run 'cd /root && rm -rf t.xph && xenphase record -q -o t.xph -- true && xenphase doctor | grep "event mask 0002f000"'
claim_exit 130 "after Ctrl-C, too" run 'cd /root && rm -rf t.xph started; (until test -e started; do sleep 0.2; done; sleep 1; pkill -INT -x xenphase-record) & xenphase-record -o t.xph -- sh -c "touch started; exec sleep 60"'
claim "the mask" run 'xenphase doctor | grep "event mask 0002f000"'
claim "a killed recorder's is put back by --cleanup" run 'cd /root && rm -rf t.xph started; (until test -e started; do sleep 0.2; done; sleep 1; pkill -KILL -x xenphase-record) & xenphase-record -o t.xph -- sh -c "touch started; exec sleep 8"; xenphase record --cleanup && xenphase doctor | grep "event mask 0002f000"'
claim "a mask of CPUs that another program left hides none from us" run 'cd /root; xentrace -D -c 0x1 -T 1 /root/no.trace; rm -rf t.xph; xenphase record -q -o t.xph -- sleep 2 && test $(xenphase summary --json t.xph | grep -c "\"pcpu\":") -ge 2'

# --- records of before ---
claim "records that a dead reader left are not ours" run 'cd /root; rm -rf t.xph started; (until test -e started; do sleep 0.2; done; sleep 1; pkill -KILL -x xenphase-record) & xenphase-record -q -o t.xph -- sh -c "touch started; exec sleep 3"; sleep 6; rm -rf t.xph; xenphase record -q -o t.xph -- true && s=$(xenphase summary --json t.xph | sed -n "s/.*\"span_ns\": \([0-9]*\).*/\1/p"); echo $s; test $s -lt 5000000000'

# --- event sets ---
has_classes() {
    run "cd /root && rm -rf t.xph && xenphase record -q --events $1 -o t.xph -- xl list >/dev/null; xenphase dump t.xph | awk '{ print \$0 }' >t.txt; wc -l <t.txt; grep -c ' runstate' t.txt; echo csched \$(grep -c csched t.txt) hypercalls \$(grep -c hypercall t.txt)"
}
claim "the set lifecycle: run states" has_classes lifecycle
claim "no hypercalls, nothing of the scheduler's own" run 'grep -q runstate /root/t.txt && ! grep -m 1 "csched\| hypercall" /root/t.txt'
claim "the set sched" has_classes sched
claim "the scheduler's own, no hypercalls" run 'grep -q csched /root/t.txt && ! grep -m 1 " hypercall" /root/t.txt'
claim "the set hypercalls" has_classes hypercalls
claim "hypercalls, nothing of the scheduler's own" run 'grep -q hypercall /root/t.txt && ! grep -m 1 "csched" /root/t.txt'
claim "the set all" has_classes all
claim "and the scheduler's own" run 'grep -q hypercall /root/t.txt && grep -q -m 1 csched /root/t.txt'
claim "the set boot has VM exits of a PVH guest" run 'cd /root && rm -rf t.xph && xenphase record -q --events boot -o t.xph -- xl create -q /etc/xenlab/pvh.cfg; xl destroy tiny-pvh; xenphase summary t.xph | grep -i -m 1 "vm exit"'

# --- the sampler ---
claim "vCPUs are sampled where they are asked for" run 'cd /root && rm -rf t.xph && xenphase record -q --sample 100 --sample-vcpus -o t.xph -- sleep 2; xenphase timeline t.xph | grep " vcpu .*vcpu=1 .*cpu_seconds=" | head -n 3 | grep .'

# --- the clock ---
claim "dom0 tells the time by Xen, not by the TSC: the recordings stand on the TSC all the same" run 'cat /sys/devices/system/clocksource/clocksource0/current_clocksource | grep xen && cd /root && rm -rf t.xph && xenphase record -q -o t.xph -- sleep 1 && xenphase summary t.xph >/dev/null'
claim "the correspondence of the clocks is measured at both ends, and holds 0 in a PV dom0" run 'cd /root && grep -A 2 "\"pair_at_start\": {" t.xph/manifest.json | grep xen_minus && grep -A 2 "\"pair_at_end\": {" t.xph/manifest.json | grep xen_minus && grep -A 1 "\"offset\": {" t.xph/manifest.json | grep "xen_minus_dom0\": 0,"'

# --- what stays behind while a guest lives ---
claim "a guest is created under the recorder" run 'cd /root && rm -rf t.xph && xenphase record -q -o t.xph -- xl create -q /etc/xenlab/pv.cfg'
claim "its daemon of xl lives on" run 'pgrep -af "xl create"'
claim "nothing of ours lives on with it" no_kernel_tracing_is_left
claim "it goes" run 'xl destroy tiny-pv'

# --- more domains than one question to Xen brings ---
push_idle_kernel() {
    local work status
    work=$(mktemp -d)
    as -o "$work/idle.o" tests/lab/idle-kernel.S &&
        ld -N --section-start=.note.Xen=0x1000 -Ttext=0x2000 --no-warn-rwx-segments -o "$work/idle-kernel" "$work/idle.o" &&
        $xenlab push "$work/idle-kernel" /root/
    status=$?
    rm -rf "$work"
    return $status
}
claim "a kernel for domains that never run" push_idle_kernel
many_domains() {
    run 'cd /root; for i in $(seq 38); do
            printf "%s\n" "name = \"many-$i\"" "type = \"pv\"" "memory = 4" "vcpus = 1" "kernel = \"/root/idle-kernel\"" >many.cfg
            xl create -q -p many.cfg || exit 1
        done; rm -rf t.xph
        xenphase record -q --sample 100 -o t.xph -- xl destroy many-38; grep -c "\"domid\"" t.xph/manifest.json; for i in $(seq 37); do xl destroy many-$i; done
        test $(grep -c "\"domid\"" t.xph/manifest.json) = 39'
}
claim "all of 39 domains are in the manifest" many_domains

export XENLAB_XEN_OPTIONS=tbuf_size=16
claim "another boot, with small buffers" $xenlab reset
claim "push the comparison" $xenlab push tests/compare-with-xenalyze /root/

# --- the size of the buffers: once for each boot ---
claim "buffers that are smaller than wanted" run 'cd /root && rm -rf t.xph && xenphase record -o t.xph -- true'
claim_says "trace buffers are 64 KiB for each CPU"
claim_says "Xen takes a size once for each boot"
claim "the manifest has both sizes" run 'cd /root && grep "\"pages_wanted\"" t.xph/manifest.json && grep "\"pages\": 16" t.xph/manifest.json'

# --- loss: as intervals, and what is there is whole although the rings went round many times ---
held_up() {
    run 'cd /root; rm -rf t.xph started; { until test -e started; do sleep 0.2; done; sleep 1
            pkill -STOP -x xenphase-record; sleep 4; pkill -CONT -x xenphase-record; } &
        xenphase-record -q --events all -o t.xph -- sh -c "touch started; for i in 1 2 3 4 5 6; do xl info >/dev/null; sleep 1; done"; status=$?; wait; exit $status'
}
claim "the recorder is held up while everything is traced" held_up
claim "each loss is an interval in the manifest" run 'grep "\"lost_records\"" /root/t.xph/manifest.json && ! grep "\"lost_records\": 0" /root/t.xph/manifest.json && grep -A 4 "\"losses\": \[" /root/t.xph/manifest.json | grep first_tsc'
claim_exit 3 "the report of it says so" run 'xenphase summary /root/t.xph'
claim_says "lost"
# What was lost, xenalyze and we fill up differently (tests/differential.md); the records that are there must be the same.
claim "xenalyze reads the same records" run "cd /root; khz=\$(sed -n 's/.*\"khz\": \([0-9]*\).*/\1/p' t.xph/manifest.json | head -n 1)
    XENPHASE=/usr/local/bin/xenphase bash compare-with-xenalyze t.xph/xen.trace \$khz >compared.txt; tail -n 1 compared.txt; grep '([0-9]* entry, [1-9][0-9]* records' compared.txt && ! grep 'differs: records' compared.txt"

unset XENLAB_XEN_OPTIONS
# --- an HVM guest's serial port: its BIOS gets nowhere where one thread runs all CPUs ---
another_host() {
    $xenlab down && XENLAB_ONE_THREAD=no $xenlab up
}
claim "a host of several threads" another_host
make_serial_guest() {
    local work
    work=$(mktemp -d)
    as --32 -o "$work/boot.o" tests/lab/serial-boot.S && ld -m elf_i386 --oformat binary -Ttext 0x7c00 -o "$work/serial.img" "$work/boot.o" &&
        truncate -s 1M "$work/serial.img" && $xenlab push "$work/serial.img" /root/ &&
        run 'printf "%s\n" "name = \"serial\"" "type = \"hvm\"" "memory = 64" "vcpus = 1" "boot = \"c\"" "hdtype = \"ahci\"" "vga = \"none\"" "vnc = 0" "serial = \"pty\"" "tsc_mode = \"native\"" \
            "disk = [\"format=raw,vdev=hda,access=rw,target=/root/serial.img\"]" >/root/serial.cfg'
    local status=$?
    rm -rf "$work"
    return $status
}
claim "an HVM guest that writes to its serial port" make_serial_guest
claim "its creation is recorded while xl console reads that port" run 'cd /root && rm -rf t.xph && xenphase record -q -o t.xph -- sh -c "xl create -q serial.cfg && timeout 40 xl console -t serial serial </dev/null >seen.txt 2>&1; true"; cat seen.txt | head -n 3; grep "writes to a serial port" seen.txt'
claim "the recording has its lines, each with a TSC" run 'cd /root && ls t.xph/console && head -n 3 t.xph/console/*.serial.log && test $(grep -c "^[0-9]* xenphase writes to a serial port$" t.xph/console/*.serial.log) -ge 3'
claim "xl console missed none of them" run 'cd /root && ours=$(grep -c "writes to a serial port" t.xph/console/*.serial.log) theirs=$(grep -c "writes to a serial port" seen.txt); echo "$ours $theirs"; test $((ours - theirs)) -le 2'
claim "bring it home" $xenlab pull /root/t.xph "$out/"
claim "they are in the time line" eval "build/xenphase timeline $out/t.xph 2>/dev/null | grep 'writes to a serial port' | tail -n 1 | grep ."
claim "nothing is left" no_kernel_tracing_is_left
claim "it goes" run 'xl destroy serial'

finish
