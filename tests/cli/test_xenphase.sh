#!/usr/bin/env bash
# The analyzer's command line, on recordings made on the emulated host (tests/data/README.md), whole and broken.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh

xenphase=build/xenphase
data=build/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

field() {
    sed -n "s/^ *\"$2\": \\([0-9]*\\).*/\\1/p" <<<"$1" | head -n 1
}

# |sum - wall| <= 0.5 % of the wall time, as the report's JSON has them.
balances() {
    local json sum wall
    json=$($xenphase report --json "$1") || return 1
    sum=$(field "$json" sum_ns) wall=$(field "$json" wall_ns)
    echo "sum $sum wall $wall"
    [[ -n $sum && -n $wall && $wall -gt 0 ]] || return 1
    local difference=$((sum > wall ? sum - wall : wall - sum))
    ((difference * 200 <= wall))
}

for recording in create-pv create-pvh destroy-pv; do
    claim "$recording: the phases add up to the wall time within 0.5 %" balances "$data/$recording.xph"
    claim_exit 0 "$recording: the text report" $xenphase report "$data/$recording.xph"
    claim_says "lost records: none"
    claim_says "emulated"
done
claim_exit 0 "report of a creation" $xenphase report "$data/create-pv.xph"
for phase in "toolstack prepare" "domain build" "guest boot" "who held the 2 CPUs" "hypervisor"; do
    claim_says "$phase"
done
claim_exit 0 "dump lists decoded records" $xenphase dump --event domain_add "$data/create-pv.xph"
claim_says "domain_add"
claim_exit 0 "dump --summary counts" $xenphase dump --summary "$data/create-pv.xph"
claim_says "vcpu d0v0"

claim_exit 0 "marks of guests that made none" $xenphase marks "$data/create-pv.xph"
claim_says "no marks"

claim_exit 2 "no command is a wrong command line" $xenphase
claim_exit 2 "an unknown command is named" $xenphase frobnicate
claim_says "frobnicate"
claim_exit 0 "help helps" $xenphase --help
for command in report dump marks; do
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
    { $xenphase dump --summary --trace "$data/lossy.trace" --khz 2445406 2>/dev/null || [[ $? == 3 ]]; } |
        awk '$1 == "state" && $2 == "lost" { print; count++; short += $3 < 6 } END { exit !(count == 4 && short == 0) }'
}
claim "what happened in a gap is lost" gaps_are_lost
claim_exit 3 "a lossy trace is told" $xenphase dump --event lost_records --trace "$data/lossy.trace" --khz 2445406
claim_says "72070 records were lost in 6 gaps"
claim_says "count=11141 d0v1 first_tsc=0x37bba570d1"

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
finish
