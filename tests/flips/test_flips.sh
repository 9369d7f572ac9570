#!/usr/bin/env bash
# One flipped bit in a bare trace, FLIPS times (400): no crash, no hang, and what contradicts the format or the machine is
# told. And a flip, a cut or a hole in a recording's: found and located by its checksums, each time.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh

flips=${FLIPS-400}
first=${FIRST_SEED-1}
traces=(build/data/create-pv.xph/xen.trace build/data/create-pvh.xph/xen.trace build/data/destroy-pv.xph/xen.trace)

claim "$flips bare traces with a flipped bit, seeds from $first on" build/flips/flip_trace "$flips" "$first" "${traces[@]}"
while IFS= read -r line; do echo "# $line"; done <<<"$output"
claim "$flips damaged recordings, seeds from $first on" build/flips/damage_recording "$flips" "$first" build/data/create-pvh.xph
while IFS= read -r line; do echo "# $line"; done <<<"$output"
finish
