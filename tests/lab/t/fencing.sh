# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests of fencing by mask share: the cluster with fence_lunmask as its only fence device, and
# a node that is stopped, fenced and comes back. Sourced after lib.sh and pacemaker.sh.

# hurt NODE SIGNAL [PROGRAM]: to everything in it but its pid 1, or to these programs.
hurt() {
	if [ $# = 3 ]; then
		lab exec "$1" -- pkill "-$2" -x "$3" >/dev/null 2>&1
	else
		lab exec "$1" -- sh -c "kill -$2 -1" >/dev/null 2>&1
	fi
}

# san_configure [PARAM=VALUE...]: it goes on where the lab's power switch was. Whoever else could switch
# a node on, Pacemaker takes that for the unfencing.
san_configure() {
	crm resource stop fencing && settled &&
		crm configure primitive san stonith:fence_lunmask params power_timeout=20 "$@" \
			meta provides=unfencing op monitor interval=30s timeout=30s &&
		crm configure property stonith-action=reboot && settled
}

# san_remove: after that the lab is as it was. A node whose Pacemaker has ended is booted again.
san_remove() {
	local node
	# shellcheck disable=SC2034 # of pacemaker.sh
	CRM_NODE=$(for node in $(lab nodes); do ! pacemaker_runs "$node" || echo "$node"; done | head -n 1)
	for node in $(lab nodes); do
		hurt "$node" CONT
	done
	printf '{"initiators":[%s]}' "$(for node in $(lab nodes); do printf '"%s",' "$(initiator "$node")"; done |
		sed 's/,$//')" | driver unfence
	crm -F resource start fencing
	crm -F configure property stonith-action=off
	crm -F resource stop san
	crm -F configure delete san
	for node in $(lab nodes); do
		pacemaker_runs "$node" || { lab cut "$node" && lab boot "$node"; }
	done
	lab up
}

# fenced: the hosts that the array has a record of, blank-separated, sorted.
fenced() {
	driver fenced <<<'{}' | python3 -c 'import json, sys
print(*sorted(name.rpartition(":")[2] for name in json.load(sys.stdin)["fenced"]))'
}
fenced_are() { [ "$(fenced)" = "$1" ]; }

# qemu NODE: pid of the VM's QEMU there, in that node.
qemu() { lab exec "$1" -- pgrep -f 'guest=web1[,]' | head -n 1; }
gone() { ! lab exec "$1" -- kill -0 "$2" 2>/dev/null; }
# How often the guest has booted so far, as the witness knows it.
witness_boots() { witness_check web1 2>/dev/null | sed -n 's/^boots: //p'; }
runs_elsewhere() {
	local at
	at=$(located)
	[ -n "$at" ] && [ "$at" != "$1" ] && [ "$(domain "$at" web1)" = running ]
}

# cutoff_log NODE: of lunmask-cutoff there.
cutoff_log() { cat "$(lab path "$1")/var/log/lunmask-cutoff.log"; }
cutoff_stop() { hurt "$1" TERM lunmask-cutoff; }
cutoff_start() { lab exec "$1" -- sh -c 'setsid lunmask-cutoff -f </dev/null >/dev/null 2>>/var/log/lunmask-cutoff.log &'; }
cutoff_says() { cutoff_log "$1" | seen -E -- "$2"; }

ms_since() { echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000)); }
