#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests that run.sh --obey runs on the first of two hosts share. They set: folder, target, lun, bytes.
# shellcheck disable=SC2154,SC2034 # they set these, and use those
readonly address=10.99.0.1 peer=10.99.0.2
n=0
bad=0

ok() {
	local what=$1
	shift
	n=$((n + 1))
	if "$@" >"$folder/output" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		sed 's/^/# /' "$folder/output"
		bad=$((bad + 1))
	fi
}

wait_for() {
	local i
	for ((i = 0; i < 1800; i++)); do
		if "$@" >/dev/null 2>&1; then
			return 0
		fi
		read -r -t 0.1 <> <(:) || true
	done
	echo "waited in vain for: $*"
	return 1
}

# on HOST COMMAND: on the first host, or on the second, in one line.
on() {
	if [[ $1 == 1 ]]; then
		eval "$2"
		return
	fi
	rm -f "$folder/answer"
	echo "$2" >"$folder/command"
	wait_for test -e "$folder/answer" || return 1
	cat "$folder/answer"
	! grep -q '^failed: ' "$folder/answer"
}

tgt() { tgtadm --lld iscsi "$@"; }
# One LUN, which everybody may have.
array_make() {
	tgtd -f -C 0 --iscsi portal=$address:3260 >/dev/null 2>&1 &
	wait_for tgt --op show --mode sys &&
		tgt --op new --mode target --tid 1 -T "$target" && truncate -s "$bytes" "$lun" &&
		tgt --op new --mode logicalunit --tid 1 --lun 1 -b "$lun" &&
		tgt --op bind --mode target --tid 1 -I ALL
}

virsh_on() { on "$1" "virsh -q -c qemu:///system $2"; }
# runs_on HOST DOMAIN
runs_on() { [[ $(virsh_on "$1" "domstate $2") == running ]]; }
not() { ! "$@"; }

# plan_end: the last line; false if a check has failed
plan_end() {
	echo "1..$n"
	[[ $bad == 0 ]]
}
