#!/bin/sh
# Turns the unpacked packages in the root directory $1 into the Debian guest. $2: the public key that may log in.
set -eu
root=$1 key=$2

echo guest >"$root/etc/hostname"
printf '127.0.0.1 localhost guest\n' >"$root/etc/hosts"
echo '/dev/xvda1 / ext4 noatime 0 1' >"$root/etc/fstab"
printf '[Journal]\nStorage=volatile\n' >"$root/etc/systemd/journald.conf"
# The last part of the address is that of the MAC address, so one disk serves all guests.
cat >"$root/etc/systemd/system/xenlab-address.service" <<'EOF'
[Unit]
Description=The address of the vif
After=sys-subsystem-net-devices-eth0.device
Wants=sys-subsystem-net-devices-eth0.device
Before=ssh.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'ip address add 192.168.77.$$((0x$$(sed s/.*:// /sys/class/net/eth0/address)))/24 dev eth0; ip link set eth0 up'
[Install]
WantedBy=multi-user.target
EOF
chroot "$root" systemctl -q enable ssh xenlab-address
chroot "$root" systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    fstrim.timer systemd-tmpfiles-clean.timer systemd-timesyncd.service systemd-networkd-wait-online.service e2scrub_reap.service
cat >"$root/etc/systemd/system/xenlab-ready.service" <<EOF
[Unit]
Description=Say on the console that the guest is ready
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo "xenlab: guest ready" >/dev/console'
[Install]
WantedBy=graphical.target
EOF
chroot "$root" systemctl -q enable xenlab-ready

mkdir -p "$root/root/.ssh" "$root/etc/ssh/sshd_config.d"
cp "$key" "$root/root/.ssh/authorized_keys"
chmod 700 "$root/root/.ssh"
chmod 600 "$root/root/.ssh/authorized_keys"
printf 'PermitRootLogin prohibit-password\nUseDNS no\nUsePAM no\nCiphers chacha20-poly1305@openssh.com\n' \
    >"$root/etc/ssh/sshd_config.d/xenlab.conf"

# For pygrub, which reads it, and for the BIOS of an HVM guest, whose GRUB does.
mkdir -p "$root/boot/grub"
cat >"$root/boot/grub/grub.cfg" <<EOF
set default=0
set timeout=0
menuentry "Debian" {
    linux /boot/vmlinuz root=/dev/xvda1 ro console=hvc0 net.ifnames=0 mitigations=off quiet
    initrd /boot/initrd
}
EOF
chroot "$root" grub-mkimage -O i386-pc -p '(hd0,msdos1)/boot/grub' -o /boot/core.img \
    biosdisk part_msdos ext2 normal linux configfile echo
cp "$root/usr/lib/grub/i386-pc/boot.img" "$root/boot/boot.img"
