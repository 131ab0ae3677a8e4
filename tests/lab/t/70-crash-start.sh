#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# start and stop, killed at each step: run again they end the job, and Pacemaker's recovery does too.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"

clean_up() {
	lab exec node1 -- rm -rf "$SSH_DIR"
	vm_unmake web1
}
SSH_DIR=/tmp/lab-ssh
trap clean_up EXIT
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

# The first start, killed between the boot and the store of the mapping file: the next one finds the
# guest, and stores what it runs with.
state=$(ls "$(lab path pool)"/web1-state*)
stored() { head -c 1048576 "$state" | tr -d '\0' | grep -a "$1"; }
T_WHAT="the first start, killed before the mapping file is stored"
crash line:run: node1 start
is "$T_WHAT: nothing is stored" "$(stored . | wc -c)" 0
mac=$(lab exec node1 -- virsh dumpxml web1 | sed -n "s/.*<mac address='\(.*\)'.*/\1/p")
agent_is 0 node1 start
BOOTS=$((BOOTS + 1))
settled node1
ok "$T_WHAT: it is stored then" stored "definition=\"libvirt\""
ok "$T_WHAT: with the guest's MAC" stored "$mac"
stop_again line:domain:

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
# ssh, on node1: a grant is on its way until there is a file "go".
ssh_make_slow() {
	lab exec node1 -- mkdir -p "$SSH_DIR" || return 1
	# shellcheck disable=SC2016 # the node's shell expands it
	printf '#!/bin/sh\ncase "$*" in *" apply") ;; *) exec /usr/bin/ssh "$@" ;; esac\n%s\n' \
		'd=${0%/*}; echo $$ >$d/pid; until [ -e $d/go ]; do sleep 0.1; done; exec /usr/bin/ssh "$@"' |
		lab exec node1 -- sh -c "cat >$SSH_DIR/ssh && chmod 755 $SSH_DIR/ssh"
}
ssh_has_begun() { lab exec node1 -- test -s "$SSH_DIR/pid"; }
ssh_has_ended() { ! lab exec node1 -- sh -c "kill -0 \$(cat $SSH_DIR/pid)"; }
# ssh's master, which the agents of a node share.
masters() { lab exec node1 -- pgrep -f '^ssh: /run/lunmask/ssh/.*\[mux\]'; }

T_WHAT="start killed while ssh carries its grant"
ok "$T_WHAT: ssh is slow" ssh_make_slow
agent_is 0 node1 stop
before=$(masters)
agent node1 start PATH="$SSH_DIR:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" &
starter=$!
ok "$T_WHAT: it is on its way" wait_until 30 ssh_has_begun
lab exec node1 -- pkill -KILL -x VirtualMachine
wait "$starter"
ok "$T_WHAT: ssh ends with the agent" wait_until 10 ssh_has_ended
lab exec node1 -- touch "$SSH_DIR/go"
is "$T_WHAT: its master does not" "$(masters)" "$before"
agent_is 0 node1 stop
stopped

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
