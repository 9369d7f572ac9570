#!/usr/bin/env bash
# How much memory reading takes: its peak is under 64 MB, however long the trace is and of however many pCPUs. The traces are
# synthetic, as no recording of such a host is at hand: windows of changes of run states, and nothing else.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A trace of $1 pCPUs, each with $2 windows of $3 records, in which its idle vCPU stops and begins to run.
make_trace() {
    perl -e '
        my ($pcpus, $windows, $records) = @ARGV;
        my $tsc = 1000000;
        for my $window (1 .. $windows) {
            for my $pcpu (0 .. $pcpus - 1) {
                my $vcpu = 0x7fff << 16 | $pcpu;
                print pack("VVV", 0x2001f003, $pcpu, $records * 16);
                print pack("VQ<V", 0x90000000 | ($_ % 2 ? 0x21021 : 0x21201), $tsc += 10, $vcpu) for 1 .. $records;
            }
        }' "$@" >"$work/trace"
}

# Some MB for the program and its libraries are in it.
takes_less_than_64_mb() {
    local status=0 kib
    /usr/bin/time -q -o "$work/memory" -f %M build/xenphase "$@" --trace "$work/trace" --khz 2600000 >/dev/null 2>&1 || status=$?
    kib=$(tail -n 1 "$work/memory")
    echo "exit status $status, $kib KiB at most for a trace of $(stat -c %s "$work/trace") bytes"
    ((status == 0 && kib < 64000000 / 1024))
}

for shape in "2 500 4096" "2 1 4000000" "256 64 512" "4096 32 8"; do
    read -r pcpus windows records <<<"$shape"
    claim "a trace of $pcpus pCPUs, $windows windows of $records records each" make_trace "$pcpus" "$windows" "$records"
    for command in "summary --threads 1" "summary --threads 2" "dump --csv"; do
        # shellcheck disable=SC2086 # words
        claim "... takes less than 64 MB: $command" takes_less_than_64_mb $command
    done
done
finish
