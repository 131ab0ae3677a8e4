#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The target's answer at the end of a live migration is lost, or the link is dead: the guest runs on
# one host only, and is neither booted nor continued with memory that is older than its disks (I1).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"
. "$(dirname "$0")/link.sh"

clean_up() {
	link_remove
	vm_unmake web1
}
trap clean_up EXIT
ok "the test VM's LUNs can be made" vm_make web1
ok "the links can be broken" link_install
vm_params web1
PARAM[migration_mode]=live
agent_is 0 node1 start
BOOTS=1
T_WHAT="at the beginning"
settled node1
source=node1

# What arrived has run nothing, so the source, which libvirt has let run on, keeps the guest.
for fault in closed dead; do
	target=$(other "$source")
	mapfile -t meta < <(migrate_meta "$source" "$target")
	T_WHAT="the answer to finish is lost, the link is $fault"
	link_finish "$target" "$fault"
	agent "$source" migrate_to "${meta[@]}"
	is "$T_WHAT: migrate_to fails" "$RC" 1
	is "$T_WHAT: one host runs it" "$(running)" 1
	is "$T_WHAT: the source" "$(domain "$source" web1)" running
	masks_are web1 "$T_WHAT" "$source"
	link_heal "$target"
	agent_is 0 "$target" stop
	settled "$source"
done

# The same, and Pacemaker stops both.
target=$(other "$source")
mapfile -t meta < <(migrate_meta "$source" "$target")
T_WHAT="the link is dead, and both are stopped"
link_finish "$target" dead
agent "$source" migrate_to "${meta[@]}"
is "$T_WHAT: migrate_to fails" "$RC" 1
agent_is 0 "$target" stop
agent_is 0 "$source" stop
link_heal "$target"
stopped
agent_is 0 "$target" start
settled "$target"
source=$target

# The source's QEMU is gone, and then the link goes dead: the target starts the guest.
target=$(other "$source")
mapfile -t meta < <(migrate_meta "$source" "$target")
T_WHAT="the link is dead when the guest has arrived"
ok "the crash points can be installed" crash_install
suspend virDomainSetMetadata:before "$source" migrate_to "${meta[@]}"
link_kill "$target"
is "$T_WHAT: nothing runs yet" "$(running)" 0
resume
is "$T_WHAT: migrate_to succeeds" "$RC" 0
agent_is 0 "$target" migrate_from "${meta[@]}"
agent_is 0 "$source" stop
link_heal "$target"
settled "$target"
source=$target

# The guest has run on at the source, and its QEMU is gone all the same: what arrived is older.
target=$(other "$source")
mapfile -t meta < <(migrate_meta "$source" "$target")
T_WHAT="the answer is lost, the source goes on, and its QEMU is killed"
kill_resumed() {
	# shellcheck disable=SC2016 # the node's shell expands it
	lab exec "$source" -- sh -c 'virsh event --domain web1 --event lifecycle --loop --timeout 120 |
		while read -r line; do
			case $line in *Resumed*) pkill -KILL -f "guest=web1[,]"; exit ;; esac
		done'
}
kill_resumed &
link_finish "$target" closed
agent "$source" migrate_to "${meta[@]}"
wait
is "$T_WHAT: migrate_to fails" "$RC" 1
is "$T_WHAT: nothing runs" "$(running)" 0
agent_is 0 "$target" stop
agent_is 0 "$source" stop
stopped
link_heal "$target"
agent_is 0 "$target" start
BOOTS=$((BOOTS + 1))
settled "$target"
source=$target

# Killed there; the stops of Pacemaker keep the memory.
target=$(other "$source")
mapfile -t meta < <(migrate_meta "$source" "$target")
T_WHAT="migrate_to is killed when the guest has arrived, and both are stopped"
crash virDomainSetMetadata:before "$source" migrate_to "${meta[@]}"
is "$T_WHAT: nothing runs" "$(running)" 0
agent "$target" stop &
agent_is 0 "$source" stop
wait
stopped
agent_is 0 "$target" start
settled "$target"
source=$target

agent_is 0 "$source" stop
stopped

done_testing
