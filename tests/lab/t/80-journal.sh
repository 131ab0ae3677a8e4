#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The agents and the journal: a task whose process is killed goes on from the step it had come to; of
# two at once one is told whose the task is; and what is refused, or works, without a journal.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"
. "$(dirname "$0")/journal.sh"

clean_up() {
	local node
	for node in node2 node3; do
		lab heal "$node" >/dev/null 2>&1
	done
	fencing_set node1 true >/dev/null 2>&1
	libvirtd_back node1
	lunmaskd_back
	vm_unmake web1
}
trap clean_up EXIT
ok "the test VM's LUNs can be made" vm_make web1
ok "the crash points can be installed" crash_install
vm_params web1

# Also where a test has ended it for good.
lunmaskd_back() {
	local node
	for node in $(lab nodes); do
		daemon_signal "$node" CONT
		if ! lab exec "$node" -- pidof lunmaskd >/dev/null; then
			lab exec "$node" -- rm -f /run/lab-lunmaskd-stop
			lab exec "$node" -- sh -c \
				'until lunmaskd -f; do sleep 1; done 2>>/var/log/lunmaskd.log &'
		fi
	done
	wait_until 30 journal_answers
}

journal_answers() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- timeout 5 lunmask journal status --json |
			grep -q '"active": true' || return 1
	done
}

# task NODE: kind, state, step and tries of the VM's task, as the node knows it
task() {
	lab exec "$1" -- lunmask tasks show web1 --json |
		python3 -c 'import json, sys
task = json.load(sys.stdin)
print(task["kind"], task["state"], task["step"], task["tries"])'
}

# task_is KIND STATE STEP TRIES: on node3, soon, which does nothing for it. A regular expression.
task_is() {
	wait_until 5 task_was "$*"
	like "$T_WHAT: the journal has: $*" "$(task node3)" "^($*)\$"
}
task_was() { [[ $(task node3) =~ ^($1)$ ]]; }
start_runs() { [[ $(task node3) =~ ^start\ running ]]; }
granted() { [ "$(acl web1-root)" = "$1" ]; }

# start killed after each step. POINT RECORDED: what is recorded is the last step with an effect, or
# the one after it, when it had come so far.
start_again() {
	T_WHAT="start killed after $1"
	crash "$1" node1 start
	task_is start running "$2" 1
	agent_is 0 node1 start
	BOOTS=$((BOOTS + 1))
	task_is start "done" "(run|complete)" 2
	settled node1
	agent_is 0 node1 stop
	task_is stop "done" late 1
}
# Where an earlier test left a release there is something to withdraw.
start_again line:withdraw: "(grant|withdraw|)"
start_again line:grant: grant
start_again line:verify: "(grant|mapping)"
start_again line:mapping: "(grant|mapping|run)"
start_again virDomainCreateXML:after run

T_WHAT="what a killed start granted"
crash line:grant: node1 start
masks_are web1 "$T_WHAT" node1
agent_is 1 node1 start OCF_RESKEY_paths_required=16
masks_are web1 "$T_WHAT: taken back by the one that goes on and fails"
task_is start failed grant 2

T_WHAT="in between"
agent_is 0 node1 start
BOOTS=$((BOOTS + 1))
source=node1
target=node2
meta=()
turn() {
	source=$1
	target=node1
	[ "$1" != node1 ] || target=node2
	mapfile -t meta < <(migrate_meta "$source" "$target")
}
turn node1

# The last step of a migration: in saved mode nothing is left for the source's stop to do.
closed_by() { if [ "${PARAM[migration_mode]}" = live ]; then echo late; else echo arrived; fi; }

# to_again MODE POINT RECORDED: migrate_to killed after the step, run again; then all the rest.
to_again() {
	PARAM[migration_mode]=$1
	T_WHAT="migrate_to ($1) killed after $2"
	crash "$2" "$source" migrate_to "${meta[@]}"
	task_is migrate "$3" 1
	agent_is 0 "$source" migrate_to "${meta[@]}"
	task_is migrate waiting sent 2
	agent_is 0 "$target" migrate_from "${meta[@]}"
	task_is migrate waiting arrived 3
	agent_is 0 "$source" stop
	task_is migrate "done" "$(closed_by)" 4
	settled "$target"
	turn "$target"
}
to_again live line:withdraw: "running (grant|)"
to_again live line:grant: "running grant"
to_again live line:verify: "running (grant|live)"
to_again live virDomainSetMetadata:before "running live"
to_again live virDomainMigrateToURI3:after "running live"
to_again saved line:grant: "running grant"
to_again saved line:verify: "running (grant|save)"
to_again saved line:save: "running (save|revoke)"
to_again saved line:revoke: "(running revoke|waiting sent)"

T_WHAT="what a killed migrate_to granted"
PARAM[migration_mode]=live
crash line:grant: "$source" migrate_to "${meta[@]}"
masks_are web1 "$T_WHAT" node1 node2
agent_is 1 "$source" migrate_to "${meta[@]}" OCF_RESKEY_paths_required=16
masks_are web1 "$T_WHAT: taken back by the one that goes on and fails" "$source"
task_is migrate failed grant 2
settled "$source"
PARAM[migration_mode]=saved

# from_again POINT RECORDED: migrate_from killed after the step, run again.
from_again() {
	T_WHAT="migrate_from killed after $1"
	agent_is 0 "$source" migrate_to "${meta[@]}"
	crash "$1" "$target" migrate_from "${meta[@]}"
	task_is migrate running "$2" 2
	agent_is 0 "$target" migrate_from "${meta[@]}"
	task_is migrate waiting arrived 3
	agent_is 0 "$source" stop
	task_is migrate "done" "$(closed_by)" 4
	settled "$target"
	turn "$target"
}
from_again line:mapping: "(sent|run)"
from_again virDomainResume:after run

T_WHAT="late, twice, or on the wrong node"
refused 1 "no migration of web1 from $target to $source is under way" "$source" migrate_from \
	OCF_RESKEY_CRM_meta_migrate_source="$target" OCF_RESKEY_CRM_meta_migrate_target="$source"
mapfile -t wrong < <(migrate_meta "$source" node3)
refused 1 "no migration of web1 from $source to node3 is under way" node3 migrate_from "${wrong[@]}"
settled "$source"

# I10: as Pacemaker answers a migration that failed.
T_WHAT="a migration that failed and was undone"
PARAM[migration_mode]=live
libvirtd_signal "$target" KILL
agent_is 1 "$source" migrate_to "${meta[@]}"
task_is migrate failed "" 1
ok "$T_WHAT: libvirtd is back" libvirtd_back "$target"
agent_is 0 "$target" stop
task_is migrate failed "" 1
agent_is 0 "$source" stop
agent_is 0 node3 start
settled node3
agent_is 0 node3 stop

# hanging NODE: start, in the background, as far as the grant. Its look for a guest from before waits
# 5 s for libvirtd.
hanging() {
	libvirtd_signal "$1" STOP
	agent "$1" start >"$held" 2>&1 &
	holder=$!
	ok "$T_WHAT: it has begun" wait_until 20 start_runs
	ok "$T_WHAT: it has its grants" wait_until 20 granted "$1"
}
held=$(mktemp)

T_WHAT="two starts at once"
hanging node1
refused 1 "start [-0-9a-f]* of web1 belongs to process [0-9]* on node1, at step '" node2 start
masks_are web1 "$T_WHAT: the loser changed nothing" node1
T_WHAT="lunmaskd is killed in the middle of a start"
daemon_signal node1 KILL
libvirtd_signal node1 CONT
wait "$holder"
agent_is 0 node1 monitor
ok "$T_WHAT: lunmaskd is back" wait_until 30 journal_answers
BOOTS=$((BOOTS + 1))
settled node1
task_is start "done" "(run|complete)" 1

T_WHAT="lunmaskd is killed just before"
agent_is 0 node1 stop
daemon_signal node1 KILL
agent_is 0 node1 start
BOOTS=$((BOOTS + 1))
settled node1
ok "$T_WHAT: lunmaskd is back" wait_until 30 journal_answers

T_WHAT="no quorum"
ok "$T_WHAT: nobody is fenced for it" fencing_set node1 false
lab isolate node2
lab isolate node3
quorate() { lab exec node1 -- corosync-quorumtool -s | seen '^Quorate: *Yes'; }
not() { ! "$@"; }
ok "$T_WHAT: it is lost" wait_until 30 not quorate
agent_is 0 node1 monitor
agent_is 0 node1 stop "$T_FOR_EVER"
masks_are web1 "$T_WHAT: after stop"
refused 1 "no majority of its nodes|has no quorum" node1 start
masks_are web1 "$T_WHAT: after start was refused"
lab heal node2
lab heal node3
ok "$T_WHAT: it is back" wait_until 60 journal_answers
ok "$T_WHAT: fencing is on again" fencing_set node1 true

T_WHAT="lunmaskd is stopped everywhere"
agent_is 0 node1 start
BOOTS=$((BOOTS + 1))
settled node1
for node in $(lab nodes); do
	lab exec "$node" -- touch /run/lab-lunmaskd-stop
	daemon_signal "$node" TERM
done
agent_is 0 node1 monitor
agent_is 0 node1 stop
stopped
refused 1 "systemctl start lunmaskd" node2 start
masks_are web1 "$T_WHAT: after start was refused"
lunmaskd_back

T_WHAT="lunmaskd hangs everywhere"
agent_is 0 node2 start
BOOTS=$((BOOTS + 1))
settled node2
for node in $(lab nodes); do
	daemon_signal "$node" STOP
done
agent_is 0 node2 monitor
agent_is 0 node2 stop "$T_FOR_EVER"
stopped
lunmaskd_back
rm -f "$held"

done_testing
