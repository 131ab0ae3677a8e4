#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The source of a migration is fenced inside the hand-over window, and the target is not to run the
# VM: a third node starts it. What runs on the target is left alone.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/pacemaker.sh"

clean_up() {
	libvirtd_back node2
	lab up
	lab exec node2 -- crm node online node2
	wait_until 60 journal_all_active
	vm_unmake web1
} >/dev/null 2>&1
trap clean_up EXIT

both_granted() { [ "$(acl web1-root)" = "node1 node2" ]; }
down() { lab exec node2 -- crm_mon -1 2>/dev/null | seen -E "OFFLINE:.* node1 "; }

ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
mapfile -t meta < <(migrate_meta node1 node2)

T_WHAT="the source is fenced in the window"
agent_is 0 node1 start
ok "$T_WHAT: it counts" witness_wait web1 node1 "$(witness_counter web1)"
ok "$T_WHAT: the target is in standby" lab exec node3 -- crm node standby node2
PARAM[migration_mode]=live
(agent node1 migrate_to "${meta[@]}") >/dev/null 2>&1 &
migration=$!
ok "$T_WHAT: both are granted" wait_until 30 both_granted
# What libvirt there began does not complete before the cut.
libvirtd_signal node2 STOP
lab cut node1
libvirtd_signal node2 CONT
wait "$migration" 2>/dev/null
ok "$T_WHAT: the source is down" wait_until 60 down
like "$T_WHAT: the target is granted still" "$(acl web1-root)" "node2"
agent_is 0 node3 start OCF_RESKEY_CRM_meta_timeout=120000
masks_are web1 "$T_WHAT: the third node has it" node3
is "$T_WHAT: nothing is on the target" "$(domain node2 web1)" absent
ok "$T_WHAT: it counts" witness_wait web1 node3 "$(witness_counter web1)"
ok "$T_WHAT: one writer, nothing lost" witness_check web1
agent_is 0 node3 stop
ok "$T_WHAT: the source comes back" lab up
ok "$T_WHAT: the journal is whole" wait_until 60 journal_all_active

T_WHAT="the source is fenced when the guest has arrived"
agent_is 0 node1 start
ok "$T_WHAT: it counts" witness_wait web1 node1 "$(witness_counter web1)"
PARAM[migration_mode]=live
agent_is 0 node1 migrate_to "${meta[@]}"
lab cut node1
ok "$T_WHAT: the source is down" wait_until 60 down
refused 1 "is presented to node2: (it is up and (has a session open|unfenced)|the domain there is)" node3 start \
	OCF_RESKEY_CRM_meta_timeout=40000
ok "$T_WHAT: the guest counts on there" witness_wait web1 node2 "$(witness_counter web1)"
like "$T_WHAT: the target keeps its LUNs" "$(acl web1-root)" "node2"
agent_is 0 node2 stop
ok "$T_WHAT: one writer, nothing lost" witness_check web1

done_testing
