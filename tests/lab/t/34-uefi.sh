#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# UEFI: libvirt chooses the firmware, and its variables are on a LUN of their own, which is filled at
# the first start, is written by the guest, and moves with the VM.
. "$(dirname "$0")/lib.sh"

# The firmware needs more memory than the witness, and the state LUN has room for it.
VM_MEMORY_MIB=192
flash="web1-nvram"
vars=/usr/share/OVMF/OVMF_VARS_4M.fd
size=$(stat -c %s $vars)

flash_remove() {
	revoke_all $flash
	lun_delete $flash
}
clean_up() {
	vm_unmake web1
	flash_remove
}
trap clean_up EXIT

# firmware_efi: libvirt chooses one that boots a kernel without a signature.
firmware_efi() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- sed -i "s|<os>|<os firmware='efi'><firmware><feature enabled='no' name='secure-boot'/></firmware>|" /etc/lunmask/web1.xml || return 1
	done
}

flash_file() { echo "$(lab path pool)/$flash"; }
is_template() { cmp -s $vars "$(flash_file)"; }
# flash_of NODE: the initiator with which QEMU there has the LUN.
flash_of() {
	lab exec "$1" -- virsh dumpxml web1 2>/dev/null |
		sed -n "/<nvram/,/<\/nvram>/s/.*<iqn name='\(.*\)'.*/\1/p"
}
everything_is() {
	masks_are web1 "$T_WHAT" "${@}"
	is "$T_WHAT: so is the variables'" "$(acl $flash)" "$*"
}
move() {
	local meta
	mapfile -t meta < <(migrate_meta "$1" "$2")
	agent_is 0 "$1" migrate_to "${meta[@]}"
	agent_is 0 "$2" migrate_from "${meta[@]}"
	agent_is 0 "$1" stop
	ok "$T_WHAT: the guest counts" witness_wait web1 "$2" "$(witness_counter web1)"
	is "$T_WHAT: QEMU has the variables' LUN" "$(flash_of "$2")" "$(initiator "$2")"
	everything_is "$2"
}

ok "LUNs of a VM" vm_make web1
lun_delete web1-state
ok "a state LUN with room" lun_create web1-state $((320 << 20))
ok "a definition with UEFI" firmware_efi

T_WHAT="no LUN for the variables"
vm_params web1
refused 1 "nvram=LUN" node1 start
masks_are web1 "$T_WHAT"

T_WHAT="a LUN of another size"
PARAM[luns]+=" nvram=$flash"
ok "$T_WHAT" lun_create $flash $((1 << 20))
refused 1 "make a LUN of $size bytes" node1 start
everything_is ""
flash_remove

T_WHAT="a LUN with something else"
ok "$T_WHAT" lun_create $flash "$size"
file=$(flash_file)
printf "somebody's data" | dd of="$file" conv=notrunc status=none
refused 1 "holds something else" node1 start
is "$T_WHAT: it is untouched" "$(head -c 15 "$file" | tr -d '\000')" "somebody's data"
everything_is ""
flash_remove

T_WHAT="the first start"
ok "a LUN of the firmware's size" lun_create $flash "$size"
agent_is 0 node1 start
like "$T_WHAT: the variables were written" "$OUT" "firmware: done"
ok "$T_WHAT: the guest counts" witness_wait web1 node1 5 60
is "$T_WHAT: QEMU has the variables' LUN" "$(flash_of node1)" "$(initiator node1)"
everything_is node1
like "$T_WHAT: libvirt has chosen the firmware" "$(lab exec node1 -- virsh dumpxml web1)" \
	"<loader .*OVMF_CODE_4M.fd</loader>"
unlike "$T_WHAT: no file of the host is left" \
	"$(lab exec node1 -- ls /var/lib/libvirt/qemu/nvram 2>/dev/null)" "web1"
not_template() { ! is_template; }
ok "$T_WHAT: the firmware has written to it" wait_until 30 not_template

T_WHAT="live"
move node1 node2
T_WHAT="saved"
PARAM[migration_mode]=saved
move node2 node3
unset 'PARAM[migration_mode]'

T_WHAT="a boot elsewhere"
agent_is 0 node3 stop
everything_is ""
sum=$(cksum "$(flash_file)")
agent_is 0 node1 start
like "$T_WHAT: the variables are kept" "$OUT" "firmware: already done"
ok "$T_WHAT: the guest counts" witness_wait web1 node1 "$(witness_counter web1)" 120
agent_is 0 node1 stop
ok "$T_WHAT: they are not the first ones" not_template
unlike "$T_WHAT: they were the VM's" "$sum" "^$(cksum <$vars | cut -d' ' -f1) "
ok "its data is whole, and it has booted twice" witness_check web1 --expect-boots 2

done_testing
