#!/usr/bin/env bash
# What can go wrong while xenphase-record is at work, on an emulated Xen host: killed at any moment, and every kind of trouble
# around it. Takes half an hour, so it is not part of `make check`.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh
# So many recordings would hang a host of several threads now and then (docs/lab.md).
export XENLAB_ONE_THREAD=${XENLAB_ONE_THREAD-yes}
# shellcheck source=tests/lab/host.sh
source tests/lab/host.sh

kills=${XENPHASE_KILLS:-100}

claim "the emulated host comes up" $xenlab up

# The recorder is killed at some moment between its start and its end, which are both among the moments. What it left must
# open; where it had not come to make a recording, there is nothing to open.
kill_once() {
    run "cd /root; rm -rf k.xph r.xph; { sleep $1; pkill -KILL -x xenphase-record; } &
        xenphase-record -q -o k.xph -- sleep 1.5 </dev/null >/dev/null 2>k.err; status=\$?; echo status \$status
        pkill -x sleep; wait
        # Killed, or it had ended before; one that could not begin is neither.
        [ \$status = 137 ] || [ \$status = 0 ] || { cat k.err; exit 1; }
        if [ -s k.xph/manifest.json ]; then
            grep -q '\"state\": \"recording\"' k.xph/manifest.json && test -s k.xph/xen.trace && echo $1 >>kills.txt
            xenphase repair k.xph && test ! -e k.xph/manifest.json.next || exit 1
            xenphase summary k.xph >k.txt 2>&1; code=\$?
            [ \$code = 0 ] || [ \$code = 3 ] || { cat k.txt; exit 1; }
            [ ! -e k.xph/dom0.dat ] || trace-cmd report -i k.xph/dom0.dat >k.txt 2>&1 || { tail -n 3 k.txt; exit 1; }
            [ ! -e k.xph/xenstore.events ] || xenphase dump --xenstore k.xph >k.txt 2>&1 || [ \$? = 3 ] || { tail -n 3 k.txt; exit 1; }
        fi"
}
run 'rm -f /root/kills.txt'
for ((i = 1; i <= kills; i++)); do
    moment=$(awk -v seed="$i" 'BEGIN { srand(seed); printf "%.3f\n", rand() * 7 }')
    claim "kill $i of $kills, after $moment s: what is there opens" kill_once "$moment"
    if ((i % 10 == 0)); then
        claim "the next recorder works" run 'cd /root && xenphase record -q -o r.xph -- true && xenphase summary r.xph >/dev/null'
        claim "nothing is left" no_kernel_tracing_is_left
    elif ((i % 10 == 5)); then
        claim "its remains are cleaned up" run 'xenphase record --cleanup'
        claim "nothing is left" no_kernel_tracing_is_left
    fi
done

claim "a tenth of the kills at least came while something was recorded" run "cat /root/kills.txt; test \$(wc -l </root/kills.txt) -ge $((kills / 10))"

for signal in TERM HUP INT; do
    number=$(kill -l $signal)
    claim_exit $((128 + number)) "SIG$signal ends command and recording" run "cd /root && rm -rf s.xph
        { until test -s s.xph/xen.trace; do sleep 0.5; done; sleep 1; pkill -$signal -x xenphase-record; } &
        xenphase-record -o s.xph -- sleep 60"
    claim_exit 3 "its recording can be read" run 'xenphase summary /root/s.xph >/dev/null'
    claim_says "interrupted"
    claim "nothing is left" no_kernel_tracing_is_left
done

# Its directory is there before dom0's kernel probes, which take a while.
claim_exit 130 "Ctrl-C before the command: it is not started" run 'cd /root && rm -rf s.xph started
    { until test -e s.xph; do :; done; pkill -INT -x xenphase-record; } &
    xenphase-record -o s.xph -- touch started'
claim_says "was not started"
claim "nothing was started, and nothing is there" run 'test ! -e /root/started && test ! -e /root/s.xph'
claim "nothing is left" no_kernel_tracing_is_left
claim "nohup holds" run 'cd /root && rm -rf s.xph whole.txt
    { until test -s s.xph/xen.trace; do sleep 0.5; done; sleep 1; pkill -HUP -x xenphase-record; } &
    nohup xenphase-record -o s.xph -- sh -c "sleep 5; echo whole >whole.txt" && grep whole whole.txt && xenphase summary s.xph >/dev/null'

claim_exit 130 "nobody reads the messages any more: all is undone, and the exit status is the signal's" run 'cd /root && rm -rf s.xph started
    { until test -e started; do sleep 0.5; done; sleep 1; pkill -KILL -x tee; sleep 0.5; pkill -INT -x xenphase-record; } &
    xenphase-record -o s.xph -- sh -c "touch started; exec sleep 60" 2>&1 | tee log >/dev/null; status=${PIPESTATUS[0]}; wait; exit $status'
claim_exit 3 "its recording can be read" run 'xenphase summary /root/s.xph >/dev/null'
claim_says "interrupted"
claim "nothing is left" no_kernel_tracing_is_left

claim "a low limit of open files is the command's, not the recorder's" run 'cd /root && rm -rf s.xph && ulimit -Sn 24 &&
    xenphase record -o s.xph -- sh -c "echo limit \$(ulimit -Sn)" && ! grep "unavailable\": \"" s.xph/manifest.json'
claim_says "limit 24"
claim "dom0's buffers are a sixteenth of its memory at the most" run 'kib=$(sed -n "s/.*\"buffer_kib\": \([0-9]*\).*/\1/p" /root/s.xph/manifest.json)
    memory=$(sed -n "s/^MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo); echo "$kib $memory"; test "$((kib * $(nproc)))" -le $((memory / 16)) || test "$kib" = 64'

toolstacks_at_once() {
    run 'cd /root && rm -rf s.xph && xenphase record --kernel hypercalls -o s.xph -- sh -c "
            grep r512:xenphase/hypercall_end /sys/kernel/tracing/kprobe_events || exit 1
            for i in 1 2 3 4 5 6 7 8; do for j in 1 2 3 4 5; do xl list; done >/dev/null & done; wait" &&
        ! grep "\"\(lost\|missed\)_events\": [1-9]" s.xph/manifest.json && trace-cmd report -i s.xph/dom0.dat 2>/dev/null |
        awk "/ hypercall: / { calls++ } / hypercall_end: / { ends++ } END { print calls, ends; exit !(calls > 100 && calls - ends <= 8 && ends - calls <= 8) }"'
}
claim "several toolstacks at once: the end of each hypercall is there" toolstacks_at_once

# While somebody has a file of the trace instance open, the kernel does not let it go.
killed_while_instance_is_read() {
    run 'cd /root && rm -rf s.xph started held
        xenphase-record -q -o s.xph -- sh -c "touch started; exec sleep 60" </dev/null >/dev/null 2>&1 &
        until test -e started; do sleep 0.5; done
        tail -f /dev/null 9</sys/kernel/tracing/instances/xenphase/trace_pipe </dev/null >/dev/null 2>&1 & echo $! >held
        sleep 1; pkill -KILL -x xenphase-record; pkill -x sleep; sleep 1; ls -d /sys/kernel/tracing/instances/xenphase'
}
claim "a recorder is killed while somebody reads its trace instance" killed_while_instance_is_read
claim_exit 125 "--cleanup tells what it could not remove" run 'xenphase record --cleanup'
claim_says "xenphase is still there, because files of it are open in tail (pid"
claim "the next recorder does without dom0's kernel events, and says why" run 'cd /root && rm -rf s.xph && xenphase record -o s.xph -- true'
claim_says "recording without dom0 kernel events: the trace instance"
claim_says "open in tail (pid"
claim "the reader ends: --cleanup removes it" run 'kill $(cat /root/held); sleep 1; xenphase record --cleanup'
claim_says "probes and trace instance removed"
claim "nothing is left" no_kernel_tracing_is_left
claim_exit 7 "what cannot be removed at the end of a recording is told" run 'cd /root && rm -rf s.xph held && xenphase record -o s.xph -- sh -c "
    exec 9</sys/kernel/tracing/instances/xenphase/trace_pipe; setsid tail -f /dev/null </dev/null >/dev/null 2>&1 & echo \$! >held; exit 7"'
claim_says "not all could be undone"
claim_says "open in tail (pid"
claim "it goes with the next recording" run 'cd /root && rm -rf s.xph; kill $(cat held); sleep 1; xenphase record -o s.xph -- true'
claim "nothing is left" no_kernel_tracing_is_left

endless_creation() {
    run 'cd /root && rm -rf s.xph s.err || exit 1
        timeout 150 xenphase-record --system --trigger "create>4s" -o s.xph 2>s.err &
        until grep -s "recording whatever" s.err; do sleep 1; done; xl create -qp /etc/xenlab/pv.cfg; wait $!; status=$?
        cat s.err; xl destroy tiny-pv; grep "triggered_by.*takes more than" s.xph/manifest.json && exit $status'
}
claim "a creation that never ends is not waited for without end" endless_creation
claim_says "though it still goes on"

claim "a boot that takes long is not Domain-0's" run 'cd /root && rm -rf s.xph && { timeout -s INT 15 xenphase-record --system --trigger "boot>3s" -o s.xph; ! grep "triggered_by.*boot" s.xph/manifest.json; }'

# A definition of a guest of type $1 that panics while it boots, and to which $2 is done then, whatever it says of itself.
crashing_guest() {
    run "sed 's/^extra *=.*/extra = \"console=hvc0 root=\\/dev\\/none init=\\/none rdinit=\\/none panic=1\"/; s/^\\(on_[a-z]*\\) *=.*/\\1 = \"$2\"/' /etc/xenlab/$1.cfg >/root/crash.cfg; cat /root/crash.cfg"
}

kept_domain_is_no_destruction() {
    run 'cd /root; rm -rf s.xph; xl create -q crash.cfg; for i in $(seq 100); do sleep 1; xl list tiny-pv | grep -e "---s" && break; done
        timeout -s INT 15 xenphase-record --system --trigger "destroy>3s" -o s.xph; xl list tiny-pv | grep -e "---s"; status=$?; xl destroy tiny-pv
        test $status = 0 && grep "\"state\": \"complete\"" s.xph/manifest.json && ! grep "triggered_by.*destroy" s.xph/manifest.json'
}
claim "a guest that is kept when it crashes" crashing_guest pv preserve
claim "as long as it is kept, it is not being destroyed" kept_domain_is_no_destruction

names_are_right() {
    run 'cd /root; rm -rf s.xph started; xl create -q /etc/xenlab/pv.cfg; id=$(xl domid tiny-pv)
        { until test -e started; do sleep 0.5; done
            xenstore-write /local/domain/0/backend/console/$id/1/name evil /local/domain/$id/data/name worse; } &
        xenphase-record -q -o s.xph -- sh -c "touch started; sleep 5"; wait; xl destroy tiny-pv
        grep "\"name\"" s.xph/manifest.json
        grep -q "\"name\": \"tiny-pv\"" s.xph/manifest.json && grep -q "\"name\": \"Domain-0\"" s.xph/manifest.json && ! grep "evil\|worse" s.xph/manifest.json'
}
claim "keys that end in /name do not name a domain" names_are_right

claim_exit 130 "Ctrl-C while the doctor tries dom0's kernel probes" run '{ until test -e /sys/kernel/tracing/instances/xenphase; do :; done; pkill -INT -x xenphase-record; } &
    xenphase-record --doctor; exit $?'
claim "nothing is left" no_kernel_tracing_is_left
claim "a recorder is killed" run 'cd /root && rm -rf s.xph started; { until test -e started; do sleep 0.5; done; pkill -KILL -x xenphase-record; } &
    xenphase-record -q -o s.xph -- sh -c "touch started; exec sleep 60"; status=$?; pkill -x sleep; test $status = 137'
claim "the doctor tells of what it left" run 'xenphase doctor | tee /root/doctor.txt; grep "left over .*xenphase record --cleanup" /root/doctor.txt && ! grep "File exists" /root/doctor.txt'
claim "its remains are cleaned up" run 'xenphase record --cleanup'
claim "nothing is left" no_kernel_tracing_is_left
claim "then the doctor says nothing of them" run 'xenphase doctor | tee /root/doctor.txt; ! grep "left over" /root/doctor.txt'

claim_exit 137 "the command is killed: that is its exit status" run 'cd /root && rm -rf s.xph && xenphase record -o s.xph -- sh -c "kill -KILL \$\$"'
claim_exit 0 "its recording is whole" run 'xenphase summary /root/s.xph'

crash_is_recorded() {
    run 'cd /root && rm -rf s.xph && timeout 90 xenphase record --until idle --timeout 60 -o s.xph -- xl create -q crash.cfg'
}
for what in destroy preserve; do
    claim "a guest that crashes while it boots ($what)" crashing_guest pvh $what
    claim "its recording ends with that" crash_is_recorded
    claim_says "crashed before it was idle"
    claim "the manifest says so, too, and not that it was idle" run 'grep "ended_by.*crashed" /root/s.xph/manifest.json && grep -q "\"state\": \"complete\"" /root/s.xph/manifest.json && ! grep "idle_error_ns" /root/s.xph/manifest.json'
    claim "its last words are kept" run 'cat /root/s.xph/console/*.log && grep -h "Kernel panic" /root/s.xph/console/*.log'
    claim "it is gone" run 'xl destroy tiny-pvh 2>/dev/null; ! xl domid tiny-pvh'
done

# That the last text stays where not all has room: tests/unit/test_console_ring.c.
console_in_a_ring() {
    run 'cd /root; rm -rf s.xph s.err /var/log/xen/console/guest-tiny-pv.log; { for i in $(seq 60); do grep -s "recording whatever" s.err && break; sleep 1; done
            xl create -q /etc/xenlab/pv.cfg; for i in $(seq 60); do sleep 2; grep -q "xenlab: guest ready" /var/log/xen/console/guest-tiny-pv.log && break; done
            sleep 2; pkill -INT -x xenphase-record; } &
        xenphase-record --system --ring 8 -o s.xph 2>s.err; wait; xl destroy tiny-pv; ls -l s.xph/console; cat s.xph/console/*.log | wc -c
        grep -h "xenlab: guest ready" s.xph/console/*.log && test "$(cat s.xph/console/*.log | wc -c)" -le $((8 * 1024 * 1024 / 20))'
}
claim "in a ring the text of a console is kept, too" console_in_a_ring

claim "a domain that never appears: --until idle does not wait long for it" run 'cd /root && rm -rf s.xph && timeout 60 xenphase record --until idle -o s.xph -- true'
claim_says "no new domain came within 10 s of the command's end"

# xl reboot only asks; what answers is the guest's kernel, and xl's process that has waited since the creation.
reboot_is_recorded() {
    run 'cd /root && rm -rf s.xph r.xph && sed "s/^on_reboot *=.*/on_reboot = \"restart\"/" /etc/xenlab/pv.cfg >reboot.cfg
        xenphase record -q --until idle -o r.xph -- xl create -q reboot.cfg; old=$(xl domid tiny-pv)
        timeout 300 xenphase record --until idle -o s.xph -- xl reboot tiny-pv; status=$?
        new=$(xl domid tiny-pv); xl destroy tiny-pv; echo "status $status, domain $old, then $new"
        test "$status" = 0 && test -n "$new" && test "$new" != "$old" && grep "\"ended_by\": null" s.xph/manifest.json'
}
claim "--until idle sees a reboot through that its command only asked for" reboot_is_recorded

xenstored_stops() {
    run 'cd /root; rm -rf s.xph; { until test -s s.xph/xen.trace; do sleep 0.5; done; pkill -STOP xenstored; sleep 2; pkill -CONT xenstored; } &
        xenphase record -o s.xph -- sh -c "sleep 3; xl create -q /etc/xenlab/pv.cfg"'
}
claim "xenstored stops for 2 s" xenstored_stops
claim "what came afterwards is there" run 'xenphase dump --xenstore /root/s.xph | grep "/name = .tiny-pv" && xl destroy tiny-pv'
claim "xenstored stops for good before the end: the recorder ends all the same" run 'cd /root && rm -rf s.xph && timeout 60 xenphase record -o s.xph -- pkill -STOP xenstored; status=$?; pkill -CONT xenstored; exit $status'
claim_says "not all changes in xenstore are recorded: xenstored does not answer"
claim_exit 3 "its changes in xenstore up to there are whole, and nothing is called damaged" run 'xenphase summary /root/s.xph >/root/s.txt 2>&1; status=$?; cat /root/s.txt; exit $status'
claim_says "xenstored does not answer"
claim "... nor without a checksum" run '! grep "damaged\|no checksum\|is cut" /root/s.txt'
claim "nothing is left" no_kernel_tracing_is_left

# Their values are read, so the recorder is behind when the last of them are made. More of them than it can read in the second that
# it takes for that are told of.
burst_at_the_end() {
    run 'cd /root; rm -rf s.xph; pairs=$(for i in $(seq 40); do echo "/local/domain/0/data/burst$i v"; done)
        xenphase record --kernel off -o s.xph -- xenstore-write $pairs; status=$?; xenstore-rm /local/domain/0/data
        xenphase dump --xenstore s.xph | grep -c "/data/burst[0-9]* = " >s.txt; cat s.txt; test $status = 0 && test "$(cat s.txt)" -ge 40'
}
claim "what changes in xenstore just before the end is all there" burst_at_the_end

claim "a small disk" small_disk 48
claim_exit 125 "too little disk space to begin" run 'cd /root && rm -f started && xenphase record -o /mnt/small/i.xph -- touch started'
claim_says "MiB are free on the disk"
claim_says "--reserve-mib"
claim "nothing was started, and nothing is there" run 'test ! -e /root/started && test ! -e /mnt/small/i.xph'
claim_exit 125 "disk space runs low: the recording ends, the command does not" run 'cd /root && rm -f whole.txt
    xenphase record --reserve-mib 24 -o /mnt/small/i.xph -- sh -c "sleep 2; fallocate -l 28M /mnt/small/fill; sleep 3; echo whole >whole.txt"; status=$?
    grep whole whole.txt && exit $status'
claim_says "that are to stay"
claim_says "is whole up to there"
claim_exit 3 "its recording can be read, and says so" run 'xenphase summary /mnt/small/i.xph >/dev/null'
claim_says "interrupted"
claim_says "that are to stay"
claim "dom0's kernel events are whole" run 'trace-cmd report -i /mnt/small/i.xph/dom0.dat 2>/dev/null | grep -m 1 "sched_process_exec: .*fallocate"'
# 900 KiB are enough for what is still to be written, and not for a second copy of dom0's kernel events.
claim_exit 125 "no disk space to put dom0's kernel events together" run 'cd /root && rm -rf /mnt/small/*
    xenphase record --reserve-mib 0 -o /mnt/small/u.xph -- sh -c "sleep 2; fallocate -l \$((\$(df -k --output=avail /mnt/small | tail -n 1) - 900))K /mnt/small/fill"'
claim_says "is whole otherwise"
claim_says "xenphase repair"
claim_exit 3 "its recording can be read, and says so" run 'ls -l /mnt/small/u.xph; xenphase summary /mnt/small/u.xph >/dev/null'
claim_says "not finished"
claim "with space, repair finishes it" run 'rm /mnt/small/fill && xenphase repair /mnt/small/u.xph && trace-cmd report -i /mnt/small/u.xph/dom0.dat 2>/dev/null | grep -m 1 "sched_process_exec: .*fallocate"'
claim_exit 0 "then it is complete" run 'xenphase summary /mnt/small/u.xph'
claim "the small disk goes" no_small_disk
claim_exit 125 "a file system in memory is not taken silently" run 'mkdir -p /mnt/small && mount -t tmpfs none /mnt/small && xenphase record -o /mnt/small/i.xph -- true'
claim_says "in memory (tmpfs)"
claim "... but when it is said" run 'xenphase record --allow-tmpfs -o /mnt/small/i.xph -- true; status=$?; umount /mnt/small && exit $status'
claim "the doctor tells of the disk" run 'cd /root && xenphase doctor'
claim_says "are free in this directory"
claim "nothing is left" no_kernel_tracing_is_left

claim "no right to real-time priority and locked memory: the recording is made all the same" run 'cd /root && rm -rf s.xph &&
    setpriv --bounding-set -sys_nice,-ipc_lock --inh-caps -sys_nice,-ipc_lock prlimit --rtprio=0 --memlock=65536 xenphase record -o s.xph -- true'
claim_says "refused: real-time threads: "
claim_says "locked memory: "
claim "the manifest says so" run 'grep "priority_refused.*real-time threads.*locked memory" /root/s.xph/manifest.json'

claim "no tracefs: the rest is recorded" run 'cd /root && rm -rf s.xph && unshare -m sh -c "umount -l /sys/kernel/debug 2>/dev/null; umount -l /sys/kernel/tracing; mount -t tmpfs -o ro none /sys/kernel; xenphase record -o s.xph -- true"'
claim_says "without dom0 kernel events"
claim_exit 0 "and its recording is whole" run 'xenphase summary /root/s.xph'

# The last one, as it cannot be undone before the next boot.
claim "a locked down kernel: the rest is recorded" run 'cd /root && rm -rf s.xph && mount -t securityfs none /sys/kernel/security 2>/dev/null; echo confidentiality >/sys/kernel/security/lockdown && xenphase record -o s.xph -- true'
claim_says "without dom0 kernel events"
finish
