#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Under Pacemaker, as an administrator uses it: crm, pcs, moves, and a node that loses its power.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pacemaker.sh"

clean_up() {
	lab boot node1 >/dev/null 2>&1
	lab up >/dev/null 2>&1
	CRM_NODE=node1
	web1_remove >/dev/null 2>&1
}
trap clean_up EXIT
ok "the test VM's LUNs can be made" vm_make web1
vm_params web1

T_WHAT="the lists"
like "$T_WHAT: crm has the agent" "$(crm ra list ocf lunmask 2>&1)" '(^| )VirtualMachine( |$)'
like "$T_WHAT: pcs has the agent" "$(lab exec node1 -- pcs resource list ocf:lunmask 2>&1)" \
	'^ocf:lunmask:VirtualMachine - '
like "$T_WHAT: crm_resource has the agent" \
	"$(lab exec node1 -- crm_resource --list-agents ocf:lunmask 2>&1)" '^VirtualMachine$'
like "$T_WHAT: crm has the fence agent" "$(crm ra list stonith 2>&1)" '(^| )fence_lunmask( |$)'
like "$T_WHAT: pcs has the fence agent" "$(lab exec node1 -- pcs stonith list 2>&1)" \
	'^fence_lunmask - '
like "$T_WHAT: stonith_admin has the fence agent" \
	"$(lab exec node1 -- stonith_admin --list-installed 2>&1)" '^ *\*? *fence_lunmask$'

T_WHAT="help"
help=$(crm ra info ocf:lunmask:VirtualMachine 2>&1)
described=$(lab exec node1 -- pcs resource describe ocf:lunmask:VirtualMachine 2>&1)
for parameter in vm array luns state_lun config hypervisor migration_mode migration_transport \
	migration_network_suffix preflight stop_mode on_restore_failure on_ioerror takeover \
	paths_required; do
	like "crm ra info explains $parameter" "$help" "^${parameter}[* ]"
	like "pcs resource describe explains $parameter" "$described" "^  $parameter"
done

T_WHAT="a resource made with crm"
ok "$T_WHAT" web1_configure
ok "$T_WHAT starts" settled
node=$(located)
if [ -z "$node" ]; then
	fail "$T_WHAT runs somewhere" "$(lab exec node1 -- crm_mon -1rf 2>&1)"
	done_testing
	exit 1
fi
runs_on "$node" 1

T_WHAT="crm_resource --force-*"
ok "--force-check" lab exec "$node" -- crm_resource --resource web1 --force-check
others=$(lab nodes | tr ' ' '\n' | grep -v "$node" | xargs)
read -r second third <<<"$others"

T_WHAT="crm resource move (live)"
ok "$T_WHAT" crm resource move web1 "$second"
ok "$T_WHAT: settles" settled
runs_on "$second" 1
ok "$T_WHAT: clear" crm resource clear web1

T_WHAT="moved in saved mode"
ok "the mode is a parameter" crm resource param web1 set migration_mode saved
ok "changed without a restart" settled
runs_on "$second" 1
ok "$T_WHAT" crm resource move web1 "$third"
ok "$T_WHAT: settles" settled
runs_on "$third" 1
ok "$T_WHAT: clear" crm resource clear web1
is "nothing failed so far" "$(failures)" ""

T_WHAT="pcs resource move"
ok "$T_WHAT" lab exec node1 -- pcs resource move web1 "$node" --wait=60
ok "$T_WHAT: settles" settled
runs_on "$node" 1

T_WHAT="power cut of the running node"
CRM_NODE=$second
lab cut "$node"
wait_until 90 located_elsewhere "$node"
ok "$T_WHAT: settles" settled
new=$(located)
unlike "$T_WHAT: it runs elsewhere" "$new" "^($node|)$"
runs_on "$new" 2
is "$T_WHAT: the power was really off" "$(lab power "$node")" off

T_WHAT="the node comes back"
lab boot "$node" >/dev/null 2>&1
ok "$T_WHAT" lab up
ok "$T_WHAT: settles" settled
runs_on "$new" 2

T_WHAT="--force-stop and --force-start"
CRM_NODE=$new
ok "maintenance" crm resource unmanage web1
ok "--force-stop" lab exec "$new" -- crm_resource --resource web1 --force-stop
masks_are web1 "--force-stop"
ok "--force-start" lab exec "$new" -- crm_resource --resource web1 --force-start
masks_are web1 "--force-start" "$new"
ok "managed again" crm resource manage web1
ok "settles" settled

T_WHAT="crm resource stop"
ok "$T_WHAT" crm resource stop web1
ok "$T_WHAT: settles" settled
masks_are web1 "$T_WHAT"
is "$T_WHAT: the domain is gone" "$(domain "$new" web1)" absent
ok "$T_WHAT: the witness agrees" witness_check web1

done_testing
