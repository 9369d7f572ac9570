#!/usr/bin/env bash
# The lab itself: two hosts that know each other, every kind of guest, migration, and what goes wrong around them.
set -uo pipefail
# shellcheck source=tests/tap.sh
source tests/tap.sh

dir=build/lab-hosts
# A machine of two cores emulates two hosts of two CPUs in half the time of two hosts of three.
export XENLAB_CPUS=2 XENLAB_DOM0_VCPUS=1
xenlab=(lab/xenlab --dir "$dir")
b=("${xenlab[@]}" --host b)
trap '"${xenlab[@]}" down; lab/xenlab --dir "$dir-second" down; rm -rf build/lab-no-mirror' EXIT

# Creates guest $1 of the words that follow, waits until it says that it is ready, and looks with command $2 whether it is.
guest_gets_ready() {
    local name=$1 probe=$2
    shift 2
    "${xenlab[@]}" vm make "$name" "$@" &&
        "${xenlab[@]}" run "xl create -q /etc/xenlab/$name.cfg &&
            for i in \$(seq 300); do
                grep -qs 'xenlab: guest ready' /var/log/xen/console/guest-$name.log && break
                xl domid $name >/dev/null || break
                sleep 1
            done
            grep -q 'xenlab: guest ready' /var/log/xen/console/guest-$name.log && $probe"
}

guest_goes() {
    "${xenlab[@]}" run "xl destroy $1 && xenlab-vm remove $1 && ! ls /srv/vms/$1.img"
}

answers_on_vif() {
    echo "for i in \$(seq 60); do ping -c 1 -W 2 \$(xenlab-vm address $1) && break; sleep 1; done && ssh root@\$(xenlab-vm address $1) 'grep -c processor /proc/cpuinfo; systemctl is-system-running --wait'"
}

# Lets `xenlab $1` run for $2 seconds.
is_killed() {
    "${xenlab[@]}" "$1" >/dev/null 2>&1 &
    local pid=$!
    sleep "$2"
    kill -9 $pid && ! wait $pid
}

builds_nothing() {
    output=$(http_proxy=http://127.0.0.1:9 "${xenlab[@]}" build 2>&1) && [[ $output != *build* ]]
}

claim "doctor finds what the lab needs" "${xenlab[@]}" doctor
claim "both hosts come up" "${xenlab[@]}" up a b
claim "status tells both" "${xenlab[@]}" status
claim_says "b: up"
claim_says "/srv/vms: nfs4"
claim "a second up is harmless" "${xenlab[@]}" up a b
claim "root of b logs in on a by key" "${b[@]}" run 'ssh -o BatchMode=yes a hostname'
claim_says "xenlab-a"
claim "what a writes below /srv/vms, b reads" sh -c "${xenlab[*]} run 'echo shared >/srv/vms/test' && ${b[*]} run 'grep shared /srv/vms/test'"

claim "a live migration, the guest's memory verified" "${xenlab[@]}" selftest migrate 1
claim_says "its memory never wrong"
claim "host b goes alone" "${xenlab[@]}" down b
claim "host a is still up" "${xenlab[@]}" status

claim "a PVH Debian guest boots from disk, with two vCPUs and a vif" guest_gets_ready d-pvh "$(answers_on_vif d-pvh)" system=debian
claim_says "running"
claim "it goes with its disk" guest_goes d-pvh
claim "a PV Debian guest boots by pygrub" guest_gets_ready d-pv true system=debian type=pv boot=pygrub
claim "it goes with its disk" guest_goes d-pv
claim "an HVM Debian guest boots from its BIOS with QEMU as device model" guest_gets_ready d-hvm "pgrep -f 'qemu-system-i386.*d-hvm'" system=debian type=hvm
claim "it goes with its disk" guest_goes d-hvm
claim_exit 1 "a guest's name is checked" "${xenlab[@]}" vm make 'x;reboot'
claim_says "a name has letters"

claim "reset boots from clean disks" "${xenlab[@]}" reset
claim_exit 1 "what was written is gone" "${xenlab[@]}" run 'test -e /srv/vms/test'
claim "a second lab in another directory" lab/xenlab --dir "$dir-second" up
claim "both labs run" sh -c "${xenlab[*]} run 'xl list' && lab/xenlab --dir $dir-second run 'xl list'"
claim "the second goes" lab/xenlab --dir "$dir-second" down
claim "down goes" "${xenlab[@]}" down
for moment in 0.2 1 5; do
    claim "up is killed after $moment s" is_killed up $moment
done
claim "the next up works" "${xenlab[@]}" up
claim "reset is killed" is_killed reset 2
claim "up works after that" "${xenlab[@]}" up
claim "down is killed" is_killed down 0.1
claim "up works after that, too" "${xenlab[@]}" up
claim "reset is killed again" is_killed reset 8
claim "down works after that" "${xenlab[@]}" down
claim_exit 1 "nothing runs" pgrep -f "file=$PWD/$dir/"
claim_exit 1 "and nothing is left" test -e "$dir"

claim_exit 1 "a mirror that does not answer" env XENLAB_CACHE=build/lab-no-mirror http_proxy=http://127.0.0.1:9 lab/xenlab --dir "$dir" build
claim_says "the package mirror did not answer"
claim_exit 1 "it left no half-built image" sh -c 'find build/lab-no-mirror -mindepth 1 -type d | grep .'
claim "what was built before is used without asking a mirror" builds_nothing
claim_exit 1 "an unknown kernel" "${xenlab[@]}" --kernel 9.99 up
claim_says "6.12-rt"
claim_exit 1 "a value that makes no sense" "${xenlab[@]}" --memory lots up
finish
