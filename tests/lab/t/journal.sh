# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests of the journal share: clients that write down what they do (tests/journal), the
# judge of that, and ways to hurt lunmaskd and corosync. Sourced after lib.sh.

J_PROGRAMS=/usr/libexec/lunmask-test
J_HISTORY=/var/log/lunmask-journal-load
J_RATE=${JOURNAL_LOAD_RATE:-70} # of each node; clients that wait for an answer ask nothing
J_WORKERS=${JOURNAL_LOAD_WORKERS:-8}
J_NAME=load-$EPOCHSECONDS       # of the VMs: another one for each run
declare -A J_LOADS              # node: the command that runs its load

journal_probe() { lab exec "$1" -- timeout 600 "$J_PROGRAMS/journal_probe" "${@:2}"; }

# journal_is NODE REGEX: of the line that `journal_probe status` prints.
journal_is() { journal_probe "$1" status 2>/dev/null | seen -E "$2"; }

journal_active() { journal_is "$1" ' active=1 '; }

journal_all_active() {
	local node
	for node in $(lab nodes); do
		journal_active "$node" || return 1
	done
}

# The same tasks, and the same number of the last entry, on all nodes.
journal_all_agree() {
	local node first='' dump
	for node in $(lab nodes); do
		dump=$(journal_probe "$node" dump) || return 1
		first=${first:-$dump}
		[ "$dump" = "$first" ] || {
			diff <(cat <<<"$first") <(cat <<<"$dump")
			return 1
		}
	done
}

# journal_voters_are NODE NUMBERS: "1,2,"; it commits with them.
journal_voters_are() { wait_until 60 journal_is "$1" "active=1 .*voters=$2\$"; }

# journal_waits SECONDS NODE NAME: a check that for so long it commits nothing.
journal_waits() {
	local end=$((SECONDS + $1)) out
	while [ "$SECONDS" -lt "$end" ]; do
		if out=$(journal_probe "$2" write waits 2); then
			fail "$3" "it has committed: $out"
			return
		fi
		sleep 1
	done
	pass "$3"
}

journal_log() { cat "$(lab path "$1")/var/log/lunmaskd.log"; }

# load_start NODE SECONDS: in the background; J_LOADS knows it.
load_start() {
	# A load that dies with its node is no news for bash to tell.
	{
		lab exec "$1" -- "$J_PROGRAMS/journal_load" --node "$1" --history "$J_HISTORY" \
			--name "$J_NAME" --seconds "$2" --rate "$J_RATE" \
			--workers "$J_WORKERS" 2>&1
		:
	} 2>/dev/null &
	J_LOADS[$1]=$!
}

# After its end by itself, or with its node's.
load_wait() {
	local node
	for node in "${!J_LOADS[@]}"; do
		wait "${J_LOADS[$node]}" 2>/dev/null
		unset "J_LOADS[$node]"
	done
}

load_final() {
	lab exec "$1" -- timeout 600 "$J_PROGRAMS/journal_load" --node "$1" \
		--history "$J_HISTORY" --name "$J_NAME" --workers "$J_WORKERS" \
		--final "$(lab nodes | xargs)"
}

# What all clients have seen, judged. The last two lines are figures.
load_judge() {
	local node files=()
	for node in $(lab nodes); do
		files+=("$(lab path "$node")$J_HISTORY")
	done
	"$(lab path node1)$J_PROGRAMS/journal_history" "${files[@]}"
}

load_forget() {
	local node
	for node in $(lab nodes); do
		rm -f "$(lab path "$node")$J_HISTORY"
	done
}

# Signals, by name and within the node's own processes.

daemon_signal() {
	lab exec "$1" -- sh -c "kill -$2 \$(cat /run/lunmask/lunmaskd.pid)" 2>/dev/null
}

corosync_signal() { lab exec "$1" -- sh -c "kill -$2 \$(pidof corosync)" 2>/dev/null; }

corosync_runs() { lab exec "$1" -- corosync-cmapctl -g runtime.votequorum.this_node_id; }

# As systemd would: corosync, and Pacemaker, which ends with it.
corosync_start() {
	corosync_runs "$1" >/dev/null 2>&1 && return 0
	lab exec "$1" -- sh -c 'corosync -f >>/var/log/corosync.again 2>&1 &'
	wait_until 20 corosync_runs "$1" || return 1
	lab exec "$1" -- sh -c 'pidof pacemakerd >/dev/null ||
		PCMK_panic_action=reboot pacemakerd -f >>/var/log/pacemakerd.again 2>&1 &'
}

fencing_set() {
	lab exec "$1" -- timeout 300 crm_attribute --type crm_config --name stonith-enabled \
		--update "$2" 2>&1
}
