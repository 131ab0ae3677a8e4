#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# reload-agent, killed while it adds a drive to a guest or takes one from it: run again it ends the job,
# and so does what Pacemaker does, stop and start. The guest never loses a drive that it has.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"

two="vda=web1-root vdb=web1-data"
three="$two vdc=web1-more"

clean_up() {
	vm_unmake web1
	revoke_all web1-more
	lun_delete web1-more
}
trap clean_up EXIT

drives() { lab exec node1 -- virsh -q domblklist web1 2>/dev/null | awk 'NF { print $1 }' | sort | xargs; }
# has LUNS
has() {
	local holder='' wanted="vda vdb"
	if [ "$1" = "$three" ]; then
		holder=node1
		wanted+=" vdc"
	fi
	is "$T_WHAT: the guest's drives" "$(drives)" "$wanted"
	is "$T_WHAT: who has the LUN" "$(acl web1-more)" "$holder"
	like "$T_WHAT: what others see" \
		"$(lab exec node1 -- virsh metadata web1 urn:x-lunmask:mapping:1 | grep -c "<drive")" \
		"^$(wc -w <<<"$wanted")\$"
	settled node1
}
reload() {
	PARAM[luns]=$1
	agent_is 0 node1 reload-agent
}
# again POINT FROM TO: killed, and run again.
again() {
	T_WHAT="from $(wc -w <<<"$2") to $(wc -w <<<"$3") drives, killed at $1"
	reload "$2"
	PARAM[luns]=$3
	crash "$1" node1 reload-agent
	T_WHAT+=", run again"
	reload "$3"
	has "$3"
}
# recovered POINT FROM TO: killed, and what Pacemaker does then. The guest has booted with two drives:
# the witness writes to all that it finds when it boots, and misses one that is taken from it.
recovered() {
	T_WHAT="from $(wc -w <<<"$2") to $(wc -w <<<"$3") drives, killed at $1"
	agent_is 0 node1 stop
	PARAM[luns]=$two
	agent_is 0 node1 start
	BOOTS=$((BOOTS + 1))
	settled node1
	reload "$2"
	PARAM[luns]=$3
	crash "$1" node1 reload-agent
	T_WHAT+=", stopped"
	agent_is 0 node1 stop
	stopped
	is "$T_WHAT: nobody has the LUN" "$(acl web1-more)" ""
	T_WHAT+=" and started"
	agent_is 0 node1 start
	BOOTS=$((BOOTS + 1))
	has "$3"
}

ok "the agent can be killed at a point" crash_install
ok "the test VM's LUNs can be made" vm_make web1
ok "one more" lun_create web1-more $((16 << 20))
vm_params web1
T_WHAT="two drives"
agent_is 0 node1 start
BOOTS=1
settled node1

for point in line:grant: "line:drives: mapping" line:store: virDomainAttachDeviceFlags:before \
	virDomainAttachDeviceFlags:after line:attach: line:revoke:; do
	again "$point" "$two" "$three"
done
for point in virDomainDetachDeviceFlags:before virDomainDetachDeviceFlags:after line:detach: \
	"line:drives: mapping" line:store: line:revoke:; do
	again "$point" "$three" "$two"
done
recovered line:grant: "$two" "$three"
recovered line:store: "$two" "$three"
recovered virDomainAttachDeviceFlags:after "$two" "$three"
recovered virDomainDetachDeviceFlags:after "$three" "$two"
recovered line:detach: "$three" "$two"
recovered line:store: "$three" "$two"

# The mapping file has the new drive only after the boot.
T_WHAT="a start with one more drive, killed after the boot"
agent_is 0 node1 stop
PARAM[luns]=$three
crash line:run: node1 start
agent_is 0 node1 start
BOOTS=$((BOOTS + 1))
has "$three"
agent_is 0 node1 stop
stopped

done_testing
