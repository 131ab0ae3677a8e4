#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stop gives a guest its clean end also if somebody has paused it, or if libvirtd is away for seconds.
. "$(dirname "$0")/lib.sh"

PENDING=
clean_up() {
	[ -z "$PENDING" ] || wait "$PENDING"
	libvirtd_back node1
	revoke_all web1-root
	vm_unmake web1
}
trap clean_up EXIT
ok "the test VM's LUNs can be made" vm_make web1
vm_params web1

# ends FILE: how often the guest has ended by its own power-off.
ends() { grep -c 'witness POWEROFF' "$(lab path node1)/var/log/libvirt/qemu/web1.console"; }

started() {
	agent_is 0 node1 start
	ok "$T_WHAT: the guest counts" witness_wait web1 node1 "$(witness_counter web1)"
	clean=$(ends)
}

ended_cleanly() {
	is "$T_WHAT: the guest powered itself off" "$(ends)" $((clean + 1))
	is "$T_WHAT: it is gone" "$(domain node1 web1)" absent
	masks_are web1 "$T_WHAT"
}

T_WHAT="paused by somebody"
started
lab exec node1 -- virsh -q suspend web1
is "$T_WHAT: it is" "$(domain node1 web1)" paused
agent_is 0 node1 stop
ended_cleanly

T_WHAT="paused, to be saved"
started
lab exec node1 -- virsh -q suspend web1
agent_is 0 node1 stop OCF_RESKEY_stop_mode=save
is "$T_WHAT: it was not shut down" "$(ends)" "$clean"
agent_is 0 node1 start
ok "$T_WHAT: it counts on" witness_wait web1 node1 "$(witness_counter web1)"
agent_is 0 node1 stop
is "$T_WHAT: and ends cleanly" "$(ends)" $((clean + 1))

# I1: whoever that is may run the guest.
T_WHAT="paused while another host reaches its LUNs"
started
lab array -- tgtadm --lld iscsi --op bind --mode target --tid "$(target_id web1-root)" \
	-Q "$(initiator node2)"
is "$T_WHAT: it does" "$(acl web1-root)" "node1 node2"
lab exec node1 -- virsh -q suspend web1
agent_is 0 node1 stop
is "$T_WHAT: it was not woken" "$(ends)" "$clean"
like "$T_WHAT: the log says why" "$OUT" "shutdown: failed.*is paused and cannot be woken.*web1-root"
is "$T_WHAT: it is gone" "$(domain node1 web1)" absent
revoke_all web1-root

# stop_begins: in the background; its result is in $out.
out=$(mktemp)
stop_begins() {
	(
		agent node1 stop
		printf 'rc=%s\n%s\n' "$RC" "$OUT" >"$out"
	) &
	PENDING=$!
}
stop_is_there() { lab exec node1 -- pgrep -f 'VirtualMachine stop' >/dev/null; }
stop_over() {
	wait "$PENDING"
	PENDING=
	like "$T_WHAT: stop succeeds" "$(head -n 1 "$out")" '^rc=0$'
}

T_WHAT="libvirtd is away when stop begins"
started
libvirtd_signal node1 KILL
stop_begins
ok "$T_WHAT: stop runs" wait_until 10 stop_is_there
ok "$T_WHAT: libvirtd is back" libvirtd_back node1
stop_over
ended_cleanly

T_WHAT="libvirtd hangs for seconds"
started
libvirtd_signal node1 STOP
stop_begins
ok "$T_WHAT: stop runs" wait_until 10 stop_is_there
libvirtd_signal node1 CONT
stop_over
ended_cleanly

# A guest that has just begun to boot does not hear the first press of the button.
T_WHAT="libvirtd is restarted while the guest shuts down"
agent_is 0 node1 start
clean=$(ends)
stop_begins
ok "$T_WHAT: stop runs" wait_until 10 stop_is_there
libvirtd_signal node1 KILL
ok "$T_WHAT: libvirtd is back" libvirtd_back node1
stop_over
ended_cleanly
rm -f "$out"

ok "one writer, no record lost" witness_check web1
done_testing
