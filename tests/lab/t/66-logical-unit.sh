#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A LUN that is a resource of its own (ocf:lunmask:LogicalUnit): two VMs on two nodes, and the LUN goes
# from one to the other while they write to it. By hand first: what is refused, a guest that does not let
# go, and one that is cut off. Then under Pacemaker: UNIT_MOVES moves (default 50), and the power cut of
# its node. No write that was acknowledged may be missing, and no guest writes without the LUN.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pacemaker.sh"

readonly vm_agent=$T_AGENT
readonly unit_agent=${T_AGENT%/*}/LogicalUnit
readonly unit=db-data
moves=${UNIT_MOVES:-50}
ledger=$(mktemp)
disk=$(lab path pool)/$unit

clean_up() {
	local vm
	writer_end
	rm -f "$ledger"
	lab boot node1 >/dev/null 2>&1
	lab boot node2 >/dev/null 2>&1
	lab up >/dev/null 2>&1
	CRM_NODE=node1
	libvirtd_back node1
	for vm in db-unit db1 db2; do
		crm -F resource stop "$vm" >/dev/null 2>&1
	done
	crm_resource_wait >/dev/null 2>&1
	crm -F configure delete db-unit db1 db2 >/dev/null 2>&1
	vm_unmake db1
	vm_unmake db2
	revoke_all "$unit"
	lun_delete "$unit"
}

unit_params() {
	T_AGENT=$unit_agent
	PARAM=([array]=san1 [lun]=$unit [drive]=vdc [vm_map]="node1:db1 node2:db2" [detach_timeout]=60s)
}
by_hand_vm() {
	T_AGENT=$vm_agent
	vm_params "$1"
}

# The witness writes to each disk that it finds while it boots: nothing is plugged in before it counts.
both_count() {
	local vm node
	for node in node1 node2; do
		vm=$(vm_at "$node")
		ok "$T_WHAT: $vm counts, without the LUN" \
			witness_wait "$vm" "$node" "$(($(witness_counter "$vm") + 5))" 180
	done
}

vm_at() { case $1 in node1) echo db1 ;; node2) echo db2 ;; esac }
drives() { lab exec "$1" -- virsh -q domblklist "$(vm_at "$1")" 2>/dev/null | awk 'NF { print $1 }' | sort | xargs; }
# unit_is [NODE]: nobody else is granted the LUN, and no other guest has the drive.
unit_is() {
	local node
	is "$T_WHAT: who has the LUN" "$(acl "$unit")" "${1:-}"
	for node in node1 node2; do
		[ "$(lab power "$node")" = on ] || continue
		if [ "$node" = "${1:-}" ]; then
			is "$T_WHAT: the guest on $node has the drive" "$(drives "$node")" "vda vdb vdc"
		else
			unlike "$T_WHAT: the guest on $node has no drive" "$(drives "$node")" vdc
		fi
	done
}

# The writer. A guest's write goes through its own QEMU to the LUN: number N is the byte N % 251 + 1 in
# sector N, and counts only when QEMU has flushed it and it is on the array.

io() { # NODE COMMAND
	lab exec "$1" -- timeout 20 virsh -q qemu-monitor-command "$(vm_at "$1")" --hmp \
		"qemu-io -d /machine/peripheral/ua-lunmask-unit-san1__$unit/virtio-backend \"$2\"" 2>&1
}
# What qemu-io says goes to QEMU's own output; an empty answer is good, and what counts is the disk.
landed() { # NUMBER
	[ "$(dd if="$disk" bs=512 skip="$1" count=1 status=none | od -An -tu1 -N1 | tr -d ' ')" = $(($1 % 251 + 1)) ]
}
write_one() { # NODE NUMBER
	local said
	said=$(io "$1" "write -P $(($2 % 251 + 1)) $(($2 * 512)) 512") || return 1
	[ -z "${said//[[:space:]]/}" ] || return 1
	said=$(io "$1" flush) && [ -z "${said//[[:space:]]/}" ] && landed "$2"
}
writer() {
	local n=1 node before
	while [ "$n" -lt 32000 ]; do
		before=$n
		for node in node1 node2; do
			if write_one "$node" "$n"; then
				echo "$n $node" >>"$ledger"
				n=$((n + 1))
			fi
		done
		# Neither has the drive now.
		[ "$n" != "$before" ] || sleep 0.2
	done
}
writer_begin() {
	: >"$ledger"
	writer >/dev/null 2>&1 </dev/null &
	writer_pid=$!
}
writer_end() {
	[ -n "${writer_pid:-}" ] || return 0
	kill "$writer_pid" 2>/dev/null
	wait "$writer_pid" 2>/dev/null
	writer_pid=
}
writes_on() { # NODE
	local before
	before=$(grep -c " $1\$" "$ledger")
	wait_until 60 more_than "$1" "$before"
}
more_than() { [ "$(grep -c " $1\$" "$ledger")" -gt "$2" ]; }
# Prints what is missing.
ledger_check() {
	python3 - "$ledger" "$disk" <<'END'
import sys
# The writer goes on: what the ledger has now is on the disk that is read afterwards.
ledger = [line.strip() for line in open(sys.argv[1])]
with open(sys.argv[2], "rb") as disk:
    data = disk.read()
def is_lost(line):
    n = int(line.split()[0])
    return any(byte != n % 251 + 1 for byte in data[n * 512:n * 512 + 512])
lost = [line for line in ledger if is_lost(line)]
print(*lost[:10], sep=", ")
END
}

trap clean_up EXIT
CRM_NODE=node1
ok "the LUNs of the first VM can be made" vm_make db1
ok "and of the second" vm_make db2
ok "and the LUN that moves" lun_create "$unit" $((16 << 20))

T_WHAT="without the VM"
unit_params
refused 1 "start VM 'db1' on this node first" node1 start
unit_is
agent_is 7 node1 monitor
agent_is 0 node1 stop
T_WHAT="on a node without a VM"
refused 5 "no VM is named for it" node3 start

by_hand_vm db1
agent_is 0 node1 start
by_hand_vm db2
agent_is 0 node2 start
T_WHAT="started"
both_count
unit_params

T_WHAT="plugged in"
agent_is 0 node1 start
unit_is node1
agent_is 0 node1 monitor
agent_is 0 node1 monitor OCF_CHECK_LEVEL=10
ok "$T_WHAT: it can be written" write_one node1 1
T_WHAT="once more"
agent_is 0 node1 start
unit_is node1
T_WHAT="on another node, while it is there"
refused 1 "stop the resource there" node2 start
unit_is node1
T_WHAT="reconcile"
lab exec node3 -- lunmask reconcile >/dev/null 2>&1
lab exec node1 -- lunmask reconcile --own >/dev/null 2>&1
unit_is node1

T_WHAT="the VM, with the LUN plugged in"
by_hand_vm db1
mapfile -t meta < <(migrate_meta node1 node2)
refused 1 "stop the LogicalUnit of LUN $unit first" node1 migrate_to "${meta[@]}"
is "$T_WHAT: it runs on" "$(domain node1 db1)" running
unit_params
unit_is node1

T_WHAT="a guest that does not let go"
ok "$T_WHAT: it hangs" lab exec node1 -- virsh -q suspend db1
refused 1 "unmount drive vdc in the guest of VM 'db1'" node1 stop OCF_RESKEY_detach_timeout=5s
is "$T_WHAT: nothing is revoked" "$(acl "$unit")" node1
T_WHAT="a libvirt that is silent"
libvirtd_signal node1 STOP
agent node1 stop OCF_RESKEY_CRM_meta_timeout=20000
unlike "$T_WHAT: stop fails" "$RC" '^0$'
is "$T_WHAT: nothing is revoked" "$(acl "$unit")" node1
libvirtd_back node1
T_WHAT="a guest that is cut off"
agent_is 0 node1 stop OCF_RESKEY_detach_timeout=5s OCF_RESKEY_force_detach=true
is "$T_WHAT: nobody has the LUN" "$(acl "$unit")" ""
refused 1 "left from before a fencing" node1 start
is "$T_WHAT: it does not get it again" "$(acl "$unit")" ""
agent_is 0 node2 start
ok "$T_WHAT: the other one writes" write_one node2 2
is "$T_WHAT: who has the LUN" "$(acl "$unit")" node2
agent_is 0 node2 stop
T_WHAT="it has ended"
by_hand_vm db1
lab exec node1 -- virsh -q destroy db1
agent_is 0 node1 stop
by_hand_vm db2
agent_is 0 node2 stop
unit_params
agent_is 0 node1 stop
unit_is

T_WHAT="under Pacemaker"
vm_resource() { # VM OTHERS...
	crm configure primitive "$1" ocf:lunmask:VirtualMachine params vm="$1" array=san1 \
		"luns=vda=$1-root vdb=$1-data" state_lun="$1-state" config="/etc/lunmask/$1.xml" \
		op start timeout=120s op stop timeout=120s op monitor interval=10s timeout=30s \
		meta multiple-active=stop_unexpected requires=fencing || return 1
	local vm=$1 node
	shift
	for node in "$@"; do
		crm configure location "$vm-not-$node" "$vm" -inf: "$node" || return 1
	done
}
ok "$T_WHAT: the first VM" vm_resource db1 node2 node3
ok "$T_WHAT: the second VM" vm_resource db2 node1 node3
ok "$T_WHAT: they start" settled
both_count
ok "$T_WHAT: the LUN" crm configure primitive db-unit ocf:lunmask:LogicalUnit \
	params array=san1 lun="$unit" drive=vdc "vm_map=node1:db1 node2:db2" \
	op start timeout=120s op stop timeout=120s op monitor interval=10s timeout=30s \
	op monitor interval=60s timeout=60s OCF_CHECK_LEVEL=10 \
	meta multiple-active=stop_unexpected requires=fencing target-role=Stopped
ok "$T_WHAT: not on the third node" crm configure location db-unit-not-node3 db-unit -inf: node3
ok "$T_WHAT: after one of the VMs" crm configure order db-unit-after Mandatory: '[' db1 db2 ']' db-unit
ok "$T_WHAT: it starts" crm resource start db-unit
ok "$T_WHAT: settles" settled
at=$(resource_located db-unit)
unit_is "$at"

T_WHAT="moved $moves times while it is written to"
# unit_move NUMBER NODE: with crm and pcs in turn.
unit_move() {
	if [ $(($1 % 2)) = 1 ]; then
		crm resource move db-unit "$2" && settled
		crm resource clear db-unit
	else
		lab exec node1 -- pcs resource move db-unit "$2" --wait=120 && settled
	fi
}
boots_of() { witness_check "$1" 2>/dev/null | sed -n 's/^boots: //p'; }
declare -A boots=([db1]=$(boots_of db1) [db2]=$(boots_of db2)) # the tests above have booted them, too
writer_begin
ok "$T_WHAT: writes" writes_on "$at"
for ((i = 1; i <= moves; i++)); do
	to=$([ "$at" = node1 ] && echo node2 || echo node1)
	unit_move "$i" "$to" >/dev/null 2>&1
	if [ "$(resource_located db-unit)" != "$to" ] || [ "$(acl "$unit")" != "$to" ] ||
		! writes_on "$to"; then
		fail "$T_WHAT: move $i, to $to" "$(resource_located db-unit) {$(acl "$unit")}" "$(failures)"
		break
	fi
	at=$to
done
is "$T_WHAT: all of them" "$((i - 1))" "$moves"
settled
unit_is "$at"
for vm in db1 db2; do
	ok "$T_WHAT: $vm has never booted again" witness_check "$vm" --expect-boots "${boots[$vm]}"
done
is "$T_WHAT: nothing that was written is lost" "$(ledger_check)" ""

T_WHAT="power cut of its node"
other=$([ "$at" = node1 ] && echo node2 || echo node1)
CRM_NODE=$other
lab cut "$at"
unit_moved() { [ "$(resource_located db-unit)" = "$other" ]; }
ok "$T_WHAT: it goes to the other VM" wait_until 120 unit_moved
ok "$T_WHAT: settles" settled
unit_is "$other"
ok "$T_WHAT: which writes" writes_on "$other"
writer_end
is "$T_WHAT: nothing that was written is lost" "$(ledger_check)" ""
ok "$T_WHAT: the other VM has not booted again" \
	witness_check "$(vm_at "$other")" --expect-boots "${boots[$(vm_at "$other")]}"

T_WHAT="the node comes back"
lab boot "$at" >/dev/null 2>&1
ok "$T_WHAT" lab up
ok "$T_WHAT: settles" settled
unit_is "$other"

T_WHAT="its VM ends"
lab exec "$other" -- virsh -q destroy "$(vm_at "$other")"
unit_runs() {
	local now
	now=$(resource_located db-unit)
	[ -n "$now" ] && [ "$(acl "$unit")" = "$now" ] && [[ $(drives "$now") == *vdc* ]]
}
ok "$T_WHAT: the LUN is lent again" wait_until 120 unit_runs

done_testing
