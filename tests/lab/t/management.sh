# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Outages of the array's management, and who has released LUNs because of one. Sourced after lib.sh.

# The array's sshd ends, and the sessions: connections are refused. Or it hangs: no answer.
management_signal() { lab array -- sh -c "kill -$1 \$(pidof sshd)" 2>/dev/null; }
management_away() { management_signal KILL; }
management_hangs() { management_signal STOP; }
management_answers() { lab exec node1 -- bash -c ': </dev/tcp/10.77.0.100/22' 2>/dev/null; }
management_back() {
	management_signal CONT
	management_answers || lab array -- /usr/sbin/sshd -E /var/log/sshd.again
	wait_until 20 management_answers
}

# The hosts that have released the VM's LUNs, as the journal knows.
released() {
	lab exec node1 -- lunmask journal export - | python3 -c 'import json, sys
print(*sorted(r["node"] for r in json.load(sys.stdin)["releases"]))'
}
