# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # most names are used by the other parts
#
# Names, messages, locks and the one question every other part asks: which processes are ours?
# A process belongs to a node when its network namespace is the node's. No list of pids is kept
# for that, so nothing can be missed after a crash and no reused pid can be mistaken for ours.

LAB_NAME=${LAB_NAME:-lunmask}
LAB_STATE=/run/lunmask-lab-$LAB_NAME
LAB_LOCK=$LAB_STATE.lock
LAB_NODES_MAX=16
LAB_NET=10.77.0
LAB_ARRAY_PORTALS=("$LAB_NET.100" "$LAB_NET.101")
LAB_IQN=iqn.2026-11.org.example
# What `lab exec` answers when the node is off; env(1) and timeout(1) use it for "could not run".
LAB_EXIT_OFF=125

lab_say() {
	printf 'lab: %s\n' "$*" >&2
}

lab_die() {
	lab_say "$*"
	exit 1
}

lab_name_check() {
	[[ $LAB_NAME =~ ^[a-z][a-z0-9_-]{0,30}$ ]] ||
		lab_die "LAB_NAME '$LAB_NAME' is not legal: a letter, then up to 30 of a-z 0-9 _ -"
}

lab_root_check() {
	[ "$(id -u)" = 0 ] || lab_die "must be root: namespaces, mounts and a bridge are made"
}

lab_exists() {
	[ -e "$LAB_STATE/nodes" ]
}

# The lab was made completely; without this mark it is what a crashed `lab up` left.
lab_ready() {
	[ -e "$LAB_STATE/ready" ]
}

lab_need() {
	lab_ready || lab_die "lab '$LAB_NAME' is not up; run: lab up"
}

lab_nodes() {
	[ ! -e "$LAB_STATE/nodes" ] || cat "$LAB_STATE/nodes"
}

# Every machine: the array and the nodes.
lab_machines() {
	lab_exists || return 0
	echo array
	lab_nodes
}

lab_machine_check() {
	local known
	known=$(lab_machines | tr '\n' ' ')
	[[ " $known" == *" $1 "* ]] || lab_die "no machine '$1' in lab '$LAB_NAME'; there are: $known"
}

lab_address() {
	if [ "$1" = array ]; then
		echo "${LAB_ARRAY_PORTALS[0]}"
	else
		echo "$LAB_NET.${1#node}"
	fi
}

netns_path() {
	echo "/run/netns/$LAB_NAME-$1"
}

netns_exists() {
	[ -e "$(netns_path "$1")" ]
}

# The lab's namespaces by their short names (sw, array, node1...), from the kernel's list.
netns_list() {
	local path name
	for path in /run/netns/"$LAB_NAME"-*; do
		name=${path#/run/netns/"$LAB_NAME"-}
		if [[ $name =~ ^(sw|array|node[0-9]+)$ ]]; then
			echo "$name"
		fi
	done
}

netns_inode() {
	stat -L -c %i "$(netns_path "$1")" 2>/dev/null
}

# Host pids of all processes in the machine's network namespace. Its name pins the inode number, so
# the number cannot be another namespace's.
members() {
	local inode
	inode=$(netns_inode "$1") || return 0
	# A process may end while we look: find's complaint about that is no news.
	{ find /proc/[0-9]*/ns/net -maxdepth 0 -printf '%p %l\n' 2>/dev/null || true; } |
		sed -nE "s,^/proc/([0-9]+)/ns/net net:\\[$inode\\]\$,\\1,p"
}

members_none() {
	[ -z "$(members "$1")" ]
}

# poll SECONDS WHAT CMD...: until CMD succeeds; says what was awaited when it never does. SECONDS
# is for a machine that is idle; a busy one gets LAB_PATIENCE times as much.
LAB_PATIENCE=10
poll() {
	local seconds=$((LAB_PATIENCE * $1)) what=$2 end
	shift 2
	end=$((SECONDS + seconds))
	until "$@"; do
		if [ "$SECONDS" -ge "$end" ]; then
			lab_say "gave up after $seconds s waiting for $what"
			return 1
		fi
		sleep 0.1
	done
}

# The lab's lock is file descriptor 9, held by every process of a command until the last one
# ended; what outlives a command is started with 9>&-. `down` unlinks the file, so whoever waited
# for it must look whether it still is the file of that name.
lab_lock() {
	local mode=$1 wait_s=${2:-1200}
	while true; do
		exec 9>"$LAB_LOCK"
		flock "$mode" -w "$wait_s" 9 ||
			lab_die "another lab command holds $LAB_LOCK for more than $wait_s s"
		if [ /proc/self/fd/9 -ef "$LAB_LOCK" ]; then
			return 0
		fi
	done
}

# One power or cable change of a machine at a time: file descriptor 8.
machine_lock() {
	exec 8>"$LAB_STATE/$1/lock"
	flock -w 600 8 || lab_die "another lab command works on $1 for more than 600 s"
}
