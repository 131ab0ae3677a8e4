#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's memory on its way through the state LUN, and the agent killed at each step of migrate_to,
# migrate_from and stop: never two guests, never the same memory twice, and no boot where the memory
# can still be had.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"

trap 'vm_unmake web1' EXIT
ok "the test VM's LUNs can be made" vm_make web1
ok "the crash points can be installed" crash_install
vm_params web1
PARAM[migration_mode]=saved
agent_is 0 node1 start
BOOTS=1
T_WHAT="at the beginning"
settled node1

other() { if [ "$1" = node1 ]; then echo node2; else echo node1; fi; }
source=node1
target=node2
meta=()
turn() {
	source=$1
	target=$(other "$1")
	mapfile -t meta < <(migrate_meta "$source" "$target")
}
turn node1

arrived() {
	agent_is 0 "$target" migrate_from "${meta[@]}"
	agent_is 0 "$source" stop
	settled "$target"
	turn "$target"
}

# to_again POINT: migrate_to killed, and run again
to_again() {
	T_WHAT="migrate_to killed at $1, run again"
	crash "$1" "$source" migrate_to "${meta[@]}"
	agent_is 0 "$source" migrate_to "${meta[@]}"
	arrived
}

# from_again POINT: migrate_from killed, and run again
from_again() {
	T_WHAT="migrate_from killed at $1, run again"
	agent_is 0 "$source" migrate_to "${meta[@]}"
	crash "$1" "$target" migrate_from "${meta[@]}"
	arrived
}

# Both stopped, then started on the target: the memory of what ran is kept, wherever it ran.
restarted() {
	agent_is 0 "$target" stop
	agent_is 0 "$source" stop
	stopped
	agent_is 0 "$target" start
	settled "$target"
	turn "$target"
}

to_recovered() {
	T_WHAT="migrate_to killed at $1, both stopped"
	crash "$1" "$source" migrate_to "${meta[@]}"
	restarted
}

from_recovered() {
	T_WHAT="migrate_from killed at $1, both stopped"
	agent_is 0 "$source" migrate_to "${meta[@]}"
	crash "$1" "$target" migrate_from "${meta[@]}"
	restarted
}

for point in line:grant: virDomainSaveFlags:60 virDomainSaveFlags:200 line:save: line:revoke:; do
	to_again "$point"
done
for point in virDomainRestoreFlags:80 virDomainRestoreFlags:after virDomainResume:before \
	virDomainResume:after; do
	from_again "$point"
done

to_recovered virDomainSaveFlags:60
to_recovered line:save:
for point in virDomainRestoreFlags:80 virDomainRestoreFlags:after virDomainResume:before; do
	from_recovered "$point"
done
# It ran: what the LUN holds is of the past, and must not come back.
from_recovered virDomainResume:after

# stop with stop_mode=save
PARAM[stop_mode]=save
save_again() {
	T_WHAT="stop (save) killed at $1, run again"
	crash "$1" "$source" stop
	agent_is 0 "$source" stop
	stopped
	agent_is 0 "$target" start
	settled "$target"
	turn "$target"
}
for point in virDomainSaveFlags:60 line:domain:; do
	save_again "$point"
done

# A start that was to restore, and what Pacemaker does then.
start_recovered() {
	T_WHAT="start with saved memory killed at $1, stopped, started elsewhere"
	agent_is 0 "$source" stop
	crash "$1" "$target" start
	agent_is 0 "$target" stop
	stopped
	agent_is 0 node3 start
	settled node3
	agent_is 0 node3 stop
	agent_is 0 "$source" start
	settled "$source"
}
start_recovered virDomainResume:before

# Between libvirt's last word and the mark on the LUN the memory may be lost, but never mixed up.
T_WHAT="migrate_to killed between save and mark"
crash virDomainSaveFlags:after "$source" migrate_to "${meta[@]}"
agent_is 0 "$source" stop
agent_is 0 "$target" stop
stopped
agent_is 0 "$target" start
ok "$T_WHAT: it counts" witness_wait web1 "$target" "$(witness_counter web1)"
boots=$(witness_boots)
like "$T_WHAT: at most one boot more" "$((boots - BOOTS))" '^[01]$'
BOOTS=$boots
settled "$target"

agent_is 0 "$target" stop
stopped

done_testing
