#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# VMs that are made, adopted, resized, kept and destroyed on a real array: create_test.sh [BUILD-DIRECTORY [PROGRAM]]
#
# PROGRAM: create_live (the default), adopt_live, destroy_live, resize_live, snapshot_live, or another one by
# its absolute path
# Needs root, tgtd, qemu-img with iSCSI and libvirt's test driver; adopt_live needs libvirtd and QEMU, and
# snapshot_live XFS and mkfs.xfs. Runs in namespaces of its own (network, mounts, pids): whatever it starts
# ends with it. Prints what cmocka prints.
set -euo pipefail

readonly iqn=iqn.2026-11.org.example

if [[ ${1:-} != --inside ]]; then
	build=$(realpath "${1:-$(dirname "$0")/../..}")
	exec unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private -- \
		"$(realpath "$0")" --inside "$build" "${2:-create_live}"
fi

build=$2 program=$3
export WORK DRIVER LUNMASK_CONF LUNMASK_TEMPLATES

# A file system with reflinks. It ends with the namespace, as its loop device does.
pool_mount() {
	truncate -s 600M "$WORK/image"
	mkfs.xfs -q "$WORK/image"
	mount -o loop "$WORK/image" "$WORK/pool"
}

tgtd_start() {
	local _
	ip link set lo up
	mount -t tmpfs tmpfs /run
	mkdir -p /run/lock /run/lunmask
	WORK=$(mktemp -d /run/create.XXXXXX)
	mkdir "$WORK/pool"
	[[ $program != snapshot_live ]] || pool_mount
	tgtd -f -C 7 --iscsi portal=127.0.0.1:3260 >"$WORK/tgtd.log" 2>&1 &
	for _ in $(seq 1200); do
		tgtadm -C 7 --mode sys --op show >/dev/null 2>&1 && return
		read -r -t 0.05 <> <(:) || true
	done
	echo "tgtd does not start" >&2
	exit 1
}

files_write() {
	local template=$WORK/templates/small
	DRIVER=$build/driver/tgt/lunmask-array-tgt
	LUNMASK_CONF=$WORK/lunmask.conf
	LUNMASK_TEMPLATES=$WORK/templates
	cat >"$WORK/array-tgt.conf" <<-X
		[tgt]
		iqn_prefix = $iqn:
		pool = $WORK/pool
		control_port = 7
		lock_file = $WORK/lock
		state_dir = $WORK/state
	X
	cat >"$WORK/driver" <<-X
		#!/bin/sh
		exec $DRIVER --config $WORK/array-tgt.conf "\$@"
	X
	chmod 755 "$WORK/driver"
	cat >"$LUNMASK_CONF" <<-X
		[array san1]
		driver = $WORK/driver
		transport = exec
		portals = 127.0.0.1:3260
		[host node1]
		initiator = $iqn:node1
		[host node2]
		initiator = $iqn:node2
	X
	mkdir -p "$template"
	cat >"$template/template.conf" <<-X
		[template]
		memory = 16MiB
		state_size = 8MiB
		[drive vda]
		size = 12MiB
		image = disk.qcow2
		[drive vdb]
		size = 12MiB
	X
	cat >"$template/domain.xml" <<-'X'
		<domain type='qemu'>
		  <name>@VM@</name>
		  <uuid>@UUID@</uuid>
		  <memory>@MEMORY_KIB@</memory>
		  <vcpu>@VCPUS@</vcpu>
		  <os><type>hvm</type></os>
		  <devices>
		    <disk type='network' device='disk'><target dev='vda' bus='virtio'/></disk>
		    <disk type='network' device='disk'><target dev='vdb' bus='virtio'/></disk>
		  </devices>
		</domain>
	X
	# A hole between two parts that are not zero.
	head -c 3145728 /dev/urandom >"$WORK/raw"
	truncate -s 7M "$WORK/raw"
	head -c 1048576 /dev/urandom >>"$WORK/raw"
	qemu-img convert -f raw -O qcow2 "$WORK/raw" "$template/disk.qcow2"
	chmod 644 "$template"/*
}

libvirtd_start() {
	local folder _
	for folder in /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt; do
		mkdir -p "$folder"
		mount -t tmpfs tmpfs "$folder"
	done
	mkdir -p /run/libvirt
	cat >/etc/libvirt/qemu.conf <<-'X'
		user = "root"
		group = "root"
		security_driver = "none"
		namespaces = []
		cgroup_controllers = []
		stdio_handler = "file"
	X
	echo 'auth_unix_rw = "none"' >/etc/libvirt/libvirtd.conf
	libvirtd >"$WORK/libvirtd.log" 2>&1 &
	for _ in $(seq 1200); do
		timeout 5 virsh -c qemu:///system list >/dev/null 2>&1 && return
		read -r -t 0.05 <> <(:) || true
	done
	echo "libvirtd does not start" >&2
	exit 1
}

# The definition of the VM that is adopted: with $1 as its disks, $2 as other devices.
old_definition() {
	local nvram
	nvram="<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.fd</loader>"
	nvram+="<nvram>$WORK/files/vars.fd</nvram>"
	cat <<-X
		<domain type='qemu'>
		  <name>web1</name>
		  <uuid>5d9a1f0e-0000-4000-8000-000000000001</uuid>
		  <memory unit='MiB'>16</memory>
		  <vcpu>1</vcpu>
		  <os><type arch='x86_64' machine='q35'>hvm</type>${3-$nvram}</os><features><acpi/></features>
		  <devices>
		    $1
		    <disk type='file' device='cdrom'><target dev='sdb' bus='sata'/><readonly/></disk>
		    <graphics type='vnc' passwd='secret'/>
		    $2
		  </devices>
		</domain>
	X
}

file_disk() {
	echo "<disk type='file' device='disk'><driver name='qemu' type='$1'/><source file='$WORK/files/$2'/>"
	echo "<target dev='$3' bus='virtio'/></disk>"
}

# What a VM has that was made with virsh: an image with a backing file, a raw one, a LUN, UEFI, a TPM.
old_vm_write() {
	local driver=("$DRIVER" --config "$WORK/array-tgt.conf") luns lun disks
	export LUNMASK_ADOPTED=$WORK/adopted
	echo '{"name":"old-data","size_bytes":12582912}' | "${driver[@]}" create >/dev/null
	head -c 1048576 /dev/urandom >"$WORK/old.copy"
	truncate -s 12582912 "$WORK/old.copy"
	dd if="$WORK/old.copy" of="$WORK/pool/old-data" conv=notrunc status=none
	luns=$(echo '{"luns":["old-data"],"initiator":"'"$iqn"':node1"}' | "${driver[@]}" luns)
	sed -n 's/.*"target": *"\([^"]*\)".*/\1/p' <<<"$luns" >"$WORK/old.target"
	sed -n 's/.*"number": *\([0-9]*\).*/\1/p' <<<"$luns" >"$WORK/old.number"
	lun="<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='iscsi'"
	lun+=" name='$(cat "$WORK/old.target")/$(cat "$WORK/old.number")'><host name='127.0.0.1'"
	lun+=" port='3260'/><initiator><iqn name='$iqn:node1'/></initiator></source>"
	lun+="<target dev='vdc' bus='virtio'/></disk>"
	disks="$(file_disk qcow2 root.qcow2 vda)$(file_disk raw data.raw vdb)"
	old_definition "$disks$lun" "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>" \
		>"$WORK/old.xml"
	old_definition "$(file_disk raw data.raw vdb)" "" "" >"$WORK/plain.xml"
	disks+="<disk type='block' device='disk'><source dev='/dev/loop7'/><target dev='vdd'/></disk>"
	disks+="<disk type='file' device='cdrom'><source file='/x.iso'/><target dev='sda' bus='sata'/></disk>"
	old_definition "$disks$lun" "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/>
		<product id='0x2'/></source></hostdev>" >"$WORK/wrong.xml"
	# The files anew, before each test.
	cat >"$WORK/old.sh" <<-'X'
		#!/bin/sh
		set -e
		tpm=/var/lib/libvirt/swtpm/5d9a1f0e-0000-4000-8000-000000000001/tpm2
		rm -rf files
		mkdir -p files "$tpm"
		head -c 3145728 /dev/urandom >files/base.raw
		truncate -s 12582912 files/base.raw
		qemu-img create -q -f qcow2 -b "$WORK/files/base.raw" -F raw files/root.qcow2
		qemu-io -f qcow2 -c 'write -P 7 2M 1M' -c 'write -P 9 8M 64k' files/root.qcow2
		head -c 2097152 /dev/urandom >files/data.raw
		truncate -s 6291456 files/data.raw
		head -c 540672 /dev/urandom >files/vars.fd
		echo 'the state of a TPM' >"$tpm/tpm2-00.permall"
	X
	chmod 755 "$WORK/old.sh"
}

tgtd_start
files_write
if [[ $program == adopt_live ]]; then
	libvirtd_start
	old_vm_write
fi
cd "$WORK"
[[ $program == /* ]] || program=$build/tests/storage/$program
"$program" || {
	status=$?
	[[ ! -e shell.log ]] || tail -n 20 shell.log >&2
	exit "$status"
}
