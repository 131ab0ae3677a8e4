#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# start and stop, killed at each step: run again they end the job, and Pacemaker's recovery does too.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"

trap 'vm_unmake web1' EXIT
ok "the test VM's LUNs can be made" vm_make web1
ok "the crash points can be installed" crash_install
vm_params web1

# start_again POINT: killed there, and run again: one boot, wherever it was killed.
start_again() {
	T_WHAT="start killed at $1, run again"
	crash "$1" node1 start
	agent_is 0 node1 start
	BOOTS=$((BOOTS + 1))
	settled node1
}

# stop_again POINT [NAME=VALUE...]: of what runs on node1
stop_again() {
	T_WHAT="stop killed at $1, run again"
	crash "$1" node1 stop "${@:2}"
	agent_is 0 node1 stop
	stopped
}

# Each start is paired with a stop; the order within a pair means nothing.
start_again line:grant: && stop_again virDomainShutdown:after
start_again line:mapping: && stop_again virDomainShutdown:100
start_again virDomainCreateXML:40 && stop_again line:domain:
start_again virDomainCreateXML:150 && stop_again line:revoke:
start_again virDomainCreateXML:after && stop_again virDomainShutdown:before

# What Pacemaker does: stop where it was killed, then start elsewhere.
for point in line:grant: virDomainCreateXML:40 virDomainCreateXML:150 virDomainCreateXML:after; do
	T_WHAT="start killed at $point, stopped"
	crash "$point" node1 start
	agent_is 0 node1 stop
	stopped
done
# A guest that was stopped while it booted may have written a record, or none.
boots=$(witness_boots)
like "killed starts: at most one boot for each that was begun" \
	"$((boots - BOOTS))" '^[0-3]$'
BOOTS=$((boots + 1))
T_WHAT="after killed starts, started elsewhere"
agent_is 0 node2 start
settled node2
agent_is 0 node2 stop
stopped

done_testing
