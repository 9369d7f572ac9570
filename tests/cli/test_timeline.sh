#!/usr/bin/env bash
# xenphase timeline, against other tools on the same recording (tests/data/README.md), and on broken ones.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh

xenphase=build/xenphase
recording=build/data/destroy-dev-pv.xph
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

claim_exit 0 "timeline --help" $xenphase timeline --help
claim_exit 2 "timeline without a recording" $xenphase timeline
claim_exit 2 "a source that there is not" $xenphase timeline --source xen,kernal "$recording"
claim_says "no such source: 'kernal'"
claim_exit 2 "a time that is none" $xenphase timeline --from soon "$recording"
claim_exit 2 "a summary of a part" $xenphase timeline --summary --from 1 "$recording"
claim_exit 1 "timeline of what is not there" $xenphase timeline "$work/none"
full_disk() {
    $xenphase timeline "$recording" >/dev/full
}
claim_exit 1 "a full disk is an error" full_disk

if $xenphase timeline --summary "$recording" 2>&1 | grep "built without libtracecmd" >/dev/null; then
    claim_exit 3 "built without libtracecmd it says so" $xenphase timeline --summary "$recording"
    claim_says "built without libtracecmd"
    finish
    exit
fi

# "PID SECONDS" by trace-cmd's own reading of the file: whole microseconds.
threads_by_trace_cmd() {
    local khz
    khz=$(sed -n 's/^ *"khz": \([0-9]*\).*/\1/p' "$recording/manifest.json")
    trace-cmd report -i "$recording/dom0.dat" 2>/dev/null | awk -f tests/cpu-by-thread.awk |
        awk -v khz="$khz" '{ printf "%d %.6f\n", $1, int($2 * 1000 / khz) / 1e6 }' | sort
}

threads_by_timeline() {
    $xenphase timeline --summary --threads --top 0 "$recording" |
        awk '/^dom0.s vCPUs by thread/ { here = NR } here && NR > here + 1 { print $(NF - 6), $(NF - 5) }' | sort
}

cpu_times_equal() {
    threads_by_trace_cmd >"$work/theirs"
    threads_by_timeline >"$work/ours"
    [[ $(wc -l <"$work/ours") -gt 100 ]] && diff "$work/theirs" "$work/ours"
}
claim "each thread's CPU time is what trace-cmd's report of the file gives" cpu_times_equal

# Xen's records of domctl and sysctl by dom0, counted from its trace alone and within dom0's hypercalls.
hypercalls_equal() {
    $xenphase dump "$recording" | awk '$3 ~ /^d0v/ && $4 == "hypercall" && $5 ~ /^op=(domctl|sysctl)\(/ { sub(/^op=/, "", $5); sub(/\(.*/, "", $5); n[$5]++ }
        END { print n["domctl"], n["sysctl"] }' >"$work/theirs"
    $xenphase timeline --summary --top 0 "$recording" |
        awk '/^hypercalls by/ { on = 1 } /^processes/ { on = 0 }
            on { for (i = 2; i < NF; i++) if ($i == "domctl" || $i == "sysctl") n[$i] += $(NF - 5) }
            END { print n["domctl"], n["sysctl"] }' >"$work/ours"
    cat "$work/ours"
    [[ $(cat "$work/ours") == "53 1144" ]] && diff "$work/theirs" "$work/ours"
}
claim "dom0's hypercalls hold as many of Xen's records as its trace has" hypercalls_equal

claim_exit 0 "the summary" $xenphase timeline --summary --top 5 "$recording"
claim_says "of 1210 Xen's record was to be expected between entry and return, and is there for 1210"
claim_says "domctl destroydomain               d5            1       50      0"
claim_says "more (--top 0 shows all)"

ordered() {
    $xenphase timeline "$recording" | awk '$1 + 0 < last { bad++ } { last = $1 + 0; n[$2]++ }
        END { print n["kernel"], n["xen"], n["samples"], n["xenstore"], n["console"]; exit bad > 0 }' >"$work/counts" &&
        cat "$work/counts" && [[ $(cat "$work/counts") == "15366 203577 1075 28 12" ]]
}
claim "all events of all sources come in the order of time" ordered

part() {
    $xenphase timeline --source xenstore,kernel --from 1.5 --to 1.55 "$recording" |
        awk '{ n++ } $1 < 1.5 || $1 >= 1.55 || ($2 != "kernel" && $2 != "xenstore") { bad++ } END { exit n == 0 || bad }'
}
claim "a part of it" part
claim_exit 0 "a hypercall" $xenphase timeline --source kernel --from 7.5 "$recording"
claim_says "domctl destroydomain d5"
claim_exit 0 "a device's state" $xenphase timeline --source kernel --from 1.5 --to 1.6 "$recording"
claim_says "backend/vbd/5/51712 closed"

claim_exit 0 "a recording without kernel events" $xenphase timeline --summary build/data/create-pv.xph
claim_says "kernel             none"

cp -r "$recording" "$work/noise.xph"
head -c 100000 /dev/urandom >"$work/noise.xph/dom0.dat"
claim_exit 3 "kernel events that are noise are a doubt" $xenphase timeline --summary "$work/noise.xph"
claim_says "dom0.dat: it is not a file of trace-cmd"
claim_says "dom0.dat is cut"

cp -r "$recording" "$work/flip.xph"
printf '\377' | dd of="$work/flip.xph/dom0.dat" bs=1 seek=500000 conv=notrunc status=none
claim_exit 3 "a flipped byte among kernel events is located" $xenphase timeline --summary "$work/flip.xph"
claim_says "dom0.dat is damaged"

cp -r "$recording" "$work/gone.xph"
rm "$work/gone.xph/dom0.dat"
claim_exit 3 "kernel events that were recorded and are not there" $xenphase timeline --summary "$work/gone.xph"
claim_says "there is no dom0.dat"

# A process may be called anything.
cp -r "$recording" "$work/name.xph"
LC_ALL=C sed -i 's/oxenstored\x00/\x1b[31mstore\x00/g' "$work/name.xph/dom0.dat"
claim_exit 3 "a hostile name does not steer the terminal" $xenphase timeline --summary "$work/name.xph"
claim_says '\x1b[31mstore'
finish
