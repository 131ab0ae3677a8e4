#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A host that has released a VM's LUNs, because their array did not answer, gives them up by itself
# when it answers again.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/management.sh"
. "$(dirname "$0")/tidy.sh"

DRIVER=/usr/sbin/lunmask-array-tgt

clean_up() {
	driver_whole
	management_back
	tidy_work
	vm_unmake web1
} >/dev/null 2>&1
trap clean_up EXIT

# The driver waits before it changes masks.
driver_waits() {
	lab array -- sh -c "mv $DRIVER $DRIVER.whole && cat >$DRIVER && chmod 755 $DRIVER" <<-X
		#!/bin/sh
		case "\$1 \$SSH_ORIGINAL_COMMAND" in *apply) sleep 60 ;; esac
		exec $DRIVER.whole "\$@"
	X
}
driver_whole() { lab array -- sh -c "[ ! -e $DRIVER.whole ] || mv $DRIVER.whole $DRIVER"; }

released_is() { is "$T_WHAT: released by {$*}" "$(released)" "$*"; }
nothing_released() { [ -z "$(released)" ]; }

released_stop() {
	management_away
	agent_is 0 "$1" stop OCF_RESKEY_CRM_meta_timeout=60000
	like "$T_WHAT: $1 releases its LUNs" "$OUT" "stop: release: done"
}

completed() {
	ok "$T_WHAT: the release is completed" wait_until 60 nothing_released
	ok "$T_WHAT: $1 says so" wait_until 10 tidy_says "$1" 'web1: the release by this host has ended'
	ok "$T_WHAT: no task is left open" wait_until 20 eval '! reconciling'
}

ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
tidy_forget

T_WHAT="the management is away"
agent_is 0 node1 start
released_stop node1
ok "$T_WHAT: it is noticed" wait_until 10 tidy_says node1 'web1: this host has released'
ok "$T_WHAT: it says why not yet" wait_until 20 tidy_says node1 'web1: not yet: .*cannot be reached'
released_is node1
masks_are web1 "$T_WHAT" node1
management_back
completed node1
masks_are web1 "$T_WHAT: completed"
is "$T_WHAT: each is said once" "$(tidy_told node1 'has released') $(tidy_told node1 'revoked from this host: .*web1-') $(tidy_told node1 'has ended')" "1 1 1"
is "$T_WHAT: the other hosts say nothing" "$(tidy_told node2 web1)$(tidy_told node3 web1)" 00
tidy_forget

T_WHAT="started elsewhere meanwhile"
agent_is 0 node1 start
BOOTED=$(witness_counter web1)
released_stop node1
management_back
agent_is 0 node2 start
ok "$T_WHAT: no release is left" wait_until 60 nothing_released
masks_are web1 "$T_WHAT: only node2 is granted" node2
ok "$T_WHAT: the guest counts" witness_wait web1 node2 "$BOOTED"
ok "$T_WHAT: one writer" witness_check web1
agent_is 0 node2 stop

T_WHAT="killed while it revokes"
agent_is 0 node1 start
released_stop node1
tidy_forget
ok "$T_WHAT: an array that is slow" driver_waits
management_back
ok "$T_WHAT: it begins" wait_until 60 reconciling
lab exec node1 -- pkill -KILL -x lunmask
driver_whole
ok "$T_WHAT: it says so" wait_until 20 tidy_says node1 'lunmask reconcile --own'
completed node1
masks_are web1 "$T_WHAT: completed"
agent_is 0 node2 start
agent_is 0 node2 stop

# Nothing can be asked about it any more.
reconcile_without_array() {
	OUT=$(lab exec node2 -- sh -c 'sed "s/^.array san1.$/[array san2]/" /etc/lunmask/lunmask.conf \
		>/etc/lunmask/without.conf && LUNMASK_CONF=/etc/lunmask/without.conf lunmask reconcile 2>&1')
	RC=$?
	lab exec node2 -- rm /etc/lunmask/without.conf
}
forget() {
	OUT=$(lab exec node2 -- lunmask journal forget "$@" 2>&1 </dev/null)
	RC=$?
}
T_WHAT="the array is taken out of lunmask.conf"
agent_is 0 node1 start
tidy_rest
released_stop node1
management_back
reconcile_without_array
is "$T_WHAT: reconcile cannot look" "$RC" 7
like "$T_WHAT: it says what leads out" "$OUT" 'web1: not looked at: .*san1.*lunmask journal forget ends the release by node1'
released_is node1
forget --array san1
is "$T_WHAT: forget asks" "$RC" 4
like "$T_WHAT: it says what is lost" "$OUT" 'web1, released by node1 on .*, array san1: web1-'
released_is node1
forget --array san1 --yes
is "$T_WHAT: forget" "$RC" 0
released_is
refused 1 "web1-.* is presented to node1" node2 start
agent_is 0 node1 stop
masks_are web1 "$T_WHAT: the host itself takes it"
tidy_work

done_testing
