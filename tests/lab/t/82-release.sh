#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stop while the array's management is away: with a journal the LUNs are released, nobody is fenced,
# and the next start revokes; without one stop fails. And no release outlives a new grant.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/management.sh"
. "$(dirname "$0")/tidy.sh"

crm() { lab exec node1 -- crm "$@"; }
clean_up() {
	local node
	management_back
	for node in $(lab nodes); do
		daemon_signal "$node" CONT
	done
	tidy_work
	crm -F configure delete web1 >/dev/null 2>&1
	vm_unmake web1
}
trap clean_up EXIT

released_is() { is "$T_WHAT: released by {$*}" "$(released)" "$*"; }

settled() {
	masks_are web1 "$T_WHAT: it is on $1" "$1"
	ok "$T_WHAT: it counts" witness_wait web1 "$1" "$(witness_counter web1)"
	ok "$T_WHAT: one writer, no gap" witness_check web1
}

# released_stop NODE: the domain is gone, the grant is not.
released_stop() {
	agent_is 0 "$1" stop OCF_RESKEY_CRM_meta_timeout=60000
	like "$T_WHAT: it says what it did" "$OUT" "stop: release: done"
	is "$T_WHAT: the domain is gone" "$(domain "$1" web1)" absent
}

ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
# Releases are looked at here, and nobody is to complete them meanwhile.
tidy_rest

T_WHAT="failover with the management away"
agent_is 0 node1 start
settled node1
management_away
released_stop node1
released_is node1
agent_is 1 node2 start
released_stop node2
released_is node1 node2
management_back
masks_are web1 "$T_WHAT: node1 is still granted" node1
agent_is 0 node2 start
settled node2
released_is

T_WHAT="the management hangs"
management_hangs
released_stop node2
released_is node2
management_back

T_WHAT="started again where it was released"
agent_is 0 node2 start
like "$T_WHAT: the release is withdrawn first" "$OUT" "start: withdraw: done"
settled node2
released_is
refused 1 "LUN web1-.* is presented to node2" node3 start
settled node2
agent_is 0 node2 stop

T_WHAT="released without a grant, and then the target of a migration"
management_away
released_stop node2
management_back
agent_is 0 node1 start
released_is node2
# A guest that is moved in the first moments of its boot may hang there under TCG.
ok "$T_WHAT: it counts first" witness_wait web1 node1 "$(witness_counter web1)"
mapfile -t meta < <(migrate_meta node1 node2)
PARAM[migration_mode]=live
agent_is 0 node1 migrate_to "${meta[@]}"
like "$T_WHAT: the release is withdrawn first" "$OUT" "migrate: withdraw: done"
released_is
agent_is 0 node2 migrate_from "${meta[@]}"
agent_is 0 node1 stop
settled node2

T_WHAT="stopped again where it was released"
management_away
released_stop node2
released_is node2
management_back
agent_is 0 node2 stop
masks_are web1 "$T_WHAT: nothing is granted"
released_is

T_WHAT="a domain where the LUNs were released"
agent_is 0 node1 start
settled node1
lab exec node1 -- sh -c 'virsh -q dumpxml web1 >/tmp/web1.late'
management_away
released_stop node1
management_back
ok "$T_WHAT: it is created behind the agent's back" \
	lab exec node1 -- virsh -q create /tmp/web1.late
refused 1 "node1 has released the LUNs, but the domain there is running" node2 start
masks_are web1 "$T_WHAT: it is left what it has" node1
agent_is 0 node1 stop
masks_are web1 "$T_WHAT: nothing is granted"
released_is

T_WHAT="without a journal"
agent_is 0 node1 start
settled node1
management_away
for node in node2 node3; do
	daemon_signal "$node" STOP
done
agent_is 1 node1 stop OCF_RESKEY_CRM_meta_timeout=40000
is "$T_WHAT: the domain is gone all the same" "$(domain node1 web1)" absent
like "$T_WHAT: it says why" "$REASON" "still be granted.*cannot be released: the journal (has no majority|did not answer)"
for node in node2 node3; do
	daemon_signal "$node" CONT
done
management_back
wait_until 30 journal_all_active
agent_is 0 node1 stop
masks_are web1 "$T_WHAT: nothing is granted"

# The same under Pacemaker: a failover in an outage costs no host.
T_WHAT="Pacemaker"
pacemaker_settled() { lab exec node1 -- crm_resource --wait --timeout 900s; }
located() {
	lab exec node1 -- crm_resource --resource web1 --locate 2>&1 |
		sed -n 's/.*running on: \([a-z0-9]*\).*/\1/p'
}
ok "$T_WHAT: a resource" crm configure primitive web1 ocf:lunmask:VirtualMachine \
	params vm=web1 array=san1 "luns=vda=web1-root vdb=web1-data" state_lun=web1-state \
	config=/etc/lunmask/web1.xml \
	op start timeout=60s op stop timeout=60s op monitor interval=10s timeout=30s
ok "$T_WHAT: starts" pacemaker_settled
source=$(located)
management_away
ok "$T_WHAT: standby of $source" crm node standby "$source"
ok "$T_WHAT: settles" pacemaker_settled
is "$T_WHAT: all nodes are up" \
	"$(lab exec node1 -- crm_node -p | tr ' ' '\n' | sort | xargs)" "node1 node2 node3"
is "$T_WHAT: it runs nowhere" "$(located)" ""
management_back
ok "$T_WHAT: cleaned up" crm resource cleanup web1
ok "$T_WHAT: settles again" pacemaker_settled
unlike "$T_WHAT: it left $source" "$(located)" "^($source)?\$"
settled "$(located)"
# A host that only tried to start it may have released what it did not hold: that stays.
unlike "$T_WHAT: $source was revoked" "$(released)" "$source"
ok "$T_WHAT: online again" crm node online "$source"
ok "$T_WHAT: stopped" crm resource stop web1
ok "$T_WHAT: settles" pacemaker_settled

done_testing
