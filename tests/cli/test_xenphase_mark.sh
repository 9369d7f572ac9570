#!/usr/bin/env bash
# xenphase-mark's command line where there is no Xen; in guests, tests/lab/test_guest_marks.sh tests it.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh

mark=build/xenphase-mark

silent() {
    [[ -z $("$@" 2>&1) ]]
}

one_static_program() {
    ! readelf -lW $mark | grep INTERP && ! readelf -dW $mark | grep NEEDED
}

if [[ ! -e /proc/xen && ! -e /sys/hypervisor/type ]]; then
    claim "where there is no Xen it is silent" silent $mark name value
    claim_exit 0 "... and that is no failure" $mark name value
    claim_exit 0 "--verbose says so" $mark --verbose name
    claim_says "no Xen guest"
    claim_exit 0 "--boot does nothing there" $mark --boot
    claim_exit 0 "--tick does nothing there" timeout 5 $mark --tick 10ms
fi
claim_exit 0 "help helps" $mark --help
claim_says "usage: xenphase-mark"
claim_exit 0 "it has a version" $mark --version
claim_exit 2 "no name" $mark
claim_exit 2 "an empty name" $mark ''
claim_exit 2 "three words" $mark a b c
claim_exit 2 "an unknown way" $mark --way pigeon a
claim_says "pigeon"
claim_exit 2 "an unknown option" $mark --frobnicate
for time in 0 10m -5 '' ms 99999999999999999999 10msx; do
    claim_exit 2 "not a time: '$time'" $mark --tick "$time"
done
claim_exit 2 "two things at once" $mark --boot --tick 10ms
claim_exit 2 "a name and --boot" $mark --boot name
claim_exit 2 "--gap alone" $mark --gap 1s name
claim "it needs nothing at run time" one_static_program
claim "the stubs are where the analyzer looks for them" \
    sh -c "readelf -SW $mark | grep 'xenphase_stubs *PROGBITS *0000585048000000 [0-9a-f]* 010000'"
finish
