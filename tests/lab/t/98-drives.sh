#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Drives are added to luns and taken from it: while the VM is stopped, while it runs (reload-agent), and
# under Pacemaker. What the guest uses is never revoked, and saved memory keeps the drives that it had.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pacemaker.sh"

two="vda=web1-root vdb=web1-data"
three="$two vdc=web1-more"

clean_up() {
	lab up >/dev/null 2>&1
	CRM_NODE=node1
	web1_remove >/dev/null 2>&1
	revoke_all web1-more
	lun_delete web1-more
}
trap clean_up EXIT

# with_luns LUNS COMMAND...
with_luns() {
	local before=${PARAM[luns]}
	PARAM[luns]=$1
	"${@:2}"
	PARAM[luns]=$before
}
drives() { lab exec "$1" -- virsh -q domblklist web1 2>/dev/null | awk 'NF { print $1 }' | sort | xargs; }
boots() { ok "$T_WHAT: the guest counts on" witness_wait web1 "$1" "$(witness_counter web1)"; ok "$T_WHAT: boots" witness_check web1 --expect-boots "$2"; }
has() {
	is "$T_WHAT: the guest's drives" "$(drives node1)" "$1"
	is "$T_WHAT: who has the LUN" "$(acl web1-more)" "$2"
	masks_are web1 "$T_WHAT" node1
}

ok "the test VM's LUNs can be made" vm_make web1
ok "one more" lun_create web1-more $((16 << 20))
vm_params web1

T_WHAT="two drives"
agent_is 0 node1 start
has "vda vdb" ""
T_WHAT="a start with other drives than run"
with_luns "$three" refused 1 "stop VM 'web1' first" node1 start
has "vda vdb" ""

T_WHAT="added while it is stopped"
agent_is 0 node1 stop
PARAM[luns]=$three
agent_is 0 node1 start
like "$T_WHAT: it is told" "$OUT" "drives: mapping: .*vdc is added"
has "vda vdb vdc" node1
boots node1 2
T_WHAT="a start that finds it"
agent_is 0 node1 start
unlike "$T_WHAT: changes nothing" "$OUT" "drives: mapping"
T_WHAT="another LUN for a drive"
agent_is 0 node1 stop
is "$T_WHAT: nobody has the LUN" "$(acl web1-more)" ""
with_luns "vda=web1-root vdb=web1-more" refused 1 "vdb is LUN web1-data .*lunmask definition set" node1 start
is "$T_WHAT: nobody has the LUN" "$(acl web1-more)" ""

T_WHAT="taken while it is stopped"
PARAM[luns]=$two
agent_is 0 node1 start
like "$T_WHAT: it is told" "$OUT" "drives: mapping: .*vdc is left out"
has "vda vdb" ""
boots node1 3

T_WHAT="saved memory"
agent_is 0 node1 stop OCF_RESKEY_stop_mode=save
with_luns "$three" refused 1 "set luns back, or 'lunmask image discard web1'" node1 start
masks_are web1 "$T_WHAT"
is "$T_WHAT: nobody has the LUN" "$(acl web1-more)" ""
agent_is 0 node1 start
has "vda vdb" ""
boots node1 3

T_WHAT="a disk of the host has the drive's name"
ok "$T_WHAT: it is attached by hand" lab exec node1 -- sh -c \
	'truncate -s 1M /run/x.img && virsh -q attach-disk web1 /run/x.img vdc --live'
with_luns "$three" refused 1 "detach disk vdc" node1 reload-agent
is "$T_WHAT: the grant is undone" "$(acl web1-more)" ""
ok "$T_WHAT: it is detached" lab exec node1 -- virsh -q detach-disk web1 vdc --live
detached() { [ "$(drives node1)" = "vda vdb" ]; }
ok "$T_WHAT: the guest gives it up" wait_until 30 detached

T_WHAT="added while it runs"
PARAM[luns]=$three
agent_is 0 node1 reload-agent
has "vda vdb vdc" node1
boots node1 3
like "$T_WHAT: others can see it" "$(lab exec node1 -- virsh metadata web1 urn:x-lunmask:mapping:1)" \
	"target=.vdc. lun=.web1-more."
agent_is 0 node1 reload-agent
T_WHAT="then a live move"
mapfile -t meta < <(migrate_meta node1 node2)
agent_is 0 node1 migrate_to "${meta[@]}"
agent_is 0 node2 migrate_from "${meta[@]}"
agent_is 0 node1 stop
is "$T_WHAT: the guest's drives" "$(drives node2)" "vda vdb vdc"
is "$T_WHAT: who has the LUN" "$(acl web1-more)" node2
boots node2 3
T_WHAT="and back"
mapfile -t meta < <(migrate_meta node2 node1)
agent_is 0 node2 migrate_to "${meta[@]}"
agent_is 0 node1 migrate_from "${meta[@]}"
agent_is 0 node2 stop
has "vda vdb vdc" node1
boots node1 3

T_WHAT="a guest that does not answer"
PARAM[luns]=$two
ok "$T_WHAT: it hangs" lab exec node1 -- virsh -q suspend web1
refused 1 "has not given drive vdc up" node1 reload-agent OCF_RESKEY_CRM_meta_timeout=30000
has "vda vdb vdc" node1
ok "$T_WHAT: it goes on" lab exec node1 -- virsh -q resume web1
T_WHAT="taken while it runs"
agent_is 0 node1 reload-agent
has "vda vdb" ""
boots node1 3
T_WHAT="then a boot elsewhere"
agent_is 0 node1 stop
agent_is 0 node2 start
is "$T_WHAT: the guest's drives" "$(drives node2)" "vda vdb"
agent_is 0 node2 stop
masks_are web1 "$T_WHAT"

T_WHAT="under Pacemaker"
ok "$T_WHAT: a resource" web1_configure
ok "$T_WHAT: settles" settled
node=$(located)
runs_on "$node" 5
ok "$T_WHAT: added" crm resource param web1 set luns "$three"
ok "$T_WHAT: settles" settled
runs_on "$node" 5
is "$T_WHAT: the guest's drives" "$(drives "$node")" "vda vdb vdc"
stored=$(lab exec "$node" -- lunmask definition show web1)
like "$T_WHAT: libvirt has completed it" "$stored" 'definition="libvirt"'
like "$T_WHAT: with the place of the disk" "$(sed -n '/dev="vdc"/,/<.disk>/p' <<<"$stored")" \
	'<address type="pci"'
ok "$T_WHAT: taken" crm resource param web1 set luns "$two"
ok "$T_WHAT: settles" settled
runs_on "$node" 5
is "$T_WHAT: the guest's drives" "$(drives "$node")" "vda vdb"
is "$T_WHAT: nobody has the LUN" "$(acl web1-more)" ""
is "nothing failed" "$(failures)" ""

done_testing
