#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A fencing of long ago is no evidence: the VM began on that host afterwards, and runs there although
# Pacemaker was stopped in order. No start takes its LUNs, however often and on whatever node it is
# tried, and whatever tasks the journal has seen since. A fencing from now on is.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/pacemaker.sh"

clean_up() {
	lab up
	wait_until 60 journal_all_active
	vm_unmake web1
} >/dev/null 2>&1
trap clean_up EXIT

fenced() { lab exec node1 -- stonith_admin --fence node2 --timeout 60; }
offline() { lab exec node1 -- crm_mon -1 2>/dev/null | seen -E "OFFLINE:.* node2 "; }
# Its history is whole then, so that the number of fencings is known.
fencer_is_old() {
	[ "$(lab exec "$1" -- ps -C pacemaker-fence -o etimes= | xargs)" -gt 46 ] 2>/dev/null
}
refused_on() {
	refused 1 "node2: it left the cluster unfenced, with a session open" "$1" start
	masks_are web1 "$T_WHAT: node2 keeps them" node2
	ok "$T_WHAT: the guest there counts on" witness_wait web1 node2 "$(witness_counter web1)"
}

ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
ok "node2 is fenced" fenced
ok "node2 is off" wait_until 30 offline
ok "node2 boots" lab boot node2
ok "node2 is back" wait_until 60 online node2
ok "the journal is whole" wait_until 60 journal_all_active
ok "its fencer knows the history" wait_until 90 fencer_is_old node2

T_WHAT="begun after the fencing"
agent_is 0 node2 start
ok "$T_WHAT: it counts" witness_wait web1 node2 "$(witness_counter web1)"
pacemaker_stop node2
ok "$T_WHAT: Pacemaker there ends in order" wait_until 60 pacemaker_ended node2
lab exec node2 -- pkill -TERM -x corosync
ok "$T_WHAT: node2 has left" wait_until 30 offline

T_WHAT="the first attempt"
refused_on node3
T_WHAT="the second, on another node"
refused_on node1
T_WHAT="the third"
refused_on node3
T_WHAT="reconcile"
lab exec node1 -- lunmask reconcile web1 >/dev/null 2>&1
masks_are web1 "$T_WHAT: node2 keeps them" node2
ok "$T_WHAT: the guest there counts on" witness_wait web1 node2 "$(witness_counter web1)"
T_WHAT="the fourth, after it"
refused_on node1

T_WHAT="fenced from now on"
ok "$T_WHAT: node2 is fenced" fenced
agent_is 0 node1 start
masks_are web1 "$T_WHAT" node1
ok "$T_WHAT: it counts" witness_wait web1 node1 "$(witness_counter web1)"
ok "$T_WHAT: one writer, nothing lost" witness_check web1
agent_is 0 node1 stop

done_testing
