#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fence_lunmask as the cluster's only fence device, as an administrator sets it up; a node that hangs
# while its guest writes, and comes back; a node that is fenced while it works, and on which
# lunmask-cutoff does not run: then it is the unfencing that ends what is left. More of it in 59-cutoff.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pacemaker.sh"
. "$(dirname "$0")/fencing.sh"

CRM_NODE=node1

clean_up() {
	local action node
	crm -F configure delete fencing_topology
	for action in off reboot; do
		crm -F resource param fencing delete "pcmk_${action}_action"
	done
	san_remove
	web1_remove
	for node in $(lab nodes); do
		lab exec "$node" -- pgrep -x lunmask-cutoff || cutoff_start "$node"
	done
} >/dev/null 2>&1
trap clean_up EXIT

ok "the cluster is whole" lab up
ok "the test VM's LUNs can be made" vm_make web1 witness.rate=200
ok "a VM, before there is any fencing by mask" crm configure primitive web1 ocf:lunmask:VirtualMachine \
	params vm=web1 array=san1 "luns=vda=web1-root vdb=web1-data" state_lun=web1-state \
	config=/etc/lunmask/web1.xml \
	op start timeout=120s op stop timeout=60s op monitor interval=10s timeout=30s \
	op migrate_to timeout=60s op migrate_from timeout=60s \
	meta allow-migrate=true multiple-active=stop_unexpected requires=fencing
ok "starts" settled
victim=$(located)
if [ -z "$victim" ]; then
	fail "it runs somewhere" "$(lab exec node1 -- crm_mon -1rf 2>&1)"
	done_testing
	exit 1
fi

T_WHAT="tools"
# left_over NODE: starts what uses LUNs there, and prints its pid in that node.
left_over() {
	lab exec "$1" -- sh -c "setsid bash -c 'read -t 300 <> <(:)' initiator-name=$(initiator "$1") \
		</dev/null >/dev/null 2>&1 & echo \$!"
}
admin() { lab exec "$CRM_NODE" -- stonith_admin "$@"; }
like "stonith_admin knows it" "$(admin --list-installed 2>&1)" '^ *\*? *fence_lunmask$'
like "stonith_admin --metadata" "$(admin --metadata --agent fence_lunmask 2>&1)" \
	'<action name="on" on_target="1" automatic="1"/>'
ok "stonith_admin --validate" admin --validate --agent fence_lunmask
ok "stonith_admin --validate, wrong" eval '! admin --validate --agent fence_lunmask \
	--option arrays=san7'
like "pcs stonith describe" "$(lab exec "$CRM_NODE" -- pcs stonith describe fence_lunmask 2>&1)" \
	'power_timeout'
like "crm ra info" "$(crm ra info stonith:fence_lunmask 2>&1)" 'power_timeout'

# Where another device could switch a node on, Pacemaker takes that for the unfencing.
T_WHAT="pcs stonith create"
ok "the power switch is off the cluster" crm resource stop fencing
ok "$T_WHAT" lab exec "$CRM_NODE" -- pcs stonith create san fence_lunmask
ok "$T_WHAT: settles" settled
unlike "$T_WHAT: it runs" "$(resource_located san)" '^$'
like "$T_WHAT: pcs has seen that it unfences" "$(crm configure show san)" 'provides=unfencing'
ok "$T_WHAT: and is removed" lab exec "$CRM_NODE" -- pcs stonith delete san
ok "$T_WHAT: settles again" settled

# Pacemaker stops what needs unfencing on a node while it unfences it for a new device.
T_WHAT="crm configure primitive"
ok "$T_WHAT" crm configure primitive san stonith:fence_lunmask params power_timeout=20 \
	meta provides=unfencing op monitor interval=30s timeout=30s
ok "stonith-action=reboot" crm configure property stonith-action=reboot
ok "$T_WHAT: settles" settled
unlike "$T_WHAT: it runs" "$(resource_located san)" '^$'
ok "crm_verify" lab exec "$CRM_NODE" -- crm_verify -L -V
victim=$(located)
ok "$T_WHAT: the guest counts" witness_wait web1 "$victim" "$(witness_counter web1)"
boots=$(witness_boots)
runs_on "$victim" "$boots"
is "nobody is fenced" "$(fenced)" ""
like "every node was unfenced by it, on itself" "$(pacemaker_log "$victim")" \
	"Operation 'on' \[[0-9]+\] targeting $victim using san returned 0"

T_WHAT="a node that hangs"
CRM_NODE=$(other_node "$victim")
old=$(qemu "$victim")
began=$EPOCHREALTIME
hurt "$victim" STOP
ok "$T_WHAT: its VM runs elsewhere" wait_until 90 runs_elsewhere "$victim"
echo "# $(((${EPOCHREALTIME/./} - ${began/./}) / 1000)) ms from the hang to the VM running elsewhere"
ok "$T_WHAT: settles" settled
new=$(located)
runs_on "$new" $((boots + 1))
is "$T_WHAT: the array has it fenced" "$(fenced)" "$victim"
is "$T_WHAT: its power is on" "$(lab power "$victim")" on

T_WHAT="it goes on"
hurt "$victim" CONT
ok "$T_WHAT: the old QEMU ends" wait_until 120 gone "$victim" "$old"
ok "$T_WHAT: and it is unfenced" wait_until 90 fenced_are ""
ok "$T_WHAT: settles" settled
boots=$((boots + 1))
runs_on "$new" "$boots"

T_WHAT="a node that is fenced while it works"
victim=$new
CRM_NODE=$(other_node "$victim")
old=$(qemu "$victim")
ok "$T_WHAT: without lunmask-cutoff" cutoff_stop "$victim"
ok "$T_WHAT: stonith_admin --fence" lab exec "$CRM_NODE" -- stonith_admin --fence "$victim" --timeout 300
is "$T_WHAT: the array has it fenced" "$(fenced)" "$victim"
ok "$T_WHAT: its Pacemaker ends" wait_until 60 pacemaker_ended "$victim"
ok "$T_WHAT: its VM runs elsewhere" wait_until 90 runs_elsewhere "$victim"
ok "$T_WHAT: settles" settled
new=$(located)
runs_on "$new" $((boots + 1))
# Pacemaker may have asked for the unfencing while its fencer was there still: then QEMU has ended by it.
left=$(left_over "$victim")
echo "# the old QEMU is $(qemu "$victim"), was $old; left over: $left"
status=$(lab exec "$CRM_NODE" -- fence_lunmask -o status -n "$victim" 2>&1)
is "$T_WHAT: status" "$?: $status" "2: Status: OFF"
refused=$(lab exec "$CRM_NODE" -- fence_lunmask -o on -n "$victim" 2>&1)
like "$T_WHAT: on is refused elsewhere" "$? $refused" "^1 .*run this on $victim itself"
ok "$T_WHAT: it is fenced still" fenced_are "$victim"

T_WHAT="it joins again"
pacemaker_start "$victim"
ok "$T_WHAT: the old QEMU ends" wait_until 60 gone "$victim" "$old"
ok "$T_WHAT: and so does what else was left" wait_until 60 gone "$victim" "$left"
ok "$T_WHAT: and it is unfenced" wait_until 60 fenced_are ""
like "$T_WHAT: by the unfencing, which comes after it" "$(pacemaker_log "$victim" | xargs -d '\n')" \
	"bash \(pid $left\) is from before the fencing: SIGKILL.*Operation 'on' \[[0-9]+\] targeting $victim using san returned 0"
ok "$T_WHAT: settles" settled
runs_on "$new" $((boots + 1))
ok "$T_WHAT: the VM moves there" crm resource move web1 "$victim"
ok "$T_WHAT: settles" settled
runs_on "$victim" $((boots + 1))
ok "clear" crm resource clear web1
cutoff_start "$victim"

T_WHAT="the level after a power switch that fails"
victim=$(located)
CRM_NODE=$(other_node "$victim")
for action in off reboot; do
	ok "the power switch knows no $action" crm resource param fencing set "pcmk_${action}_action" fly
done
ok "$T_WHAT: the topology" crm configure fencing_topology fencing san
ok "the power switch is in the cluster again" crm resource start fencing
ok "$T_WHAT: settles" settled
boots=$(witness_boots)
ok "$T_WHAT: stonith_admin --fence" lab exec "$CRM_NODE" -- stonith_admin --fence "$victim" --timeout 300
is "$T_WHAT: the array has it fenced" "$(fenced)" "$victim"
ok "$T_WHAT: its VM runs elsewhere" wait_until 90 runs_elsewhere "$victim"
ok "$T_WHAT: settles" settled
new=$(located)
runs_on "$new" $((boots + 1))
ok "$T_WHAT: its Pacemaker ends" wait_until 60 pacemaker_ended "$victim"
pacemaker_start "$victim"
ok "$T_WHAT: it joins again and is unfenced" wait_until 60 fenced_are ""
ok "$T_WHAT: settles again" settled
runs_on "$new" $((boots + 1))

done_testing
