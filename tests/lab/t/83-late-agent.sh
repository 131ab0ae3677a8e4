#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An agent that stands still, as one on a node that was suspended does, while the others go on; when
# it goes on itself, it is too late: it widens nothing, and says why.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"
. "$(dirname "$0")/journal.sh"

clean_up() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- pkill -KILL -x VirtualMachine
	done
	vm_unmake web1
} >/dev/null 2>&1
trap clean_up EXIT
ok "the journal is active on all nodes" wait_until 60 journal_all_active
ok "the test VM's LUNs can be made" vm_make web1
ok "the crash points can be installed" crash_install
vm_params web1
PARAM[migration_mode]=live

late() {
	if [ "$RC" != 0 ]; then
		pass "$T_WHAT: the late agent fails"
	else
		fail "$T_WHAT: the late agent fails" "got $RC" "$OUT"
	fi
	is "$T_WHAT: with one exit reason" "$(grep -c . <<<"$REASON")" 1
	printf '%s\n' "$OUT" | sed 's/^/# /'
}
mapfile -t meta < <(migrate_meta node1 node2)

T_WHAT="start, while a stop passes"
suspend line:verify: node1 start
masks_are web1 "$T_WHAT" node1
agent_is 0 node1 stop
masks_are web1 "$T_WHAT: after stop"
resume
late
is "$T_WHAT: no domain came of it" "$(domains)" "absent absent absent"
masks_are web1 "$T_WHAT: it has granted nothing again"
agent_is 0 node2 start
BOOTS=1
settled node2
agent_is 0 node2 stop

T_WHAT="start, while another starts"
suspend line:takeover: node1 start
refused 1 "start [-0-9a-f]* of web1 belongs to process [0-9]* on node1, at step" node2 start
masks_are web1 "$T_WHAT: the second changed nothing"
resume
is "$T_WHAT: the first goes on" "$RC" 0
BOOTS=2
settled node1

T_WHAT="migrate_to, until its time is over"
suspend line:verify: node1 migrate_to "${meta[@]}" OCF_RESKEY_CRM_meta_timeout=20000
masks_are web1 "$T_WHAT" node1 node2
over() { [ "$SECONDS" -ge "$END" ]; }
END=$((SECONDS + 22))
wait_until 30 over
resume
late
like "$T_WHAT: it says that it is late" "$REASON" "time|deadline|late"
# There was no time left to undo anything. Pacemaker stops it on both; on the source it saves here.
agent_is 0 node2 stop
masks_are web1 "$T_WHAT: stop on the target takes what was granted" node1
settled node1

T_WHAT="migrate_to, while a stop passes"
suspend line:verify: node1 migrate_to "${meta[@]}"
agent_is 0 node1 stop
is "$T_WHAT: the domain is gone" "$(domains)" "absent absent absent"
resume
late
is "$T_WHAT: no domain came of it" "$(domains)" "absent absent absent"
masks_are web1 "$T_WHAT: what it granted it has taken back"
agent_is 0 node3 start
BOOTS=3
settled node3

T_WHAT="stop, while others want to start"
suspend line:domain: node3 stop
refused 1 "." node2 start
masks_are web1 "$T_WHAT: the start changed nothing" node3
resume
is "$T_WHAT: the late stop goes on" "$RC" 0
agent_is 0 node2 start
BOOTS=4
settled node2
agent_is 0 node2 stop
stopped
done_testing
