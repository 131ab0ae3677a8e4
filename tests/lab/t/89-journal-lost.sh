#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Journals that are lost: one node's (deleted, set back, with bits turned), which comes back as another
# disk and votes again; and all of them, under a running VM, after which an export is imported.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"

STORE=/var/lib/lunmask/journal
EXPORT=/var/lib/lunmask/export.json

clean_up() {
	daemons_up
	wait_until 60 journal_all_active
	vm_unmake web1
	lab exec node1 -- rm -f "$EXPORT"
} >/dev/null 2>&1
trap clean_up EXIT

ended() { ! lab exec "$1" -- pidof lunmaskd >/dev/null; }
# As systemctl stop and start.
daemon_down() {
	daemon_signal "$1" TERM
	wait_until 20 ended "$1"
}
daemon_up() {
	lab exec "$1" -- sh -c 'until lunmaskd -f; do sleep 1; done >/dev/null 2>>/var/log/lunmaskd.log &'
}
daemons_up() {
	local node
	for node in $(lab nodes); do
		! ended "$node" || daemon_up "$node"
	done
}
disk() {
	lab exec "$1" -- lunmask journal status --json |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["disk"])'
}
voters_are_three() { journal_is "$1" 'active=1 .*voters=1,2,3,$'; }
tasks() {
	lab exec "$1" -- lunmask tasks --all --vm web1 --json | python3 -c 'import json, sys
for task in json.load(sys.stdin)["tasks"]:
    print(task["kind"], task["state"], task["step"])'
}

# Of a store whose lunmaskd is down.
soundness() {
	lab exec "$1" -- lunmask journal check >/dev/null 2>&1 && echo sound || echo 'not sound'
}

# one_lost WHAT COMMAND SOUNDNESS: done to node2 while its lunmaskd is down.
one_lost() {
	local disk
	T_WHAT="one journal $1"
	disk=$(disk node2)
	ok "$T_WHAT: lunmaskd ends" daemon_down node2
	ok "$T_WHAT" lab exec node2 -- sh -c "$2"
	is "$T_WHAT: lunmask journal check" "$(soundness node2)" "$3"
	ok "$T_WHAT: something is committed meanwhile" journal_probe node1 write "${1// /-}" 5
	daemon_up node2
	ok "$T_WHAT: it votes again" wait_until 60 voters_are_three node2
	unlike "$T_WHAT: as another disk" "$(disk node2)" "^$disk\$"
	ok "$T_WHAT: the others say so" wait_until 30 voters_are_three node1
	ok "$T_WHAT: all nodes have the same" wait_until 20 journal_all_agree
	ok "$T_WHAT: it is sound" lab exec node2 -- lunmask journal check
}

ok "the journal is active on all nodes" wait_until 60 journal_all_active
ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 0

ok "a copy of a journal is kept" lab exec node2 -- cp -a "$STORE" "$STORE.old"
one_lost "deleted" "rm -rf $STORE" "not sound"
one_lost "replaced by an old copy" "rm -rf $STORE && cp -a $STORE.old $STORE && rm -rf $STORE.old" "sound"
# In every record of the VM, wherever the database has it.
one_lost "with bits turned" "f=\$(ls $STORE/*.db | head -n 1) && grep -aq web1 \$f &&
	LC_ALL=C sed -i s/web1/wEb1/g \$f" "not sound"

T_WHAT="all journals deleted"
ok "$T_WHAT: exported" lab exec node1 -- lunmask journal export "$EXPORT"
before=$(tasks node1)
for node in $(lab nodes); do
	ok "$T_WHAT: lunmaskd ends on $node" daemon_down "$node"
	ok "$T_WHAT: on $node" lab exec "$node" -- rm -rf "$STORE"
done
daemons_up
ok "$T_WHAT: there is a new one" wait_until 60 journal_all_active
is "$T_WHAT: it knows of no task" "$(tasks node2)" ""
ok "$T_WHAT: imported" lab exec node3 -- sh -c 'cat >/tmp/export.json && lunmask journal import /tmp/export.json' \
	< <(lab exec node1 -- cat "$EXPORT")
is "$T_WHAT: it has what there was" "$(tasks node2)" "$before"
ok "$T_WHAT: on all nodes" wait_until 20 journal_all_agree
mapfile -t meta < <(migrate_meta node1 node2)
agent_is 0 node1 migrate_to "${meta[@]}"
agent_is 0 node2 migrate_from "${meta[@]}"
agent_is 0 node1 stop
masks_are web1 "$T_WHAT: the VM moves" node2
ok "$T_WHAT: it counts" witness_wait web1 node2 "$(witness_counter web1)"
ok "$T_WHAT: one boot, one writer, nothing lost" witness_check web1 --expect-boots 1
agent_is 0 node2 stop
done_testing
