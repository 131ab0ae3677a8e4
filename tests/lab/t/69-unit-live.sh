#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A LogicalUnit that follows a VM goes along in its live migration, and the guest writes to it all the
# time. By hand first: what is refused; a migration that fails, and one that is killed. Then under
# Pacemaker, UNIT_MOVES moves (default 10), and the power cut of the VM's node.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"
. "$(dirname "$0")/pacemaker.sh" # after it: settled is that of Pacemaker

readonly vm_agent=$T_AGENT
readonly unit_agent=${T_AGENT%/*}/LogicalUnit
readonly unit=web1-unit
moves=${UNIT_MOVES:-10}

clean_up() {
	lab up >/dev/null 2>&1
	CRM_NODE=node1
	{
		crm -F resource stop web1-db
		crm -F resource stop web1
		crm_resource_wait
		crm -F configure delete web1-db web1
	} >/dev/null 2>&1
	vm_unmake web1
	revoke_all "$unit"
	lun_delete "$unit"
}
trap clean_up EXIT

unit_params() {
	T_AGENT=$unit_agent
	PARAM=([array]=san1 [lun]=$unit [drive]=vdc [vm]=web1)
}
by_hand_vm() {
	T_AGENT=$vm_agent
	vm_params web1
	PARAM[migration_mode]=live
}
drives() { lab exec "$1" -- virsh -q domblklist web1 2>/dev/null | awk 'NF { print $1 }' | sort | xargs; }
# both_are NODE: the VM and the LUN.
both_are() {
	masks_are web1 "$T_WHAT" "$1"
	is "$T_WHAT: who has the LUN" "$(acl "$unit")" "$1"
	is "$T_WHAT: the guest has the drive" "$(drives "$1")" "vda vdb vdc"
	is "$T_WHAT: it runs" "$(domain "$1" web1)" running
}

ok "the crash points can be installed" crash_install
ok "the test VM's LUNs can be made" vm_make web1
ok "and the LUN that goes along" lun_create "$unit" $((16 << 20))
# What the agents read in the configuration; Pacemaker does not act on it yet.
configure_unit() { # ALLOW-MIGRATE
	crm -F configure delete web1-db >/dev/null 2>&1
	crm -F configure primitive web1-db ocf:lunmask:LogicalUnit \
		params array=san1 lun="$unit" drive=vdc vm=web1 \
		op start timeout=120s op stop timeout=120s op monitor interval=10s timeout=30s \
		op migrate_to timeout=60s op migrate_from timeout=60s \
		meta multiple-active=stop_unexpected requires=fencing is-managed=false target-role=Stopped \
		allow-migrate="$1"
}
ok "a LogicalUnit that does not migrate" configure_unit false

by_hand_vm
agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 5 60
unit_params
agent_is 0 node1 start
T_WHAT="plugged in"
both_are node1

mapfile -t meta < <(migrate_meta node1 node2)
T_WHAT="it does not migrate"
by_hand_vm
refused 1 "set the meta attribute allow-migrate=true of resource web1-db" node1 migrate_to "${meta[@]}"
both_are node1
ok "$T_WHAT: now it does" configure_unit true
T_WHAT="in saved mode"
PARAM[migration_mode]=saved
refused 1 "stop the LogicalUnit of LUN $unit first" node1 migrate_to "${meta[@]}"
both_are node1
by_hand_vm

T_WHAT="a migration that fails"
ok "$T_WHAT: libvirtd on node2 ends" lab exec node2 -- pkill -x libvirtd
agent node1 migrate_to "${meta[@]}"
unlike "$T_WHAT: migrate_to fails" "$RC" '^0$'
libvirtd_back node2
both_are node1

T_WHAT="migrate_to is killed after the grant"
crash line:grant: node1 migrate_to "${meta[@]}"
is "$T_WHAT: both have the LUN" "$(acl "$unit")" "node1 node2"
agent_is 0 node2 stop
is "$T_WHAT: stop on the target revokes it" "$(acl "$unit")" "node1"
unit_params
agent_is 0 node1 monitor
both_are_still() { is "$T_WHAT: the guest has the drive" "$(drives node1)" "vda vdb vdc"; }
both_are_still

# along FROM TO: as Pacemaker does it.
along() {
	T_WHAT="from $1 to $2"
	mapfile -t meta < <(migrate_meta "$1" "$2")
	by_hand_vm
	agent_is 0 "$1" migrate_to "${meta[@]}"
	is "$T_WHAT: both have the LUN" "$(acl "$unit")" "node1 node2"
	is "$T_WHAT: the guest has brought the drive along" "$(drives "$2")" "vda vdb vdc"
	agent_is 0 "$2" migrate_from "${meta[@]}"
	unit_params
	agent_is 0 "$1" monitor OCF_RESKEY_CRM_meta_interval=10000
	agent_is 0 "$1" migrate_to "${meta[@]}"
	agent_is 0 "$2" migrate_from "${meta[@]}"
	agent_is 0 "$1" stop
	is "$T_WHAT: the source is revoked" "$(acl "$unit")" "$2"
	by_hand_vm
	agent_is 0 "$1" stop
	both_are "$2"
	ok "$T_WHAT: the guest counts on" witness_wait web1 "$2" "$(witness_counter web1)" 60
	ok "$T_WHAT: one writer, no gap, one boot" witness_check web1 --expect-boots 1
	unit_params
	agent_is 0 "$2" monitor OCF_CHECK_LEVEL=10
	agent_is 7 "$1" monitor
}
by_hand_vm
along node1 node2
T_WHAT="stopped and started where it has come to"
unit_params
agent_is 0 node2 stop
is "$T_WHAT: nobody has the LUN" "$(acl "$unit")" ""
agent_is 0 node2 start
both_are node2
T_WHAT="a release of it there ends, although QEMU was started with it"
agent_is 0 node2 stop
lab exec node2 -- lunmask reconcile --own >/dev/null 2>&1
is "$T_WHAT: nobody has the LUN" "$(acl "$unit")" ""
agent_is 0 node2 start
along node2 node1
T_WHAT="it ends"
unit_params
agent_is 0 node1 stop
is "$T_WHAT: nobody has the LUN" "$(acl "$unit")" ""
by_hand_vm
agent_is 0 node1 stop

T_WHAT="under Pacemaker"
CRM_NODE=node1
ok "$T_WHAT: the VM" web1_configure migration_mode=live
crm -F configure delete web1-db >/dev/null 2>&1
ok "$T_WHAT: it starts" settled
ok "$T_WHAT: it counts" witness_wait web1 "$(located)" "$(($(witness_counter web1) + 5))" 180
boots=$(witness_check web1 2>/dev/null | sed -n 's/^boots: //p')
ok "$T_WHAT: the LUN, with it and after it" crm configure primitive web1-db ocf:lunmask:LogicalUnit \
	params array=san1 lun="$unit" drive=vdc vm=web1 \
	op start timeout=120s op stop timeout=120s op monitor interval=10s timeout=30s \
	op migrate_to timeout=60s op migrate_from timeout=60s \
	meta multiple-active=stop_unexpected requires=fencing allow-migrate=true target-role=Stopped
ok "$T_WHAT: together" crm configure colocation web1-db-with inf: web1-db web1
ok "$T_WHAT: in this order" crm configure order web1-db-after Mandatory: web1 web1-db
ok "$T_WHAT: it starts" crm resource start web1-db
ok "$T_WHAT: settles" settled
node=$(located)
both_are "$node"

unplugged() { # how often, in the logs of all nodes
	local log count=0
	for log in $(lab nodes); do
		count=$((count + $(pacemaker_log "$log" | grep -c "$unit: stop: unplug: done")))
	done
	echo "$count"
}
before=$(unplugged)
for ((i = 1; i <= moves; i++)); do
	node=$(other_node "$node")
	T_WHAT="move $i, to $node"
	ok "$T_WHAT" crm resource move web1 "$node"
	ok "$T_WHAT: settles" settled
	ok "$T_WHAT: clear" crm resource clear web1
	is "$T_WHAT: the LUN is there" "$(resource_located web1-db)" "$node"
	both_are "$node"
	runs_on "$node" "$boots"
done
is "it was never unplugged" "$(unplugged)" "$before"
is "nothing failed" "$(failures)" ""

T_WHAT="power cut of its node"
CRM_NODE=$(other_node "$node")
lab cut "$node"
# shellcheck disable=SC2016 # expanded anew each time
ok "$T_WHAT: both are elsewhere" wait_until 120 eval \
	'located_elsewhere "$node" && [ "$(resource_located web1-db)" = "$(located)" ]'
ok "$T_WHAT: settles" settled
now=$(located)
both_are "$now"
runs_on "$now" $((boots + 1))
lab boot "$node" >/dev/null 2>&1
ok "$T_WHAT: the node is back" lab up

done_testing
