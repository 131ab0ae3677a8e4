#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A LUN has one owner (I2): a second VM that names it is refused, on every node, and can neither
# write to it nor take it away. Nor does any other QEMU of the host share it.
. "$(dirname "$0")/lib.sh"

QEMU_LOG=/tmp/stranger.log
clean_up() {
	stranger_end
	libvirtd_back node1
	lab exec node1 -- cibadmin -D -o resources -X '<primitive id="web1-copy"/>' >/dev/null 2>&1
	vm_unmake web1
	revoke_all copy-state
	lun_delete copy-state
}
trap clean_up EXIT

# web1's parameters, copied, with a new name and state LUN: one parameter was forgotten.
copy_params() {
	vm_params web1
	PARAM[vm]=copy
	PARAM[state_lun]=copy-state
	PARAM[config]=/etc/lunmask/copy.xml
}

ok "the test VM's LUNs can be made" vm_make web1
ok "and a state LUN for its copy" lun_create copy-state $((160 << 20))
for node in $(lab nodes); do
	lab guest xml copy --memory "$VM_MEMORY_MIB" --disks 2 |
		lab exec "$node" -- tee /etc/lunmask/copy.xml >/dev/null
done
vm_params web1
agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 5

copy_params
T_WHAT="a copied resource, on the host of the VM"
refused 1 'web1-root.*VM web1' node1 start
is "$T_WHAT: it has no domain" "$(domain node1 copy)" absent
masks_are web1 "$T_WHAT" node1
is "$T_WHAT: its own LUN is not left granted" "$(acl copy-state)" ""
T_WHAT="a copied resource, on another host"
refused 1 'web1-root' node2 start
masks_are web1 "$T_WHAT" node1
T_WHAT="a stop of the copy"
agent_is 0 node1 stop
masks_are web1 "$T_WHAT" node1
ok "$T_WHAT: the guest counts on" witness_wait web1 node1 "$(witness_counter web1)"

T_WHAT="a stop of the copy while libvirt is silent"
libvirtd_signal node1 STOP
agent_is 0 node1 stop
libvirtd_back node1
masks_are web1 "$T_WHAT" node1
ok "$T_WHAT: the guest counts on" witness_wait web1 node1 "$(witness_counter web1)"

# With web1 stopped, only the configuration of the cluster names it.
vm_params web1
agent_is 0 node1 stop
T_WHAT="a copied resource, while the VM is stopped"
ok "$T_WHAT: the VM is configured" lab exec node1 -- cibadmin -C -o resources -X '
	<primitive id="web1-copy" class="ocf" provider="lunmask" type="VirtualMachine">
	  <instance_attributes id="web1-copy-a">
	    <nvpair id="web1-copy-a1" name="vm" value="web1"/>
	    <nvpair id="web1-copy-a2" name="array" value="san1"/>
	    <nvpair id="web1-copy-a3" name="luns" value="vda=web1-root vdb=web1-data"/>
	    <nvpair id="web1-copy-a4" name="state_lun" value="web1-state"/>
	  </instance_attributes>
	  <meta_attributes id="web1-copy-m">
	    <nvpair id="web1-copy-m1" name="target-role" value="Stopped"/>
	    <nvpair id="web1-copy-m2" name="is-managed" value="false"/>
	  </meta_attributes>
	</primitive>'
copy_params
refused 1 'web1-root.*VM web1 .resource web1-copy' node1 start
masks_are web1 "$T_WHAT"

T_WHAT="the copy is stopped where it was tried"
agent_is 0 node1 stop
agent_is 0 node2 stop
masks_are web1 "$T_WHAT"

# A QEMU that nobody knows.
stranger_end() { lab exec node1 -- pkill -KILL -f 'guest=stranger' >/dev/null 2>&1; }
stranger_has_it() { lab exec node1 -- pgrep -f 'guest=stranger' && [ -n "$(nexus_of web1-data)" ]; }
nexus_of() {
	lab array -- tgtadm --lld iscsi --mode target --op show |
		awk -v t="iqn.2026-11.org.example:$1" '/^Target /{m=($3==t)} m&&/Initiator:/{print $2}'
}
vm_params web1
T_WHAT="a QEMU of somebody else"
printf '{"luns":["web1-data"],"grant":"%s"}' "$(initiator node1)" | driver apply >/dev/null
lab exec node1 -- sh -c "exec qemu-system-x86_64 -name guest=stranger -S -nodefaults -display none \
	-machine none -daemonize -blockdev driver=iscsi,transport=tcp,portal=10.77.0.100:3260,\
target=iqn.2026-11.org.example:web1-data,lun=1,initiator-name=$(initiator node1),node-name=d \
	>$QEMU_LOG 2>&1"
ok "$T_WHAT has a LUN" wait_until 10 stranger_has_it
refused 1 'stranger.*web1-data' node1 start
is "$T_WHAT: no domain is made" "$(domain node1 web1)" absent
stranger_end
agent_is 0 node1 start
ok "without it the guest counts on" witness_wait web1 node1 "$(witness_counter web1)"
agent_is 0 node1 stop
masks_are web1 "at the end"

done_testing
