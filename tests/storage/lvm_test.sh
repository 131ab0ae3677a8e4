#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The driver for tgt with pools of LVM, in a virtual machine with Debian's kernel: lvm_test.sh [BUILD]
#
# The kernel of this machine may have no device mapper. The virtual machine is the array, and what is
# done on it is in lvm_guest.sh, which is its init. BUILD is a build tree with the driver and the
# conformance test. Needs root, mmdebstrap, QEMU, and a mirror of Debian for the first time. Prints "ok"
# or "not ok" lines and "N passed, N failed".
#
# LVM_IMAGE=DIR: keep the machine's root there, and take it from there. LVM_PARTS=PART,...: only these
# functions of lvm_guest.sh; kills, disk_lost and restarts need what classes makes. The part conformance takes
# very long in an emulated machine, and is left out unless it is named.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
build=$(realpath "${1:-$here/../..}")
packages=(linux-image-cloud-amd64 initramfs-tools kmod udev lvm2 thin-provisioning-tools tgt iproute2 procps
	libglib2.0-0 libjansson4 libiscsi7)
work=$(mktemp -d /var/tmp/lunmask-lvm.XXXXXX)
image=${LVM_IMAGE:-$work/image}
parts=${LVM_PARTS:-in_slices,classes,kills,disk_lost,restarts,thin}
vm=

clean_up() {
	[ -z "$vm" ] || kill -KILL "$vm" 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT
trap "exit 1" TERM INT

# root.raw, vmlinuz and initrd in $image.
image_make() {
	local root=$work/root
	[ ! -e "$image/root.raw" ] || return 0
	mmdebstrap --quiet --mode=root --variant=minbase --include="$(IFS=, && echo "${packages[*]}")" \
		--aptopt='Acquire::Retries "5"' --aptopt='APT::Install-Recommends "false"' \
		bookworm "$root" "$("$here/../../scripts/debian-root" mirror)"
	printf 'MODULES=list\nCOMPRESS=gzip\n' >"$root/etc/initramfs-tools/conf.d/host"
	printf '%s\n' virtio_pci virtio_blk ext4 >"$root/etc/initramfs-tools/modules"
	chroot "$root" update-initramfs -u >/dev/null 2>&1
	printf '#!/bin/sh\nmount -o ro /dev/vdb /mnt\nexec /mnt/lvm_guest.sh\n' >"$root/lvm-init"
	chmod 755 "$root/lvm-init"
	mkdir -p "$image"
	cp "$root"/boot/vmlinuz-* "$image/vmlinuz"
	cp "$root"/boot/initrd.img-* "$image/initrd"
	rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt "$root"/usr/share/{doc,locale,man}
	truncate -s 2G "$image/root.new"
	mkfs.ext4 -q -d "$root" "$image/root.new"
	mv "$image/root.new" "$image/root.raw"
	rm -rf "$root"
}

# What is tested, on a disk of its own, which the guest's init is on, too.
programs_pack() {
	local folder=$work/programs
	mkdir "$folder"
	cp "$build/driver/tgt/lunmask-array-tgt" "$build/tests/conformance/lunmask-array-conformance" \
		"$here/lvm_guest.sh" "$folder"
	truncate -s 64M "$work/programs.raw"
	mkfs.ext4 -q -d "$folder" "$work/programs.raw"
}

# The disks have what somebody has left on them: a new LUN must not show it.
disks_make() {
	local i
	for i in 1 2 3 4 5 6; do
		set +o pipefail
		yes "left by somebody" | head -c 320M >"$work/disk$i.raw"
		set -o pipefail
	done
}

# The disks are so slow that a large LUN is not filled within one request.
machine_run() {
	local i drives=()
	qemu-img create -q -f qcow2 -b "$image/root.raw" -F raw "$work/root.qcow2"
	for i in 1 2 3 4 5 6; do
		drives+=(-drive "file=$work/disk$i.raw,format=raw,if=virtio,cache=unsafe,throttling.bps-write=33554432")
	done
	qemu-system-x86_64 -machine q35 -accel tcg -cpu max -smp 1 -m 1024 -display none -nodefaults \
		-kernel "$image/vmlinuz" -initrd "$image/initrd" -serial "file:$work/console" -no-reboot \
		-append "root=/dev/vda rw console=ttyS0 quiet panic=-1 tsc=reliable no_timer_check mitigations=off init=/lvm-init lvm_parts=$parts" \
		-drive "file=$work/root.qcow2,format=qcow2,if=virtio,cache=unsafe" \
		-drive "file=$work/programs.raw,format=raw,if=virtio,readonly=on" "${drives[@]}" \
		-object rng-random,id=r,filename=/dev/urandom -device virtio-rng-pci,rng=r \
		>"$work/qemu.log" 2>&1 </dev/null &
	vm=$!
	wait "$vm" || true
	vm=
}

image_make
programs_pack
disks_make
machine_run
tr -d '\r' <"$work/console" | grep -aE '^(ok|not ok|#|[0-9]+ passed)' || true
if ! tr -d '\r' <"$work/console" | awk '/^[0-9]+ passed, 0 failed$/ {good = 1} END {exit !good}'; then
	tail -n 40 "$work/console" "$work/qemu.log" >&2
	exit 1
fi
