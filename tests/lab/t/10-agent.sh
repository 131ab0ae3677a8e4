#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The agent by hand on a real cluster: contract, start, stop, monitor, and the masks after each.
. "$(dirname "$0")/lib.sh"

trap 'vm_unmake web1' EXIT
ok "the test VM's LUNs can be made" vm_make web1
vm_params web1

T_WHAT="contract"
ok "meta-data works as nobody, with nothing configured" \
	lab exec node1 -- setpriv --reuid=65534 --regid=65534 --clear-groups \
	env -i LUNMASK_CONF=/nonexistent "$T_AGENT" meta-data
agent_is 3 node1 frobnicate
agent_is 0 node1 validate-all
agent_is 0 node1 validate-all OCF_CHECK_LEVEL=10

T_WHAT="probe where nothing is seen"
agent_is 7 node1 monitor OCF_RESKEY_CRM_meta_interval=0
agent_is 0 node1 stop
masks_are web1 "stop of what never ran"

T_WHAT="start"
agent_is 0 node1 start
masks_are web1 "after start" node1
is "the domain runs" "$(domain node1 web1)" running
ok "the guest counts" witness_wait web1 node1 5
agent_is 0 node1 start
masks_are web1 "after a second start" node1
for level in 0 10 20; do
	agent_is 0 node1 monitor OCF_CHECK_LEVEL=$level OCF_RESKEY_CRM_meta_interval=10000
done
agent_is 7 node2 monitor OCF_RESKEY_CRM_meta_interval=0

T_WHAT="start where another host holds the LUNs"
refused 1 'node1.*(stop|force-stop)' node2 start
masks_are web1 "the holder keeps them" node1
is "and its guest runs on" "$(domain node1 web1)" running

T_WHAT="migrate_from without migrate_to"
mapfile -t meta < <(migrate_meta node1 node2)
refused 1 'no migration of web1' node2 migrate_from "${meta[@]}"
T_WHAT="migrate_to without a target"
agent node1 migrate_to
like "migrate_to without a target fails softly" "$RC" '^1$'
masks_are web1 "neither changes anything" node1

T_WHAT="a domain that somebody paused"
lab exec node1 -- virsh -q suspend web1
agent_is 190 node1 monitor
lab exec node1 -- virsh -q resume web1
T_WHAT="a domain that is gone"
lab exec node1 -- virsh -q destroy web1
agent_is 7 node1 monitor
agent_is 0 node1 start
ok "it counts again" witness_wait web1 node1 "$(witness_counter web1)"

T_WHAT="stop"
agent_is 0 node1 stop
masks_are web1 "after stop"
is "the domain is gone" "$(domain node1 web1)" absent
agent_is 0 node1 stop
agent_is 7 node1 monitor
ok "one writer, no gap, two boots" witness_check web1 --expect-boots 2

T_WHAT="a mapping file of an older lunmask"
state=$(ls "$(lab path pool)"/web1-state*)
stored() { head -c 1048576 "$state" | tr -d '\0' | grep -a "$1"; }
slot_cut() {
	lab array -- /usr/libexec/lunmask-test/slot_cut "/srv/luns/$(basename "$state")" "$@"
}
mac_of() { lab exec "$1" -- virsh dumpxml web1 | sed -n "s/.*<mac address='\(.*\)'.*/\1/p"; }
ok "$T_WHAT: what libvirt filled in is cut out" slot_cut '<mac ' '/>'
ok "$T_WHAT: and that it was completed" slot_cut ' definition="libvirt"' ''
agent_is 0 node2 start
mac=$(mac_of node2)
like "$T_WHAT: it has a MAC" "$mac" '^[0-9a-f:]{17}$'
ok "$T_WHAT: it was completed" stored 'definition="libvirt"'
ok "$T_WHAT: with that MAC" stored "$mac"
agent_is 0 node2 stop
before=$(head -c 1048576 "$state" | sha256sum)
agent_is 0 node3 start
is "$T_WHAT: the next start has the same" "$(mac_of node3)" "$mac"
is "$T_WHAT: and writes nothing" "$(head -c 1048576 "$state" | sha256sum)" "$before"
agent_is 0 node3 stop
ok "$T_WHAT: the witness agrees" witness_check web1 --expect-boots 4

done_testing
