#!/usr/bin/env bash
# The analyzer's command line, on recordings made on the emulated host (tests/data/README.md), whole and broken.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh
# shellcheck source=tests/budget.sh
source tests/budget.sh

xenphase=build/xenphase
data=build/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for recording in create-pv create-pvh destroy-pv; do
    claim "$recording: the phases add up to the wall time within 0.5 %" balances "$data/$recording.xph"
    claim_exit 0 "$recording: the text report" $xenphase report "$data/$recording.xph"
    claim_says "lost records: none"
    claim_says "emulated"
done
claim "whose the time was adds up to each phase" budget_balances "$data/destroy-dev-pv.xph"
claim_exit 0 "the report says whose the time was" $xenphase report "$data/destroy-dev-pv.xph"
claim_says "dom0 process xl"
claim_says "hypervisor   domctl destroydomain"
claim_says "; unexplained 0.000"
claim_exit 0 "the critical path, piece by piece" $xenphase report --critical-path "$data/destroy-dev-pv.xph"
claim_says "domain kill                hypervisor   domctl destroydomain"
claim_exit 0 "stacks for flame graphs" $xenphase report --folded "$data/destroy-dev-pv.xph"
claim_says "destroy d5;domain kill;hypervisor;domctl destroydomain "
claim_exit 0 "without dom0's kernel events it is said that this is not known" $xenphase report "$data/destroy-pv.xph"
claim_says "whose the time was is not known: dom0's kernel events are missing"
claim_exit 2 "one view at a time" $xenphase report --json --folded "$data/destroy-pv.xph"

claim_exit 0 "report of a creation" $xenphase report "$data/create-pv.xph"
for phase in "toolstack prepare" "domain build" "guest boot" "who held the 2 CPUs" "hypervisor"; do
    claim_says "$phase"
done
claim_exit 0 "dump lists decoded records" $xenphase dump --event domain_add "$data/create-pv.xph"
claim_says "domain_add"
claim_exit 0 "summary counts" $xenphase summary "$data/destroy-pv.xph"
claim_says "vcpu d0v0"
claim_says "top hypercalls"
claim_says "domain 1 \"tiny-pv\""
claim_exit 0 "summary as JSON" $xenphase summary --json "$data/destroy-pv.xph"
claim_says '"format": "xenphase summary"'
claim_says '"name": "mmu_update"'

same_from_a_pipe() {
    $xenphase summary --trace "$data/destroy-pv.xph/xen.trace" --khz 2600000 >"$work/file" &&
        $xenphase summary --trace - --khz 2600000 <"$data/destroy-pv.xph/xen.trace" >"$work/pipe" &&
        [[ -s $work/file ]] && diff "$work/file" "$work/pipe"
}
claim "summary of a pipe is that of the file" same_from_a_pipe
no_room() {
    (trap '' XFSZ && ulimit -f 64 && $xenphase summary --trace - --khz 2600000 <"$data/destroy-pv.xph/xen.trace")
}
claim_exit 1 "a pipe's text that finds no room is an error" no_room
claim_says "cannot keep the standard input in"
claim_says "TMPDIR"
claim_exit 0 "without a frequency it is estimated" $xenphase summary --trace "$data/destroy-pv.xph/xen.trace"
claim_says "estimated from the scheduler's records: nobody told it"
claim_exit 1 "or asked for, where there are no scheduler's records" $xenphase summary --trace /dev/stdin </dev/null
claim_exit 3 "a wrong frequency is told" $xenphase summary --trace "$data/destroy-pv.xph/xen.trace" --khz 2400000
claim_says "but at 26"
claim_exit 2 "threads are counted" $xenphase summary --threads 0 "$data/destroy-pv.xph"

# The lines of a dump of the creation of a PVH guest, sorted where the order does not matter.
dump_pvh() {
    $xenphase dump "$@" "$data/create-pvh.xph" 2>/dev/null
}
all=$(dump_pvh | wc -l)
same_number() {
    echo "$1, not $2"
    [[ $1 == "$2" && $1 -gt 0 ]]
}
# The printing thread gets records by the thousand.
for limit in 1 1023 1024 1025 5000; do
    claim "--limit $limit" same_number "$(dump_pvh --limit $limit | cksum | cut -d ' ' -f 1)" "$(dump_pvh | head -n $limit | cksum | cut -d ' ' -f 1)"
done
claim "one CPU prints the same" same_number "$(taskset -c 0 $xenphase dump "$data/create-pvh.xph" 2>/dev/null | cksum | cut -d ' ' -f 1)" \
    "$(dump_pvh | cksum | cut -d ' ' -f 1)"
claim "JSON has a line for each record" same_number "$(dump_pvh --json | grep -c '^{"time_ns":.*}$')" "$all"
claim "CSV has one, and a header" same_number "$(dump_pvh --csv | grep -cE '^(time_ns,|[0-9]+,[0-9]+,[0-9]+,)')" $((all + 1))
moment=$(dump_pvh | sed -n "$((all / 2))p" | awk '{ print $1 }')
claim "what is before a moment and what is not are all" same_number \
    $(($(dump_pvh --from "$moment" | wc -l) + $(dump_pvh --to "$(awk -v t="$moment" 'BEGIN { printf "%.9f", t - 1e-9 }')" | wc -l))) "$all"
claim "around a moment" same_number "$(dump_pvh --around "$moment,0.001" | awk -v t="$moment" '$1 >= t - 0.0010001 && $1 <= t + 0.0010001' | wc -l)" \
    "$(dump_pvh --around "$moment,0.001" | wc -l)"
claim "each pCPU's records are all" same_number $(($(dump_pvh --pcpu 0 | wc -l) + $(dump_pvh --pcpu 1 | wc -l))) "$all"
claim "a domain's records are those of its pCPUs and those that name it" same_number "$(dump_pvh --domain 0 | wc -l)" \
    "$(dump_pvh | grep -cE ' p[0-9]+ +d0v|=d0v|domain=0( |$)')"
claim "a vCPU's, too" same_number "$(dump_pvh --vcpu d0v1 | wc -l)" "$(dump_pvh | grep -cE ' p[0-9]+ +d0v1 |=d0v1( |$)')"
wakes=$(dump_pvh | grep -c ' vcpu_wake ')
for event in vcpu_wake 0x28004 'vcpu_w*'; do
    claim "an event by its name, its id, a pattern: $event" same_number "$(dump_pvh --event "$event" | wc -l)" "$wakes"
done
claim "a class is all of its events" same_number "$(dump_pvh --event sched | wc -l)" "$(dump_pvh --csv | grep -c ',0x0002')"
claim "several events" same_number "$(dump_pvh --event domain_add --event domain_remove --event runstate_change | wc -l)" \
    "$(dump_pvh | grep -cE ' (domain_add|domain_remove|runstate_change) ')"
claim_exit 1 "an event that there is not" $xenphase dump --event vcpu_awake "$data/create-pv.xph"
claim_says "--list-events"
for wrong in "--vcpu 3" "--from x" "--around 1,2,3" "--domain 70000" "--json --csv" "--from 2 --to 1" "--build-id 12"; do
    # shellcheck disable=SC2086
    claim_exit 2 "dump $wrong is a wrong command line" $xenphase dump $wrong "$data/create-pv.xph"
done
claim_exit 0 "the events are listed" $xenphase dump --list-events
claim_says "0x00081103  vmexit_svm"
claim_exit 0 "a bare trace: what wrote it is told" $xenphase dump --limit 1 --trace "$data/create-pv.xph/xen.trace" --khz 2445406
claim_says "decoded as of Xen 4.14 or later"
dump_full_disk() {
    $xenphase dump "$data/create-pv.xph" >/dev/full
}
claim_exit 1 "a dump on a full disk is an error" dump_full_disk
claim_says "No space left"

# Symbols: a map that is made of an address which the trace has.
rip=$($xenphase dump --event emulate_privop --limit 1 "$data/destroy-pv.xph" 2>/dev/null | sed -n 's/.*rip=0x\([0-9a-f]*\).*/\1/p')
printf '%x T made_up\n%x D end\n' $((0x$rip - 16)) $((0x$rip + 1)) >"$work/map"
claim_exit 0 "an address gets its symbol" $xenphase dump --event emulate_privop --limit 1 --symbols "$work/map" "$data/destroy-pv.xph"
claim_says "rip=0x$rip(made_up+0x10)"
claim_says "nothing says that $work/map is what ran"
claim_exit 0 "in JSON, too" $xenphase dump --json --event emulate_privop --limit 1 --symbols "d0:$work/map" "$data/destroy-pv.xph"
claim_says '"rip_symbol":"made_up","rip_offset":16'
claim_exit 3 "symbols that name no address are in doubt" $xenphase dump --event emulate_privop --symbols "d7:$work/map" "$data/destroy-pv.xph"
claim_says "are they of what ran?"
claim_exit 1 "a file without symbols" $xenphase dump --symbols README.md "$data/destroy-pv.xph"
claim_says "neither an ELF file (xen-syms, vmlinux) nor a System.map"
claim_exit 1 "symbols with another build id" $xenphase dump --symbols build/xenphase --build-id 1234 "$data/destroy-pv.xph"
claim_says "it is not the file of what ran"

# A copy for xenalyze; the guest's record and the record of an unknown event are made up.
export_trace() {
    $xenphase export --xentrace "$@"
}
export_with_doubts() {
    export_trace "$@" || [[ $? == 3 ]]
}
dump_trace() {
    $xenphase dump --trace "$1" --khz 2445406 2>/dev/null
}
# A window of pCPU 0 with one untimed record of one word: its header follows, least significant byte first.
append_record() {
    printf '%b' '\x03\xf0\x01\x20\x00\x00\x00\x00\x08\x00\x00\x00' "$2" '\x05\x00\x00\x00' >>"$1"
}
cp "$data/create-pv.xph/xen.trace" "$work/guest.trace"
append_record "$work/guest.trace" '\x23\xf1\x00\x18'
cp "$work/guest.trace" "$work/unknown.trace"
append_record "$work/unknown.trace" '\x77\x07\x04\x10'
claim_exit 0 "export copies a recording's trace" export_trace -o "$work/copy" "$data/create-pv.xph"
claim "the copy has the same records" same_number "$(dump_trace "$work/copy" | cksum | cut -d ' ' -f 1)" \
    "$(dump_trace "$data/create-pv.xph/xen.trace" | cksum | cut -d ' ' -f 1)"
claim_exit 1 "export does not replace a file" export_trace -o "$work/copy" "$data/create-pv.xph"
claim_says "--force replaces it"
claim_exit 0 "export --force does, and leaves out what guests wrote" export_trace --force -o "$work/copy" --trace "$work/guest.trace"
claim_says "left out: 1 of guests' own making"
claim "export leaves out unknown events" export_with_doubts --force -o "$work/copy" --trace "$work/unknown.trace"
claim_says "left out: 1 of guests' own making"
claim_says "left out: 1 of unknown events"
claim "the rest is the same" same_number "$(dump_trace "$work/copy" | cksum | cut -d ' ' -f 1)" \
    "$(dump_trace "$data/create-pv.xph/xen.trace" | cksum | cut -d ' ' -f 1)"
claim_exit 3 "export of a lossy trace says so" export_trace -o "$work/lossy" --trace "$data/lossy.trace"
claim_says "72070 records were lost in 6 gaps"
claim "but not how long the gaps were: nothing tells the frequency" test "${output/ ms/}" == "$output"
claim_exit 1 "export does not replace a device" export_trace --force -o /dev/null "$data/create-pv.xph"
claim_exit 1 "export into a directory that is not there" export_trace -o "$work/none/copy" "$data/create-pv.xph"
claim_exit 2 "export without a form" $xenphase export -o "$work/copy" "$data/create-pv.xph"
claim_exit 2 "export to nowhere" export_trace "$data/create-pv.xph"
claim_exit 1 "export of what is no trace" export_trace -o "$work/makefile" --trace Makefile
claim "nothing is left of exports that failed" test ! -e "$work/makefile" -a ! -e "$work/makefile.part" -a ! -e "$work/copy.part"
mkdir "$work/small"
if mount -t tmpfs -o size=64k tmpfs "$work/small" 2>/dev/null; then
    claim_exit 1 "export on a full disk is an error" export_trace -o "$work/small/copy" "$data/create-pv.xph"
    claim_says "No space left"
    claim "and leaves nothing" test -z "$(ls -A "$work/small")"
    umount "$work/small"
else
    echo "# not tested: export on a full disk (mounting a small tmpfs needs root)"
fi

claim_exit 0 "marks of guests that made none" $xenphase marks "$data/create-pv.xph"
claim_says "no marks"

claim_exit 2 "no command is a wrong command line" $xenphase
claim_exit 2 "an unknown command is named" $xenphase frobnicate
claim_says "frobnicate"
claim_exit 0 "help helps" $xenphase --help
for command in report summary dump timeline marks; do
    claim_exit 0 "$command --help" $xenphase $command --help
    claim_exit 2 "$command without a recording" $xenphase $command
    claim_exit 1 "$command of what is not there" $xenphase $command "$work/none"
    claim_says "No such file"
    claim_exit 1 "$command of a file" $xenphase $command Makefile
    claim_says "a recording is a directory"
    claim_exit 1 "$command of some other directory" $xenphase $command docs
    claim_says "no manifest.json"
done

# Of gaps of some 6 s on each pCPU, nobody is said to have run, waited or slept in them.
gaps_are_lost() {
    { $xenphase summary --trace "$data/lossy.trace" --khz 2445406 2>/dev/null || [[ $? == 3 ]]; } |
        awk '$1 == "state" && $2 == "lost" { print; count++; short += $3 < 6 } END { exit !(count == 4 && short == 0) }'
}
claim "what happened in a gap is lost" gaps_are_lost
claim_exit 3 "a lossy trace is told" $xenphase dump --event lost_records --trace "$data/lossy.trace" --khz 2445406
claim_says "72070 records were lost in 6 gaps"
claim_says "count=11141 vcpu=d0v1 first_tsc=0x37bba570d1"

cp -r "$data/create-pv.xph" "$work/hostile.xph"
sed -i 's/"state": "complete"/"state": "failed"/; s/"state_reason": null/"state_reason": "\\u001b[2J"/' "$work/hostile.xph/manifest.json"
claim_exit 3 "a hostile reason does not steer the terminal" $xenphase dump --limit 1 "$work/hostile.xph"
claim_says '\x1b[2J'

long_reason=$(printf '\\\\u00e4%.0s' {1..200})
sed -i "s/\"state_reason\": .*/\"state_reason\": \"$long_reason\",/" "$work/hostile.xph/manifest.json"
claim_exit 3 "a long reason is cut at a character, even as JSON" $xenphase report --json "$work/hostile.xph"
claim_says 'recording failed: \u00E4\u00E4'

cp -r "$data/create-pv.xph" "$work/cut.xph"
truncate -s 60% "$work/cut.xph/xen.trace" 2>/dev/null ||
    truncate -s $(($(stat -c %s "$work/cut.xph/xen.trace") * 6 / 10)) "$work/cut.xph/xen.trace"
claim_exit 3 "a cut recording is reported up to the cut" $xenphase report "$work/cut.xph"
claim_says "xen.trace is cut"
claim_says "toolstack prepare"

cp -r "$data/create-pv.xph" "$work/flip.xph"
printf '\377' | dd of="$work/flip.xph/xen.trace" bs=1 seek=100000 conv=notrunc status=none
claim_exit 3 "a flipped byte is located" $xenphase report "$work/flip.xph"
claim_says "differ from their checksums"

cp -r "$data/create-pv.xph" "$work/bad.xph"
echo '{"format": 3}' >"$work/bad.xph/manifest.json"
claim_exit 1 "a manifest of something else" $xenphase report "$work/bad.xph"
cp -r "$data/create-pv.xph" "$work/nokhz.xph"
sed -i 's/"khz": [0-9]*/"khz": 0/' "$work/nokhz.xph/manifest.json"
claim_exit 1 "no TSC frequency: nothing is assumed" $xenphase report "$work/nokhz.xph"
claim_says "frequency"
cp -r "$data/create-pv.xph" "$work/name.xph"
sed -i 's/"name": "tiny-pv"/"name": "\\u001b[31mevil"/' "$work/name.xph/manifest.json"
claim_exit 0 "a hostile name" $xenphase report "$work/name.xph"
claim_says '\x1b[31mevil'

full_disk() {
    $xenphase report "$data/create-pv.xph" >/dev/full
}
claim_exit 1 "a full disk is an error" full_disk

if [[ -x build/xenphase-record && ! -e /proc/xen/capabilities ]]; then
    claim_exit 125 "record where there is no Xen" $xenphase record -o "$work/r.xph" -- true
    claim_says "does not run on Xen"
    claim_exit 127 "record of a command that is not there" $xenphase record -o "$work/r.xph" -- no-such-command
    claim "nothing is left behind" test ! -e "$work/r.xph"
fi
cp -r "$data/create-pv.xph" "$work/unfinished.xph"
sed -i 's/"state": "complete"/"state": "unfinished"/; s/"state_reason": null/"state_reason": "no room"/' "$work/unfinished.xph/manifest.json"
touch "$work/unfinished.xph/manifest.json.next"
claim_exit 3 "a recording whose files could not be finished says so" $xenphase summary "$work/unfinished.xph"
claim_says "not finished: no room"
claim_exit 0 "repair finishes it" $xenphase repair "$work/unfinished.xph"
claim_says "is complete"
claim "... and gives back what was set aside for its end" test ! -e "$work/unfinished.xph/manifest.json.next"
claim "its manifest says that it is complete" grep -q '"state": "complete"' "$work/unfinished.xph/manifest.json"
claim_exit 0 "it can be read without a doubt" $xenphase summary "$work/unfinished.xph"
claim_exit 0 "once more there is nothing to do" $xenphase repair "$work/unfinished.xph"
claim_says "nothing to repair"
finish
