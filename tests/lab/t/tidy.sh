# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lunmask-tidy on the nodes: made to stand still where a test looks at what it would tidy up. Sourced
# after lib.sh.

tidy_signal() { lab exec "$1" -- sh -c "kill -$2 \$(cat /run/lunmask/lunmask-tidy.pid)" 2>/dev/null; }
# A round that is under way ends first.
tidy_rest() {
	local node
	for node in $(lab nodes); do
		tidy_signal "$node" STOP
		wait_until 60 lab exec "$node" -- sh -c '! pgrep -x lunmask'
	done
}
tidy_work() {
	local node
	for node in $(lab nodes); do
		tidy_signal "$node" CONT
	done
}

# tidy_told NODE REGEX: how often it has said so there, since tidy_forget.
declare -A TIDY_LINES
tidy_log() { cat "$(lab path "$1")/var/log/lunmask-tidy.log"; }
tidy_forget() {
	local node
	for node in $(lab nodes); do
		TIDY_LINES[$node]=$(tidy_log "$node" | wc -l)
	done
}
tidy_told() { tidy_log "$1" | tail -n "+$((${TIDY_LINES[$1]:-0} + 1))" | grep -Ec -- "$2"; }
tidy_says() { [ "$(tidy_told "$1" "$2")" != 0 ]; }

reconciling() { lab exec node1 -- lunmask tasks | seen -E ' reconcile +running '; }
