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

policies=("$@")
[ $# != 0 ] || policies=(stop freeze demote suicide)

WEB1_STOP=40s
booted=1 # how often the guest has

clean_up() {
	local node
	for node in $(lab nodes); do
		lab heal "$node"
	done
	san_remove
	crm -F configure property no-quorum-policy=stop
	web1_remove
	vm_unmake web2
} >/dev/null 2>&1
trap clean_up EXIT

# QEMU, whatever libvirt says: a guest without its disks may hang.
domain_absent() { ! lab exec "$1" -- pgrep -f 'guest=web1[,]' >/dev/null; }
without_quorum() { lab exec "$1" -- crm_mon -1 | seen 'WITHOUT quorum'; }
# log_since NODE LINE: what Pacemaker there has logged from then on.
log_since() { pacemaker_log "$1" | tail -n "+$2"; }

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

	# Whatever the policy lets Pacemaker do with it: a host that is fenced ends what used its LUNs.
	ok "$T_WHAT: the old domain is gone" wait_until 60 domain_absent "$victim"
	echo "# the lost node: power is $(lab power "$victim"), Pacemaker $(pacemaker_runs "$victim" &&
		echo runs || echo has ended)"
	log_since "$victim" "$since" | grep -E "Actions: |Result of .* for web1|on loss of quorum" |
		sed 's/^.*([a-z_]*) *[	]*[a-z]*: /#   /' | uniq
	if pacemaker_runs "$victim"; then
		ok "$T_WHAT: Pacemaker on the lost node is without quorum" wait_until 20 \
			without_quorum "$victim"
	fi
	unlike "$T_WHAT: no start has had success there" "$(log_since "$victim" "$since")" \
		'Result of start operation for web1 on .*: ok'
	if [ "$(lab power "$victim")" = on ]; then
		vm_params web2
		agent "$victim" start
		# Pacemaker that fences its own node ends corosync, and lunmaskd with it.
		like "$T_WHAT: a start by hand is refused there" "$RC $REASON" \
			'^[1-9].*(quorum|majority|start lunmaskd on this node)'
		echo "# the agent's start without quorum: $RC $REASON"
	fi
	masks_are web2 "$T_WHAT: and has granted nothing"
	runs_on "$new" "$booted"
}

comes_back() {
	lab heal "$victim"
	if [ "$(lab power "$victim")" = off ]; then
		ok "$T_WHAT: it boots" lab boot "$victim"
	elif pacemaker_ended "$victim"; then
		ok "$T_WHAT: Pacemaker is started there" pacemaker_start "$victim"
	fi
	ok "$T_WHAT: it is online" wait_until 60 online "$victim"
	ok "$T_WHAT: and unfenced" wait_until 90 fenced_are ""
	ok "$T_WHAT: settles in the end" settled
	is "$T_WHAT: no second domain" "$(domain "$victim" web1)" absent
	runs_on "$new" "$booted"
}

ok "the cluster is whole" lab up
ok "the test VM's LUNs can be made" vm_make web1
ok "so can those of one that never runs" vm_make web2
ok "fencing by mask, and no other" san_configure
ok "a VM" web1_configure
ok "it starts" settled
for policy in "${policies[@]}"; do
	loses_quorum "$policy"
	comes_back
done

done_testing
