#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A rolling upgrade of three nodes and the array, in a lab of its own: the VM moves, live and through
# its saved memory, between nodes of the older build and nodes of this one. It boots once.
#
#   upgrade.sh OLDER-STAGE
#
# OLDER-STAGE is what `make install DESTDIR=` of the older build made; LAB_STAGE is this build's.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/pacemaker.sh"

OLDER=${1:?usage: upgrade.sh OLDER-STAGE}
NEWER=${LAB_STAGE:-$T_DIR/../../../_build/stage}
export LAB_NAME=${LAB_NAME:-lunmask}-up

trap 'lab down >/dev/null 2>&1' EXIT

fencings() { lab exec node1 -- stonith_admin --history '*' 2>&1 | grep -c ' successful'; }
daemon_ended() { ! lab exec "$1" -- pidof "$2" >/dev/null; }
runs() { lab exec "$1" -- pidof "$2" >/dev/null; }
version_of() { lab exec "$1" -- lunmask --version 2>&1 | head -n 1; }

# daemons_renew NODE: as the packages do it after their files are there. Pacemaker goes on.
daemons_renew() {
	local name
	for name in lunmask-cutoff lunmask-tidy lunmaskd; do
		lab exec "$1" -- sh -c "kill -TERM \$(pidof $name)" 2>/dev/null
		wait_until 30 daemon_ended "$1" "$name" || return 1
	done
	# Not with the pipe of whoever reads what this says.
	# shellcheck disable=SC2016 # the node's shell expands it
	lab exec "$1" -- sh -c '
		for name in lunmaskd lunmask-cutoff lunmask-tidy; do
			[ ! -x "/usr/sbin/$name" ] || setsid "$name" -f >/dev/null 2>>"/var/log/$name.log" &
		done'
}

daemons_restart() {
	daemons_renew "$1" && wait_until 60 journal_active "$1" &&
		wait_until 20 runs "$1" lunmask-cutoff
}

votes_or_has_ended() { journal_active "$1" || daemon_ended "$1" lunmaskd; }

# files_newer MACHINE: the VM runs meanwhile.
files_newer() {
	local before
	before=$(version_of "$1")
	ok "$T_WHAT: its files" lab install "$NEWER" "$1"
	[ "$1" = array ] ||
		ok "$T_WHAT: it is another version" test "$(version_of "$1")" != "$before"
}

upgraded() {
	files_newer "$1"
	ok "$T_WHAT: its daemons" daemons_restart "$1"
}

# An older build may lose a VM that leaves its MAC and its CPU to libvirt.
definition_spell_out() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- sed -i "/<model type='virtio'/i <mac address='52:54:00:12:34:56'/>
			s|<cpu mode='host-model'/>|<cpu mode='custom' match='exact'><model>qemu64</model></cpu>|" \
			/etc/lunmask/web1.xml || return 1
	done
}

# monitored: Pacemaker asks again, and is content.
monitored() {
	ok "$T_WHAT: a monitor now" lab exec "$(located)" -- crm_resource --resource web1 --force-check
	ok "$T_WHAT: nothing has failed" test -z "$(failures)"
	ok "$T_WHAT: the guest counts on" witness_wait web1 "$(located)" "$(witness_counter web1)"
	ok "$T_WHAT: one boot, one writer" witness_check web1 --expect-boots 1
}

# moved TARGET MODE: unless it is there.
moved() {
	[ "$(located)" != "$1" ] || return 0
	local T_WHAT="$T_WHAT: $2 to $1"
	ok "$T_WHAT: the mode" crm resource param web1 set migration_mode "$2"
	ok "$T_WHAT: settles" settled
	ok "$T_WHAT: a move" crm resource move web1 "$1"
	ok "$T_WHAT: is over" settled
	crm resource clear web1 >/dev/null 2>&1
	ok "$T_WHAT: settles again" settled
	runs_on "$1" 1
	ok "$T_WHAT: nothing has failed" test -z "$(failures)"
}

# both_ways OLD-NODE NEW-NODE: in both modes.
both_ways() {
	local mode
	moved "$1" live
	for mode in live saved; do
		moved "$2" "$mode"
		moved "$1" "$mode"
	done
}

lab down >/dev/null 2>&1
ok "a lab of the older build" env LAB_STAGE="$OLDER" "$T_DIR/../lab" up --nodes 3
ok "the journal is active on all nodes" wait_until 60 journal_all_active
ok "a guest" lab guest build
ok "the test VM's LUNs can be made" vm_make web1
ok "with a definition that any build can move" definition_spell_out
ok "a resource" web1_configure
ok "starts" settled
fencings=$(fencings)

T_WHAT="node1 has newer files, and its daemons still run from the older ones"
moved node1 live
files_newer node1
monitored
both_ways node2 node1

T_WHAT="node1 is newer"
moved node1 live
ok "$T_WHAT: its daemons" daemons_restart node1
monitored
both_ways node2 node1

T_WHAT="node1 and the array are newer"
files_newer array
monitored
both_ways node2 node1

T_WHAT="only node3 is older"
upgraded node2
monitored
both_ways node3 node2

T_WHAT="all are newer"
upgraded node3
monitored
moved node1 live
moved node3 saved
ok "$T_WHAT: the journal is active on all nodes" wait_until 60 journal_all_active
ok "$T_WHAT: all nodes have the same" wait_until 30 journal_all_agree

# A node is set back: it may refuse, but what it holds is whole when it is newer again.
T_WHAT="node2 is set back"
ok "$T_WHAT: its files" lab install "$OLDER" node2
ok "$T_WHAT: its daemons" daemons_renew node2
ok "$T_WHAT: its lunmaskd votes, or has ended" wait_until 60 votes_or_has_ended node2
journal_active node2 || like "$T_WHAT: and it says why" "$(journal_log node2 | tail -n 3)" \
	'newer|snapshot|journal.conf'
monitored
T_WHAT="node2 is newer again"
upgraded node2
monitored
moved node2 live
ok "$T_WHAT: the journal is active on all nodes" wait_until 60 journal_all_active
ok "$T_WHAT: all nodes have the same" wait_until 30 journal_all_agree

T_WHAT="at the end"
is "$T_WHAT: nobody was fenced" "$(fencings)" "$fencings"
for node in $(lab nodes); do
	ok "$node: its journal is sound" lab exec "$node" -- lunmask journal check
done
lab_ends
done_testing
