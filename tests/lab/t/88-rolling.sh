#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A rolling restart under a VM that migrates: lunmaskd alone on each node while a migration is under
# way, then each node wholly, as an upgrade does it. The guest notices nothing: it boots once.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/pacemaker.sh"

clean_up() {
	local node
	lab up
	for node in $(lab nodes); do
		crm node online "$node"
	done
	web1_remove
} >/dev/null 2>&1
trap clean_up EXIT

task_field() {
	lab exec node1 -- lunmask tasks show web1 --json 2>/dev/null |
		python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"
}
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
migrating() { [ "$(task_field kind) $(task_field state)" = "migrate running" ]; }

daemon_ended() { ! lab exec "$1" -- pidof lunmaskd >/dev/null; }
# systemctl stop lunmaskd, and start.
daemon_end() { daemon_signal "$1" TERM && wait_until 20 daemon_ended "$1"; }
daemon_start() {
	# Not with the pipe of whoever reads what this says.
	lab exec "$1" -- sh -c 'until lunmaskd -f; do sleep 1; done >/dev/null 2>>/var/log/lunmaskd.log &'
	wait_until 30 journal_active "$1"
}

ended() { ! lab exec "$1" -- pidof "$2" >/dev/null; }
# What an upgrade ends, in this order: each gets a signal and its time.
software_down() {
	local name
	for name in pacemakerd lunmaskd corosync; do
		lab exec "$1" -- sh -c "kill -TERM \$(pidof $name)" && wait_until 60 ended "$1" "$name" ||
			return 1
	done
}
online() {
	lab exec "${CRM_NODE:-node1}" -- crm_mon -1 --output-as=xml |
		grep -q "<node name=\"$1\" .*online=\"true\".* pending=\"false\""
}

# counts_on NODE
counts_on() {
	masks_are web1 "$T_WHAT" "$1"
	ok "$T_WHAT: the guest counts on" witness_wait web1 "$1" "$(witness_counter web1)"
	ok "$T_WHAT: one boot, one writer, nothing lost" witness_check web1 --expect-boots 1
}

fencings() { lab exec node1 -- stonith_admin --history '*' 2>&1 | grep -c ' successful'; }

ok "the cluster is whole" lab up
fencings=$(fencings)
ok "the journal is active on all nodes" wait_until 60 journal_all_active
ok "the test VM's LUNs can be made" vm_make web1
ok "a resource" web1_configure
ok "starts" settled

for mode in live saved; do
	ok "$mode: the mode" crm resource param web1 set migration_mode "$mode"
	ok "$mode: settles" settled
	for node in $(lab nodes); do
		T_WHAT="lunmaskd on $node restarted in a $mode migration"
		source=$(located)
		target=$(other_node "$source")
		ok "$T_WHAT: a move to $target" crm resource move web1 "$target"
		ok "$T_WHAT: is under way" wait_until 30 migrating
		told_ms=$(now_ms)
		ok "$T_WHAT: it ends" daemon_end "$node"
		ok "$T_WHAT: it is back" daemon_start "$node"
		ok "$T_WHAT: settles" settled
		is "$T_WHAT: it was a migration" "$(task_field kind) $(task_field state)" "migrate done"
		ok "$T_WHAT: which was not over when lunmaskd was told to end" \
			test "$(task_field changed_ms)" -gt "$told_ms"
		crm resource clear web1 >/dev/null 2>&1
		ok "$T_WHAT: settles again" settled
		is "$T_WHAT: it has arrived" "$(located)" "$target"
		counts_on "$target"
	done
done
is "no task is left open" "$(open_tasks web1)" none

ok "live again" crm resource param web1 set migration_mode live
ok "settles" settled
for node in $(lab nodes); do
	T_WHAT="$node restarted"
	CRM_NODE=$(other_node "$node")
	if [ "$(located)" != "$node" ]; then
		ok "$T_WHAT: the VM is there first" crm resource move web1 "$node"
		ok "$T_WHAT: settles" settled
		crm resource clear web1 >/dev/null 2>&1
	fi
	ok "$T_WHAT: standby" crm node standby "$node"
	ok "$T_WHAT: the VM has left" settled
	ok "$T_WHAT: it runs elsewhere" located_elsewhere "$node"
	ok "$T_WHAT: it counts" witness_wait web1 "$(located)" "$(witness_counter web1)"
	ok "$T_WHAT: its software is ended" software_down "$node"
	ok "$T_WHAT: off" lab cut "$node"
	ok "$T_WHAT: and on" lab boot "$node"
	ok "$T_WHAT: back in the cluster" wait_until 60 online "$node"
	ok "$T_WHAT: its journal is active" wait_until 60 journal_active "$node"
	ok "$T_WHAT: online" crm node online "$node"
	ok "$T_WHAT: settles" settled
	counts_on "$(located)"
done

T_WHAT="at the end"
CRM_NODE=node1
is "$T_WHAT: no task is left open" "$(open_tasks web1)" none
ok "$T_WHAT: the journal is active on all nodes" wait_until 60 journal_all_active
ok "$T_WHAT: all nodes have the same" wait_until 10 journal_all_agree
is "$T_WHAT: nobody was fenced" "$(fencings)" "$fencings"
for node in $(lab nodes); do
	ok "$node: its journal is sound" lab exec "$node" -- lunmask journal check
done
done_testing
