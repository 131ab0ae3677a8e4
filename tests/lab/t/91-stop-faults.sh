#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A stop whose revoke fails, in each way that an array, its driver and ssh can fail: the VM is
# stopped, its LUNs are released in the journal, and no node is fenced. When the fault is mended, the
# next start takes them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/pacemaker.sh"
. "$(dirname "$0")/management.sh"

driver_missing() { lab array -- mv "$DRIVER" "$DRIVER.away"; }

# sshd_with OPTION...: another sshd, and no session of the old one.
sshd_with() {
	management_away
	lab array -- /usr/sbin/sshd -E /var/log/sshd.again "$@"
	wait_until 20 management_answers
}
sshd_other_key() {
	lab array -- sh -c '[ -e /root/other_key ] || ssh-keygen -q -t ed25519 -N "" -f /root/other_key'
	sshd_with -h /root/other_key -o HostKey=/root/other_key
}
sshd_refuses() { sshd_with -o AuthorizedKeysFile=none; }

mend() {
	lab array -- sh -c "rm -f /run/driver-fault
		[ ! -e $DRIVER.away ] || mv $DRIVER.away $DRIVER"
	sshd_with
}
clean_up() {
	mend
	driver_unwrap
	web1_remove
} >/dev/null 2>&1
trap clean_up EXIT

fencings() { lab exec node1 -- stonith_admin --history '*' 2>/dev/null | grep -c ' successful: ' || true; }
nodes_up() { lab exec node1 -- crm_node -p | tr ' ' '\n' | sort | xargs; }

# fault NAME COMMAND...: the VM is stopped while there is that fault.
fault() {
	local node
	T_WHAT=$1
	shift
	node=$(located)
	ok "$T_WHAT: there is the fault" "$@"
	ok "$T_WHAT: stop" crm resource stop web1
	ok "$T_WHAT: it settles" settled
	is "$T_WHAT: it runs nowhere" "$(located)" ""
	is "$T_WHAT: no failure is left" "$(failures)" ""
	is "$T_WHAT: $node has released its LUNs" "$(released)" "$node"
	is "$T_WHAT: no node was fenced" "$(fencings)" "$before"
	is "$T_WHAT: all nodes are up" "$(nodes_up)" "node1 node2 node3"
	mend
	ok "$T_WHAT: start" crm resource start web1
	ok "$T_WHAT: it settles again" settled
	is "$T_WHAT: no release is left" "$(released)" ""
	masks_are web1 "$T_WHAT: it is back" "$(located)"
	ok "$T_WHAT: it counts" witness_wait web1 "$(located)" "$(witness_counter web1)"
}

ok "the test VM's LUNs can be made" vm_make web1
ok "the driver can be replaced" driver_wrap
before=$(fencings)
ok "a resource" web1_configure
ok "starts" settled
T_WHAT=start
runs_on "$(located)" 1
for code in busy internal no-space not-undone bad-request; do
	fault "the array says $code" driver_says "$code"
done
fault "the driver is killed" driver_fault "kill -9 \$\$"
fault "the driver prints garbage" driver_fault "echo garbage; exit 0"
fault "the driver is missing" driver_missing
fault "the array has another host key" sshd_other_key
fault "the array refuses the key" sshd_refuses
ok "one writer, nothing lost" witness_check web1

done_testing
