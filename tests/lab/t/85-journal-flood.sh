#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A hostile process that corosync lets into the journal's group sends rubbish, and what it has heard
# again, as fast as it can; another floods a group of its own. The journal drops it, counts it, and
# goes on: it commits, loses nothing and believes nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"

clean_up() {
	load_forget
	for node in $(lab nodes); do
		lab exec "$node" -- pkill -KILL -x cpg_flood
	done
} >/dev/null 2>&1
trap clean_up EXIT

FLOOD_S=10
pids() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- pidof lunmaskd
	done | xargs
}
dropped() { journal_probe "$1" status | sed -n 's/.* dropped=\([0-9]*\) .*/\1/p'; }

# flooded NAME GROUP: from node2, while all nodes have a load.
flooded() {
	local node
	T_WHAT=$1
	# Files of its own: what is deleted behind a node's back stays open there.
	J_HISTORY=/var/log/lunmask-$2.load
	J_NAME="fl-$EPOCHSECONDS"
	for node in $(lab nodes); do
		load_start "$node" $((FLOOD_S + 15))
	done
	before=$(dropped node1)
	sent=$(lab exec node2 -- "$J_PROGRAMS/cpg_flood" "$2" "$FLOOD_S")
	like "$T_WHAT: it was a flood" "$sent" '^[0-9]{4,}$'
	load_wait
	ok "$T_WHAT: the journal is active on all nodes" wait_until 30 journal_all_active
	ok "$T_WHAT: all nodes have the same" wait_until 10 journal_all_agree
	for node in $(lab nodes); do
		ok "$T_WHAT: $node reads everything" load_final "$node"
	done
	if judged=$(load_judge); then
		pass "$T_WHAT: nothing acknowledged is lost, nothing else is believed"
	else
		fail "$T_WHAT: nothing acknowledged is lost, nothing else is believed" "$judged"
	fi
	tail -n 2 <<<"$judged" | sed 's/^/# /'
	echo "# sent: $sent; dropped on node1: $(($(dropped node1) - before))"
}

ok "the journal is active on all nodes" wait_until 30 journal_all_active
pids=$(pids)
flooded flood-of-another-group lunmask-other
is "$T_WHAT: nobody heard it" "$(dropped node1)" "$before"
flooded flood-in-the-group lunmask-journal
ok "$T_WHAT: it was dropped, and counted" test "$(dropped node1)" -ge $((before + 1000))
is "$T_WHAT: each lunmaskd is the process it was" "$(pids)" "$pids"
done_testing
