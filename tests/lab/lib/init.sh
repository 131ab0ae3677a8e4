#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# init.sh MACHINE DIR POWERDIR: what a machine's firmware and initramfs would do. Runs as the first
# process of fresh mount, pid, ipc and uts namespaces, makes the machine's root and becomes its
# pid 1 (tini, which reaps: libvirt waits long for zombies).
set -euo pipefail

machine=$1
dir=$2
power=$3
root=$dir/root
base=$(readlink -f "$dir/../base")

mount_disk() {
	local tries
	# The last life's mount may take a moment to go after its last process.
	for ((tries = 0; tries < 50; tries++)); do
		if mount -t overlay "lab-$machine" "$root" \
			-o "lowerdir=$base,upperdir=$dir/disk,workdir=$dir/work"; then
			return 0
		fi
		sleep 0.1
	done
	echo "init: cannot mount the disk of $machine" >&2
	exit 1
}

# State of the machine we are on must not show through: its cluster, its guests, its keys, its logs.
disk_forget_host() {
	local path
	rm -rf "$root/root/.ssh" "$root/etc/resolv.conf"
	for path in etc/ssh etc/lunmask etc/libvirt/qemu etc/corosync srv var/log var/tmp \
		var/lib/{corosync,pacemaker,pcsd,libvirt,lunmask,lunmask-array-tgt}; do
		if [ -d "$root/$path" ]; then
			find "$root/$path" -mindepth 1 ! -type d -delete
		fi
	done
	: >"$root/etc/resolv.conf"
}

disk_format() {
	[ ! -e "$dir/formatted" ] || return 0
	disk_forget_host
	# A locked root account may not log in at all, not even with a key.
	sed -i 's/^root:[^:]*:/root:*:/' "$root/etc/shadow"
	mkdir -p "$root/var/log/libvirt/qemu"
	touch "$dir/formatted"
}

disk_seed() {
	[ -d "$dir/seed" ] || return 0
	tar -C "$dir/seed" -cf - . |
		tar -C "$root" -xpf - --no-overwrite-dir --keep-directory-symlink
	rm -rf "$dir/seed"
	# The numbers of users are those of the root.
	if [ -e "$root/var/lib/pacemaker/cib" ]; then
		chroot "$root" chown -R hacluster:haclient /var/lib/pacemaker
	fi
}

make_node() {
	mknod -m "$5" "$root/dev/$1" "$2" "$3" "$4"
}

mount_dev() {
	mount -t tmpfs -o mode=755,nosuid dev "$root/dev"
	make_node null c 1 3 666
	make_node zero c 1 5 666
	make_node full c 1 7 666
	make_node random c 1 8 666
	make_node urandom c 1 9 666
	make_node tty c 5 0 666
	make_node fuse c 10 229 666
	mkdir "$root"/dev/{pts,shm,net,mqueue}
	make_node net/tun c 10 200 666
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
	mount -t tmpfs -o mode=1777,nosuid,nodev shm "$root/dev/shm"
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	ln -s /proc/self/fd/0 "$root/dev/stdin"
	ln -s /proc/self/fd/1 "$root/dev/stdout"
	ln -s /proc/self/fd/2 "$root/dev/stderr"
}

# Pacemaker panics through sysrq and tunes sysctls: neither may reach the machine we are on.
mount_proc() {
	local path
	mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
	for path in kernel vm fs; do
		mount --bind "$root/proc/sys/$path" "$root/proc/sys/$path"
		mount -o remount,bind,ro "$root/proc/sys/$path"
	done
	if [ -e "$root/proc/sysrq-trigger" ]; then
		mount --bind "$root/dev/null" "$root/proc/sysrq-trigger"
	fi
	mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
}

mount_run() {
	mount -t tmpfs -o mode=755,nosuid,nodev run "$root/run"
	mount -t tmpfs -o mode=1777,nosuid,nodev tmp "$root/tmp"
	mkdir "$root"/run/{lock,lab,old}
	mount --bind "$power" "$root/run/lab"
	if [ -d "$dir/pool" ]; then
		mkdir -p "$root/srv/luns"
		mount --bind "$dir/pool" "$root/srv/luns"
	fi
	# Where it is on the machine we are on, whose files a root of its own does not show.
	if [ "$base" != / ]; then
		guests=$(readlink -f "$dir/../guests")
		mkdir -p "$root$guests"
		mount --bind "$guests" "$root$guests"
	fi
	# A directory of the machine we are on: for who wants a disk that takes time.
	if [ -d "$dir/journal" ]; then
		mkdir -p "$root/var/lib/lunmask"
		mount --bind "$dir/journal" "$root/var/lib/lunmask"
	fi
}

hostname "$machine"
mount_disk
disk_format
disk_seed
mount_dev
mount_proc
mount_run
cd "$root"
pivot_root . run/old
cd /
umount -l /run/old
rmdir /run/old
touch /run/lab-booted
exec /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	HOME=/root LANG=C.UTF-8 /usr/bin/tini -- /bin/bash /etc/lab/rc
