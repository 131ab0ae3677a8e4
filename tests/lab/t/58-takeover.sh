#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A cluster without fencing loses the node that runs the VM: by default nobody takes its LUNs; with
# takeover=lost the partition that has quorum does, and the witness sees one writer.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/pacemaker.sh"

clean_up() {
	local node
	for node in $(lab nodes); do
		lab heal "$node"
	done
	lab up
	CRM_NODE=node1
	web1_remove
	# A node that others took for lost begins anew, before fencing is there again.
	for node in $(lab nodes); do
		lab cut "$node"
	done
	lab up
	wait_until 30 fencing_set node1 true
} >/dev/null 2>&1
trap clean_up EXIT

start_failed_for() { failures | seen "$1"; }
absent_on() { [ "$(domain "$1" web1)" = absent ]; }
boots() { witness_check web1 | sed -n 's/^boots: //p'; }
# The others have agreed that it is gone.
lost() { lab exec "$CRM_NODE" -- crm_mon -1 --output-as=xml | seen "<node name=\"$1\" .*online=\"false\""; }
back() { lab exec "$CRM_NODE" -- crm_mon -1 --output-as=xml | seen "<node name=\"$1\" .*online=\"true\""; }

WEB1_REQUIRES=quorum # of what there is without fencing
ok "the test VM's LUNs can be made" vm_make web1
ok "fencing is switched off" wait_until 30 fencing_set node1 false
ok "a resource" web1_configure
ok "starts" settled
node=$(located)
CRM_NODE=$(other_node "$node")

T_WHAT="the default"
runs_on "$node" 1
lab isolate "$node"
ok "$T_WHAT: the others lose the node" wait_until 30 lost "$node"
ok "$T_WHAT: start elsewhere is refused, and says what to do" wait_until 60 start_failed_for \
	"left the cluster unfenced: set up fencing first"
masks_are web1 "$T_WHAT" "$node"
for other in $(lab nodes | tr ' ' '\n' | grep -v "^$node\$"); do
	is "$T_WHAT: it does not run on $other" "$(domain "$other" web1)" absent
done
lab heal "$node"
ok "$T_WHAT: the node comes back" wait_until 60 back "$node"
crm resource cleanup web1 >/dev/null 2>&1
ok "$T_WHAT: settles" settled
now=$(located)
masks_are web1 "$T_WHAT: it runs again" "$now"
ok "$T_WHAT: one writer, nothing lost" witness_check web1

T_WHAT="takeover=lost"
ok "$T_WHAT: the parameter is changed" crm resource param web1 set takeover lost
ok "$T_WHAT: settles" settled
node=$(located)
CRM_NODE=$(other_node "$node")
booted=$(boots)
lab isolate "$node"
ok "$T_WHAT: the others lose the node" wait_until 30 lost "$node"
ok "$T_WHAT: it runs elsewhere" wait_until 90 located_elsewhere "$node"
ok "$T_WHAT: settles" settled
now=$(located)
runs_on "$now" $((booted + 1))
# A guest that has lost its disks does not shut down: stop ends it when its time is over.
ok "$T_WHAT: the lost node, without quorum, ends its guest" wait_until 130 absent_on "$node"
masks_are web1 "$T_WHAT: which takes nothing from the other" "$now"
lab heal "$node"
ok "$T_WHAT: the node comes back" wait_until 60 back "$node"
ok "$T_WHAT: settles again" settled
runs_on "$(located)" "$(boots)"
is "$T_WHAT: no second domain" "$(for n in $(lab nodes); do domain "$n" web1; done | grep -vc absent)" 1

done_testing
