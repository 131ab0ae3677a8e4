#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lunmask reconcile, and monitor at level 20: what was left or opened by hand is told and removed;
# what a guest or a migration needs is never touched.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/management.sh"
. "$(dirname "$0")/tidy.sh"

SESSION=$(mktemp -d)
crm() { lab exec "$ASK" -- crm "$@"; }
ASK=node1
clean_up() {
	local node
	session_close
	management_back
	tidy_work
	for node in $(lab nodes); do
		daemon_signal "$node" CONT
		libvirtd_back "$node"
	done
	lab up >/dev/null 2>&1
	crm -F resource stop web1 >/dev/null 2>&1
	lab exec "$ASK" -- crm_resource --wait --timeout 900s >/dev/null 2>&1
	crm -F configure delete web1 >/dev/null 2>&1
	vm_unmake web1
	rm -r "$SESSION"
}
trap clean_up EXIT

settled() { lab exec "$ASK" -- crm_resource --wait --timeout 900s; }
located() {
	lab exec "$ASK" -- crm_resource --resource web1 --locate 2>&1 |
		sed -n 's/.*running on: \([a-z0-9]*\).*/\1/p' | xargs
}

# reconcile NODE ARGUMENT...: sets RC and OUT.
reconcile() {
	OUT=$(lab exec "$1" -- lunmask reconcile "${@:2}" 2>&1)
	RC=$?
}

# reconcile_is RC NODE ARGUMENT...
reconcile_is() {
	reconcile "${@:2}"
	if [ "$RC" = "$1" ]; then
		pass "$T_WHAT: lunmask reconcile ${*:3} on $2 exits with $1"
	else
		fail "$T_WHAT: lunmask reconcile ${*:3} on $2 exits with $1" "got $RC" "$OUT"
	fi
}

# On one line, as it was before it was wrapped.
said() { tr -s ' \n' ' ' <<<"$OUT"; }

# The guest's node, as an administrator asks it.
check20() {
	OUT=$(lab exec "$1" -- crm_resource --resource web1 --force-check=20 2>&1)
	RC=$?
}
degraded20() {
	agent_is 190 "$1" monitor OCF_RESKEY_CRM_meta_interval=10000 OCF_CHECK_LEVEL=20
	like "$T_WHAT: monitor says what and who" "$REASON" "$2"
}
healthy20() { agent_is 0 "$1" monitor OCF_RESKEY_CRM_meta_interval=10000 OCF_CHECK_LEVEL=20; }

# open LUN HOST: by hand, through the array's own driver, beside the guest's host.
open() {
	printf '{"luns":["%s"],"grant":"%s","allowed":["%s"]}' "$1" "$(initiator "$2")" \
		"$(initiator "$HOME_NODE")" | driver apply >/dev/null
}

# session_open NODE LUN: a session that writes a block when told to.
session_open() {
	mkfifo "$SESSION/in"
	lab exec "$1" -- /usr/libexec/lunmask-test/session_writer "$(initiator "$1")" \
		10.77.0.100:3260 "$(initiator "$2")" 1 <"$SESSION/in" >"$SESSION/out" 2>&1 &
	WRITER=$!
	exec 9>"$SESSION/in"
}
# session_writes COUNT good|refused
session_writes() {
	echo >&9
	wait_until 20 grep -q "^$1 $2" "$SESSION/out"
}
session_close() {
	[ -n "${WRITER:-}" ] || return 0
	exec 9>&-
	wait "$WRITER" 2>/dev/null
	WRITER=
	rm -f "$SESSION/in" "$SESSION/out"
}

counts() {
	masks_are web1 "$T_WHAT" "$1"
	ok "$T_WHAT: the guest counts" witness_wait web1 "$1" "$(witness_counter web1)"
	ok "$T_WHAT: one writer, no gap" witness_check web1 --expect-boots "${BOOTS:-1}"
}

ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
# What is left here is for the command to find.
tidy_rest
ok "a resource" crm configure primitive web1 ocf:lunmask:VirtualMachine \
	params vm=web1 array=san1 "luns=vda=web1-root vdb=web1-data" state_lun=web1-state \
	config=/etc/lunmask/web1.xml \
	op start timeout=120s op stop timeout=60s op monitor interval=10s timeout=30s \
	op migrate_to timeout=180s op migrate_from timeout=60s meta allow-migrate=true
ok "starts" settled
HOME_NODE=$(located)
read -r second third <<<"$(lab nodes | tr ' ' '\n' | grep -v "^$HOME_NODE\$" | xargs)"
# The session writes to the LUN's last block, which is the guest's too: not its counters.
ok "the guest counts" witness_wait web1 "$HOME_NODE" 3

T_WHAT="nothing stray"
for node in $(lab nodes); do
	reconcile_is 0 "$node" --dry-run
	like "$T_WHAT: it says so" "$OUT" '^1 VM looked at: nothing stray\.$'
done
reconcile_is 0 node1
healthy20 "$HOME_NODE"

T_WHAT="opened by hand"
# What the journal remembers of an earlier test on that node.
SINCE="( since [^?]* was done on [-0-9]* [0-9:]*)?"
ok "$T_WHAT" open web1-data "$second"
session_open "$second" web1-data
ok "$T_WHAT: a session there writes" session_writes 1 good
degraded20 "$HOME_NODE" "^LUN web1-data is granted to $second, with a session open: not known who left it: opened by hand$SINCE\?\$"
check20 "$HOME_NODE"
is "$T_WHAT: --force-check=20 is degraded" "$RC" 190
like "$T_WHAT: --force-check=20 says it too" "$OUT" "web1-data is granted to $second"
reconcile_is 1 "$third" --dry-run
like "$T_WHAT: a line" "$OUT" "^web1 +web1-data +$second +grant,session to remove\$"
like "$T_WHAT: who left it" "$(said)" "not known who left it: opened by hand$SINCE\?"
like "$T_WHAT: and why" "$(said)" "the domain is not there, and no task needs it"
like "$T_WHAT: a summary" "$OUT" '^1 VM looked at: 1 stray, 1 to be removed\.$'
is "$T_WHAT: at most 80 columns" "$(awk 'length > 80' <<<"$OUT")" ""
is "$T_WHAT: --json says the same" "$(lab exec "$third" -- lunmask reconcile --dry-run --json |
	python3 -c 'import json, sys
r = json.load(sys.stdin)
s = r["vms"][0]["strays"][0]
print(r["strays"], r["removed"], s["host"], s["lun"], s["verdict"], s["end"])')" \
	"1 0 $second web1-data remove left"
ok "$T_WHAT: after --dry-run it writes still" session_writes 2 good
reconcile_is 0 "$third"
like "$T_WHAT: a line" "$OUT" "^web1 +web1-data +$second +grant,session removed\$"
ok "$T_WHAT: after reconcile it cannot write" session_writes 3 refused
session_close
counts "$HOME_NODE"
healthy20 "$HOME_NODE"
like "$T_WHAT: it was a task" "$(lab exec node1 -- lunmask tasks --all --vm web1)" \
	'^web1 +reconcile +done +revoke'
reconcile_is 0 node1

T_WHAT="a host's own grant"
ok "$T_WHAT: opened by hand" open web1-root "$second"
reconcile_is 0 "$second"
counts "$HOME_NODE"

T_WHAT="a stranger"
lab array -- tgtadm --lld iscsi --mode target --op bind --tid "$(target_id web1-data)" \
	--initiator-name "$(initiator stranger)"
degraded20 "$HOME_NODE" 'web1-data is granted to .*:stranger: '
reconcile_is 1 node1
like "$T_WHAT: it is kept" "$(said)" "no \[host\] of the configuration: --foreign removes it"
is "$T_WHAT: the mask is as it was" "$(acl web1-data)" "$HOME_NODE stranger"
reconcile_is 0 node1 --foreign
counts "$HOME_NODE"

T_WHAT="a host whose libvirt does not answer"
ok "$T_WHAT: opened by hand" open web1-data "$second"
libvirtd_signal "$second" STOP
reconcile_is 7 "$HOME_NODE"
like "$T_WHAT: it is not decided" "$(said)" "not decided .* libvirt there does not answer"
is "$T_WHAT: the mask is as it was" "$(acl web1-data)" "$(echo "$HOME_NODE $second" | tr ' ' '\n' | sort | xargs)"
libvirtd_signal "$second" CONT
reconcile_is 0 "$HOME_NODE"
counts "$HOME_NODE"

T_WHAT="the guest's host does not answer"
libvirtd_signal "$HOME_NODE" STOP
reconcile_is 7 "$second"
counts "$HOME_NODE"
libvirtd_back "$HOME_NODE"

T_WHAT="no majority"
ok "$T_WHAT: opened by hand" open web1-data "$second"
for node in "$second" "$third"; do
	daemon_signal "$node" STOP
done
reconcile_is 7 "$HOME_NODE"
like "$T_WHAT: it says so" "$(said)" "which tasks are under way is not known: the journal has no majority"
degraded20 "$HOME_NODE" "web1-data is granted to $second"
for node in "$second" "$third"; do
	daemon_signal "$node" CONT
done
ok "$T_WHAT: it is back" wait_until 30 journal_all_active
daemon_signal "$HOME_NODE" STOP
reconcile_is 7 "$HOME_NODE"
daemon_signal "$HOME_NODE" CONT
ok "$T_WHAT: it is back" wait_until 30 journal_all_active
reconcile_is 0 "$HOME_NODE"
counts "$HOME_NODE"

T_WHAT="the array's management is away"
management_away
reconcile_is 7 node1
like "$T_WHAT: it says so" "$OUT" "^lunmask: web1: not looked at: array san1, masks: "
management_back

# In a loop, on all nodes, while it moves; and what was opened by hand where it is going to.
reconcile_loop() {
	while [ ! -e "$SESSION/enough" ]; do
		lab exec "$1" -- lunmask reconcile 2>&1
		echo "exit $?"
	done >"$SESSION/loop.$1"
}
# moved MODE ROUNDS
moved() {
	local target round node loops=()
	ok "$T_WHAT: mode $1" crm resource param web1 set migration_mode "$1"
	ok "$T_WHAT: set" settled
	for node in $(lab nodes); do
		reconcile_loop "$node" &
		loops+=("$!")
	done
	for round in $(seq "$2"); do
		target=$(lab nodes | tr ' ' '\n' | grep -v "^$HOME_NODE\$" | sed -n "$((round % 2 + 1))p")
		[ "$round" = 1 ] || open web1-data "$target"
		ok "$T_WHAT: round $round, to $target" crm resource move web1 "$target"
		ok "$T_WHAT: settles" settled
		is "$T_WHAT: it is there" "$(located)" "$target"
		ok "$T_WHAT: clear" crm resource clear web1
		HOME_NODE=$target
	done
	touch "$SESSION/enough"
	wait "${loops[@]}"
	rm "$SESSION/enough"
	counts "$HOME_NODE"
	is "$T_WHAT: nothing failed" \
		"$(lab exec node1 -- crm_mon -1rf | grep -A5 'Failed' || true)" ""
	# The move that it was opened for may begin just then, and keeps it from being removed.
	is "$T_WHAT: nothing else was found stray" \
		"$(cat "$SESSION"/loop.* | grep -E '^web1 ' |
			grep -vE '^web1 +web1-data +\S+ +(grant|session|grant,session) +(removed|failed)$')" ""
	echo "# $T_WHAT: $(cat "$SESSION"/loop.* | grep '^exit' | sort | uniq -c | xargs), $(grep -hc ' removed$' "$SESSION"/loop.* | xargs) removed"
}
T_WHAT="in a loop while it migrates live"
moved live 4
T_WHAT="in a loop while it is saved and moved"
moved saved 3

# It holds the VM's task; the array is kept from it meanwhile.
holding() { lab exec node1 -- lunmask tasks --vm web1 | seen -E '^web1 +reconcile +running'; }
# removing NODE FOR: in the background, caught while it removes what was opened to FOR.
removing() {
	for _ in 1 2 3 4 5; do
		ok "$T_WHAT: opened by hand" open web1-data "$2"
		lab exec "$1" -- lunmask reconcile >"$SESSION/removing" 2>&1 &
		REMOVING=$!
		while kill -0 "$REMOVING" 2>/dev/null; do
			if holding; then
				lab array -- flock /run/lunmask-array-tgt/lock sleep 5 &
				BUSY=$!
				return 0
			fi
		done
		wait "$REMOVING"
	done
	return 1
}
signal_reconcile() { lab exec "$1" -- sh -c "kill -$2 \$(pidof lunmask)"; }
removing_ends() {
	wait "$BUSY"
	wait "$REMOVING" 2>/dev/null
}
# Of the VM's last two tasks of these kinds: the first was over when the second began.
in_turn() {
	lab exec node1 -- lunmask tasks --all --vm web1 --json | python3 -c '
import json, sys
last = {t["kind"]: t for t in json.load(sys.stdin)["tasks"]}
a, b = last[sys.argv[1]], last[sys.argv[2]]
print(a["state"], b["begun_ms"] - a["changed_ms"] >= 0)' "$1" "$2"
}

read -r second third <<<"$(lab nodes | tr ' ' '\n' | grep -v "^$HOME_NODE\$" | xargs)"
ok "it migrates live again" crm resource param web1 set migration_mode live
ok "set" settled
T_WHAT="a migration that begins while it removes"
removing "$third" "$second" || fail "$T_WHAT: it was caught"
ok "$T_WHAT" crm resource move web1 "$second"
ok "$T_WHAT: settles" settled
removing_ends
is "$T_WHAT: it is there" "$(located)" "$second"
like "$T_WHAT: it was removed before" "$(cat "$SESSION/removing")" '1 stray, 1 removed, 0 left'
is "$T_WHAT: one after the other" "$(in_turn reconcile migrate)" "done True"
ok "$T_WHAT: clear" crm resource clear web1
HOME_NODE=$second
counts "$HOME_NODE"
is "$T_WHAT: nothing failed" "$(lab exec node1 -- crm_mon -1rf | grep -A5 'Failed' || true)" ""
read -r second third <<<"$(lab nodes | tr ' ' '\n' | grep -v "^$HOME_NODE\$" | xargs)"

T_WHAT="asked to end while it removes"
removing "$third" "$second" || fail "$T_WHAT: it was caught"
signal_reconcile "$third" TERM
removing_ends
like "$T_WHAT: it goes on to its end" "$(cat "$SESSION/removing")" '1 stray, 1 removed, 0 left'
ok "$T_WHAT: and leaves no task" eval '! holding'

T_WHAT="killed while it removes"
removing "$third" "$second" || fail "$T_WHAT: it was caught"
signal_reconcile "$third" KILL
removing_ends
ok "$T_WHAT: it leaves its task" holding
reconcile_is 0 "$third"
ok "$T_WHAT: which another ends" eval '! holding'
counts "$HOME_NODE"

ASK=$HOME_NODE
T_WHAT="a host that was fenced"
ok "$T_WHAT: opened by hand" open web1-data "$second"
session_open "$second" web1-data
ok "$T_WHAT: a session there writes" session_writes 1 good
lab cut "$second"
session_close
offline() { lab exec "$ASK" -- crm_mon -1 2>/dev/null | seen -E "OFFLINE:.* $1 "; }
ok "$T_WHAT: it is" wait_until 60 offline "$second"
ok "$T_WHAT: settles" settled
degraded20 "$HOME_NODE" "web1-data is granted to $second"
reconcile_is 1 "$HOME_NODE" --dry-run
like "$T_WHAT: who left it" "$(said)" "opened by hand"
# The journal does not know since when the VM could run there.
reconcile_is 1 "$HOME_NODE"
like "$T_WHAT: why" "$(said)" "$second .*unfenced, with a session open.*fence_lunmask -o off"
is "$T_WHAT: its path is kept" "$(acl web1-data)" "$HOME_NODE $second"
ok "$T_WHAT: it comes back" lab up
ok "$T_WHAT: the journal too" wait_until 60 journal_all_active
reconcile_is 0 "$HOME_NODE"
like "$T_WHAT: the path goes" "$(said)" "$second .* removed .* the domain is not there"
reconcile_is 0 "$second"

T_WHAT="a release whose revoke is pending"
source=$HOME_NODE
tidy_rest
management_away
ok "$T_WHAT: stopped" crm resource stop web1
ok "$T_WHAT: settles" settled
management_back
is "$T_WHAT: the journal has it" "$(released)" "$source"
reconcile_is 1 node1 --dry-run
like "$T_WHAT: it says so" "$(said)" "the host has released it on 20[-0-9]+ [:0-9]+, and its revoke is pending"
reconcile_is 0 node1
like "$T_WHAT: three LUNs" "$OUT" '3 stray, 3 removed, 0 left'
masks_are web1 "$T_WHAT: nothing is granted"
is "$T_WHAT: the release is over" "$(released)" ""
ok "$T_WHAT: starts again" crm resource start web1
ok "$T_WHAT: settles" settled
BOOTS=2
counts "$(located)"

T_WHAT="what is asked for and not there"
reconcile_is 6 node1 nothing
reconcile_is 2 node1 --nonsense
ok "stopped" crm resource stop web1
ok "settles" settled
masks_are web1 "at the end"
reconcile_is 0 node1

done_testing
