#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Agents that stand still on a node that is fenced by mask meanwhile, so that they live, and go on when
# the VM runs elsewhere: one that has only the time for its undo left, and one that would restore. And
# an undo that the journal gives no answer to. They take nothing from anybody, and add nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/pacemaker.sh"
. "$(dirname "$0")/crash.sh" # its `settled` is meant
CRM_NODE=node2 # the one that is never fenced

# unfenced NODE: as by an administrator who wants it back.
unfenced() { printf '{"initiators":["%s"]}' "$(initiator "$1")" | driver unfence >/dev/null; }

clean_up() {
	local node
	daemon_signal node1 CONT
	for node in $(lab nodes); do
		corosync_signal "$node" CONT
		lab exec "$node" -- pkill -KILL -x VirtualMachine
		unfenced "$node"
	done
	crm -F resource stop san
	crm -F configure delete san
	crm -F resource start fencing
	lab cut node1
	lab cut node3
	lab up
	vm_unmake web1
} >/dev/null 2>&1
trap clean_up EXIT

fenced() { driver fenced <<<'{}' | seen "\"$(initiator "$1")\""; }
online() { crm_mon_xml | seen "<node name=\"$1\" .*online=\"true\""; }
# Lost and fenced: what start needs to know.
lost() { crm_mon_xml | seen "<node name=\"$1\" .*online=\"false\" .*unclean=\"false\""; }
crm_mon_xml() { lab exec "$CRM_NODE" -- crm_mon -1 --output-as=xml; }

# fencings NODE: those that have succeeded, as the cluster tells them.
fencings() {
	lab exec "$CRM_NODE" -- crm_mon -1 --output-as=xml --fence-history=2 |
		grep -E "<fence_event action=\"(off|reboot)\" target=\"$1\".* status=\"success\""
}
# fenced_since NODE FENCINGS
fenced_since() { [ "$(fencings "$1")" != "$2" ]; }

# hang NODE: to the others. What else is on it goes on. The array's record comes before the end of the
# fencing, and only that is evidence.
hang() {
	local before
	before=$(fencings "$1")
	corosync_signal "$1" STOP
	ok "$T_WHAT: the array has it fenced" wait_until 60 fenced "$1"
	ok "$T_WHAT: the others know" wait_until 30 lost "$1"
	ok "$T_WHAT: the fencing has ended" wait_until 60 fenced_since "$1" "$before"
}

# It comes back, and is let in again: nothing but the journal can stop the late agent.
go_on() {
	corosync_signal "$1" CONT
	ok "$T_WHAT: it is back" wait_until 30 online "$1"
	ok "$T_WHAT: its journal too" wait_until 30 journal_all_active
	ok "$T_WHAT: it may change masks again" unfenced "$1"
}

# The last third of the time, 20 s at most, is for undo.
TIMEOUT_S=90
until_undo() { wait_until "$TIMEOUT_S" at_undo; }
at_undo() { [ "$SECONDS" -ge $((BEGAN + TIMEOUT_S - 17)) ]; }

late_migrate() {
	BEGAN=$SECONDS
	suspend "line:grant: done" node1 migrate_to "${meta[@]}" \
		OCF_RESKEY_CRM_meta_timeout=$((TIMEOUT_S * 1000))
	masks_are web1 "$T_WHAT" node1 node2
}

ok "the journal is active on all nodes" wait_until 60 journal_all_active
ok "the test VM's LUNs can be made" vm_make web1
ok "the crash points can be installed" crash_install
vm_params web1
PARAM[migration_mode]=live
mapfile -t meta < <(migrate_meta node1 node2)
agent_is 0 node1 start
BOOTS=1

T_WHAT="a journal that does not answer"
late_migrate
daemon_signal node1 STOP
ok "$T_WHAT: the time for the steps passes" until_undo
resume
is "$T_WHAT: it fails" "$RC" 1
like "$T_WHAT: and says what it left" "$OUT" "nothing of it was undone: the journal did not answer"
masks_are web1 "$T_WHAT: nothing is taken back" node1 node2
daemon_signal node1 CONT
ok "$T_WHAT: the journal is back" wait_until 60 journal_all_active
agent_is 0 node2 stop
settled node1

T_WHAT="a node that was fenced"
ok "$T_WHAT: only by mask" crm resource stop fencing
ok "$T_WHAT: by fence_lunmask" crm configure primitive san stonith:fence_lunmask \
	params power_timeout=20 meta provides=unfencing op monitor interval=30s timeout=30s
ok "$T_WHAT: the cluster settles" crm_resource_wait
late_migrate
hang node1
agent_is 0 node2 start
BOOTS=2
masks_are web1 "$T_WHAT: the target has it" node2
go_on node1
ok "$T_WHAT: the time for the steps passes" until_undo
resume
is "$T_WHAT: it fails" "$RC" 1
like "$T_WHAT: and says why" "$OUT" "nothing of it was undone: the task was taken over"
masks_are web1 "$T_WHAT: the target keeps it" node2
is "$T_WHAT: it runs there" "$(domain node2 web1)" running
ok "$T_WHAT: it counts" witness_wait web1 node2 "$(witness_counter web1)"
agent_is 0 node1 stop
settled node2

T_WHAT="a target that was fenced"
mapfile -t meta < <(migrate_meta node2 node3)
PARAM[migration_mode]=saved
agent_is 0 node2 migrate_to "${meta[@]}"
masks_are web1 "$T_WHAT" node3
suspend line:mapping: node3 migrate_from "${meta[@]}"
hang node3
agent_is 0 node1 start
settled node1
go_on node3
resume
is "$T_WHAT: it fails" "$RC" 1
like "$T_WHAT: and says why" "$REASON" "the task was taken over"
masks_are web1 "$T_WHAT: it has added nothing" node1
agent_is 0 node3 stop
agent_is 0 node2 stop
settled node1
agent_is 0 node1 stop
stopped
done_testing
