#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Media: an ISO on a LUN that is read-only on the array. Many VMs and hosts have it at once, it moves
# with each of them, and what one VM does takes it from no other.
. "$(dirname "$0")/lib.sh"

iso="iso-debian12"
every=OCF_RESKEY_CRM_meta_interval=10000
clean_up() {
	vm_unmake web1
	vm_unmake web2
	revoke_all $iso
	lun_delete $iso
}
trap clean_up EXIT

protect() { printf '{"name":"%s","read_only":%s}' "$1" "$2" | driver protect >/dev/null; }

# cdrom_add VM: an empty CD-ROM drive, as virt-install makes it.
cdrom_add() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- sed -i \
			"s|</devices>|<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk></devices>|" \
			"/etc/lunmask/$1.xml" || return 1
	done
}

# vm VM [ACCESS]: its parameters, with the ISO.
vm() {
	vm_params "$1"
	PARAM[luns]+=" sda=$iso${2-:ro}"
}

# medium NODE VM: the size of what is in the drive, as QEMU has it.
medium() { lab exec "$1" -- virsh domblkinfo "$2" sda 2>/dev/null | sed -n 's/^Capacity: *//p'; }

# move VM FROM TO [NAME=VALUE]: both halves, and the stop that Pacemaker adds.
move() {
	local meta
	mapfile -t meta < <(migrate_meta "$2" "$3")
	agent_is 0 "$2" migrate_to "${meta[@]}" "${@:4}"
	is "$T_WHAT: the target is granted the ISO" "$(acl $iso | tr ' ' '\n' | grep -cx "$3")" 1
	agent_is 0 "$3" migrate_from "${meta[@]}" "${@:4}"
	agent_is 0 "$2" stop "${@:4}"
}

ok "LUNs of a VM" vm_make web1
ok "LUNs of another" vm_make web2
ok "the ISO's LUN" lun_create $iso $((2 << 20))
ok "both have a CD-ROM drive" cdrom_add web1
ok "both have a CD-ROM drive" cdrom_add web2

T_WHAT="a LUN that can be written to"
vm web1
refused 1 "protect LUN '$iso'" node1 start
masks_are web1 "$T_WHAT"
is "$T_WHAT: nothing of it is granted" "$(acl $iso)" ""

ok "the ISO is written" sh -c "yes lunmask | head -c $((2 << 20)) >$(lab path pool)/$iso"
ok "and protected" protect $iso true
T_WHAT="a read-only LUN, not named with :ro"
vm web1 ""
refused 1 "name LUN '$iso' with :ro" node1 start
masks_are web1 "$T_WHAT"
is "$T_WHAT: nothing of it is granted" "$(acl $iso)" ""

T_WHAT="a VM with a medium"
vm web1
agent_is 0 node1 start
ok "$T_WHAT: the guest counts" witness_wait web1 node1 5
is "$T_WHAT: the medium is in" "$(medium node1 web1)" $((2 << 20))
is "$T_WHAT: the ISO is granted" "$(acl $iso)" node1
T_WHAT="protect under a VM"
ok "$T_WHAT: it is refused" sh -c '! "$@" 2>&1' - "$T_LAB" array -- sh -c \
	"echo '{\"name\":\"$iso\",\"read_only\":false}' | lunmask-array-tgt protect"

T_WHAT="a second VM on the same host"
vm web2
agent_is 0 node1 start
ok "$T_WHAT: the guest counts" witness_wait web2 node1 5
is "$T_WHAT: the ISO is granted once" "$(acl $iso)" node1
agent_is 0 node1 stop
is "$T_WHAT: its stop leaves the ISO to the other" "$(acl $iso)" node1
masks_are web2 "$T_WHAT: its own LUNs are revoked"
ok "$T_WHAT: the first counts on" witness_wait web1 node1 "$(witness_counter web1)"

T_WHAT="a second VM on another host"
agent_is 0 node2 start
ok "$T_WHAT: the guest counts" witness_wait web2 node2 "$(witness_counter web2)"
is "$T_WHAT: both hosts have the ISO" "$(acl $iso)" "node1 node2"
is "$T_WHAT: the medium is in" "$(medium node2 web2)" $((2 << 20))

T_WHAT="live to the other's host"
vm web1
move web1 node1 node2
ok "$T_WHAT: the guest counts" witness_wait web1 node2 "$(witness_counter web1)"
is "$T_WHAT: the medium is in" "$(medium node2 web1)" $((2 << 20))
masks_are web1 "$T_WHAT" node2
is "$T_WHAT: one host has the ISO" "$(acl $iso)" node2

T_WHAT="saved, away from it"
PARAM[migration_mode]=saved
move web1 node2 node1
ok "$T_WHAT: the guest counts" witness_wait web1 node1 "$(witness_counter web1)"
is "$T_WHAT: the medium is in" "$(medium node1 web1)" $((2 << 20))
masks_are web1 "$T_WHAT" node1
is "$T_WHAT: the other VM keeps the ISO" "$(acl $iso)" "node1 node2"
ok "$T_WHAT: the other VM counts on" witness_wait web2 node2 "$(witness_counter web2)"

T_WHAT="ejected, then live"
unset 'PARAM[migration_mode]'
ok "$T_WHAT: eject" lab exec node1 -- virsh change-media web1 sda --eject --live --force
move web1 node1 node2
like "$T_WHAT: the drive is still empty" "$(medium node2 web1)" "^-?$"
ok "$T_WHAT: the guest counts" witness_wait web1 node2 "$(witness_counter web1)"

T_WHAT="a grant that the array has lost"
printf '{"luns":["%s"],"revoke":"%s"}' $iso "$(initiator node2)" | driver apply >/dev/null
agent_is 190 node2 monitor OCF_CHECK_LEVEL=20 "$every"
like "$T_WHAT: it says so" "$REASON" "$iso.*granted again|granted again.*$iso"
is "$T_WHAT: it is granted again" "$(acl $iso)" node2
agent_is 0 node2 monitor OCF_CHECK_LEVEL=20 "$every"

T_WHAT="a VM that wants to own it"
vm_params web1
PARAM[vm]=web3
PARAM[luns]="vda=$iso"
PARAM[state_lun]=web1-data
refused 1 "$iso|web1" node1 start
agent_is 0 node1 stop
is "$T_WHAT: the others keep it" "$(acl $iso)" node2
is "$T_WHAT: nothing of it is kept" "$(lab exec node1 -- ls /run/lunmask/granted | grep web3)" ""

T_WHAT="stop of both"
vm web1
agent_is 0 node2 stop
is "$T_WHAT: the other VM keeps the ISO" "$(acl $iso)" node2
vm web2
agent_is 0 node2 stop
is "$T_WHAT: nobody has the ISO" "$(acl $iso)" ""
masks_are web1 "$T_WHAT"
masks_are web2 "$T_WHAT"

T_WHAT="without the medium in luns"
vm_params web1
agent_is 0 node1 start
ok "$T_WHAT: the guest counts" witness_wait web1 node1 "$(witness_counter web1)"
like "$T_WHAT: the drive is empty" "$(medium node1 web1)" "^-?$"
is "$T_WHAT: the ISO is not granted" "$(acl $iso)" ""
T_WHAT="with it, while the guest runs"
vm web1
mapfile -t meta < <(migrate_meta node1 node2)
refused 1 "stop and start VM" node1 reload-agent
refused 1 "$iso" node1 migrate_to "${meta[@]}"
ok "$T_WHAT: the guest counts on" witness_wait web1 node1 "$(witness_counter web1)"
agent_is 0 node1 stop
T_WHAT="with it again"
agent_is 0 node2 start
ok "$T_WHAT: the guest counts" witness_wait web1 node2 "$(witness_counter web1)"
is "$T_WHAT: the medium is in" "$(medium node2 web1)" $((2 << 20))
agent_is 0 node2 stop
is "$T_WHAT: nobody has the ISO" "$(acl $iso)" ""
ok "web1's data is whole, and it has booted three times" witness_check web1 --expect-boots 3
ok "web2's data is whole, and it has booted twice" witness_check web2 --expect-boots 2
is "the ISO is as it was" "$(sort -u "$(lab path pool)/$iso" | head -c 7)" lunmask

done_testing
