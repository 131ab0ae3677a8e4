#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lunmaskd knows through which portals its host reaches the array, without a VM and without a grant:
# a portal dies and comes back, one is named by the array alone, the array wants a secret, and what
# measures hangs.
. "$(dirname "$0")/lib.sh"

P1=10.77.0.100:3260
P2=10.77.0.101:3260
P3=10.77.0.102:3260
PROGRAM=/usr/libexec/lunmask/lunmask-paths

lunmaskd_signal() { lab exec "$1" -- sh -c "kill -$2 \$(cat /run/lunmask/lunmaskd.pid)"; }
lunmaskd_restart() { lunmaskd_signal "$1" KILL; }
tgt() { lab array -- tgtadm --lld iscsi "$@"; }

clean_up() {
	local node
	lab array -- ip addr add 10.77.0.101/24 dev eth0 2>/dev/null
	lab array -- ip addr del 10.77.0.102/24 dev eth0 2>/dev/null
	tgt --op delete --mode portal --param portal="$P3" 2>/dev/null
	tgt --op delete --mode account --user lab 2>/dev/null
	lun_delete paths-one
	for node in $(lab nodes); do
		lunmaskd_signal "$node" CONT
		lab exec "$node" -- sh -c "[ ! -e $PROGRAM.kept ] || mv -f $PROGRAM.kept $PROGRAM"
		lab exec "$node" -- sh -c 'cd /etc/lunmask && [ ! -e journal.conf.kept ] ||
			mv -f journal.conf.kept journal.conf'
		lunmaskd_restart "$node"
		wait_until 20 lab exec "$node" -- lunmask journal status
	done
}
trap clean_up EXIT

# state HOST PORTAL [OF]: what HOST's lunmaskd says of OF's path, or its own; "" if it does not list it.
state() {
	lab exec "$1" -- lunmask paths --node "${3:-$1}" | awk -v portal="$2" '$3 == portal { print $4 }'
}
state_is() { [ "$(state "$1" "$2" "${4:-}")" = "$3" ]; }
# all_say PORTAL STATE: each of the nodes, of each of them.
all_say() {
	local node of
	for node in $(lab nodes); do
		for of in $(lab nodes); do
			state_is "$node" "$1" "$2" "$of" || return 1
		done
	done
}
paths_say() { lab exec node1 -- lunmask paths | tr -s ' \n' '  ' | seen -E -- "$1"; }
logged() { lab exec node1 -- grep -qE -- "$1" /var/log/lunmaskd.log; }
json_right() {
	lab exec node1 -- lunmask paths --node node1 --json | python3 -c 'import json, sys
paths = json.load(sys.stdin)["paths"]
assert [p["configured"] for p in paths] == [True, True, False], paths
assert all(p["state"] == "up" and p["latency_us"] > 0 for p in paths), paths'
}
xml_right() { lab exec node1 -- lunmask paths --xml | xmllint --noout -; }
active() { lab exec "$1" -- lunmask journal status | seen '^active: *yes'; }

# The array names one that lunmask.conf does not.
portal_add() {
	lab array -- ip addr add 10.77.0.102/24 dev eth0 &&
		tgt --op new --mode portal --param portal="$P3"
}
measured_often() {
	lab exec "$1" -- sh -c 'cd /etc/lunmask && touch journal.conf && cp -pn journal.conf journal.conf.kept'
	printf '[paths]\ninterval = 2s\ntimeout = 1s\n' |
		lab exec "$1" -- tee /etc/lunmask/journal.conf >/dev/null &&
		lab exec "$1" -- chmod 600 /etc/lunmask/journal.conf && lunmaskd_restart "$1"
}
secret_wanted() {
	tgt --op new --mode account --user lab --password labsecret1234 &&
		tgt --op bind --mode account --user lab
}
# program NODE: is lunmask-paths from now on; from stdin.
program() {
	lab exec "$1" -- sh -c "[ -e $PROGRAM.kept ] || cp -p $PROGRAM $PROGRAM.kept
		cat >$PROGRAM.new && chmod 755 $PROGRAM.new && mv $PROGRAM.new $PROGRAM"
}
# Those that a time limit has ended are gone.
few_hang() {
	# shellcheck disable=SC2016 # the node's shell expands it
	[ "$(lab exec node1 -- sh -c 'for pid in $(cat /run/lab-paths-hung); do
		[ ! -e /proc/$pid ] || echo $pid; done' | grep -c .)" -le 2 ]
}
# shellcheck disable=SC2016 # the node's shell expands it
HANGS='#!/bin/sh
echo $$ >>/run/lab-paths-hung
exec sleep 1000000'

# tgtd closes every connection while it has no target.
ok "the array has a LUN, which nobody is granted" lun_create paths-one $((1 << 20))
ok "the array has a third portal" portal_add
for node in $(lab nodes); do
	ok "paths are measured more often on $node" measured_often "$node"
done

T_WHAT="no VM, no grant"
ok "$T_WHAT: both portals are up" wait_until 20 all_say "$P1" up
ok "$T_WHAT: the other as well" wait_until 20 all_say "$P2" up
ok "$T_WHAT: and the one that only the array names" wait_until 20 all_say "$P3" up
ok "$T_WHAT: which is said" paths_say "$P3 up .* only the array names this portal"
ok "$T_WHAT: as JSON" json_right
ok "$T_WHAT: as XML" xml_right
is "$T_WHAT: at most 80 columns" "$(lab exec node1 -- lunmask paths | awk 'length > 80')" ""

T_WHAT="a portal dies"
lab array -- ip addr del 10.77.0.101/24 dev eth0
ok "$T_WHAT: every node sees it" wait_until 20 all_say "$P2" down
ok "$T_WHAT: and not for the other" all_say "$P1" up
ok "$T_WHAT: the reason is there" paths_say "$P2 down .* (no connection|cannot connect)"
ok "$T_WHAT: it is in the log" logged "paths: array san1, portal $P2 is down"
T_WHAT="it is back"
lab array -- ip addr add 10.77.0.101/24 dev eth0
ok "$T_WHAT: every node sees it" wait_until 20 all_say "$P2" up
ok "$T_WHAT: it is in the log" logged "paths: array san1, portal $P2 is up"

T_WHAT="the array wants a secret for discovery"
ok "$T_WHAT: it does" secret_wanted
ok "$T_WHAT: that is a refusal" wait_until 20 all_say "$P1" refused
ok "$T_WHAT: and no loss" paths_say "$P1 refused .* login refused"
ok "$T_WHAT: no more" tgt --op delete --mode account --user lab
ok "$T_WHAT: the host is let in" wait_until 20 all_say "$P1" up

T_WHAT="what measures hangs"
ok "$T_WHAT: on node1" program node1 <<<"$HANGS"
ok "$T_WHAT: it is known that nothing is measured" wait_until 60 state_is node1 "$P1" unknown
ok "$T_WHAT: and why" paths_say 'not measured any more: lunmask-paths did not report in time'
ok "$T_WHAT: the journal goes on" active node1
ok "$T_WHAT: the other nodes know that" wait_until 20 state_is node2 "$P1" unknown node1
ok "$T_WHAT: and their own" state_is node2 "$P1" up
ok "$T_WHAT: what hung is ended" few_hang
T_WHAT="it floods"
ok "$T_WHAT: on node1" program node1 <<<'#!/bin/sh
exec cat /dev/zero'
ok "$T_WHAT: it is said" wait_until 60 paths_say 'nothing now: lunmask-paths wrote more than a report may have'
ok "$T_WHAT: the journal goes on" active node1
T_WHAT="it measures again"
ok "$T_WHAT: on node1" lab exec node1 -- mv -f "$PROGRAM.kept" "$PROGRAM"
ok "$T_WHAT: up" wait_until 60 state_is node1 "$P1" up
ok "$T_WHAT: it is in the log" logged 'paths: measured again'


T_WHAT="lunmaskd of node3 stands still"
lunmaskd_signal node3 STOP
ok "$T_WHAT: its paths are not believed for ever" wait_until 60 state_is node1 "$P1" unknown node3
ok "$T_WHAT: and why" paths_say 'lunmaskd of this host has told nothing for'
lunmaskd_signal node3 CONT
T_WHAT="it goes on"
ok "$T_WHAT: everybody knows everything" wait_until 20 all_say "$P1" up
ok "$T_WHAT: no note was refused" eval '! logged "malformed=[1-9]"'

done_testing
