# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Machines that systemd boots: containers of this machine's files, with an installed tree over them.
# LAB_ROOT=DIR: of the files of another release, in DIR (scripts/debian-root).
# Sourced by a test that runs in a mount namespace of its own, and in a network namespace of its own
# if the containers are to see each other (network_make).
#
#   containers_init                      before all others
#   container_make NAME [STAGE...]       a disk, mounted at $(container_path NAME); its files may be
#                                        changed from here until it is booted
#   network_make                         a bridge; container_plug NAME ADDRESS
#   container_boot NAME [OPTION...]      options of systemd-nspawn(1); $! is its process
#   container_up NAME                    waits until its system manager answers
#   container_exec NAME COMMAND...
#   containers_end                       for the trap: ends what runs, and removes all

containers_init() {
	C_BASE=$(mktemp -d /var/tmp/lunmask-units.XXXXXX)
	declare -gA C_PID=()
	mkdir "$C_BASE/disk"
	mount -t tmpfs -o mode=755 disk "$C_BASE/disk"
}

container_path() { echo "$C_BASE/disk/$1/root"; }

# State of this machine must not show through: its cluster, its keys, its logs, its services.
container_forget() {
	local path
	for path in etc/ssh etc/lunmask etc/libvirt/qemu etc/corosync etc/systemd/system var/log var/tmp root/.ssh \
		var/lib/{corosync,pacemaker,pcsd,libvirt,lunmask,lunmask-array-tgt}; do
		[ ! -d "$1/$path" ] || find "$1/$path" -mindepth 1 ! -type d -delete
	done
}

container_make() {
	local name=$1 root stage
	root=$(container_path "$name")
	shift
	mkdir -p "$C_BASE/disk/$name"/{upper,work,root}
	mount -t overlay units "$root" \
		-o "lowerdir=${LAB_ROOT:-/},upperdir=$C_BASE/disk/$name/upper,workdir=$C_BASE/disk/$name/work"
	container_forget "$root"
	for stage in "$@"; do
		tar -C "$stage" -cf - . | tar -C "$root" -xpf - --no-overwrite-dir --keep-directory-symlink
	done
	echo "$name" >"$root/etc/hostname"
	printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
}

network_make() {
	mkdir -p /run/netns
	mount -t tmpfs netns /run/netns
	ip link set lo up
	ip link add name br0 type bridge
	ip link set br0 up
}

container_plug() {
	ip netns add "$1"
	ip link add "$1" type veth peer name host0 netns "$1"
	ip link set "$1" master br0 up
	ip -n "$1" link set lo up
	ip -n "$1" address add "$2/24" dev host0
	ip -n "$1" link set host0 up
}

# Each has a control group of its own: systemd-nspawn makes groups of fixed names in it.
container_boot() {
	local name=$1
	shift
	(
		for group in /sys/fs/cgroup/{systemd,unified}; do
			[ -d "$group" ] || continue
			mkdir -p "$group/lunmask-$name"
			echo "$BASHPID" >"$group/lunmask-$name/cgroup.procs"
		done
		exec systemd-nspawn --quiet --register=no --keep-unit --directory="$(container_path "$name")" \
			--machine="lunmask-$name" --link-journal=no --resolv-conf=off --timezone=off \
			--console=pipe --boot "$@" </dev/null >"$C_BASE/$name.console" 2>&1
	) &
	C_PID[$name]=$!
}

# The container's first process.
container_leader() { pgrep -P "${C_PID[$1]}" | head -n 1; }

container_exec() {
	local leader
	leader=$(container_leader "$1")
	[ -n "$leader" ] || return 127
	shift
	nsenter --target "$leader" --mount --uts --ipc --net --pid --cgroup --root --wdns=/ -- "$@"
}

container_up() { container_exec "$1" systemctl is-system-running 2>/dev/null | seen -E 'running|degraded'; }

container_gone() { ! kill -0 "${C_PID[$1]}" 2>/dev/null; }

containers_end() {
	local name leader
	for name in "${!C_PID[@]}"; do
		leader=$(container_leader "$name")
		[ -z "$leader" ] || kill -KILL "$leader" 2>/dev/null
		wait "${C_PID[$name]}" 2>/dev/null
		rmdir /sys/fs/cgroup/{systemd,unified}/lunmask-"$name"{/*,} 2>/dev/null
	done
	umount -R "$C_BASE/disk" 2>/dev/null
	rm -rf "$C_BASE"
}
