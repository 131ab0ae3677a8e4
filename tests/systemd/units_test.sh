#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lunmaskd and lunmask-cutoff under systemd, by their own units: units_test.sh STAGE
#
# Needs root, systemd-nspawn and what the lab needs. A container of this machine's files, with the staged
# tree over them, is booted by systemd: one node of a cluster that is also its array. What is tried
# there is in inside.sh. Prints TAP; leaves nothing behind.
set -uo pipefail

if [[ ${1:-} != --inside ]]; then
	stage=$(realpath "${1:?usage: units_test.sh STAGE}")
	exec unshare --mount --propagation private -- "$(realpath "$0")" --inside "$stage"
fi

here=$(dirname "$(realpath "$0")")
stage=$2
base=$(mktemp -d /var/tmp/lunmask-units.XXXXXX)
root=$base/disk/root

cleanup() {
	umount -R "$root" "$base/disk" 2>/dev/null
	rm -rf "$base"
}
trap cleanup EXIT

# State of this machine must not show through: its cluster, its keys, its logs, its services.
disk_make() {
	local path
	mount -t tmpfs -o mode=755 disk "$base/disk"
	mkdir -p "$base/disk"/{upper,work,root}
	mount -t overlay units "$root" -o "lowerdir=/,upperdir=$base/disk/upper,workdir=$base/disk/work"
	for path in etc/ssh etc/lunmask etc/libvirt/qemu etc/corosync etc/systemd/system var/log var/tmp root/.ssh \
		var/lib/{corosync,pacemaker,pcsd,libvirt,lunmask,lunmask-array-tgt}; do
		[ ! -d "$root/$path" ] || find "$root/$path" -mindepth 1 ! -type d -delete
	done
	tar -C "$stage" -cf - . | tar -C "$root" -xpf - --no-overwrite-dir --keep-directory-symlink
	echo node1 >"$root/etc/hostname"
	printf '127.0.0.1 localhost node1\n' >"$root/etc/hosts"
	install -m 755 "$here/inside.sh" "$root/usr/local/sbin/units-inside"
	cat >"$root/etc/systemd/system/units-test.service" <<-X
		[Unit]
		SuccessAction=poweroff-immediate
		FailureAction=poweroff-immediate
		[Service]
		Type=oneshot
		ExecStart=/usr/local/sbin/units-inside
		StandardOutput=file:/tap
		StandardError=file:/tap
		TimeoutStartSec=200
	X
}

mkdir "$base/disk"
disk_make
timeout --kill-after=20 240 systemd-nspawn --quiet --register=no --keep-unit --directory="$root" --machine=lunmask-units \
	--private-network --link-journal=no --resolv-conf=off --timezone=off --console=pipe --boot -- \
	systemd.unit=units-test.service systemd.show_status=no </dev/null >"$base/console" 2>&1
status=$?
cat "$root/tap"
if ! grep -q '^1\.\.' "$root/tap"; then
	echo "not ok 999 - the container did not run to its end: $status"
	tail -n 40 "$base/console" | sed 's/^/#   /'
	exit 1
fi
! grep -q '^not ok' "$root/tap"
