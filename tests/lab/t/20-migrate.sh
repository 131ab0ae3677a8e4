#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Migration by hand: live and saved, the guest none the wiser, the masks after each action.
. "$(dirname "$0")/lib.sh"

trap 'vm_unmake web1' EXIT
ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
ok "it starts" agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 5

# migrate MODE SOURCE TARGET HOLDERS-AFTER-MIGRATE_TO
migrate() {
	local mode=$1 source=$2 target=$3 holders=$4 meta
	mapfile -t meta < <(migrate_meta "$source" "$target")
	PARAM[migration_mode]=$mode
	T_WHAT="$mode from $source to $target"
	agent_is 0 "$source" migrate_to "${meta[@]}"
	# shellcheck disable=SC2086 # a list of hosts
	masks_are web1 "$T_WHAT: after migrate_to" $holders
	agent_is 0 "$source" migrate_to "${meta[@]}"
	agent_is 0 "$target" migrate_from "${meta[@]}"
	agent_is 0 "$target" migrate_from "${meta[@]}"
	agent_is 0 "$source" stop
	masks_are web1 "$T_WHAT: after stop" "$target"
	is "$T_WHAT: it runs on $target" "$(domain "$target" web1)" running
	is "$T_WHAT: and not on $source" "$(domain "$source" web1)" absent
	agent_is 0 "$target" monitor OCF_CHECK_LEVEL=20
	ok "$T_WHAT: the guest counts on" witness_wait web1 "$target" "$(witness_counter web1)"
	ok "$T_WHAT: same boot, no gap, one writer" witness_check web1 --expect-boots 1
}

migrate live node1 node2 "node1 node2"
migrate saved node2 node3 "node3"
migrate auto node3 node1 "node1 node3"

T_WHAT="saved on stop, restored elsewhere"
PARAM[stop_mode]=save
agent_is 0 node1 stop
masks_are web1 "$T_WHAT: after stop"
agent_is 0 node2 start
ok "$T_WHAT: the guest counts on" witness_wait web1 node2 "$(witness_counter web1)"
ok "$T_WHAT: same boot" witness_check web1 --expect-boots 1

T_WHAT="a saved image is restored once"
PARAM[stop_mode]=shutdown
agent_is 0 node2 stop
agent_is 0 node3 start
ok "$T_WHAT: the guest counts on" witness_wait web1 node3 "$(witness_counter web1)"
ok "$T_WHAT: a second boot, from disk" witness_check web1 --expect-boots 2

T_WHAT="live migration to a host that cannot take it"
mapfile -t meta < <(migrate_meta node3 node1)
PARAM[migration_mode]=live
libvirtd_signal node1 KILL
agent node3 migrate_to "${meta[@]}"
libvirtd_back node1
is "$T_WHAT fails softly" "$RC" 1
like "$T_WHAT names the host" "$REASON" node1
masks_are web1 "$T_WHAT: nothing is left granted" node3
is "$T_WHAT: the guest runs on" "$(domain node3 web1)" running
ok "$T_WHAT: same boot" witness_check web1 --expect-boots 2

T_WHAT="a dump by an administrator"
PIPE=/tmp/lab-dump
# Nobody reads it: so the dump is under way until somebody does.
lab exec node3 -- mkfifo "$PIPE"
lab exec node3 -- bash -c "exec 7<>$PIPE; until [ -e $PIPE.go ]; do sleep 0.1; done; exec cat <&7 >/dev/null" \
	>/dev/null 2>&1 &
reader=$!
lab exec node3 -- sh -c "virsh dump --live web1 $PIPE >$PIPE.out 2>&1; echo rc=\$? >>$PIPE.out" \
	>/dev/null 2>&1 &
dump_runs() { lab exec node3 -- virsh domjobinfo web1 | seen '^Operation: *Dump'; }
dump_done() { lab exec node3 -- grep -q '^rc=0' "$PIPE.out"; }
ok "$T_WHAT: it runs" wait_until 20 dump_runs
refused 1 'wait until the job of domain .web1. has ended' node3 migrate_to "${meta[@]}"
masks_are web1 "$T_WHAT: nobody else is granted anything" node3
ok "$T_WHAT: it still runs" dump_runs
lab exec node3 -- touch "$PIPE.go"
ok "$T_WHAT: and is completed" wait_until 60 dump_done
kill "$reader" 2>/dev/null
lab exec node3 -- sh -c "pkill -x cat; rm -f $PIPE*"
is "$T_WHAT: the guest runs on" "$(domain node3 web1)" running
ok "$T_WHAT: same boot" witness_check web1 --expect-boots 2

agent_is 0 node3 stop
masks_are web1 "at the end"

done_testing
