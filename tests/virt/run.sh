#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh PROGRAM        hypervisor_live against a libvirtd of its own, in namespaces of its own
# run.sh --two PROGRAM  migrate_live on the first of two such hosts with a cable between them
#
# Needs root, tini, libvirtd and qemu-system-x86_64. Everything ends with the pid namespaces.
set -euo pipefail

readonly WAIT_TENTHS=200
readonly NET=10.99.0

# Until the command succeeds, for a bounded time.
wait_for() {
	local i
	for ((i = 0; i < WAIT_TENTHS; i++)); do
		if "$@" >/dev/null 2>&1; then
			return 0
		fi
		read -r -t 0.1 <> <(:) || true
	done
	echo "waited in vain for: $*" >&2
	return 1
}

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
		auth_tcp = "none"
		listen_tls = 0
		listen_tcp = 1
		log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
	X
}

# The address of host N on its end of the cable, and what libvirt wants to tell hosts apart by.
join_network() {
	local n=$1 folder=$2
	wait_for ip link show eth0
	ip addr add "$NET.$n/24" dev eth0
	ip link set eth0 up
	hostname "virt$n"
	printf '127.0.0.1 localhost\n%s virt1\n%s virt2\n' "$NET.1" "$NET.2" >"$folder/hosts$n"
	mount --bind "$folder/hosts$n" /etc/hosts
	echo "host_uuid = \"00000000-0000-0000-0000-00000000000$n\"" >>/etc/libvirt/libvirtd.conf
}

inner_one() {
	local program=$1 daemon
	make_mounts
	write_config
	libvirtd >/dev/null 2>&1 &
	daemon=$!
	wait_for timeout 5 virsh -c qemu:///system list
	"$program" "$daemon" /var/lib/libvirt/images
}

inner_two() {
	local n=$1 folder=$2 program=$3
	touch "$folder/began$n"
	make_mounts
	write_config
	join_network "$n" "$folder"
	libvirtd --listen >/dev/null 2>&1 &
	wait_for timeout 5 virsh -c qemu:///system list
	touch "$folder/up$n"
	if [[ $n == 1 ]]; then
		wait_for test -e "$folder/up2"
		"$program" "$NET.2"
	else
		wait
	fi
}

in_namespaces() {
	exec unshare --mount --pid --fork --mount-proc --net --ipc --uts --kill-child tini -g -- "$0" "$@"
}

# A host ends with the first process of its pid namespace, the only child of its unshare.
end_host() {
	local init
	if init=$(pgrep -P "$1"); then
		kill -KILL "$init" || true
	fi
}

two_hosts() {
	local program=$1 folder first second
	folder=$(mktemp -d)
	in_namespaces --inner-two 2 "$folder" "$program" &
	second=$!
	disown "$second"
	in_namespaces --inner-two 1 "$folder" "$program" &
	first=$!
	# shellcheck disable=SC2064 # expanded now: the trap runs when the locals are gone
	trap "end_host $first; end_host $second; rm -rf '$folder'" EXIT
	wait_for test -e "$folder/began1" -a -e "$folder/began2"
	ip link add "vt$first" type veth peer name "vt$second"
	ip link set "vt$first" netns "$(pgrep -P "$first")" name eth0
	ip link set "vt$second" netns "$(pgrep -P "$second")" name eth0
	wait "$first"
}

case "${1:-} $#" in
"--inner-one 2") inner_one "$2" ;;
"--inner-two 4") inner_two "$2" "$3" "$4" ;;
"--two 2") two_hosts "$(realpath "$2")" ;;
*" 1") in_namespaces --inner-one "$(realpath "$1")" ;;
*)
	echo "usage: $0 [--two] PROGRAM" >&2
	exit 2
	;;
esac
