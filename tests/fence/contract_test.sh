#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a fence agent program owes the cluster manager before any array is there: its metadata, valid
# by every schema that is there, its manual page, and its exit codes for wrong input.
#
#	contract_test.sh AGENT
#
# Prints "ok", "not ok" or "skip" lines and a count; exits 1 when something is not ok.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
readonly here
agent=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

report() { # 0|1 TEXT
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
		echo "ok - $2"
	else
		failed=$((failed + 1))
		echo "not ok - $2"
	fi
}

# agent_is CODE REGEX TEXT INPUT [OPTION...]: exit status, and a line of its output.
agent_is() {
	local want=$1 regex=$2 text=$3 input=$4 rc=0

	shift 4
	printf '%b' "$input" | env -i PATH="$PATH" LUNMASK_CONF="$work/lunmask.conf" "$agent" "$@" \
		>"$work/output" 2>&1 || rc=$?
	if [ "$rc" = "$want" ] && grep -Eq -- "$regex" <<<"$(<"$work/output")"; then
		report 0 "$text"
	else
		echo "exit status $rc, wanted $want and '$regex':"
		cat "$work/output"
		report 1 "$text"
	fi
}

# By every schema that is there; fence-agents-common has one, where it is installed.
check_metadata() {
	local rng rc

	env -i "$agent" --action=metadata >"$work/metadata.xml"
	rc=0
	diff -u "$here/fence_lunmask.xml" "$work/metadata.xml" || rc=1
	report "$rc" "the metadata is that of tests/fence/fence_lunmask.xml"
	if ! command -v xmllint >/dev/null; then
		echo "skip - xmllint is not installed (Debian: libxml2-utils, Fedora: libxml2)"
		return
	fi
	for rng in "$here/metadata.rng" /usr/share/cluster/relaxng/metadata.rng; do
		if [ ! -e "$rng" ]; then
			echo "skip - $rng is not installed"
			continue
		fi
		rc=0
		xmllint --noout --relaxng "$rng" "$work/metadata.xml" 2>"$work/output" || rc=1
		[ "$rc" = 0 ] || cat "$work/output"
		report "$rc" "the metadata is valid by $rng"
	done
}

# Every parameter of the metadata that is not deprecated, and every action, is on the page.
check_page() {
	local name rc=0

	env -i "$agent" --action=manpage >"$work/page"
	while read -r name; do
		grep -q "^(on stdin: .fB$name.fR" "$work/page" || rc=1
	done < <(sed -n 's/.*<parameter name="\([a-z_]*\)".*required="."\( obsoletes.*\)*>$/\1/p' \
		"$work/metadata.xml")
	report "$rc" "the page has every parameter"
	rc=0
	while read -r name; do
		grep -Fxq ".B ${name//-/\\-}" "$work/page" || rc=1
	done < <(sed -n 's/.*<action name="\([a-z-]*\)".*/\1/p' "$work/metadata.xml")
	report "$rc" "the page has every action"
	if command -v groff >/dev/null; then
		rc=0
		groff -man -Tutf8 -ww -z "$work/page" 2>"$work/output" || rc=1
		[ ! -s "$work/output" ] || rc=1
		report "$rc" "groff has nothing to say about the page"
	fi
}

config_write() {
	cat >"$work/lunmask.conf" <<-X
		[array san1]
		driver = /nonexistent/driver
		transport = exec
		portals = 127.0.0.1:3260
		[host node1]
		initiator = iqn.2026-11.org.example:node1
		[host node2]
		initiator = iqn.2026-11.org.example:node2
	X
}

check_metadata
check_page
agent_is 1 'lunmask\.conf: No such file' "no configuration is an error" 'action=validate-all\n'
config_write
agent_is 0 '' "validate-all by stdin" 'action=validate-all\nplug=node1\n'
agent_is 0 '' "quoted values, any case" 'action="Validate-All"\nplug="node1"\n'
agent_is 0 '' "delay is not for validate-all" 'action=validate-all\ndelay=600\nplug=node1\n'
agent_is 1 "delay: '-1' is not a whole number" "a delay that is none" 'action=off\nplug=node1\ndelay=-1\n'
agent_is 1 'array san1: driver /nonexistent/driver by exec' "verbose" 'action=disable\nplug=node1\nverbose=1\n'
agent_is 1 '^fence_lunmask: off node1: array san1' "disable is off" 'action=Disable\nplug=node1\n'
agent_is 1 '^fence_lunmask: on node1: array san1' "enable is on" 'action=ENABLE\nplug=node1\n'
agent_is 0 '' "validate-all by options" '' --action=validate-all -n node2
agent_is 1 'no \[host node3\]; its hosts: node1, node2' "a host that is not configured" \
	'action=validate-all\nplug=node3\n'
agent_is 1 'no \[array san2\]' "an array that is not configured" 'action=validate-all\narrays=san2\n'
agent_is 0 '^node2,$' "list" 'action=list\n'
agent_is 1 'array san1, fence: .*/nonexistent/driver' "off names the array and why" \
	'action=off\nplug=node1\n'
agent_is 1 'array san1, fenced: .*/nonexistent/driver' "an unknown status is 1, not 2" \
	'action=status\nplug=node1\n'
agent_is 1 'array san1, fenced: ' "on clears nothing that it cannot see" 'action=on\nplug=node1\n'
agent_is 1 'array san1, info: ' "monitor" 'action=monitor\n'
agent_is 0 '^node1,,UNKNOWN$' "list-status" 'action=list-status\n'
agent_is 1 'no action is given' "no action" 'plug=node1\n'
agent_is 1 "there is no action 'fly'" "unknown action" 'action=fly\nplug=node1\n'
agent_is 1 'needs the name of the host' "no host" 'action=off\n'
agent_is 0 '^usage:' "help" '' --help
printf 'action=off\nplug=node1\nquiet=1\n' | env -i LUNMASK_CONF="$work/lunmask.conf" "$agent" >"$work/output" 2>&1 && rc=1 || rc=0
[ ! -s "$work/output" ] || rc=1
report "$rc" "quiet leaves the exit status"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
