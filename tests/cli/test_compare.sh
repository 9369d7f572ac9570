#!/usr/bin/env bash
# xenphase compare, on copies of a recording made on the emulated host (tests/data/README.md) that began at another time and whose TSC is said to be slower or faster,
# so that all of them take somewhat longer or shorter, and B's a tenth longer than A's.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh

xenphase=build/xenphase
data=build/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
db=$work/runs.db

if $xenphase compare --help 2>&1 | grep "built without store" >/dev/null; then
    claim_exit 1 "built without its libraries it says so" $xenphase compare a b
    finish
    exit
fi

# another_run NAME N KHZ KERNEL HOST [KIB]
another_run() {
    mkdir -p "$(dirname "$work/$1")"
    cp -r "$data/destroy-pv.xph" "$work/$1.xph"
    awk -v n="$2" -v khz="$3" -v kernel="$4" -v host="$5" -v kib="${6-263168}" '/"recording": \{/ { here = 1 }
        here && /"monotonic_ns"/ { match($0, /[0-9]+/); sub(/[0-9]+/, sprintf("%.0f", substr($0, RSTART, RLENGTH) + n)); here = 0 }
        /"memory_kib": 263168/ { sub(/263168/, kib) }
        /"khz":/ { sub(/[0-9]+/, khz) }
        /"kernel": "/ { sub(/6\.1\.0-56-amd64/, kernel) }
        /"name": "xenlab"/ { sub(/xenlab/, host) }
        { print }' "$data/destroy-pv.xph/manifest.json" >"$work/$1.xph/manifest.json"
}

for i in 1 2 3 4 5; do
    another_run "a/$i" "$i" $((2600000 + i * 3000)) 6.1.0-56-amd64 xenlab
    another_run "b/$i" $((10 + i)) $((2360000 + i * 3000)) 6.12.9-amd64 xenlab
done

claim_exit 0 "compare --help" $xenphase compare --help
claim_exit 2 "nothing with nothing" $xenphase compare
claim_exit 2 "one side" $xenphase compare "$work/a"
claim_exit 2 "three sides" $xenphase compare "$work/a" "$work/b" "$work/a"
claim_exit 2 "a key that there is not" $xenphase compare "$db" --a flavour=1 --b kernel=6.12
claim_says "no such key"
claim_exit 2 "a number that is none" $xenphase compare "$db" --a vcpus=two --b vcpus=4
claim_exit 2 "a limit without a unit" $xenphase compare --fail-if 'total>5' "$work/a" "$work/b"
claim_says "--fail-if wants"
claim_exit 2 "a limit of no phase" $xenphase compare --fail-if 'destroy.>5%' "$work/a" "$work/b"
claim_exit 1 "a side that is not there" $xenphase compare "$work/a" "$work/none"
mkdir "$work/empty"
claim_exit 1 "a side with nothing in it" $xenphase compare "$work/a" "$work/empty"
claim_says "has no recordings in it"

claim_exit 0 "two directories of recordings" $xenphase compare "$work/a" "$work/b"
by_directories=$output
claim_says "destroy of PV, 2 vCPUs, 257 MiB, ended by command: B takes 0.043 s longer than A (+10.1 %), 95 % interval +0.042 to +0.044 s"
claim_says "p = 0.0079"
claim_says "kernel     6.1.0-56-amd64 (5 runs) | 6.12.9-amd64 (5 runs)   <- differs"
claim_says "A: 5 runs"
claim_says "the intervals are too narrow"
first_line_is_the_sentence() {
    head -n 1 <<<"$by_directories" | grep "takes"
}
claim "the first line says whether the whole changed" first_line_is_the_sentence
claim_exit 0 "lists of recordings" $xenphase compare --a "$work"/a/*.xph --b "$work"/b/*.xph
same() {
    [[ $output == "$by_directories" ]] || { output="$output, not $by_directories"; return 1; }
    return 0
}
claim "... say the same" same

claim_exit 0 "a store of all" $xenphase store add "$db" "$work"/[ab]/*.xph
claim_exit 0 "a store with filters" $xenphase compare "$db" --a kernel=6.1 --b kernel=6.12
claim "... says the same" same
claim_exit 0 "a filter by number" $xenphase compare "$db" --a recording=1-5 --b recording=6-10
claim "... says the same" same
claim_exit 0 "a filter by pattern" $xenphase compare "$db" --a 'name=*/a/*' --b 'kernel=6.1?.*'
claim "... says the same" same
claim_exit 1 "a filter that none passes" $xenphase compare "$db" --a kernel=5 --b kernel=6.12
claim_says "A has no run that counts: do its filters fit?"
claim_exit 1 "a filter of both that none passes" $xenphase compare "$db" --a kernel=6.1 --b kernel=6.12 --both operation=create

claim_exit 3 "A against A is no difference, but in doubt" $xenphase compare "$work/a" "$work/a"
claim_says "no difference is shown: B less A is +0.000 s (+0.0 %)"
claim_says "5 recordings are in A and in B"
claim_exit 0 "few runs against few" $xenphase compare --a "$work"/a/[123].xph --b "$work"/b/[123].xph
claim_says "so few runs cannot show a difference"
claim_says "nothing can be told from chance"

claim_exit 4 "a limit that is exceeded" $xenphase compare --fail-if 'destroy.total>5%' "$work/a" "$work/b"
claim_says "EXCEEDED: destroy.total>5%"
claim_exit 0 "a limit that is kept" $xenphase compare --fail-if 'total>15%' --fail-if 'domain kill > 60 ms' "$work/a" "$work/b"
claim_says "kept: domain kill > 60 ms"
claim_exit 4 "one limit of two that is exceeded" $xenphase compare --fail-if 'total>15%' --fail-if 'domain kill>5ms' "$work/a" "$work/b"
claim_exit 0 "by the interval's lower end" $xenphase compare --fail-if 'total>42.8ms' "$work/a" "$work/b"
claim_exit 4 "by the difference itself" $xenphase compare --fail-by estimate --fail-if 'total>42.8ms' "$work/a" "$work/b"
claim_exit 0 "what takes less exceeds nothing" $xenphase compare --fail-if 'total>0%' "$work/b" "$work/a"
claim_exit 1 "a limit of a phase that there is not is no limit kept" $xenphase compare --fail-if 'no such phase>5%' "$work/a" "$work/b"
claim_says "no such operation or phase"
claim_exit 1 "a limit that one run cannot tell of is not kept" $xenphase compare --fail-if 'total>5%' "$work/a/1.xph" "$work/b/1.xph"
claim_says "one run has no interval"
claim_exit 4 "... but by the difference itself" $xenphase compare --fail-by estimate --fail-if 'total>5%' "$work/a/1.xph" "$work/b/1.xph"

for i in 1 2 3 4 5; do another_run "other/$i" $((20 + i)) $((2360000 + i * 3000)) 6.12.9-amd64 elsewhere; done
claim_exit 1 "runs of two hosts are not compared" $xenphase compare "$work/a" "$work/other"
claim_says "several hosts (xenlab, elsewhere)"
claim_exit 3 "... unless that is wanted, and then it is a doubt" $xenphase compare --mix-hosts "$work/a" "$work/other"
claim_says "in doubt: destroy: A and B are of different hosts"
claim_exit 4 "an exceeded limit is more than a doubt" $xenphase compare --mix-hosts --fail-if 'total>5%' "$work/a" "$work/other"
claim_exit 3 "a side that mixes kernels is in doubt" $xenphase compare --a "$work/b/1.xph" "$work"/a/[123].xph --b "$work"/b/[2345].xph
claim_says "A has runs of several dom0 kernels"
cp -r "$work/a" "$work/cut"
truncate -s 100000 "$work/cut/3.xph/xen.trace"
claim_exit 3 "what does not count is a doubt" $xenphase compare "$work/cut" "$work/b"
claim_says "3.xph does not count: damaged"
claim_says "A: 4 runs"
claim_exit 1 "other operations are not compared" $xenphase compare "$data/create-pv.xph" "$work/b"
claim_says "nothing can be compared"
claim_says "only A has create of PV"

claim_exit 4 "JSON" $xenphase compare --json --seed 7 --fail-if 'total>5%' "$work/a" "$work/b"
claim_says '"format": "xenphase compare"'
claim_says '"version": 1'
claim_says '"seed": 7'
claim_says '"exceeded": true'
hostile='\\u001b[31m\\"\\n<b>'
for i in 1 2 3; do another_run "hostile/$i" $((30 + i)) $((2360000 + i * 3000)) "$hostile" xenlab; done
claim_exit 0 "a hostile name is a name" $xenphase compare "$work/a" "$work/hostile"
claim_says '\x1b[31m"\x0a<b> (3 runs)'
claim_exit 0 "... in JSON, too" $xenphase compare --json "$work/a" "$work/hostile"
claim_says '\\x1b[31m\"\\x0a<b>'
no_control_bytes() {
    ! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f]' <<<"$output"
}
claim "... and steers no terminal" no_control_bytes
claim_exit 2 "a trend over what is no number" $xenphase compare --trend kernel "$work/a"
claim_exit 2 "a trend from A to B" $xenphase compare --trend memory "$work/a" "$work/b"
claim_exit 2 "a trend with a limit" $xenphase compare --trend memory --fail-if 'total>5%' "$work/a"
claim_exit 1 "no trend over what is the same" $xenphase compare --trend memory "$work/a"
claim_says "it has no trend"
for i in 1 2 3 4 5 6; do
    size=$((i % 3 + 1))
    another_run "sizes/$i" $((40 + i)) $((2600000 - size * 100000 + i * 1000)) 6.1.0-56-amd64 xenlab $((size * 1048576))
done
claim_exit 0 "a trend" $xenphase compare --trend memory "$work/sizes"
claim_says "the whole takes 0.019 s longer for each GiB more, 95 % interval +0.019 to +0.020 s"
claim_says "6 runs: 2 with 1 GiB, 2 with 2 GiB, 2 with 3 GiB"
claim_exit 0 "a trend of a store's runs" $xenphase store add "$work/sizes.db" "$work"/sizes/*.xph
claim_exit 0 "... those that are chosen, as JSON" $xenphase compare --json --trend memory --both memory=1024-2048 "$work/sizes.db"
claim_says '"format": "xenphase trend"'
claim_says '"runs": 4'
claim_exit 0 "two sizes of one store" $xenphase compare "$work/sizes.db" --a memory=1024 --b memory=3072
claim_says "memory_kib 1048576 (2 runs) | 3145728 (2 runs)   <- differs"

full_disk() {
    $xenphase compare "$work/a" "$work/b" >/dev/full
}
claim_exit 1 "a full disk is an error" full_disk
head -c 100000 /dev/urandom >"$work/noise.db"
claim_exit 1 "noise is no store" $xenphase compare "$work/noise.db" "$work/b"
claim_says "it is not a store"
finish
