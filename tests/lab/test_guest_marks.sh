#!/usr/bin/env bash
# xenphase-mark in guests of the emulated host: what comes out of the recording. The guests are the lab's tiny one with a second
# archive behind its initramfs, and its Debian guest with the package.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh
# shellcheck source=tests/lab/host.sh
source tests/lab/host.sh

out=build/guest-marks-test
rm -rf "$out"
mkdir -p "$out/root/bin"

append_to_initramfs() {
    cp build/xenphase-mark "$out/root/bin/" &&
        "$1" -std=gnu11 -D_GNU_SOURCE -I. -Os -fno-pie -mno-red-zone -static -no-pie -s \
            -Wl,--section-start=.xenphase_stubs=0x585048000000 -o "$out/root/bin/hostile" tests/lab/guest-marks/hostile.c \
            probes/guest/{ways,xen_guest,xenstore,frame}.c &&
        cp tests/lab/guest-marks/init "$out/root/init" &&
        (cd "$out/root" && printf '%s\n' init bin/xenphase-mark bin/hostile | cpio -o -H newc -R 0:0 --quiet) >"$out/mark.cpio" &&
        run 'mkdir -p /root/mark' && $xenlab push "$out/mark.cpio" /root/mark/ &&
        run 'cat /srv/vms/guest/tiny.cpio /root/mark/mark.cpio >/root/mark/initrd'
}

# Guest mark-NAME of type $2 that does $3.
make_guest() {
    run "xl destroy mark-$1 2>/dev/null; xenlab-vm remove mark-$1 2>/dev/null; xenlab-vm make mark-$1 type=$2 &&
        sed -i 's|^ramdisk.*|ramdisk = \"/root/mark/initrd\"|; s|^extra.*|extra = \"console=hvc0 quiet mitigations=off mark.do=$3\"|' /etc/xenlab/mark-$1.cfg"
}

# A shell command in dom0: until guest mark-$1 says $2 on its console. Its log may have older boots.
until_says() {
    echo "log=/var/log/xen/console/guest-mark-$1.log; for i in \$(seq 600); do sleep 0.5; grep -q '$2' \$log && break; done; tail -n 20 \$log; grep -q '$2' \$log"
}

# Records, as mark/$1.xph, while guest mark-$1 boots; $2 may be another command to run before.
record_guest() {
    run "cd /root/mark && rm -rf $1.xph && rm -f /var/log/xen/console/guest-mark-$1.log &&
        xenphase record -q --events boot -o $1.xph -- sh -c '${2-}xl create -q /etc/xenlab/mark-$1.cfg && $(until_says "$1" 'xenlab: guest ready' | tr "'" '"')'" &&
        $xenlab pull "/root/mark/$1.xph" "$out/"
}

marks() {
    build/xenphase marks "$@" 2>&1
}

# The marks of a recording in their order, one a line: WAY|NAME|VALUE, with ... where one was cut and - where there is none.
names() {
    build/xenphase marks --json "$1" 2>/dev/null | awk '
        /^  "spans"/ { exit }
        match($0, /^ *"[a-z_]*": /) {
            key = value = $0
            gsub(/^ *"|": .*/, "", key)
            value = substr(value, RLENGTH + 1)
            sub(/,$/, "", value)
            field[key] = value == "null" ? "-" : value
            if (value ~ /^"/) {
                value = substr(value, 2, length(value) - 2)
                gsub(/\\\\/, "\\", value)
                field[key] = value
            }
            if (key == "value_cut")
                print field["way"] (field["also_by_xenstore"] == "true" ? "+xenstore" : "") "|" field["name"] \
                    (field["name_cut"] == "true" ? "..." : "") "|" field["value"] (field["value_cut"] == "true" ? "..." : "")
        }'
}

# What a polite guest of type $1 sent, by way $2, is there.
marks_are_there() {
    local recording=$1 way=$2 wanted
    while IFS= read -r wanted; do
        names "$recording" | grep -qFx -- "$wanted" || { echo "missing: $wanted"; return 1; }
    done <<END
$way|init.begin|-
$way|empty|
$way|-dash|--value
$way+xenstore|both|by two ways
xenstore|only.xenstore|a b%c
$way|esc\\x1b[2J\\x01\\xff|line\\x0abreak\\x0d\\x09\\xc2\\x9b
$way|$(printf '%064d' 0)...|$(printf '%0100d%0100d%056d' 7 7 0)...
$way|huge|$(printf '%0256d' 0)...
$way|init.end|-
END
}

in_order() {
    local got
    got=$(names "$1" | awk -F '|' -v name="$2" '$2 == name { printf "%s ", $3 }')
    echo "$got"
    [[ $got == "$3 " ]]
}

# The guest's clock is known within 5 ms, and its TSC too.
clock_is_placed() {
    local clock
    clock=$(build/xenphase marks --json "$1" 2>/dev/null | sed -n '/^  "clocks"/,/\]/p')
    echo "$clock"
    awk '$1 == "\"monotonic_error_ns\":" { known = $2 + 0 > 0 && $2 + 0 < 5000000 }
        $1 == "\"tsc_error\":" { tsc = $2 + 0 > 0 } END { exit !(known && tsc) }' <<<"$clock"
}

no_raw_bytes() {
    marks "$1" | grep -F '\x1b[2J' && build/xenphase marks --json "$1" 2>&1 | grep -F '\\x1b[2J' &&
        ! marks "$1" | LC_ALL=C grep -n '[^ -~]' && ! build/xenphase marks --json "$1" 2>&1 | LC_ALL=C grep -n '[^ -~]'
}

# How many of something the recording's JSON tells of in "faults".
fault() {
    build/xenphase marks --json "$1" 2>/dev/null | sed -n "/^  \"faults\"/,/}/s/.*\"$2\": \([0-9]*\).*/\1/p"
}

# A field of the span of $1 that is named $2 and whose text is $3, in ns.
span() {
    build/xenphase marks --json "$1" 2>/dev/null | awk -v name="\"$2\"," -v text="\"$3\"," -v wanted="\"$4\":" '
        $1 == "\"spans\":" { inside = 1 }
        inside && $1 == "\"name\":" { named = $2 == name }
        inside && $1 == "\"text\":" { texted = $2 == text }
        inside && named && texted && $1 == wanted { print $2 + 0; exit }'
}

# |$1 - $2| <= $3, all in ns.
within() {
    echo "$1 and $2, not further apart than $3"
    [[ -n $1 && -n $2 ]] && (($1 - $2 <= $3 && $2 - $1 <= $3))
}

claim "the emulated host comes up" $xenlab up
cc=$(command -v musl-gcc || command -v gcc)
claim "the probe goes into an initramfs" append_to_initramfs "$cc"

for type in pv pvh; do
    way=forced
    [[ $type == pv ]] || way=cpuid
    claim "$type: a guest that makes marks" make_guest $type $type polite
    claim "$type: record it" record_guest $type
    claim_says "way: $way"
    claim_says "way: xenstore"
    claim_exit 0 "$type: xenphase marks" marks "$out/$type.xph"
    claim "$type: every mark is there, with its value, cut where it is too long" marks_are_there "$out/$type.xph" $way
    claim "$type: marks of one process after the other are in order" in_order "$out/$type.xph" series "$(seq -s ' ' 20)"
    claim "$type: marks of eight processes at once" test "$(names "$out/$type.xph" | grep -c '|together\.')" = 8
    claim "$type: control characters are escaped" no_raw_bytes "$out/$type.xph"
    claim "$type: xen.trace alone places the guest's clock" clock_is_placed "$out/$type.xph"
    run "xl destroy mark-$type"
done

# Two guests at once, the first of which is hostile. The other one's marks, and everything else, must be as without it.
record_beside_hostile() {
    make_guest "$1" "${1#hostile-}" hostile && make_guest polite pv polite &&
        run "cd /root/mark && rm -rf $1.xph && rm -f /var/log/xen/console/guest-mark-{polite,$1}.log &&
            xenphase record -q --events boot -o $1.xph -- sh -c 'xl create -q /etc/xenlab/mark-$1.cfg && xl create -q /etc/xenlab/mark-polite.cfg &&
                { $(until_says polite 'xenlab: guest ready' | tr "'" '"'); } && $(until_says "$1" 'xenlab: guest ready' | tr "'" '"')'
            status=\$?; xl destroy mark-$1; xl destroy mark-polite; exit \$status" &&
        $xenlab pull "/root/mark/$1.xph" "$out/"
}

no_record_is_lost() {
    local lost
    lost=$(build/xenphase dump --event lost_records "$1" 2>&1) && [[ -z $lost ]]
}

for type in pv pvh; do
    recording=$out/hostile-$type.xph
    # A piece is a byte of a PV guest's, four of another's.
    stray=200
    [[ $type != pv ]] || stray=800
    claim "$type: a hostile guest beside a polite one" record_beside_hostile hostile-$type
    claim_says "hostile: sent 10000, torn 1000, stray $stray, damaged 100"
    claim "$type: its 10,000 marks are there" test "$(names "$recording" | grep -c '|hostile\\x1b\[2J')" = 10000
    claim "$type: its torn frames are counted" within "$(fault "$recording" torn)" 1000 0
    claim "$type: its damaged frames are counted" within "$(fault "$recording" damaged)" 100 0
    claim "$type: its stray pieces are counted" within "$(fault "$recording" stray)" $stray 0
    claim "$type: the polite guest's marks are in order" in_order "$recording" series "$(seq -s ' ' 20)"
    claim "$type: no record is lost" no_record_is_lost "$recording"
    claim "$type: control characters are escaped" no_raw_bytes "$recording"
done

ticking_guest_is_paused() {
    make_guest tick pvh tick &&
        run "cd /root/mark && rm -rf tick.xph && rm -f /var/log/xen/console/guest-mark-tick.log &&
            xenphase record -q --events boot -o tick.xph -- sh -c 'xl create -q /etc/xenlab/mark-tick.cfg && { $(until_says tick 'xenlab: ticking' | tr "'" '"'); } &&
                sleep 2 && xl pause mark-tick && sleep 0.7 && xl unpause mark-tick && { $(until_says tick 'xenlab: guest ready' | tr "'" '"'); }'
            status=\$?; xl destroy mark-tick; exit \$status" &&
        $xenlab pull /root/mark/tick.xph "$out/"
}

# The longest gap that the ticker saw is as long as no vCPU of the guest ran, within 10 ms (its tick) and 5 %.
gap_is_as_long_as_the_pause() {
    local gap pause
    gap=$(names "$1" | awk -F'[| ]' '$2 == "tick.gap" && $4 - $3 > longest { longest = $4 - $3 } END { print longest + 0 }')
    pause=$(paused_ns "$1")
    ((pause > 600000000)) && within "$gap" "$pause" $((pause / 20 + 10000000))
}

# From when Xen took the guest's vCPU off to when it might run again, the longest of these times, in ns.
paused_ns() {
    build/xenphase dump "$1" 2>/dev/null | awk '
        $4 != "runstate_change" || $5 ~ /=(d0v|idle)/ { next }
        $7 == "to=offline" { since[$5] = $1 }
        $6 == "from=offline" && ($5 in since) && $1 - since[$5] > longest { longest = $1 - since[$5] }
        END { printf "%d\n", longest * 1e9 }'
}

claim "a guest that ticks is paused for 0.7 s" ticking_guest_is_paused
claim_says "gap at monotonic"
claim_says "CPU time"
claim "the ticker saw it" gap_is_as_long_as_the_pause "$out/tick.xph"

# A Debian guest with the package, and a unit that sleeps for 0.7 s before the boot is over. Its first boot is to install that.
debian_guest() {
    $xenlab push "$1" /root/mark/ && run "xl destroy mark-debian 2>/dev/null; xenlab-vm remove mark-debian 2>/dev/null
        xenlab-vm make mark-debian system=debian type=$2 && xl create -q /etc/xenlab/mark-debian.cfg && address=\$(xenlab-vm address mark-debian) &&
        for i in \$(seq 120); do ssh -o ConnectTimeout=2 root@\$address true 2>/dev/null && break; sleep 1; done
        scp -q /root/mark/$(basename "$1") root@\$address:/root/ && ssh root@\$address 'cat >/etc/systemd/system/mark-slow.service <<END
[Unit]
After=ssh.service xenlab-address.service
[Service]
Type=oneshot
ExecStart=/bin/sleep 0.7
[Install]
WantedBy=multi-user.target
END
        systemctl -q enable mark-slow && dpkg -i /root/*.deb && systemctl is-enabled xenphase-boot && sync && systemctl poweroff'
        for i in \$(seq 60); do xl domid mark-debian >/dev/null 2>&1 || break; sleep 1; done; ! xl domid mark-debian 2>/dev/null"
}

record_debian() {
    run "cd /root/mark && rm -rf debian.xph && address=\$(xenlab-vm address mark-debian) && cat >debian.sh <<END
xl create -q /etc/xenlab/mark-debian.cfg
for i in \\\$(seq 120); do ssh -o ConnectTimeout=2 root@\$address true 2>/dev/null && break; sleep 1; done
ssh root@\$address 'systemctl is-system-running --wait; while systemctl -q is-active xenphase-boot; do sleep 0.5; done; systemctl status xenphase-boot; systemd-analyze time; systemd-analyze critical-chain --no-pager'
END
        xenphase record -q --events boot -o debian.xph -- sh debian.sh" && $xenlab pull /root/mark/debian.xph "$out/"
}

# The length of span $2 (text $3) is $4 within 10 ms and 5 %.
span_is_long() {
    local start end
    start=$(span "$1" "$2" "$3" guest_start_ns) end=$(span "$1" "$2" "$3" guest_end_ns)
    within $((end - start)) "$4" $((10000000 + $4 / 20))
}

# The ns that systemd-analyze time, in $1, says of $2.
analyzed_ns() {
    sed -n "s/.*[+=n] \([0-9a-z. ]*\)s ($2).*/\1/p" <<<"$1" | awk '
        { for (i = 1; i <= NF; i++) { if ($i ~ /min$/) seconds += 60 * $i; else if ($i ~ /m$/) seconds += $i / 1000; else seconds += $i }
          printf "%d\n", seconds * 1e9 }'
}

equals_analyzed() {
    local start end
    start=$(span "$1" "boot.$2" '' guest_start_ns) end=$(span "$1" "boot.$2" '' guest_end_ns)
    within $((end - start)) "$3" 10000000
}

package=$(echo build/xenphase-mark_*_amd64.deb)
for type in pvh pv; do
    claim "$type: a Debian guest with the package" debian_guest "$package" $type
    claim "$type: record its boot" record_debian
    analyzed=$output
    claim "$type: kernel as systemd-analyze has it" equals_analyzed "$out/debian.xph" kernel "$(analyzed_ns "$analyzed" kernel)"
    claim "$type: user space as systemd-analyze has it" equals_analyzed "$out/debian.xph" userspace "$(analyzed_ns "$analyzed" userspace)"
    claim "$type: the unit that sleeps is on the critical chain, with its time" span_is_long "$out/debian.xph" boot.unit mark-slow.service 700000000
    claim "$type: the recording's marks" marks "$out/debian.xph"
    run 'xl destroy mark-debian; xenlab-vm remove mark-debian'
done
run 'for guest in pv pvh hostile-pv hostile-pvh polite tick; do xenlab-vm remove mark-$guest; done; rm -rf /root/mark'
finish
