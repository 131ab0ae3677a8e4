#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# monitor, level 0: lunmaskd answers from memory when it can vouch for the answer; when it cannot,
# the agent looks itself, and says what it said without lunmaskd.
. "$(dirname "$0")/lib.sh"

every=OCF_RESKEY_CRM_meta_interval=10000

lunmaskd_signal() { lab exec node1 -- sh -c "kill -$1 \$(cat /run/lunmask/lunmaskd.pid)"; }

clean_up() {
	lunmaskd_signal CONT 2>/dev/null
	libvirtd_back node1
	vm_unmake web1
}
trap clean_up EXIT

# The monitor's exit status, and whether libvirt was loaded for it.
monitor_asks() {
	agent node1 monitor "$every" LD_DEBUG=files "$@"
	if grep -q 'libvirt\.so' <<<"$OUT"; then ASKED=libvirt; else ASKED=lunmaskd; fi
	OUT=$(grep -Ev '^ *[0-9]+:' <<<"$OUT")
}

from_memory() {
	monitor_asks
	[ "$RC $ASKED" = "0 lunmaskd" ]
}

# monitor_is RC LUNMASKD-OR-LIBVIRT [NAME=VALUE...]
monitor_is() {
	local want="$1 $2"
	shift 2
	monitor_asks "$@"
	is "$T_WHAT: monitor${*:+ ($*)}: exit status, and who was asked" "$RC $ASKED" "$want"
}

qemu_pid() { lab exec node1 -- cat /run/libvirt/qemu/web1.pid; }

# With nothing between the signal and the monitor.
qemu_kill_and_monitor() {
	lab exec node1 -- kill -KILL "$1"
	monitor_asks
	is "$T_WHAT: the next monitor says that it does not run" "$RC" 7
}

running_again() {
	ok "$T_WHAT: stop" agent_is 0 node1 stop
	ok "$T_WHAT: start" agent_is 0 node1 start
	ok "$T_WHAT: it is known again" wait_until 10 from_memory
}

ok "the test VM's LUNs can be made" vm_make web1
vm_params web1

T_WHAT="nothing runs"
monitor_is 7 libvirt
ok "it starts" agent_is 0 node1 start
T_WHAT="it runs"
ok "$T_WHAT: lunmaskd knows" wait_until 10 from_memory
monitor_is 0 libvirt OCF_CHECK_LEVEL=10
monitor_is 0 libvirt OCF_RESKEY_CRM_meta_interval=0
PARAM[hypervisor]=qemu+unix:///system
monitor_is 0 libvirt
unset 'PARAM[hypervisor]'
agent node2 monitor "$every"
is "$T_WHAT, elsewhere: it does not run there" "$RC" 7

T_WHAT="the guest is paused"
lab exec node1 -- virsh -q suspend web1
monitor_is 190 libvirt
lab exec node1 -- virsh -q resume web1
T_WHAT="the guest goes on"
ok "$T_WHAT: it is known again" wait_until 10 from_memory

T_WHAT="QEMU was killed"
qemu_kill_and_monitor "$(qemu_pid)"
running_again

T_WHAT="libvirtd hangs"
pid=$(qemu_pid)
libvirtd_signal node1 STOP
monitor_is 0 lunmaskd
disk=$(lab path pool)/web1-data
cp --sparse=always "$disk" "$disk.kept"
truncate -s 4096 "$disk"
ok "$T_WHAT: 3 s later nobody vouches for it" wait_until 4 eval '! from_memory'
T_WHAT="libvirtd hangs, and the guest is paused after an I/O error"
monitor_is 190 libvirt
T_WHAT="libvirtd hangs and QEMU was killed"
qemu_kill_and_monitor "$pid"
libvirtd_signal node1 CONT
cat "$disk.kept" >"$disk"
rm "$disk.kept"
running_again

T_WHAT="libvirtd was killed"
libvirtd_signal node1 KILL
monitor_is 190 libvirt
libvirtd_back node1
T_WHAT="libvirtd is back"
ok "$T_WHAT: it is known again" wait_until 10 from_memory

T_WHAT="lunmaskd hangs"
lunmaskd_signal STOP
monitor_is 0 libvirt
lab exec node1 -- virsh -q suspend web1
monitor_is 190 libvirt
lunmaskd_signal CONT
T_WHAT="lunmaskd goes on"
monitor_is 190 libvirt
lab exec node1 -- virsh -q resume web1
ok "$T_WHAT: it is known again" wait_until 10 from_memory

T_WHAT="lunmaskd was killed"
lunmaskd_signal KILL
monitor_is 0 libvirt
T_WHAT="lunmaskd was started again"
ok "$T_WHAT: it is known again" wait_until 20 from_memory
agent_is 0 node1 stop
T_WHAT="it was stopped"
monitor_is 7 libvirt
masks_are web1 "at the end"

done_testing
