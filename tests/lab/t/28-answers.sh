#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A migration asks the target's lunmaskd what it sees and whether it would take the guest; and what
# answers there may be missing, flood, lie or hang.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"

PROGRAM=/usr/libexec/lunmask/lunmask-answer
NODES=(node1 node2)
clean_up() {
	local node
	for node in "${NODES[@]}"; do
		lab exec "$node" -- sh -c "[ ! -e $PROGRAM.kept ] || mv -f $PROGRAM.kept $PROGRAM"
	done
	vm_unmake web1
}
trap clean_up EXIT

# program NODE: is lunmask-answer from now on; from stdin.
program() {
	lab exec "$1" -- sh -c "[ -e $PROGRAM.kept ] || cp -p $PROGRAM $PROGRAM.kept
		cat >$PROGRAM.new && chmod 755 $PROGRAM.new && mv $PROGRAM.new $PROGRAM"
}
program_back() { lab exec "$1" -- mv -f "$PROGRAM.kept" "$PROGRAM"; }
# Those that a time limit has ended are gone.
none_hangs() {
	# shellcheck disable=SC2016 # the node's shell expands it
	lab exec "$1" -- sh -c 'for pid in $(cat /run/lab-answers-hung); do
		[ ! -e /proc/$pid ] || exit 1; done'
}
active() { lab exec "$1" -- lunmask journal status | seen '^active: *yes'; }
logged() { lab exec "$1" -- grep -qE -- "$2" /var/log/lunmaskd.log; }

# move SOURCE TARGET: the whole of it; OUT is that of migrate_to.
move() {
	local meta said
	mapfile -t meta < <(migrate_meta "$1" "$2")
	agent_is 0 "$1" migrate_to "${meta[@]}"
	said=$OUT
	agent_is 0 "$2" migrate_from "${meta[@]}"
	agent_is 0 "$1" stop
	masks_are web1 "$T_WHAT" "$2"
	ok "$T_WHAT: the guest counts on" witness_wait web1 "$2" "$(witness_counter web1)"
	ok "$T_WHAT: same boot, one writer" witness_check web1 --expect-boots 1
	OUT=$said
}

ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
PARAM[migration_mode]=live
agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 5

T_WHAT="lunmaskd answers"
move node1 node2
unlike "$T_WHAT: nobody else is asked" "$OUT" 'is asked by (ssh|libvirt)'

T_WHAT="what answers is not there"
ok "$T_WHAT: on node1" program node1 <<<'#!/bin/sh
exit 1'
move node2 node1
like "$T_WHAT: libvirt is asked" "$OUT" 'node1 is asked by libvirt: .*ended without an answer'
like "$T_WHAT: and ssh" "$OUT" 'node1 is asked by ssh: .*ended without an answer'
ok "$T_WHAT: its lunmaskd says so" logged node1 'ask: a question of node [0-9]+ was not answered: .*ended'

T_WHAT="it floods"
ok "$T_WHAT: on node2" program node2 <<<'#!/bin/sh
exec cat /dev/zero'
move node1 node2
like "$T_WHAT: ssh is asked" "$OUT" 'node2 is asked by ssh: '
ok "$T_WHAT: the journal goes on" active node2

T_WHAT="it lies"
ok "$T_WHAT: on node1" program node1 <<<'#!/bin/sh
printf "answer 4\ntrue"; exec sleep 5'
ok "$T_WHAT: node2 is well again" program_back node2
move node2 node1
like "$T_WHAT: ssh is asked" "$OUT" 'node1 is asked by ssh: .*illegal answer'

T_WHAT="it hangs"
# shellcheck disable=SC2016 # the program expands it
ok "$T_WHAT: on node2" program node2 <<<'#!/bin/sh
echo $$ >>/run/lab-answers-hung
exec sleep 1000000'
ok "$T_WHAT: node1 is well again" program_back node1
move node1 node2
like "$T_WHAT: ssh is asked, in time" "$OUT" 'node2 is asked by ssh: '
ok "$T_WHAT: the journal goes on" active node2
ok "$T_WHAT: what hung is ended" wait_until 20 none_hangs node2
ok "$T_WHAT: node2 is well again" program_back node2

T_WHAT="the target's lunmaskd stands still"
daemon_signal node1 STOP
agent node2 migrate_to OCF_RESKEY_CRM_meta_migrate_source=node2 OCF_RESKEY_CRM_meta_migrate_target=node1
daemon_signal node1 CONT
like "$T_WHAT: ssh is asked" "$OUT" 'node1 is asked by ssh: '
if [ "$RC" = 0 ]; then
	mapfile -t meta < <(migrate_meta node2 node1)
	agent_is 0 node1 migrate_from "${meta[@]}"
	agent_is 0 node2 stop
	place=node1
else
	place=node2
fi
is "$T_WHAT: it runs" "$(domain "$place" web1)" running
ok "$T_WHAT: same boot" witness_check web1 --expect-boots 1

T_WHAT="at the end"
agent_is 0 "$place" stop
masks_are web1 "$T_WHAT"
for node in "${NODES[@]}"; do
	ok "$T_WHAT: no note was refused on $node" eval "! logged $node 'malformed=[1-9]'"
done

done_testing
