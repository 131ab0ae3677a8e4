#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All nodes lose their power in mid-migration, and come back in any order: the VM runs once, with its
# data, and the journal has come to an end with the migration.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/pacemaker.sh"

clean_up() {
	lab up >/dev/null 2>&1
	crm -F resource clear web1 >/dev/null 2>&1
	crm -F resource cleanup web1 >/dev/null 2>&1
	web1_remove >/dev/null 2>&1
}
trap clean_up EXIT

runs() { [ "$(domain "$(located)" web1)" = running ]; }
# task NODE: kind, state and step of the VM's task that is open, or was last.
task() {
	lab exec "$1" -- lunmask tasks show web1 --json 2>/dev/null |
		python3 -c 'import json, sys
task = json.load(sys.stdin)
print(task["kind"], task["state"], task["step"])'
}
migrating() { [[ $(task node3) =~ ^migrate\ running ]]; }

# power_lost MODE NODE...: in the middle of a move; the nodes come back in this order.
power_lost() {
	local mode=$1 node source target
	shift
	T_WHAT="all power lost in a $mode migration, back as $*"
	ok "$T_WHAT: the mode" crm resource param web1 set migration_mode "$mode"
	ok "$T_WHAT: settles" settled
	source=$(located)
	target=$(lab nodes | tr ' ' '\n' | grep -v "^$source\$" | tail -n 1)
	ok "$T_WHAT: the guest counts" witness_wait web1 "$source" "$(witness_counter web1)"
	ok "$T_WHAT: a move" crm resource move web1 "$target"
	ok "$T_WHAT: is under way" wait_until 30 migrating
	for node in $(lab nodes); do
		lab cut "$node" &
	done
	wait
	for node in "$@"; do
		ok "$T_WHAT: $node boots" lab boot "$node"
	done
	ok "$T_WHAT: the cluster is whole" lab up
	ok "$T_WHAT: so is the journal" wait_until 60 journal_all_active
	crm resource clear web1 >/dev/null 2>&1
	ok "$T_WHAT: the VM runs" wait_until 120 runs
	ok "$T_WHAT: settles" settled
	node=$(located)
	masks_are web1 "$T_WHAT" "$node"
	ok "$T_WHAT: it counts" witness_wait web1 "$node" "$(witness_counter web1)"
	ok "$T_WHAT: one writer, nothing lost" witness_check web1
	is "$T_WHAT: no task is left open" "$(open_tasks web1)" none
	crm resource cleanup web1 >/dev/null 2>&1
}

ok "the cluster is whole" lab up
ok "the test VM's LUNs can be made" vm_make web1
ok "a resource" web1_configure
ok "starts" settled
power_lost live node3 node2 node1
power_lost saved node2 node1 node3

done_testing
