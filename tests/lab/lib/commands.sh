# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2153 # LAB_STATE is not a misspelt LAB_STAGE
#
# The commands a person types: arguments checked, then the part that does it.

# shellcheck disable=SC2034 # read by the dispatcher
LAB_COMMANDS=(up down status exec array cut boot isolate heal power install path nodes guest)

usage() {
	cat <<-X
		usage: lab COMMAND

		  up [--nodes N] [--root DIR]
		                       make the lab (default 3 nodes), boot what is off, wait for the cluster;
		                       the machines' disks lie on top of the root in DIR (default /): see
		                       scripts/debian-root
		  down                 end everything and remove it; says what it could not remove
		  status               what is on, and what the cluster says; 0 when all is on, 3 when not
		  exec NODE -- CMD...  run CMD as root in a node ($LAB_EXIT_OFF when it is off)
		  array -- CMD...      run CMD as root in the array
		  cut NODE             power loss: kills everything in it at once
		  boot NODE            power on; waits for its services, not for Pacemaker
		  isolate NODE         unplug it at the switch; a node, or array
		  isolate NODE cluster the switch drops what is between it and other nodes; array and NODE hear
		                       each other
		  heal NODE            plug it in again, drop nothing any more
		  power NODE           print on or off
		  install DIR [MACHINE]  copy a staged tree over every machine's disk, or that one's
		  path WHAT            directory on this machine: pool (the LUNs), state, or the disk of NODE
		  nodes                names of the nodes
		  guest ...            test guests: lab guest help

		NODE is node1, node2... or array. Environment: LAB_NAME (default lunmask) selects the lab,
		LAB_STAGE=DIR is a tree from 'make install DESTDIR=DIR' that 'up' puts on every disk.
		LAB_LUNMASKD_UNDER=COMMAND: in a new lab lunmaskd is run by it, such as 'valgrind -q'.
		LAB_ROOT=DIR is --root for 'up'.
		LAB_JOURNAL_DISK=DIR: a new lab's journals are in DIR/NODE instead of in memory.
	X
}

arguments() {
	local want=$1 got=$2 text=$3
	[ "$got" = "$want" ] || lab_die "usage: lab $text"
}

command_up() {
	local count='' root=${LAB_ROOT:-}
	while [ $# -gt 0 ]; do
		case $1 in
		--root=*) root=${1#--root=} && shift ;;
		--root) root=${2:-none} && shift && shift ;;
		--nodes=*) count=${1#--nodes=} && shift ;;
		--nodes) count=${2:-none} && shift && shift ;;
		*) lab_die "unknown argument '$1'; usage: lab up [--nodes N] [--root DIR]" ;;
		esac
	done
	if [ -n "$count" ]; then
		[[ $count =~ ^[0-9]{1,3}$ && $count -ge 1 && $count -le $LAB_NODES_MAX ]] ||
			lab_die "--nodes '$count' is not legal: 1 to $LAB_NODES_MAX"
	fi
	if [ -n "${LAB_STAGE:-}" ] && [ ! -d "$LAB_STAGE" ]; then
		lab_die "LAB_STAGE '$LAB_STAGE' is not a directory"
	fi
	if [ -n "$root" ]; then
		[[ -d $root/usr/lib && $root != *[:,\\]* ]] ||
			lab_die "--root '$root' is not legal: the root directory of a Debian, without : , and \\"
		root=$(realpath "$root")
	fi
	lab_up "$count" "$root"
}

command_down() {
	arguments 0 $# down
	lab_down
}

# NODE and its lock for a power or cable command; the lab's lock is shared, `down` takes it alone.
machine_argument() {
	lab_lock -s
	lab_need
	lab_machine_check "$1"
}

command_cut() {
	arguments 1 $# "cut NODE"
	machine_argument "$1"
	machine_lock "$1"
	machine_off "$1"
}

command_boot() {
	arguments 1 $# "boot NODE"
	machine_argument "$1"
	machine_lock "$1"
	machine_boot "$1"
	if [ "$1" = array ]; then
		poll 30 "tgtd and sshd of the array" array_services_answer
	else
		poll 30 "libvirtd and sshd of $1" node_services_answer "$1"
	fi
}

command_isolate() {
	if [ $# = 2 ] && [ "$2" = cluster ]; then
		machine_argument "$1"
		[ "$1" != array ] || lab_die "the array is no node of the cluster; run: lab isolate array"
		lab_isolate_cluster "$1"
		return
	fi
	arguments 1 $# "isolate NODE [cluster]"
	machine_argument "$1"
	lab_isolate "$1"
}

command_heal() {
	arguments 1 $# "heal NODE"
	machine_argument "$1"
	lab_heal "$1"
}

command_power() {
	arguments 1 $# "power NODE"
	lab_need
	lab_machine_check "$1"
	# Off is off when nothing of it is left, also while a cut is under way.
	if netns_exists "$1" && ! members_none "$1"; then
		echo on
	else
		echo off
	fi
}

command_nodes() {
	lab_exists || lab_die "lab '$LAB_NAME' is not up; run: lab up"
	lab_nodes
}

command_exec() {
	if [ $# -lt 3 ] || [ "$2" != -- ]; then
		lab_die "usage: lab exec NODE -- CMD..."
	fi
	lab_need
	lab_machine_check "$1"
	machine_exec "$1" "${@:3}"
}

command_array() {
	if [ $# -lt 2 ] || [ "$1" != -- ]; then
		lab_die "usage: lab array -- CMD..."
	fi
	lab_need
	machine_exec array "${@:2}"
}

command_install() {
	[ $# = 2 ] || arguments 1 $# "install DIR [MACHINE]"
	[ -d "$1" ] || lab_die "'$1' is not a directory"
	lab_lock -s
	lab_need
	if [ $# = 2 ]; then
		lab_machine_check "$2"
		machine_install "$2" "$1"
	else
		LAB_STAGE=$1 machines_install
	fi
}

command_path() {
	arguments 1 $# "path pool|state|NODE"
	lab_need
	case $1 in
	pool) echo "$LAB_STATE/array/pool" ;;
	state) echo "$LAB_STATE" ;;
	*)
		lab_machine_check "$1"
		echo "$LAB_STATE/$1/disk"
		;;
	esac
}

command_status() {
	local machine all_on=1 power
	arguments 0 $# status
	if ! lab_ready; then
		echo "lab $LAB_NAME: not up"
		return 3
	fi
	echo "lab $LAB_NAME: state $LAB_STATE, LUNs $(command_path pool)"
	for machine in $(lab_machines); do
		power=$(command_power "$machine")
		[ "$power" = on ] || all_on=0
		printf '%-8s %-12s %-4s' "$machine" "$(lab_address "$machine")" "$power"
		[ ! -e "$LAB_STATE/$machine/isolated" ] || printf ' isolated'
		[ ! -e "$LAB_STATE/$machine/isolated-cluster" ] || printf ' isolated from the cluster'
		echo
	done
	powerd_answers || echo "power controller: does not answer"
	cluster_summary
	[ "$all_on" = 1 ] || return 3
}

command_guest() {
	[ -e "$LAB_LIB/guest.sh" ] || lab_die "this tree has no $LAB_LIB/guest.sh"
	# shellcheck source=/dev/null
	. "$LAB_LIB/guest.sh"
	guest_main "$@"
}
