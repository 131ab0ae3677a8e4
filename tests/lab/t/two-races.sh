#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two nodes whose only fencing is by mask. They lose each other, and keep the array: both fence the other
# at once. One wins, and runs the VM; the loser can do nothing until the two are together again.
#
# two-races.sh [PART...]: in this order, or those that are named, in a lab of their own
#   loser   a race, and what the loser tries then
#   race    a race (three times)
#   delay   a race with pcmk_delay_base
#   back    a race whose loser is let in again before the two are together
#   power   a node loses power
#   cold    both lose power, and one is started alone
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/pacemaker.sh"
. "$(dirname "$0")/fencing.sh"

export LAB_NAME=${LAB_NAME:-lunmask}-races
export LAB_STAGE=${LAB_STAGE:-$T_DIR/../../../_build/stage}
parts=("$@")
[ $# != 0 ] || parts=(loser race race race delay back power cold)
WAIT_S=12 # longer than all that a node needs to go on alone, if it may
WEB1_STOP=40s
booted=0 # how often the guest has

trap 'lab down >/dev/null 2>&1' EXIT

one_is_fenced() { [[ $(fenced) =~ ^node[12]$ ]]; }
runs_somewhere() { runs_there "$(located)"; }
runs_there() { [ -n "$1" ] && [ "$(located)" = "$1" ] && [ "$(domain "$1" web1)" = running ]; }
online_both() { CRM_NODE=node1 online node2 && CRM_NODE=node2 online node1; }
domains() { for node in node1 node2; do domain "$node" web1; done | grep -vc absent; }
without_quorum() { lab exec "$1" -- crm_mon -1 | seen 'WITHOUT quorum'; }
# QEMU, whatever libvirt says.
domain_absent() { ! lab exec "$1" -- pgrep -f 'guest=web1[,]' >/dev/null; }
counts() { witness_wait web1 "$1" "$(witness_counter web1)"; }

# late_apply NODE MEMBERS: what an agent of that node would ask the array for now.
late_apply() {
	printf '{"luns":["web1-root","web1-data","web1-state"],"by":"%s",%s}' "$(initiator "$1")" "$2" |
		driver apply 2>/dev/null
}

# by_hand NODE: the agent's start there, which is refused.
by_hand() {
	vm_params web1
	agent "$1" start
	like "$T_WHAT: a start on $1 is refused" "$RC $REASON" '^[1-9][0-9]* .*(journal|quorum)'
	echo "# start on $1: $RC $REASON"
}

together() {
	ok "$T_WHAT: both are online" wait_until 90 online_both
	ok "$T_WHAT: both vote" journal_voters_are node1 1,2,
	ok "$T_WHAT: nobody is fenced any more" wait_until 90 fenced_are ""
	ok "$T_WHAT: and the other says so too" journal_voters_are node2 1,2,
	ok "$T_WHAT: both have the same tasks" wait_until 20 journal_all_agree
	ok "$T_WHAT: settles in the end" settled
	is "$T_WHAT: there is one domain" "$(domains)" 1
	like "$T_WHAT: nothing is stray" "$(lab exec node1 -- lunmask reconcile --dry-run 2>&1)" \
		'nothing stray'
}

# solo_ready NODE SINCE: it would go on alone, were the other one lost now and fenced, by what Pacemaker
# was asked after SINCE ($EPOCHREALTIME): before, it may not have known of an unfencing.
solo_ready() {
	local elapsed heard
	elapsed=$(ms_since "$2")
	heard=$(journal_probe "$1" status | sed -n 's/.* solo=ready heard_ms=\([0-9]*\) .*/\1/p')
	[ -n "$heard" ] && [ "$heard" -lt "$elapsed" ]
}

# Whichever is lost, the other one may go on alone.
both_may_win() {
	local node now=$EPOCHREALTIME
	for node in node1 node2; do
		ok "$T_WHAT: $node would go on alone" wait_until 120 solo_ready "$node" "$now"
	done
}

# race [WINNER]: sets winner and loser.
race() {
	local holder began
	CRM_NODE=node1
	holder=$(located)
	is "$T_WHAT: nobody is fenced" "$(fenced)" ""
	ok "$T_WHAT: the guest counts" counts "$holder"
	both_may_win
	began=$EPOCHREALTIME
	lab isolate node1 cluster
	ok "$T_WHAT: one is fenced" wait_until 60 one_is_fenced
	loser=$(fenced)
	winner=$(other_node "$loser")
	echo "# the VM ran on $holder, $winner has won"
	[ $# = 0 ] || is "$T_WHAT: it is the one that was to win" "$winner" "$1"
	[ "$holder" = "$winner" ] || booted=$((booted + 1))
	CRM_NODE=$winner
	ok "$T_WHAT: the VM runs on the winner" wait_until 90 runs_there "$winner"
	echo "# $(ms_since "$began") ms from the loss to the VM running on the winner"
	ok "$T_WHAT: settles" settled
	runs_on "$winner" "$booted"
	ok "$T_WHAT: the winner's journal goes on" journal_voters_are "$winner" "${winner#node},"
	is "$T_WHAT: the array has the loser fenced, and nobody else" "$(fenced)" "$loser"
}

loser_can_do_nothing() {
	local out
	ok "$T_WHAT: the loser has ended its own guest" wait_until 30 domain_absent "$loser"
	journal_waits "$WAIT_S" "$loser" "$T_WHAT: the loser's journal waits"
	unlike "$T_WHAT: it has not gone on alone" "$(journal_log "$loser")" 'this node continues alone'
	like "$T_WHAT: its fencing is refused" "$(pacemaker_log "$loser")" \
		"this host .*:$loser'\\) is fenced: restart corosync and Pacemaker"
	out=$(lab exec "$loser" -- fence_lunmask -o off -n "$winner" 2>&1)
	like "$T_WHAT: also by hand" "$? $out" "^1 .*this host .*is fenced"
	by_hand "$loser"
	like "$T_WHAT: the array grants it nothing" \
		"$(late_apply "$loser" "\"revoke\":\"$(initiator "$winner")\",\"grant\":\"$(initiator "$loser")\"")" \
		'"requester-fenced"'
	like "$T_WHAT: nor takes anything from the winner for it" \
		"$(late_apply "$loser" "\"revoke\":\"$(initiator "$winner")\"")" '"requester-fenced"'
	masks_are web1 "$T_WHAT: after all that" "$winner"
	ok "$T_WHAT: the winner stops the VM" crm resource stop web1
	ok "$T_WHAT: that settles" settled
	is "$T_WHAT: it is stopped" "$(domain "$winner" web1)" absent
	ok "$T_WHAT: and starts it" crm resource start web1
	ok "$T_WHAT: that settles, too" settled
	booted=$((booted + 1))
	runs_on "$winner" "$booted"
}

# loser_comes_back [COMMAND...]: the two see each other again. By itself, or after the command.
loser_comes_back() {
	lab heal node1
	[ $# = 0 ] || ok "$T_WHAT: $1" "$@"
	together
	ok "$T_WHAT: the VM is where it was" runs_there "$winner"
	runs_on "$winner" "$booted"
}

part_race() {
	race
	loser_comes_back
}

part_loser() {
	race
	loser_can_do_nothing
	loser_comes_back
}

# Pacemaker unfences for a changed device, which starts the VM anew. It forgets a node that it has lost
# before (2.1.5), and unfences that one when the other is lost: in the race, whose fencing is then no
# evidence for the journal. So Pacemaker is restarted on one node after the other, as docs/quorum.md says.
device_changed() {
	local holder node
	holder=$(located)
	ok "$T_WHAT: the device is changed: $1" crm resource param san "$@"
	ok "$T_WHAT: settles" settled
	for node in "$(other_node "$holder")" "$holder"; do
		CRM_NODE=$(other_node "$node")
		ok "$T_WHAT: the cluster is restarted on $node" cluster_restart "$node"
		ok "$T_WHAT: both are online" wait_until 90 online_both
		ok "$T_WHAT: both vote" journal_voters_are "$CRM_NODE" 1,2,
		ok "$T_WHAT: settles" settled
	done
	CRM_NODE=node1
	if [ "$(located)" != "$holder" ]; then
		ok "$T_WHAT: the VM moves back" crm resource move web1 "$holder"
		ok "$T_WHAT: settles" settled
		ok "clear" crm resource clear web1
	fi
	ok "$T_WHAT: the guest counts" counts "$(located)"
	booted=$(witness_boots)
}

# The VM's node is given time: who fences it waits for 5 s, and is fenced meanwhile.
part_delay() {
	local holder
	CRM_NODE=node1
	holder=$(located)
	device_changed set pcmk_delay_base "$holder:5s;$(other_node "$holder"):0s"
	is "$T_WHAT: it is where it was" "$(located)" "$holder"
	race "$holder"
	loser_comes_back cluster_restart "$loser"
	device_changed delete pcmk_delay_base
}

# Somebody lets the loser in again, which has quorum still: it fences the winner, and rightly. Its journal
# must not go on beside the winner's. (Its Pacemaker would not shut down while it cannot fence the winner.)
part_back() {
	local boots
	race
	ok "$T_WHAT: the loser is let in" lab exec "$loser" -- stonith_admin --unfence "$loser" --timeout 300
	# After ten failures it has given up; whatever changes makes it try again.
	lab exec "$loser" -- crm_attribute --type crm_config --name lunmask-again --update "$EPOCHSECONDS"
	ok "$T_WHAT: it fences the winner" wait_until 60 fenced_are "$winner"
	journal_waits "$WAIT_S" "$loser" "$T_WHAT: its journal waits all the same"
	ok "$T_WHAT: for it has not gone on alone" journal_is "$loser" 'voters=1,2,$'
	like "$T_WHAT: and it says why" "$(journal_log "$loser")" \
		"node ${winner#node} was fenced, but this node does not continue alone: this node was unfenced"
	by_hand "$loser"
	ok "$T_WHAT: the winner's is what it was" journal_is "$winner" "voters=${winner#node},\$"
	ok "$T_WHAT: the winner has ended its guest" wait_until 30 domain_absent "$winner"
	is "$T_WHAT: nothing runs" "$(domains)" 0
	lab heal node1
	ok "$T_WHAT: both are online" wait_until 90 online_both
	ok "$T_WHAT: both vote" journal_voters_are node1 1,2,
	ok "$T_WHAT: nobody is fenced any more" wait_until 90 fenced_are ""
	# A cleanup during a start would have the same effect as below.
	ok "$T_WHAT: settles" settled
	runs_somewhere || crm resource cleanup web1 >/dev/null 2>&1
	ok "$T_WHAT: it runs again" wait_until 60 runs_somewhere
	together
	# The failure of a start from before the two met is counted after they have: Pacemaker may stop what
	# it has just started, until the cleanup.
	ok "$T_WHAT: the guest counts" counts "$(located)"
	boots=$(witness_boots)
	like "$T_WHAT: one boot more, or two" $((boots - booted)) '^[12]$'
	booted=$boots
	runs_on "$(located)" "$booted"
}

part_power() {
	local lost
	CRM_NODE=node1
	lost=$(located)
	ok "$T_WHAT: the guest counts" counts "$lost"
	both_may_win
	CRM_NODE=$(other_node "$lost")
	lab cut "$lost"
	ok "$T_WHAT: the survivor fences it" wait_until 60 fenced_are "$lost"
	ok "$T_WHAT: and runs the VM" wait_until 90 runs_there "$CRM_NODE"
	ok "$T_WHAT: settles" settled
	booted=$((booted + 1))
	runs_on "$CRM_NODE" "$booted"
	ok "$T_WHAT: the lost one boots" lab boot "$lost"
	together
	runs_on "$CRM_NODE" "$booted"
}

part_cold() {
	local first
	CRM_NODE=node1
	first=$(located)
	ok "$T_WHAT: the guest counts" counts "$first"
	lab cut node1 &
	lab cut node2 &
	wait
	ok "$T_WHAT: the VM's node boots" lab boot "$first"
	ok "$T_WHAT: it has no quorum" wait_until 30 without_quorum "$first"
	journal_waits "$WAIT_S" "$first" "$T_WHAT: its journal waits for the other"
	by_hand "$first"
	is "$T_WHAT: nothing runs" "$(domain "$first" web1)" absent
	is "$T_WHAT: nobody is fenced" "$(fenced)" ""
	ok "$T_WHAT: the other boots" lab boot "$(other_node "$first")"
	together
	booted=$((booted + 1))
	runs_on "$first" "$booted"
	# The other may have been tried first; it was refused, and the cluster would never try it again.
	ok "$T_WHAT: what failed is cleaned up" crm resource cleanup web1
	ok "$T_WHAT: that settles" settled
}

lab down >/dev/null 2>&1
ok "a lab of two nodes" lab up --nodes 2
ok "the witness is built" lab guest build
ok "the journal is active on both" wait_until 30 journal_all_active
like "corosync knows that there are two" "$(cat "$(lab path node1)/etc/corosync/corosync.conf")" \
	'two_node: 1'
ok "the test VM's LUNs can be made" vm_make web1 witness.rate=200
ok "fencing by mask, and no other" san_configure
ok "a VM" web1_configure
ok "it starts" settled
booted=1
for i in "${!parts[@]}"; do
	T_WHAT="$((i + 1)), ${parts[i]}"
	"part_${parts[i]}"
done
lab_ends
done_testing
