# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2153 # LAB_STATE is not a misspelt LAB_STAGE
#
# The lab as a whole: make it, end it, and look whether anything is left.

# PROGRAM=PACKAGE (Debian's name) of everything the machines run, and of what the lab itself does.
LAB_PROGRAMS=(corosync=corosync pacemakerd=pacemaker crm_mon=pacemaker-cli-utils tgtd=tgt
	libvirtd=libvirt-daemon-system virsh=libvirt-clients qemu-system-x86_64=qemu-system-x86
	sshd=openssh-server ssh=openssh-client tini=tini python3=python3 setpriv=util-linux)
LAB_OWN_PROGRAMS=(ip=iproute2 nft=nftables python3=python3 nsenter=util-linux flock=util-linux
	ssh-keygen=openssh-client)

# programs_check ROOT PROGRAM=PACKAGE...
programs_check() {
	local root=${1%/} entry folder missing=()
	shift
	for entry in "$@"; do
		for folder in /usr/sbin /usr/bin /sbin /bin /usr/local/sbin /usr/local/bin; do
			[ ! -x "$root$folder/${entry%%=*}" ] || continue 2
		done
		missing+=("${entry#*=}")
	done
	[ ${#missing[@]} = 0 ] || lab_die "packages are missing in ${root:-/}:" \
		"apt-get install $(printf '%s\n' "${missing[@]}" | sort -u | xargs)"
}

state_mount() {
	mkdir -p "$LAB_STATE"
	mount -t tmpfs -o mode=755,size=75% "lab-$LAB_NAME" "$LAB_STATE"
	mount --make-private "$LAB_STATE"
	mkdir "$LAB_STATE/power"
}

state_seed() {
	local count=$1 machine
	seq -f 'node%g' 1 "$count" >"$LAB_STATE/nodes"
	for machine in $(lab_machines); do
		mkdir -p "$LAB_STATE/$machine/seed"
	done
	seed_keys
	seed_array
	for machine in $(lab_nodes); do
		seed_node "$machine"
		if [ -n "${LAB_JOURNAL_DISK:-}" ]; then
			mkdir -p "$LAB_JOURNAL_DISK/$machine"
			ln -s "$LAB_JOURNAL_DISK/$machine" "$LAB_STATE/$machine/journal"
		fi
	done
}

powerd_answers() {
	"$LAB_DIR/fence_lab" --action=monitor --socket="$LAB_STATE/power/power" 2>/dev/null
}

# It runs in the switch's namespace, so that it is found as one of ours.
powerd_start() {
	! powerd_answers || return 0
	setsid nsenter --net="$(netns_path sw)" -- \
		python3 "$LAB_DIR/powerd" "$LAB_DIR/lab" "$LAB_STATE/power/power" \
		</dev/null >>"$LAB_STATE/powerd.log" 2>&1 8>&- 9>&- &
	poll 10 "the power controller" powerd_answers
}

# All machines that are off, at the same time.
machines_boot() {
	local machine pid pids=() failed=0
	for machine in $(lab_machines); do
		machine_is_on "$machine" && continue
		(
			machine_lock "$machine"
			machine_boot "$machine"
		) &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=1
	done
	return "$failed"
}

# What LAB_STAGE has now, on every disk.
machines_install() {
	local machine
	[ -n "${LAB_STAGE:-}" ] || return 0
	for machine in $(lab_machines); do
		machine_install "$machine" "$LAB_STAGE"
	done
}

lab_wait() {
	local node
	poll 30 "tgtd and sshd of the array" array_services_answer
	for node in $(lab_nodes); do
		poll 30 "libvirtd and sshd of $node" node_services_answer "$node"
	done
	if ! poll 90 "the cluster: all nodes online, quorum, fencing" cluster_is_complete; then
		command_status >&2 || true
		return 1
	fi
}

# A node that comes back before the others have buried it is fenced as soon as they notice.
lab_bury() {
	local node
	for node in $(lab_nodes); do
		machine_is_on "$node" ||
			poll 20 "the cluster to notice that $node is off" cluster_has_buried "$node" || true
	done
}

lab_make() {
	local count=$1 root=$2
	programs_check / "${LAB_OWN_PROGRAMS[@]}"
	programs_check "$root" "${LAB_PROGRAMS[@]}"
	state_mount
	ln -s "$root" "$LAB_STATE/base"
	mkdir -p "$GUEST_DIR"
	ln -s "$(dirname "$GUEST_DIR")" "$LAB_STATE/guests"
	state_seed "$count"
	net_switch_up
	machines_boot
	powerd_start
	touch "$LAB_STATE/ready"
}

lab_up() {
	local count=$1 root=$2 have
	lab_lock -x
	if ! lab_ready; then
		# Also what an interrupted `up` left.
		lab_clean
		count=${count:-3}
		lab_make "$count" "${root:-/}"
	else
		have=$(lab_nodes | wc -l)
		[ "${count:-$have}" = "$have" ] ||
			lab_die "lab '$LAB_NAME' is up with $have nodes; for $count run: lab down"
		have=$(readlink "$LAB_STATE/base")
		[ "${root:-$have}" = "$have" ] ||
			lab_die "lab '$LAB_NAME' is up with the root $have; for $root run: lab down"
		machines_install
		powerd_start
		# From here on fencing may be needed, which shares the lock.
		flock -s 9
		lab_bury
		machines_boot
	fi
	flock -s 9
	lab_wait
}

# Kills, unmounts and removes; what does not go is left to leftovers() to report.
lab_clean() {
	local name
	members sw | xargs -r kill -KILL 2>/dev/null || true
	for name in $(netns_list); do
		machine_off "$name" || true
	done
	while findmnt -n "$LAB_STATE" >/dev/null && umount "$LAB_STATE"; do
		:
	done
	[ ! -d "$LAB_STATE" ] || rmdir "$LAB_STATE" || true
}

# Prints one line for everything of this lab that still exists. A namespace goes only after its last
# process, so no process of ours is without its namespace.
leftovers() {
	local name pid
	for name in $(netns_list); do
		echo "network namespace $LAB_NAME-$name"
		for pid in $(members "$name"); do
			echo "process $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null || true)"
		done
	done
	findmnt -rn -o TARGET | grep -E "^$LAB_STATE(/|\$)" | sed 's/^/mount /' || true
	[ ! -e "$LAB_STATE" ] || echo "directory $LAB_STATE"
}

lab_down() {
	local left
	lab_lock -x
	lab_clean
	left=$(leftovers)
	if [ -n "$left" ]; then
		lab_say "left behind:"
		printf '  %s\n' "${left//$'\n'/$'\n'  }" >&2
		return 1
	fi
	netns_mount_remove
	rm -f "$LAB_LOCK"
}

# `ip netns add` mounts /run/netns onto itself and never unmounts it. When nobody on this machine
# has a named namespace any more it goes as well; ip makes it anew when it needs it.
netns_mount_remove() {
	if mountpoint -q /run/netns && [ -z "$(ls -A /run/netns)" ]; then
		umount /run/netns 2>/dev/null || true
	fi
}
