# shellcheck shell=bash
# Two hosts as the course sets them up: A exports the folder of the VMs' disks by NFS, B mounts it under the same path, root
# goes from one to the other by key.

on_host() {
    local host=$1
    shift
    (use_host "$host"; load_host; dom0 "$@" </dev/null)
}

join_hosts() {
    [[ $(on_host b findmnt -nro FSTYPE /srv/vms) == nfs* ]] && return
    on_host a 'systemctl start nfs-server && exportfs -ra' || die "host a's NFS server does not start: xenlab --host a run 'journalctl -u nfs-server'"
    on_host b 'umount /srv/vms 2>/dev/null || ! mountpoint -q /srv/vms' ||
        die "host b uses its own /srv/vms, so it cannot mount a's: destroy its guests, then xenlab up a b again"
    on_host b 'timeout 60 mount -t nfs a:/srv/vms /srv/vms && test -e /srv/vms/guest/vmlinuz' ||
        die "host b cannot mount a:/srv/vms"
    on_host a 'ssh -o BatchMode=yes -o ConnectTimeout=30 b true' || die "root of a cannot log in on b"
    on_host b 'ssh -o BatchMode=yes -o ConnectTimeout=30 a true' || die "root of b cannot log in on a"
    say "hosts a and b are joined: xenbr0, 192.168.77.1 and .2; /srv/vms on b is a's"
}

# Before a goes, b must let go of what a serves.
part_hosts() {
    on_host b 'mountpoint -q /srv/vms && umount -f -l /srv/vms' 2>/dev/null || true
}
