# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the lab's tests share: TAP, the agent called by hand, the array and the witness asked.
#
# A test file sources this, calls the functions below and ends with `done_testing`. It finds a lab
# that is up, with the product installed (run-tests does both), and leaves it as it found it.
set -uo pipefail

T_DIR=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
T_LAB=$T_DIR/../lab
T_AGENT=/usr/lib/ocf/resource.d/lunmask/VirtualMachine
T_COUNT=0
T_FAILED=0

lab() { "$T_LAB" "$@"; }

# COMMAND | seen [GREP-OPTION...] PATTERN: whether the output has it. grep -q would end at the match,
# the command would die of SIGPIPE, and pipefail would report that: seen in more than half of 300 runs.
# shellcheck disable=SC2143 # not grep -q: see above
seen() { [ -n "$(grep "$@")" ]; }

# TAP

pass() {
	T_COUNT=$((T_COUNT + 1))
	echo "ok $T_COUNT - $1"
}

fail() {
	T_COUNT=$((T_COUNT + 1))
	T_FAILED=$((T_FAILED + 1))
	echo "not ok $T_COUNT - $1"
	shift
	[ $# = 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
}

# ok NAME COMMAND...
ok() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then pass "$name"; else fail "$name" "failed: $*" "$output"; fi
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "got:    '$2'" "wanted: '$3'"; fi
}

# like NAME TEXT EXTENDED-REGEX
like() {
	if grep -Eq -- "$3" <<<"$2"; then pass "$1"; else fail "$1" "text: '$2'" "no match: $3"; fi
}

unlike() {
	if grep -Eq -- "$3" <<<"$2"; then fail "$1" "text: '$2'" "matches: $3"; else pass "$1"; fi
}

# logs_keep: after a failure, the nodes' logs go to NAME.nodes beside the test's own (run-tests says where).
logs_keep() {
	local node to
	[ "$T_FAILED" != 0 ] && [ -n "${TEST_LOGS:-}" ] || return 0
	for node in $(lab nodes 2>/dev/null); do
		to=$TEST_LOGS/$(basename "$0" .sh).nodes/$node
		rm -rf "$to"
		mkdir -p "$to"
		cp -rT "$(lab path "$node")/var/log" "$to" 2>/dev/null
	done
	echo "# the logs of the nodes are in $TEST_LOGS/$(basename "$0" .sh).nodes"
}

# lab_ends: for a test that has a lab of its own.
lab_ends() {
	logs_keep
	TEST_LOGS=
	ok "nothing is left of the lab" lab down
}

done_testing() {
	logs_keep
	echo "1..$T_COUNT"
	[ "$T_FAILED" = 0 ]
}

# wait_until SECONDS COMMAND...: polls; 1 when it was in vain. SECONDS is more than it takes on a
# machine that is idle; a busy one gets T_PATIENCE times as much.
T_PATIENCE=10
wait_until() {
	local end=$((SECONDS + T_PATIENCE * $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.2
	done
}

# The array, asked without the product's help

initiator() { echo "iqn.2026-11.org.example:$1"; }

# acl LUN: the hosts that tgtd would let in, blank-separated, sorted.
acl() {
	local text
	text=$(lab array -- tgtadm --lld iscsi --mode target --op show) || {
		echo "tgtd does not answer"
		return
	}
	awk -v target="iqn.2026-11.org.example:$1" '
		/^Target / { mine = ($3 == target) }
		mine && /ACL information:/ { acl = 1; next }
		/^Target / { acl = 0 }
		mine && acl && NF { sub(/.*:/, "", $1); print $1 }' <<<"$text" | sort | xargs
}

# target_id LUN: tgtd's number for it.
target_id() {
	lab array -- tgtadm --lld iscsi --mode target --op show |
		sed -n "s/^Target \([0-9]*\): .*:$1\$/\1/p"
}

# tgtd forgets everything, and the driver makes its targets again, as the array's own init does it.
array_restart() {
	lab array -- pkill -KILL -x tgtd
	# shellcheck disable=SC2016 # the array's shell expands it
	lab array -- sh -c '
		setsid tgtd -f --iscsi "$(sed "s/.*/portal=&:3260/" /etc/lab/portals | paste -sd,)" \
			>/var/log/tgtd.again 2>&1 </dev/null &'
	wait_until 20 lab array -- tgtadm --mode sys --op show &&
		lab array -- lunmask-array-tgt --restore
}

# masks_are VM NAME [HOST...]: every LUN of the VM is presented to exactly these hosts.
masks_are() {
	local vm=$1 name=$2 lun got=
	shift 2
	for lun in $(vm_luns "$vm"); do
		got+="$lun={$(acl "$lun")} "
	done
	local want=
	for lun in $(vm_luns "$vm"); do
		want+="$lun={$*} "
	done
	is "$name: masks are {$*}" "$got" "$want"
}

driver() { lab array -- lunmask-array-tgt "$1"; }

lun_create() { printf '{"name":"%s","size_bytes":%d}' "$1" "$2" | driver create >/dev/null; }

lun_delete() { printf '{"name":"%s"}' "$1" | driver delete >/dev/null 2>&1; }

# revoke_all LUN: what a test left.
revoke_all() {
	local host
	for host in $(acl "$1"); do
		printf '{"luns":["%s"],"revoke":"%s"}' "$1" "$(initiator "$host")" |
			driver apply >/dev/null
	done
}

# The VM under test: two drives of 16 MiB, a state LUN for its 96 MiB of memory

VM_MEMORY_MIB=96
vm_luns() { echo "$1-root $1-data $1-state"; }

vm_make() {
	local vm=$1 cmdline=${2:-} node
	lun_create "$vm-root" $((16 << 20)) || return 1
	lun_create "$vm-data" $((16 << 20)) || return 1
	lun_create "$vm-state" $((160 << 20)) || return 1
	for node in $(lab nodes); do
		lab guest xml "$vm" --memory "$VM_MEMORY_MIB" --disks 2 \
			${cmdline:+--cmdline "$cmdline"} |
			lab exec "$node" -- tee "/etc/lunmask/$vm.xml" >/dev/null || return 1
	done
}

# Ends what is left of the VM everywhere and removes its LUNs; for the end of a test, whatever happened.
vm_unmake() {
	local vm=$1 node lun
	for node in $(lab nodes); do
		lab exec "$node" -- virsh -q destroy "$vm" >/dev/null 2>&1
	done
	for lun in $(vm_luns "$vm"); do
		revoke_all "$lun"
		lun_delete "$lun"
	done
	for node in $(lab nodes); do
		lab exec "$node" -- rm -f "/var/log/libvirt/qemu/$vm.console" "/etc/lunmask/$vm.xml"
	done
	return 0
}

# The agent, by hand

declare -A PARAM

vm_params() {
	PARAM=([vm]=$1 [array]=san1 [luns]="vda=$1-root vdb=$1-data" [state_lun]="$1-state"
		[config]="/etc/lunmask/$1.xml")
}

# The action's time-out, unless a test gives another. No test is about it.
T_TIMEOUT_MS=240000
# Longer than any suite may take: an action that waits until its time is over fails its suite.
# shellcheck disable=SC2034 # for the tests
T_FOR_EVER=OCF_RESKEY_CRM_meta_timeout=20000000

# REASON of OUT. Pacemaker shows 128 characters; if there are more, the log has the whole one.
reason_take() {
	REASON=$(sed -n 's/^ocf-exit-reason://p' <<<"$OUT")
	[ "$(wc -L <<<"$REASON")" -le 128 ] || fail "${T_WHAT:+$T_WHAT: }the exit reason fits" "$REASON"
	if grep -q '^lunmask: the whole reason: ' <<<"$OUT"; then
		REASON=$(sed -n 's/^lunmask: the whole reason: //p' <<<"$OUT")
	fi
}

# agent NODE ACTION [NAME=VALUE...]: sets RC, OUT and REASON; NAME is an environment variable.
agent() {
	local node=$1 action=$2 name env=()
	shift 2
	for name in "${!PARAM[@]}"; do
		env+=("OCF_RESKEY_$name=${PARAM[$name]}")
	done
	OUT=$(lab exec "$node" -- env OCF_ROOT=/usr/lib/ocf OCF_RA_VERSION_MAJOR=1 \
		OCF_RA_VERSION_MINOR=1 OCF_RESOURCE_INSTANCE=test \
		OCF_RESKEY_CRM_meta_timeout="$T_TIMEOUT_MS" OCF_RESKEY_CRM_meta_on_node="$node" \
		"${env[@]}" "$@" "$T_AGENT" "$action" 2>&1)
	RC=$?
	reason_take
}

# agent_is RC NODE ACTION [NAME=VALUE...]
agent_is() {
	local want=$1 node=$2 action=$3
	shift
	agent "$@"
	if [ "$RC" = "$want" ]; then
		pass "${T_WHAT:+$T_WHAT: }$action on $node exits with $want"
	else
		fail "${T_WHAT:+$T_WHAT: }$action on $node exits with $want" "got $RC" "$OUT"
	fi
}

# refused RC REGEX NODE ACTION [NAME=VALUE...]: exactly one exit reason, and it says REGEX.
refused() {
	local want=$1 regex=$2
	shift 2
	agent_is "$want" "$@"
	is "${T_WHAT:-}: one exit reason" "$(grep -c . <<<"$REASON")" 1
	like "${T_WHAT:-}: it says why" "$REASON" "$regex"
}

migrate_meta() {
	printf 'OCF_RESKEY_CRM_meta_migrate_source=%s\nOCF_RESKEY_CRM_meta_migrate_target=%s\n' "$1" "$2"
}

# domain NODE VM: running, paused, ... or absent.
domain() { lab exec "$1" -- virsh -q domstate "$2" 2>/dev/null || echo absent; }

# libvirtd_signal NODE SIGNAL: KILL, STOP or CONT to the node's libvirtd.
libvirtd_signal() { lab exec "$1" -- sh -c "kill -$2 \$(cat /run/libvirtd.pid)"; }

# libvirtd_back NODE: running and answering, whatever was done to it.
libvirtd_back() {
	libvirtd_signal "$1" CONT 2>/dev/null
	if ! lab exec "$1" -- timeout 5 virsh -q list >/dev/null 2>&1; then
		lab exec "$1" -- libvirtd -d
		wait_until 20 lab exec "$1" -- virsh -q list
	fi
}

# fencer_knows NODE: its fencer has run for so long that it has heard what the others remember.
fencer_knows() {
	lab exec "$1" -- sh -c '[ "$(ps -o etimes= -C pacemaker-fenced | sort -n | head -n 1)" -ge 46 ]'
}

# luns_on_array VM: the names of its LUNs there, or "none".
luns_on_array() {
	driver luns <<<'{}' | python3 -c '
import json, sys
print(*(sorted(lun["name"] for lun in json.load(sys.stdin)["luns"]
               if lun["name"].startswith(sys.argv[1] + "-")) or ["none"]))' "$1"
}

lun_bytes() {
	printf '{"luns":["%s"]}' "$1" | driver luns |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["luns"][0]["size_bytes"])'
}

# open_tasks VM: its name where the journal has a task of it, else "none"; nothing where nobody answers.
open_tasks() {
	lab exec "${CRM_NODE:-node1}" -- lunmask tasks --vm "$1" --json | python3 -c '
import json, sys
print(*([task["vm"] for task in json.load(sys.stdin)["tasks"]] or ["none"]))'
}

# The witness

witness_wait() { lab guest wait "$1" "$2" --counter-beyond "$3" --timeout "${4:-30}"; }

witness_check() {
	local vm=$1
	shift
	lab guest check "$vm" --luns "$vm-root $vm-data" "$@"
}

# The highest counter at the end of any console; 0 when there is none.
witness_counter() {
	local node
	{
		echo ' n=0'
		for node in $(lab nodes); do
			tail -c 65536 "$(lab path "$node")/var/log/libvirt/qemu/$1.console" 2>/dev/null || true
		done
	} | sed -n 's/.* n=\([0-9]*\).*/\1/p' | sort -n | tail -n 1
}
