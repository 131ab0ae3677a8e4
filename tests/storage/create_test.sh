#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# VMs that are made, resized and destroyed on a real array: create_test.sh [BUILD-DIRECTORY [PROGRAM]]
#
# PROGRAM: create_live (the default), destroy_live, resize_live, or another one by its absolute path
# Needs root, tgtd, qemu-img with iSCSI and libvirt's test driver. Runs in namespaces of its own
# (network, mounts, pids): whatever it starts ends with it. Prints what cmocka prints.
set -euo pipefail

readonly iqn=iqn.2026-11.org.example

if [[ ${1:-} != --inside ]]; then
	build=$(realpath "${1:-$(dirname "$0")/../..}")
	exec unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private -- \
		"$(realpath "$0")" --inside "$build" "${2:-create_live}"
fi

build=$2 program=$3
export WORK DRIVER LUNMASK_CONF LUNMASK_TEMPLATES

tgtd_start() {
	local _
	ip link set lo up
	mount -t tmpfs tmpfs /run
	mkdir -p /run/lock /run/lunmask
	WORK=$(mktemp -d /run/create.XXXXXX)
	mkdir "$WORK/pool"
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

tgtd_start
files_write
cd "$WORK"
[[ $program == /* ]] || program=$build/tests/storage/$program
"$program"
