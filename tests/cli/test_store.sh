#!/usr/bin/env bash
# xenphase store and stats, on recordings made on the emulated host (tests/data/README.md), whole, broken, and copied with other beginnings.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh

xenphase=build/xenphase
data=build/data
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
db=$work/runs.db

if $xenphase store --help 2>&1 | grep "built without store" >/dev/null; then
    claim_exit 1 "built without its libraries it says so" $xenphase stats "$db"
    finish
    exit
fi

# another_run RECORDING NAME N: a copy that began N ns later, and so is another recording.
another_run() {
    cp -r "$data/$1.xph" "$work/$2.xph"
    awk -v n="$3" '/"recording": \{/ { here = 1 }
        here && /"monotonic_ns"/ { match($0, /[0-9]+/); sub(/[0-9]+/, sprintf("%.0f", substr($0, RSTART, RLENGTH) + n)); here = 0 }
        { print }' "$data/$1.xph/manifest.json" >"$work/$2.xph/manifest.json"
}

claim_exit 0 "store --help" $xenphase store --help
claim_exit 0 "stats --help" $xenphase stats --help
claim_exit 2 "store without an action" $xenphase store
claim_exit 2 "an action that there is not" $xenphase store remove "$db"
claim_exit 2 "add of nothing" $xenphase store add "$db"
claim_exit 2 "list of recordings" $xenphase store list "$db" x
claim_exit 2 "two forms at once" $xenphase store export --csv --json "$db"
claim_exit 2 "no resamples" $xenphase stats --resamples 0 "$db"
claim_exit 1 "a store that is not there" $xenphase store list "$work/none.db"
claim_says "store add makes one"

claim_exit 0 "recordings are added" $xenphase store add --plan boot "$db" "$data"/{create-pv,create-pvh,destroy-pv,destroy-dev-pv}.xph
claim_exit 0 "a store's rows as CSV" $xenphase store export "$db"
before=$output
claim_says '1,"build/data/create-pv.xph","boot",,1,,"xenlab","4.17.7","6.1.0-56-amd64",2,"tcg","create","idle","tiny-pv","PV",2,263168,0,1,"domain build","all",6073072406'
cp -r "$data/create-pv.xph" "$work/copy.xph"
claim_exit 0 "a copy of a recording is the same recording" $xenphase store add "$db" "$work/copy.xph" "$data/create-pv.xph"
claim_says "it is there already"
same_rows() {
    [[ $($xenphase store export "$db") == "$before" ]]
}
claim "... and adds nothing" same_rows

layers_add_up() {
    local rows whole
    rows=$($xenphase store export "$db" | awk -F, '/destroy-dev-pv/ { n += $NF } END { printf "%.0f", n }')
    whole=$($xenphase report --json "$data/destroy-dev-pv.xph" | sed -n 's/.*"sum_ns": \([0-9]*\).*/\1/p')
    echo "$rows $whole"
    [[ -n $whole && $rows == "$whole" ]]
}
claim "the rows of a run add up to its whole" layers_add_up
claim_exit 0 "a store's rows as JSON" $xenphase store export --json "$db"
claim_says '"format": "xenphase store", "version": 1'

cp -r "$data/create-pv.xph" "$work/cut.xph"
truncate -s 100000 "$work/cut.xph/xen.trace"
rm -f "$work/cut.db"
claim_exit 3 "a truncated recording does not count" $xenphase store add "$work/cut.db" "$work/cut.xph"
claim_says "does not count: damaged"
claim_exit 1 "... and gives no statistics" $xenphase stats "$work/cut.db"
claim_says "no run in it counts"
claim_exit 0 "... until it is whole" $xenphase store add "$work/cut.db" "$data/create-pv.xph"
claim_exit 0 "the list says which count" $xenphase store list "$work/cut.db"
claim_says "     1 "
another_run destroy-pv failed 5
sed -i 's/"exit_status": 0/"exit_status": 1/' "$work/failed.xph/manifest.json"
claim_exit 3 "nor does one whose command failed" $xenphase store add "$db" "$work/failed.xph"
claim_says "the command ended with exit status 1"
claim_exit 1 "what is no recording is told, and the others are added" $xenphase store add "$work/two.db" "$work/none.xph" "$data/create-pv.xph"
claim_says "1 of 2 recordings were not added"
claim_exit 0 "... as the list shows" $xenphase store list "$work/two.db"
claim_says "build/data/create-pv.xph"

for i in 1 2 3 4; do another_run destroy-pv "run-$i" "$i"; done
claim_exit 0 "five runs" $xenphase store add --plan boot "$db" "$work"/run-?.xph
claim_exit 0 "their statistics" $xenphase stats "$db"
claim_says "  5 runs"
claim_says "p95 and p99 are the maximum in effect: of 5 runs none is beyond it"
claim_says "the interval is too narrow: 5 runs are fewer than 20"
claim_says "Hyndman-Fan type 2"
claim_says "percentile bootstrap, 10000 resamples, seed 1"
claim_exit 0 "statistics as JSON" $xenphase stats --json --seed 7 "$db"
claim_says '"format": "xenphase stats"'
claim_says '"seed": 7'
full_disk() {
    $xenphase stats "$db" >/dev/full
}
claim_exit 1 "a full disk is an error" full_disk

# A guest may be called anything.
another_run destroy-pv name 9
sed -i 's/"name": "tiny-pv"/"name": "=\\u001b[31m\\"); DROP TABLE run; --"/' "$work/name.xph/manifest.json"
claim_exit 0 "a hostile name is a name" $xenphase store add "$db" "$work/name.xph"
claim_exit 0 "... and does not steer the terminal, SQL or a spreadsheet" $xenphase store export "$db"
claim_says "\"'=\\x1b[31m\"\"); DROP TABLE run; --\""

head -c 100000 /dev/urandom >"$work/noise.db"
claim_exit 1 "noise is no store" $xenphase store list "$work/noise.db"
claim_says "it is not a store"
claim_exit 1 "... and is not made one" $xenphase store add "$work/noise.db" "$data/create-pv.xph"
cp "$db" "$work/newer.db"
printf '\0\0\0\11' | dd of="$work/newer.db" bs=1 seek=60 conv=notrunc status=none
claim_exit 1 "a newer schema is refused" $xenphase stats "$work/newer.db"
claim_says "has version 9 of the schema, this xenphase knows version 1: use a newer xenphase"
cp "$db" "$work/other.db"
printf 'mail' | dd of="$work/other.db" bs=1 seek=68 conv=notrunc status=none
claim_exit 1 "another program's database is refused" $xenphase store add "$work/other.db" "$data/create-pv.xph"
claim_says "not a store of xenphase"
head -c 20000 "$db" >"$work/short.db"
claim_exit 1 "a truncated store is an error" $xenphase store export "$work/short.db"
claim_says "make a new one from the recordings"
claim_exit 1 "a directory that is not there" $xenphase store add "$work/nowhere/runs.db" "$data/create-pv.xph"
claim_says "is there such a directory"
claim_exit 1 "a place where nothing can be written" $xenphase store add /proc/runs.db "$data/create-pv.xph"
claim_says "may you write to it"

no_room() {
    (trap '' XFSZ && ulimit -f 20 && $xenphase store add "$work/full.db" "$data/destroy-dev-pv.xph" "$work"/run-?.xph "$data/create-pv.xph")
}
claim_exit 1 "a store that finds no room is an error" no_room
claim_says "What was added before is kept"

# Killed at some moment, it has each recording as a whole or not at all; added once more, all are there once.
killed() {
    local i wanted
    $xenphase store add "$work/whole.db" "$data"/*.xph "$work"/run-?.xph && wanted=$($xenphase store export "$work/whole.db" | cut -d, -f2,12-) || return 1
    for i in 1 2 3 4 5 6 7 8; do
        rm -f "$work"/killed.db*
        timeout -s KILL "0.0$((i * 9))" $xenphase store add "$work/killed.db" "$data"/*.xph "$work"/run-?.xph
        $xenphase store add "$work/killed.db" "$data"/*.xph "$work"/run-?.xph || return 1
        [[ $($xenphase store export "$work/killed.db" | cut -d, -f2,12-) == "$wanted" ]] || return 1
    done
} 2>/dev/null
claim "a kill in the middle loses and doubles nothing" killed
finish
