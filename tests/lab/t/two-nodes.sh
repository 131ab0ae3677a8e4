#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The journal of two nodes, in a lab of its own: who goes on alone, who waits, and who comes back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"

export LAB_NAME=${LAB_NAME:-lunmask}-two
export LAB_STAGE=${LAB_STAGE:-$T_DIR/../../../_build/stage}
WAIT_S=12  # longer than all that a node needs to go on, if it may
WATCH_S=35 # a fencing counts when the fencer was heard twice while the other was here

trap 'lab down >/dev/null 2>&1' EXIT

# commits NODE VM
commits() { wait_until 30 journal_probe "$1" write "$2" 3; }

both_are_one() {
	ok "$1: both vote again" journal_voters_are node1 1,2,
	ok "$1: and the other says so too" journal_voters_are node2 1,2,
	ok "$1: both have the same tasks" wait_until 10 journal_all_agree
	ok "$1: both commit" commits node2 together
}

lab down >/dev/null 2>&1
ok "a lab of two nodes" lab up --nodes 2
ok "the journal is active on both" wait_until 30 journal_all_active
like "corosync knows that there are two" "$(cat "$(lab path node1)/etc/corosync/corosync.conf")" \
	'two_node: 1'
ok "it commits" commits node1 first

T_WHAT="peer lost and fenced"
load_start node1 $((WATCH_S + 20))
load_start node2 $((WATCH_S + 20))
sleep "$WATCH_S"
ok "$T_WHAT: power is cut" lab cut node2
ok "$T_WHAT: the survivor goes on alone" journal_voters_are node1 1,
ok "$T_WHAT: it commits" commits node1 alone
like "$T_WHAT: it says why" "$(journal_log node1)" 'node 2 was fenced; this node continues alone'
ok "$T_WHAT: the other boots" lab boot node2
both_are_one "$T_WHAT"
ok "$T_WHAT: as another disk, or as a learner" grep -q learner <(journal_log node2)
load_wait
ok "$T_WHAT: node1 reads everything" load_final node1
ok "$T_WHAT: node2 reads everything" load_final node2
ok "$T_WHAT: nothing acknowledged is lost" load_judge

T_WHAT="peer lost and not fenced"
ok "$T_WHAT: fencing is switched off" wait_until 30 fencing_set node1 false
sleep "$WATCH_S"
ok "$T_WHAT: power is cut" lab cut node2
journal_waits "$WAIT_S" node1 "$T_WHAT: the survivor waits, though the peer was fenced before"
ok "$T_WHAT: the peer's vote is kept" journal_is node1 'voters=1,2,$'
ok "$T_WHAT: the other boots" lab boot node2
both_are_one "$T_WHAT"

T_WHAT="started alone"
ok "$T_WHAT: the last word" commits node1 last
lab cut node1 &
lab cut node2 &
wait
ok "$T_WHAT: one boots" lab boot node1
journal_waits "$WAIT_S" node1 "$T_WHAT: it waits for the other"
T_REFUSED=$(lab exec node1 -- lunmask journal force-solo 2>&1 </dev/null)
like "$T_WHAT: a word that nobody confirms is none" "$T_REFUSED" 'say --yes'
ok "$T_WHAT: nothing has changed" journal_is node1 'voters=1,2,$'
ok "$T_WHAT: the operator's word is taken" lab exec node1 -- lunmask journal force-solo --yes
ok "$T_WHAT: it votes alone" wait_until 30 journal_is node1 'voters=1,$'
like "$T_WHAT: what was committed is there" "$(journal_probe node1 dump)" '^last .* done '
T_ALONE=$(journal_probe node1 write forced 10)
like "$T_WHAT: it commits" "$T_ALONE" '^committed 0'
ok "$T_WHAT: the other boots" lab boot node2
both_are_one "$T_WHAT"
like "$T_WHAT: what it has committed alone is there" "$(journal_probe node2 dump)" '^forced .* done '

for node in node1 node2; do
	ok "$node: its journal is sound" lab exec "$node" -- lunmask journal check
done
lab_ends
done_testing
