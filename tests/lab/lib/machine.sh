# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A machine (node or array) in $LAB_STATE/NAME:
#
#	seed/      what the next boot adds to the disk, gone after it
#	disk/      the overlay's upper directory: survives power loss
#	formatted  exists when the disk has forgotten the machine below it
#	work/ root/  the overlay's own; root is mounted in the machine's mount namespace only
#	console    what pid 1 and the services print
#	isolated   exists while the cable is unplugged
#	isolated-cluster  exists while the switch drops what is between it and the other nodes
#	pid1       host pid of the machine's pid 1; a hint, checked before use

# Host pid of the machine's pid 1, from the processes in its network namespace.
machine_pid1_find() {
	local pid
	for pid in $(members "$1"); do
		if grep -qsE '^NSpid:\s+[0-9]+\s+1$' "/proc/$pid/status"; then
			echo "$pid"
			return 0
		fi
	done
	return 1
}

# Same, without the search while the noted one is still it.
machine_pid1() {
	local pid inode
	if pid=$(cat "$LAB_STATE/$1/pid1" 2>/dev/null) && [ -n "$pid" ] && inode=$(netns_inode "$1") &&
		[ "$(readlink "/proc/$pid/ns/net" 2>/dev/null)" = "net:[$inode]" ] &&
		grep -qsE '^NSpid:\s+[0-9]+\s+1$' "/proc/$pid/status"; then
		echo "$pid"
		return 0
	fi
	machine_pid1_find "$1"
}

machine_is_on() {
	machine_pid1 "$1" >/dev/null
}

# The file appears in the machine's own /run when its disk is mounted and pid 1 is about to run.
machine_is_ready() {
	local pid
	pid=$(machine_pid1_find "$1") || return 1
	pid1_is_ready "$pid"
}

# Before that its root is still the machine's we are on: nothing may be run in it.
pid1_is_ready() {
	[ -e "/proc/$1/root/run/lab-booted" ]
}

machine_boot() {
	local machine=$1 dir=$LAB_STATE/$1
	if machine_is_on "$machine"; then
		lab_say "$machine is on already"
		return 0
	fi
	# A namespace without a pid 1 is what an interrupted command left.
	machine_off "$machine"
	mkdir -p "$dir"/{disk,work,root}
	net_machine_up "$machine"
	setsid nsenter --net="$(netns_path "$machine")" -- \
		unshare --mount --pid --fork --ipc --uts --propagation private -- \
		bash "$LAB_LIB/init.sh" "$machine" "$dir" "$LAB_STATE/power" \
		</dev/null >>"$dir/console" 2>&1 8>&- 9>&- &
	if ! poll 20 "pid 1 of $machine" machine_is_ready "$machine"; then
		tail -n 5 "$dir/console" >&2
		return 1
	fi
	machine_pid1_find "$machine" >"$dir/pid1"
}

# Power loss: first the cable, so that no socket says goodbye, then everything at once.
machine_off() {
	local machine=$1 pid
	net_link_down "$machine"
	if pid=$(machine_pid1 "$machine"); then
		kill -KILL "$pid" 2>/dev/null || true
		poll 20 "the end of pid 1 of $machine" pid_gone "$pid" || return 1
	fi
	# What is left entered from outside: unshare(1), nsenter(1), a shell of `lab exec`.
	members "$machine" | xargs -r kill -KILL 2>/dev/null || true
	poll 20 "the end of all processes of $machine" members_none "$machine" || return 1
	net_machine_down "$machine"
	rm -f "$LAB_STATE/$machine/pid1"
}

# A zombie counts as gone: it runs nothing, and its parent is not of this lab.
pid_gone() {
	! grep -qsE '^State:\s+[^Z]' "/proc/$1/status"
}

# In the machine as root, with a clean environment. Does not return.
machine_exec() {
	local machine=$1 pid
	shift
	if ! pid=$(machine_pid1 "$machine") || ! pid1_is_ready "$pid"; then
		lab_say "$machine is off, or not up yet; run: lab boot $machine"
		exit "$LAB_EXIT_OFF"
	fi
	# When this process is killed (a test's timeout), the command does not stay behind.
	exec nsenter --target "$pid" --mount --pid --net --uts --ipc -- \
		/usr/bin/env -i HOME=/root USER=root LOGNAME=root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		/usr/bin/setpriv --pdeathsig KILL "$@"
}

# The same for use by other parts: returns the command's exit status.
machine_run() {
	(machine_exec "$@")
}

# tree_new FROM TO: what of FROM's tree is to be copied, NUL-terminated: no directory that TO has.
tree_new() {
	local path
	cd "$1" || return 1
	find . -mindepth 1 -print0 | while IFS= read -r -d '' path; do
		[ -d "$path" ] && [ ! -L "$path" ] && [ -d "$2/$path" ] || printf '%s\0' "$path"
	done
}

# Copies a staged tree over the machine's disk; existing directories and links to them stay. If they
# were in the archive, tar would make them 0700 for a moment, / too: seen to end a Pacemaker that was
# just starting, whose daemons are not root's.
tree_copy() {
	(tree_new "$1" "$2" | tar -C "$1" --null --no-recursion -T - -cf -) |
		tar -C "$2" -xpf - --keep-directory-symlink
}

machine_install() {
	local machine=$1 stage=$2 pid
	if pid=$(machine_pid1 "$machine") && pid1_is_ready "$pid"; then
		tree_copy "$stage" "/proc/$pid/root"
	else
		mkdir -p "$LAB_STATE/$machine/seed"
		tree_copy "$stage" "$LAB_STATE/$machine/seed"
	fi
}
