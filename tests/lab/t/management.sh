# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Outages of the array's management, faults of its driver, and who has released LUNs because of one.
# Sourced after lib.sh.

# The array's sshd ends, and the sessions: connections are refused. Or it hangs: no answer.
management_signal() { lab array -- sh -c "kill -$1 \$(pidof sshd)" 2>/dev/null; }
management_away() { management_signal KILL; }
management_hangs() { management_signal STOP; }
management_answers() { lab exec "${CRM_NODE:-node1}" -- bash -c ': </dev/tcp/10.77.0.100/22' 2>/dev/null; }
management_back() {
	management_signal CONT
	management_answers || lab array -- /usr/sbin/sshd -E /var/log/sshd.again
	wait_until 20 management_answers
}

# The hosts that have released the VM's LUNs, as the journal of CRM_NODE or of the first node knows.
released() {
	lab exec "${CRM_NODE:-node1}" -- lunmask journal export - | python3 -c 'import json, sys
print(*sorted(r["node"] for r in json.load(sys.stdin)["releases"]))'
}

DRIVER=/usr/sbin/lunmask-array-tgt

# The driver behind a script that a fault may replace.
driver_wrap() {
	lab array -- sh -c "mv $DRIVER $DRIVER.whole && cat >$DRIVER && chmod 755 $DRIVER" <<-X
		#!/bin/sh
		[ ! -e /run/driver-fault ] || . /run/driver-fault
		exec $DRIVER.whole "\$@"
	X
}
driver_fault() { lab array -- sh -c 'cat >/run/driver-fault' <<<"$1"; }
driver_says() {
	driver_fault "cat >/dev/null; echo '{\"error\":{\"code\":\"$1\",\"message\":\"a test says so\"}}'; exit 1"
}
driver_whole() { lab array -- rm -f /run/driver-fault; }
driver_unwrap() {
	driver_whole
	lab array -- sh -c "[ ! -e $DRIVER.whole ] || mv $DRIVER.whole $DRIVER"
}
