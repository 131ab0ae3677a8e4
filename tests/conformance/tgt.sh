#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the conformance test against lunmask-array-tgt and a private tgtd. Both run in new
# namespaces, so that they do not affect this machine, and exit with this script. Needs root. It runs
# it twice, the second time with CHAP.
#
#	tgt.sh [DIRECTORY [TYPE]]
#
# DIRECTORY has the two programs; default: the current directory. TYPE is the file system of the pool:
# tmpfs (the default), xfs or btrfs. LUNs have snapshots in the last two.
set -euo pipefail

readonly IQN=iqn.2026-11.org.example

enter_namespaces() {
	exec unshare --mount --net --pid --fork --kill-child --mount-proc \
		--propagation private -- "$0" --inside "$1" "$2"
}

tgtd_answers() {
	tgtadm -C 1 --mode sys --op show >/dev/null 2>&1
}

# In an image on tmpfs; it is unmounted, and its loop device gone, with the namespace.
mount_pool() {
	[ "$1" != tmpfs ] || return 0
	truncate -s 600M /run/pool.image
	"mkfs.$1" -q /run/pool.image
	mount -o loop /run/pool.image /run/pool
}

start_tgtd() {
	local tries
	mount -t tmpfs tmpfs /run
	mkdir -p /run/tgtd /run/pool /run/mirrored
	ip link set lo up
	tgtd -f -C 1 --iscsi portal=127.0.0.1:3260 >/run/tgtd.log 2>&1 &
	for ((tries = 0; tries < 100; tries++)); do
		if tgtd_answers; then
			return
		fi
		read -r -t 0.05 <> <(:) || true
	done
	cat /run/tgtd.log >&2
	exit 1
}

write_config() {
	cat >/run/array-tgt.conf <<-X
		[tgt]
		iqn_prefix = $IQN:
		pool = /run/pool
		control_port = 1
		lock_file = /run/lunmask-array-tgt/lock
		state_dir = /run/state
		[pool mirrored]
		type = directory
		path = /run/mirrored
		classes = mirror
	X
}

run_inside() {
	local programs=$1
	local driver="$programs/lunmask-array-tgt --config /run/array-tgt.conf"
	local lun
	start_tgtd
	mount_pool "$2"
	write_config
	for lun in one two; do
		$driver create >/dev/null <<<"{\"name\":\"$lun\",\"size_bytes\":4194304}"
	done
	conforms
	with_accounts
	conforms --chap-secret-file /run/host --chap-target-user array \
		--chap-target-secret-file /run/array --chap-discovery --chap-user host
}

conforms() {
	"$programs/lunmask-array-conformance" "$driver" --lun one --lun two \
		--initiator "$IQN:node1" --initiator "$IQN:node2" "$@"
}

with_accounts() {
	(
		umask 077
		echo conformance-of_Host >/run/host
		echo conformance-of_Array >/run/array
		printf 'host host %s\narray array %s\n' "$(</run/host)" "$(</run/array)" >/run/accounts
	)
	sed -i 's|^\[tgt\]|&\nchap_accounts = /run/accounts\nchap_discovery = yes|' /run/array-tgt.conf
	$driver --restore
}

if [ "${1:-}" = --inside ]; then
	run_inside "$2" "$3"
else
	enter_namespaces "$(realpath "${1:-.}")" "${2:-tmpfs}"
fi
