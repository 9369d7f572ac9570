#!/usr/bin/env bash
# Delays of a known length are put into creations on the emulated Xen host: does the report say where the time went? Each row of
# the table is run TRUTH_RUNS (5) times, in turns with the others and with undisturbed creations. A quarter of an hour.
# environment: TRUTH_ROWS (all): names of rows
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh
# Time counts instructions there, so that what else the machine does is not measured.
export XENLAB_CPUS=${XENLAB_CPUS-2} XENLAB_DOM0_VCPUS=${XENLAB_DOM0_VCPUS-1} XENLAB_LOW_NOISE=${XENLAB_LOW_NOISE-yes}
# shellcheck source=tests/lab/host.sh
source tests/lab/host.sh

out=build/truth-test
rm -rf "$out"
mkdir -p "$out"
runs=${TRUTH_RUNS-5}

# name / ms (0: as much as the whole grew by) / the entries where it must land, phase|layer|actor|activity / guest / before xl /
# entries that change besides: what makes the delay costs something itself, and while a script sleeps, udev does what else would
# have been in its way
table=(
    'vif-sleep/400/^script vif-bridge.waiting.vif-bridge.timer$/truth//[|]stolen.*(systemd|udev)'
    'block-sleep/400/^script block.waiting.block.timer$/truth//[|]stolen.*(systemd|udev)'
    'vif-cpu/0/^script vif-bridge.dom0 process.vif-bridge[|]$/truth//'
    'xenstored/300/^script vif-bridge.waiting.oxenstored.stopped$/truth//[|]stolen.*(systemd|udev|vif-bridge)'
    'hog/0/[|]stolen.hog[|]/truth/nice -n 19/'
    'large/0/^(kernel image|memory and image copy)[|](hypervisor.memory_op populate_physmap|dom0 process.xl)/truth-large//'
    'stolen/0/[|]stolen.domain N.held the pCPU/truth//'
)

# The kernels of a guest that blocks at once, and of one that keeps its CPU busy.
make_kernels() {
    local work kernel
    work=$(mktemp -d) || return 1
    for kernel in BUSY BLOCK; do
        as --defsym "$kernel=1" -o "$work/kernel.o" tests/lab/idle-kernel.S || break
        ld -N --section-start=.note.Xen=0x1000 -Ttext=0x2000 --no-warn-rwx-segments -o "$work/${kernel,,}-kernel" "$work/kernel.o" || break
    done
    $xenlab push "$work/busy-kernel" "$work/block-kernel" /root/
    local status=$?
    rm -rf "$work"
    return "$status"
}

# Run $2 of row or base $1 with guest $3 and $4 before xl: its entries go to file $1.
creation() {
    run "cd /root && ./inject $1 on && rm -rf t.xph && xenphase record -q -o t.xph -- $4 xl create -q /etc/xenlab/$3.cfg
        status=\$?; ./inject $1 off; xl destroy truth; [ \$status = 0 ] && xenphase report --json t.xph" >"$out/report.json" 2>"$out/errors" ||
        { tail -n 5 "$out/errors"; return 1; }
    awk -f tests/lab/truth/entries.awk "$out/report.json" | sed "s/^/$2\t/" >>"$out/$1"
    grep -q "^$2	total" "$out/$1"
}

wanted() { [[ -z ${TRUTH_ROWS-} || " $TRUTH_ROWS " == *" $1 "* ]]; }

claim "the emulated host comes up" $xenlab up
claim "what makes the delays" $xenlab push tests/lab/truth/inject /root/
claim "kernels for its guests" make_kernels
claim "guests and a measure of CPU time" run 'chmod 755 /root/inject && /root/inject prepare'
# The first creation after a host has booted takes longer than the others.
claim "a creation" creation none 0 truth ''
rm -f "$out/none"

for ((try = 1; try <= runs; try++)); do
    claim "undisturbed, $try of $runs" creation none "$try" truth ''
    for row in "${table[@]}"; do
        IFS='/' read -r name _ _ guest prefix _ <<<"$row"
        ! wanted "$name" || claim "$name, $try of $runs" creation "$name" "$try" "$guest" "$prefix"
    done
done
for row in "${table[@]}"; do
    IFS='/' read -r name expected pattern _ _ cost <<<"$row"
    wanted "$name" || continue
    claim "$name" awk -v row="$name" -v expected="$expected" -v pattern="$pattern" -v cost="$cost" -f tests/lab/truth/verdict.awk \
        <(sed 's/^/base\t/' "$out/none") <(sed 's/^/row\t/' "$out/$name")
    [[ -z ${TAP_PROGRESS-} ]] || awk '{ print "    " $0 }' <<<"$output" >&2
done
finish
