#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh PROGRAM: hypervisor_live against a libvirtd of its own, in namespaces of its own.
# Needs root, tini, libvirtd and qemu-system-x86_64. Everything ends with the pid namespace.
set -euo pipefail

readonly DAEMON_WAIT_TENTHS=100

make_mounts() {
	local dir
	for dir in /run /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt; do
		mkdir -p "$dir"
		mount -t tmpfs none "$dir"
	done
	mkdir -p /run/lock /run/libvirt /var/lib/libvirt/images
	ip link set lo up
}

write_config() {
	cat >/etc/libvirt/qemu.conf <<-'X'
		user = "root"
		group = "root"
		security_driver = "none"
		namespaces = []
		cgroup_controllers = []
		stdio_handler = "file"
	X
	cat >/etc/libvirt/libvirtd.conf <<-'X'
		auth_unix_rw = "none"
		log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
	X
}

wait_for_daemon() {
	local i
	for ((i = 0; i < DAEMON_WAIT_TENTHS; i++)); do
		if timeout 5 virsh -c qemu:///system list >/dev/null 2>&1; then
			return 0
		fi
		read -r -t 0.1 <> <(:) || true
	done
	echo "libvirtd did not come up:" >&2
	tail -n 20 /var/log/libvirt/libvirtd.log >&2 || true
	return 1
}

inner() {
	local program=$1 daemon
	make_mounts
	write_config
	libvirtd >/dev/null 2>&1 &
	daemon=$!
	wait_for_daemon
	"$program" "$daemon" /var/lib/libvirt/images
}

if [[ ${1:-} == --inner ]]; then
	inner "$2"
else
	[[ $# -eq 1 ]] || {
		echo "usage: $0 PROGRAM" >&2
		exit 2
	}
	exec unshare --mount --pid --fork --mount-proc --net --ipc --uts --kill-child \
		tini -g -- "$0" --inner "$(realpath "$1")"
fi
