#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The journal under load while its nodes are killed, paused, cut off and powered off: what a client
# was told is so. JOURNAL_LOAD_SECONDS and JOURNAL_LOAD_SEED choose how long, and which faults;
# JOURNAL_LOAD_LEAST is what must have been done each second, on the average.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"

SECONDS_OF_LOAD=${JOURNAL_LOAD_SECONDS:-60}
SEED=${JOURNAL_LOAD_SEED:-$((RANDOM * 32768 + RANDOM))}
LEAST=${JOURNAL_LOAD_LEAST:-1}
CALM_S=2
NODES=(node1 node2 node3)
FAULTS=(daemon_killed all_daemons_killed daemon_paused corosync_killed corosync_paused power_cut
	cut_off cut_in_three)

clean_up() {
	local node
	for node in "${NODES[@]}"; do
		lab heal "$node"
		corosync_signal "$node" CONT
		daemon_signal "$node" CONT
	done
	[ "$T_FAILED" = 0 ] || evidence_keep
	load_forget
	# A node that others take for lost has to begin anew: Pacemaker would fence it.
	for node in "${NODES[@]}"; do
		lab cut "$node"
	done
	lab up
	wait_until 30 fencing_set node1 true
} >/dev/null 2>&1
trap clean_up EXIT

# For whoever looks at a failure: histories and what lunmaskd has logged.
evidence_keep() {
	local node dir=${JOURNAL_LOAD_EVIDENCE:-}
	[ -n "$dir" ] || return 0
	for node in "${NODES[@]}"; do
		mkdir -p "$dir/$node"
		cp "$(lab path "$node")$J_HISTORY" "$(lab path "$node")/var/log/lunmaskd.log" "$dir/$node"
	done
}

# All of these end with the node whole again.

daemon_killed() { daemon_signal "$1" KILL; }

all_daemons_killed() {
	local node
	for node in "${NODES[@]}"; do
		daemon_signal "$node" KILL
	done
}

daemon_paused() {
	daemon_signal "$1" STOP
	sleep 6
	daemon_signal "$1" CONT
}

corosync_killed() {
	corosync_signal "$1" KILL
	sleep 2
	corosync_start "$1"
}

corosync_paused() {
	corosync_signal "$1" STOP
	sleep 4
	corosync_signal "$1" CONT
}

power_cut() {
	lab cut "$1"
	wait "${J_LOADS[$1]}" 2>/dev/null
	sleep $((RANDOM % 3))
	lab boot "$1" >/dev/null 2>&1
	load_start "$1" "$((END - SECONDS > 1 ? END - SECONDS : 1))"
}

cut_off() {
	lab isolate "$1"
	sleep 5
	lab heal "$1"
}

# 1/1/1
cut_in_three() {
	local other=node1
	[ "$1" != node1 ] || other=node2
	lab isolate "$1"
	lab isolate "$other"
	sleep 5
	lab heal "$1"
	lab heal "$other"
}

# Each fault comes once before the first comes again.
faults_run() {
	local number=0 order=() fault node
	while [ "$((END - SECONDS))" -gt 8 ]; do
		if [ "${#order[@]}" = 0 ]; then
			mapfile -t order < <(shuffled "${FAULTS[@]}")
		fi
		fault=${order[0]}
		order=("${order[@]:1}")
		node=${NODES[RANDOM % 3]}
		number=$((number + 1))
		echo "# $((SECONDS_OF_LOAD - END + SECONDS)) s: $fault $node"
		"$fault" "$node"
		sleep "$CALM_S"
	done
	echo "# $number faults"
}

# One a line; a subshell, which has to be told where to begin.
shuffled() {
	local rest=("$@") at
	RANDOM=$((SEED + number))
	while [ "${#rest[@]}" != 0 ]; do
		at=$((RANDOM % ${#rest[@]}))
		echo "${rest[at]}"
		rest=("${rest[@]:0:at}" "${rest[@]:at+1}")
	done
}

# history_good NAME MINIMUM: every node is asked at the end, and the judge.
history_good() {
	local node judged figures
	for node in "${NODES[@]}"; do
		ok "$1: $node reads everything" load_final "$node"
	done
	ok "$1: all nodes have the same" wait_until 10 journal_all_agree
	if judged=$(load_judge); then
		pass "$1: nothing acknowledged is lost, the history is linearizable"
	else
		fail "$1: nothing acknowledged is lost, the history is linearizable" "$judged"
	fi
	figures=$(tail -n 2 <<<"$judged")
	printf '%s\n' "${figures//$'\n'/$'\n# '}" | sed '1s/^/# /'
	ok "$1: there was a load" test "$(sed -n 's/.* done=\([0-9]*\).*/\1/p' <<<"$figures")" -ge "$2"
}

echo "# JOURNAL_LOAD_SEED=$SEED JOURNAL_LOAD_SECONDS=$SECONDS_OF_LOAD"
RANDOM=$SEED
load_forget
T_WHAT="before"
ok "the journal is active on all nodes" wait_until 30 journal_all_active
# Nodes are to come back from what Pacemaker would fence them for.
ok "fencing is switched off for this test" fencing_set node1 false

T_WHAT="faults"
END=$((SECONDS + SECONDS_OF_LOAD))
for node in "${NODES[@]}"; do
	load_start "$node" "$SECONDS_OF_LOAD"
done
faults_run
load_wait
ok "$T_WHAT: the journal is active again on all nodes" wait_until 30 journal_all_active
history_good "$T_WHAT" $((SECONDS_OF_LOAD * LEAST))

T_WHAT="all power lost"
for node in "${NODES[@]}"; do
	load_start "$node" 30
done
sleep 5
for node in "${NODES[@]}"; do
	lab cut "$node" &
done
load_wait
wait
for node in node3 node1 node2; do
	ok "$T_WHAT: $node boots" lab boot "$node"
done
ok "$T_WHAT: the journal is active on all nodes" wait_until 60 journal_all_active
history_good "$T_WHAT" $((LEAST * 5))
for node in "${NODES[@]}"; do
	ok "$node: its journal is sound" lab exec "$node" -- lunmask journal check
done

done_testing
