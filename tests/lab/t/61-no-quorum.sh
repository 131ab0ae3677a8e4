#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The node that runs the VM loses the others, and with them quorum, but not the array; they fence it by
# mask, so that it goes on living and does what no-quorum-policy says. What becomes of the VM on both
# sides, for each policy, and that nothing is started without quorum (I8).
#
# 61-no-quorum.sh [POLICY...]: stop, freeze, demote and suicide when none is named.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pacemaker.sh"
. "$(dirname "$0")/fencing.sh"

# What the fenced node's old guest comes to, and its Pacemaker: see docs/quorum.md.
declare -A DOMAIN=([stop]=absent [freeze]=there [demote]=absent [suicide]=there)
declare -A PACEMAKER=([stop]=runs [freeze]=runs [demote]=runs [suicide]=ends)
policies=("$@")
[ $# != 0 ] || policies=(stop freeze demote suicide)

WEB1_STOP=40s
booted=1 # how often the guest has

clean_up() {
	local node
	for node in $(lab nodes); do
		lab heal "$node"
		printf '{"initiators":["%s"]}' "$(initiator "$node")" | driver unfence
		pacemaker_runs "$node" || { lab cut "$node" && lab boot "$node"; }
	done
	CRM_NODE=node1
	crm -F configure property no-quorum-policy=stop
	crm -F resource start fencing
	crm -F resource stop san
	crm_resource_wait
	crm -F configure delete san
	lab up
	web1_remove
	vm_unmake web2
} >/dev/null 2>&1
trap clean_up EXIT

runs_elsewhere() {
	local now
	now=$(located)
	[ -n "$now" ] && [ "$now" != "$1" ] && [ "$(domain "$now" web1)" = running ]
}
# QEMU, whatever libvirt says: a guest without its disks may hang.
domain_absent() { ! lab exec "$1" -- pgrep -f 'guest=web1[,]' >/dev/null; }
domain_there() { ! domain_absent "$1"; }
pacemaker_ends() { wait_until 60 pacemaker_ended "$1"; }
without_quorum() { lab exec "$1" -- crm_mon -1 | grep -q 'WITHOUT quorum'; }
# As Pacemaker there sees its last moments.
starts_since() { pacemaker_log "$1" | tail -n "+$2" | grep -c 'Initiating start operation web'; }

loses_quorum() {
	local policy=$1 since
	T_WHAT="no-quorum-policy=$policy"
	CRM_NODE=$(other_node "$(located)")
	ok "$T_WHAT" crm configure property "no-quorum-policy=$policy"
	ok "$T_WHAT: settles" settled
	victim=$(located)
	CRM_NODE=$(other_node "$victim")
	ok "$T_WHAT: the guest counts" witness_wait web1 "$victim" "$(witness_counter web1)"
	since=$(($(pacemaker_log "$victim" | wc -l) + 1))
	lab isolate "$victim" cluster

	ok "$T_WHAT: the majority fences the node" wait_until 60 fenced_are "$victim"
	ok "$T_WHAT: the VM runs there" wait_until 90 runs_elsewhere "$victim"
	ok "$T_WHAT: settles again" settled
	new=$(located)
	booted=$((booted + 1))
	runs_on "$new" "$booted"

	case ${PACEMAKER[$policy]} in
	runs) ok "$T_WHAT: Pacemaker on the lost node is without quorum" without_quorum "$victim" ;;
	ends) ok "$T_WHAT: Pacemaker on the lost node ends" pacemaker_ends "$victim" ;;
	esac
	# A guest that has lost its disks does not shut down: stop ends it when its time is over.
	ok "$T_WHAT: the old domain is ${DOMAIN[$policy]}" wait_until 60 \
		"domain_${DOMAIN[$policy]}" "$victim"
	is "$T_WHAT: Pacemaker there has started nothing" "$(starts_since "$victim" "$since")" 0
	vm_params web2
	agent "$victim" start
	like "$T_WHAT: a start by hand is refused there" "$RC $REASON" '^[1-9].*quorum'
	echo "# the agent's start without quorum: $RC $REASON"
	masks_are web2 "$T_WHAT: and has granted nothing"
	runs_on "$new" "$booted"
}

comes_back() {
	lab heal "$victim"
	ok "$T_WHAT: the node's cluster is started anew" cluster_restart "$victim"
	ok "$T_WHAT: it is online" wait_until 60 online "$victim"
	ok "$T_WHAT: and unfenced" wait_until 60 fenced_are ""
	ok "$T_WHAT: its old domain is gone" wait_until 60 domain_absent "$victim"
	ok "$T_WHAT: settles in the end" settled
	masks_are web1 "$T_WHAT: no stray grant" "$new"
	runs_on "$new" "$booted"
}

ok "the cluster is whole" lab up
ok "the test VM's LUNs can be made" vm_make web1
ok "so can those of one that never runs" vm_make web2
ok "fencing by mask, and no other" san_configure
ok "settles" settled
ok "a VM" web1_configure
ok "it starts" settled
for policy in "${policies[@]}"; do
	loses_quorum "$policy"
	comes_back
done

done_testing
