#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# journal-watched.sh sanitizers|valgrind: the journal under load and faults (76-journal-faults.sh) in
# a lab of its own, with lunmaskd watched: a finding in any of its lives is a failure. LAB_STAGE is
# the installed tree; for the sanitizers, one that was built with them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"

HOW=${1:?usage: journal-watched.sh sanitizers|valgrind}
export LAB_NAME=${LAB_NAME:-lunmask}-watched
export JOURNAL_LOAD_SECONDS=${JOURNAL_LOAD_SECONDS:-90}
# What both print to lunmaskd's log. A leak counts: the end by SIGTERM below is looked at too.
FINDING='ERROR: (Address|Leak)Sanitizer|runtime error:|^==[0-9]+== .*(Invalid|uninitiali|definitely lost: [1-9]|Mismatched|overlap)'

case $HOW in
sanitizers)
	# ASan's own quarantine is small, so that three daemons fit into little memory.
	LAB_LUNMASKD_UNDER="env UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=quarantine_size_mb=16"
	export JOURNAL_LOAD_LEAST=${JOURNAL_LOAD_LEAST:-1}
	;;
valgrind)
	LAB_LUNMASKD_UNDER="valgrind --leak-check=full --show-leak-kinds=definite"
	# One that is twenty times slower is asked for less.
	export JOURNAL_LOAD_RATE=${JOURNAL_LOAD_RATE:-10} JOURNAL_LOAD_LEAST=${JOURNAL_LOAD_LEAST:-1}
	;;
*)
	echo "journal-watched.sh: '$HOW' is neither sanitizers nor valgrind" >&2
	exit 2
	;;
esac
export LAB_LUNMASKD_UNDER

trap 'lab down >/dev/null 2>&1' EXIT

log_of() { cat "$(lab path "$1")/var/log/lunmaskd.log"; }

# The findings, and where valgrind says that the memory was allocated.
findings() {
	log_of "$1" | grep -aE "$FINDING" | sort | uniq -c | head -n 20
	log_of "$1" | grep -aE -A 14 'are definitely lost' | head -n 60
}

# shellcheck disable=SC2016 # of the node's shell
watched() {
	case $HOW in
	sanitizers) lab exec "$1" -- sh -c 'grep -q libasan /proc/$(cat /run/lunmask/lunmaskd.pid)/maps' ;;
	valgrind) log_of "$1" | seen 'Memcheck, a memory error detector' ;;
	esac
}

# shellcheck disable=SC2016
ended() { ! lab exec "$1" -- sh -c 'kill -0 $(cat /run/lunmask/lunmaskd.pid)' 2>/dev/null; }

lab down >/dev/null 2>&1
ok "a lab" lab up
ok "the journal is active on all nodes" wait_until 90 journal_all_active
for node in $(lab nodes); do
	ok "$node: lunmaskd is watched" watched "$node"
done

"$T_DIR/76-journal-faults.sh"
is "the load and the faults were good" $? 0

for node in $(lab nodes); do
	daemon_signal "$node" TERM
	ok "$node: lunmaskd ends" wait_until 60 ended "$node"
	is "$node: nothing was found" "$(findings "$node")" ''
done
lab_ends
done_testing
