#!/usr/bin/env bash
# What xenphase and xenalyze say of the same trace, on the emulated Xen host: creations, a migration and destructions of PV and
# PVH guests are recorded, and each trace compared in dom0, with the xenalyze of the Xen that wrote it.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh
# shellcheck source=tests/lab/host.sh
source tests/lab/host.sh

recordings='create-pv destroy-pv create-pvh migrate-pvh destroy-pvh'

# Recording /root/$1.xph of command $2 with the recorder's options $3.
record() {
    run "cd /root && rm -rf $1.xph && timeout 600 xenphase record -q --events all ${3-} -o $1.xph -- $2"
}

# Xen until 4.18 writes VM exits of AMD's CPUs with the numbers of Intel's events.
compare() {
    run "cd /root && khz=\$(tr -d ' \n' <$1.xph/manifest.json | sed 's/.*\"khz\":\([0-9]*\).*/\1/') && case \$(xl info xen_version) in
        4.1[0-8]*) export XENALYZE_OPTIONS=--svm-mode ;;
        esac && ./compare-with-xenalyze $1.xph/xen.trace \$khz"
}

claim "the emulated host comes up" $xenlab up
claim "the program that compares is there" $xenlab push tests/compare-with-xenalyze /root/
run 'for guest in tiny-pv tiny-pvh; do ! xl domid $guest 2>/dev/null || xl destroy $guest; done' >/dev/null 2>&1

claim "record the creation of a PV guest" record create-pv 'xl create -q /etc/xenlab/pv.cfg' '--until idle'
claim "record its destruction" record destroy-pv 'xl destroy tiny-pv'
claim "record the creation of a PVH guest" record create-pvh 'xl create -q /etc/xenlab/pvh.cfg' '--until idle'
claim "record its migration" record migrate-pvh "xl migrate -s '' tiny-pvh 'xl migrate-receive'"
claim "record its destruction" record destroy-pvh 'xl destroy tiny-pvh'

for recording in $recordings; do
    claim "$recording: nothing differs that is not explained" compare "$recording"
    [[ -z ${TAP_PROGRESS-} ]] || awk -v recording="$recording" '{ print "    " recording ": " $0 }' <<<"$output" >&2
done
finish
