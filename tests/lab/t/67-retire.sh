#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Drives grow under a guest that runs; the definition starts without lunmask; the VM is destroyed, also
# where the commands are killed and a node loses its power.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"
. "$(dirname "$0")/pacemaker.sh" # after it: settled is that of Pacemaker

MIB=1048576
web1_end() {
	lab exec node1 -- lunmask destroy web1 --abort >/dev/null 2>&1
	web1_remove >/dev/null 2>&1
}
trap web1_end EXIT

# lunmask NODE COMMAND...: sets RC and OUT, which has what it says, too.
lunmask() {
	OUT=$(lab exec "$1" -- lunmask "${@:2}" 2>&1 </dev/null)
	RC=$?
}
done_is() { if [ "$RC" = "$1" ]; then pass "$T_WHAT: exit status $1"; else fail "$T_WHAT: exit status $1" "got $RC" "$OUT"; fi; }

# killed NODE LINE COMMAND...: the command is killed when it has written such a line.
killed() {
	OUT=$(lab exec "$1" -- setsid --wait env LD_PRELOAD="$CRASH_LIBRARY" CRASH_AT="line:$2" \
		lunmask "${@:3}" 2>&1 </dev/null)
	RC=$?
	if [ "$RC" = 137 ] && seen '^crashpoint: reached$' <<<"$OUT"; then
		pass "$T_WHAT: it is killed"
	else
		fail "$T_WHAT: it is killed" "got $RC" "$OUT"
	fi
}

offline() { lab exec "$CRM_NODE" -- crm_mon -1 2>/dev/null | seen -E "OFFLINE:.* $1 "; }

ok "the crash points can be installed" crash_install
ok "the VM can be made" vm_make web1
ok "it is configured" web1_configure
T_WHAT="started"
ok "$T_WHAT: settles" settled
node=$(located)
other=$(other_node "$node")
runs_on "$node" 1

# has_grown MIB: array, mapping file and guest.
has_grown() {
	is "$T_WHAT: the array has it" "$(lun_bytes web1-data)" $(($1 * MIB))
	like "$T_WHAT: the guest has it" \
		"$(lab exec "$node" -- virsh domblkinfo web1 vdb)" "Capacity: *$(($1 * MIB))"
	lunmask "$node" definition show web1
	like "$T_WHAT: it is noted" "$OUT" "lun=\"web1-data\" .*size=\"$(($1 * MIB))\""
	is "$T_WHAT: no task is open" "$(open_tasks web1)" none
}

T_WHAT="resize, refused"
lunmask "$other" resize web1 vdb 32MiB
done_is 4
like "$T_WHAT: it names the node" "$OUT" "run this command on $node"
lunmask "$node" resize web1 vdb 8MiB
done_is 1
like "$T_WHAT: it does not shrink" "$OUT" "name a larger size"
lunmask "$node" resize web1 vdc 32MiB
done_is 6
like "$T_WHAT: it names the drives" "$OUT" "it has vda, vdb, state"

T_WHAT="resize under a guest that writes"
lunmask "$node" resize web1 vdb 32MiB
done_is 0
has_grown 32
runs_on "$node" 1
lunmask "$node" resize web1 vdb 32MiB
done_is 0
like "$T_WHAT: again" "$OUT" "has 32MiB already"
for size in 33 34 35; do
	ok "$T_WHAT: the first drive, too" lab exec "$node" -- lunmask resize web1 vda ${size}MiB
	runs_on "$node" 1
done

size=40
for line in "grow: done" "note: done" "tell: done"; do
	T_WHAT="resize, killed after ${line%:*}"
	killed "$node" "$line" resize web1 vdb ${size}MiB
	lunmask "$node" resize web1 vdb ${size}MiB
	done_is 0
	has_grown $size
	runs_on "$node" 1
	size=$((size + 8))
done

for mode in live saved; do
	T_WHAT="moved $mode after it has grown"
	ok "$T_WHAT: migration_mode=$mode" crm resource param web1 set migration_mode $mode
	ok "$T_WHAT: settles" settled
	node=$(other_node "$node")
	ok "$T_WHAT: moves" crm resource move web1 "$node"
	ok "$T_WHAT: settles" settled
	ok "$T_WHAT: clear" crm resource clear web1
	runs_on "$node" 1
done
is "nothing failed so far" "$(failures)" ""

T_WHAT="destroy, refused"
lunmask "$node" destroy web1 --confirm web1
done_is 4
like "$T_WHAT: while it is not stopped" "$OUT" "crm resource stop web1"
ok "$T_WHAT: stop" crm resource stop web1
ok "$T_WHAT: settles" settled
lunmask node1 destroy web1
done_is 4
like "$T_WHAT: nobody confirms it" "$OUT" "say --confirm web1"
is "$T_WHAT: the LUNs are there" "$(luns_on_array web1)" "web1-data web1-root web1-state"

T_WHAT="stopped, a drive grows"
lunmask node2 resize web1 vdb 72MiB
done_is 0
is "$T_WHAT: the array has it" "$(lun_bytes web1-data)" $((72 * MIB))
masks_are web1 "$T_WHAT"

T_WHAT="export"
plain=$(lab exec node1 -- lunmask export web1 2>/dev/null)
is "$T_WHAT: exit status" $? 0
unlike "$T_WHAT: nothing of lunmask" "$plain" "lunmask"
for lun in $(vm_luns web1); do
	printf '{"luns":["%s"],"grant":"%s"}' "$lun" "$(initiator node1)" | driver apply >/dev/null
done
counter=$(witness_counter web1)
lab exec node1 -- tee /run/web1-plain.xml <<<"$plain" >/dev/null
ok "$T_WHAT: it starts without lunmask" lab exec node1 -- virsh -q create /run/web1-plain.xml
ok "$T_WHAT: the guest counts on" witness_wait web1 node1 "$counter"
lunmask node1 destroy web1 --confirm web1
done_is 4
like "$T_WHAT: a domain is in the way" "$OUT" "is not stopped"
lunmask node2 destroy web1 --confirm web1
done_is 4
like "$T_WHAT: from another node, too" "$OUT" "node1 has a path"
lab exec node1 -- virsh -q destroy web1 >/dev/null 2>&1
for lun in $(vm_luns web1); do
	revoke_all "$lun"
done

PARAM=([vm]=web1 [array]=san1 [luns]="vda=web1-root vdb=web1-data" [state_lun]=web1-state)
T_WHAT="destroy, killed before anything is deleted"
killed node1 "owner: done" destroy web1 --confirm web1
refused 1 "finish 'lunmask destroy web1'" node1 start
lunmask node1 destroy web1 --abort
done_is 0
masks_are web1 "$T_WHAT"
is "$T_WHAT: no task is open" "$(open_tasks web1)" none
ok "$T_WHAT: start" crm resource start web1
ok "$T_WHAT: settles" settled
ok "$T_WHAT: the witness agrees" witness_check web1
ok "$T_WHAT: stop" crm resource stop web1
ok "$T_WHAT: settles" settled

for line in "wipe web1-root" "wipe: done" "revoke: done" "releases: done"; do
	T_WHAT="destroy, killed at $line"
	killed node1 "$line" destroy web1 --wipe --confirm web1
	refused 1 "finish 'lunmask destroy web1'" node1 start
	lunmask node1 destroy web1 --abort
	done_is 4
	lunmask node1 destroy web1 --confirm web1 --crm
	done_is 0
	is "$T_WHAT: no LUN is left" "$(luns_on_array web1)" none
	is "$T_WHAT: no task is open" "$(open_tasks web1)" none
	like "$T_WHAT: it prints the command" "$OUT" "crm configure delete web1"
	ok "$T_WHAT: the VM can be made again" vm_make web1
done

T_WHAT="destroy, and its node loses its power"
killed node1 "wipe web1-root" destroy web1 --wipe --confirm web1
lab cut node1
CRM_NODE=node2
ok "$T_WHAT: it is off" wait_until 60 offline node1
ok "$T_WHAT: another node goes on" \
	wait_until 60 lab exec node2 -- lunmask destroy web1 --confirm web1
is "$T_WHAT: no LUN is left" "$(luns_on_array web1)" none
lab boot node1 >/dev/null 2>&1
lab up >/dev/null 2>&1
CRM_NODE=node1

T_WHAT="the printed command"
ok "$T_WHAT" crm -F configure delete web1
is "$T_WHAT: no task is open" "$(open_tasks web1)" none

done_testing
