#!/bin/sh
# Turns the unpacked packages in the root directory $1 into a host's dom0. $2: the lab folder, $3: where key and key.pub are,
# $4: where xenlab-check was built.
set -eu
root=$1 lab=$2 keys=$3 built=$4

printf '127.0.0.1 localhost\n192.168.77.1 a\n192.168.77.2 b\n' >"$root/etc/hosts"
rm -f "$root/etc/hostname" # comes with the kernel's command line
# The other mounts are the initrd's: waiting for udev to see the disks takes long when two hosts boot at once.
echo '/dev/vda / ext4 noatime 0 1' >"$root/etc/fstab"
mkdir -p "$root/usr/lib/modules" "$root/srv/vms"
# In a bullseye made today, /lib is still a folder of its own.
[ -L "$root/lib" ] || ln -sfn ../usr/lib/modules "$root/lib/modules"

# The first card leads out of the emulation, the second to the other host: a bridge for it and the guests, whose address
# comes with the kernel's command line, too. Large frames, because emulation costs by the frame.
network=$root/etc/systemd/network
mkdir -p "$network" "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/system.conf.d"
printf '[Match]\nName=eth0\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\nLinkLocalAddressing=no\n' >"$network/10-eth0.network"
printf '[NetDev]\nName=xenbr0\nKind=bridge\nMTUBytes=9000\n[Bridge]\nSTP=no\nForwardDelaySec=0\n' >"$network/10-xenbr0.netdev"
printf '[Match]\nName=eth1\n[Link]\nMTUBytes=9000\n[Network]\nBridge=xenbr0\nLinkLocalAddressing=no\n' >"$network/10-eth1.network"
printf '[Journal]\nStorage=volatile\n' >"$root/etc/systemd/journald.conf.d/xenlab.conf"
# Emulated, a service may take long to start; it need not fail for that.
printf '[Manager]\nDefaultTimeoutStartSec=300s\n' >"$root/etc/systemd/system.conf.d/xenlab.conf"
chroot "$root" systemctl -q enable systemd-networkd ssh
# Drivers of what QEMU has but nobody uses here: loading them takes seconds.
printf 'blacklist %s\n' floppy psmouse serio_raw ata_piix ata_generic pcspkr evdev i2c_piix4 intel_rapl_msr intel_rapl_common \
    aesni_intel ghash_clmulni_intel sha512_ssse3 sha256_ssse3 sha1_ssse3 crct10dif_pclmul crc32_pclmul cfg80211 \
    >"$root/etc/modprobe.d/xenlab.conf"
# What would run at some time of its own choosing would be seen in a measurement. The NFS server starts when it is wanted.
chroot "$root" systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    fstrim.timer systemd-tmpfiles-clean.timer systemd-timesyncd.service systemd-networkd-wait-online.service \
    getty@tty1.service getty-static.service xendomains.service e2scrub_reap.service
chroot "$root" systemctl -q disable nfs-server rpcbind.service rpcbind.socket nfs-client.target nfs-blkmap.service 2>/dev/null || true
echo '/srv/vms *(rw,sync,no_root_squash,no_subtree_check)' >"$root/etc/exports"

# Root comes in by key, and goes from host to host with the same.
mkdir -p "$root/root/.ssh" "$root/etc/ssh/sshd_config.d" "$root/etc/ssh/ssh_config.d"
cp "$keys/key.pub" "$root/root/.ssh/authorized_keys"
cp "$keys/key" "$root/root/.ssh/id_ed25519"
chmod 700 "$root/root/.ssh"
chmod 600 "$root/root/.ssh/authorized_keys" "$root/root/.ssh/id_ed25519"
# The emulation has no AES instructions to speak of; this cipher needs none.
printf 'PermitRootLogin prohibit-password\nUseDNS no\nUsePAM no\nCiphers chacha20-poly1305@openssh.com\n' \
    >"$root/etc/ssh/sshd_config.d/xenlab.conf"
printf 'Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n  Ciphers chacha20-poly1305@openssh.com\n' \
    >"$root/etc/ssh/ssh_config.d/xenlab.conf"

echo 'XENCONSOLED_ARGS="--log=guest"' >>"$root/etc/default/xen"
mkdir -p "$root/var/log/xen/console" "$root/etc/xenlab"
install -m 755 "$built/xenlab-check" "$lab/dom0/xenlab-vm" "$lab/dom0/xenlab-migrate" "$lab/dom0/xenlab-selftest" "$root/usr/local/bin/"
# Who migrates without ssh finds the receiver here: emulated ciphers move 3 MB/s.
cat >"$root/etc/systemd/system/xenlab-receive.socket" <<EOF
[Socket]
ListenStream=7777
Accept=yes
[Install]
WantedBy=sockets.target
EOF
cat >"$root/etc/systemd/system/xenlab-receive@.service" <<EOF
[Service]
ExecStart=/usr/sbin/xl migrate-receive
StandardInput=socket
StandardError=journal
EOF
chroot "$root" systemctl -q enable xenlab-receive.socket
# The two guests of the first example; xenlab-vm makes others.
XENLAB_CONFIGS=$root/etc/xenlab sh "$lab/dom0/xenlab-vm" make tiny-pv type=pv
XENLAB_CONFIGS=$root/etc/xenlab sh "$lab/dom0/xenlab-vm" make tiny-pvh type=pvh
mv "$root/etc/xenlab/tiny-pv.cfg" "$root/etc/xenlab/pv.cfg"
mv "$root/etc/xenlab/tiny-pvh.cfg" "$root/etc/xenlab/pvh.cfg"
