#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A VM is made from a template, runs under Pacemaker on all nodes; and made while the command is killed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"
. "$(dirname "$0")/template.sh"
. "$(dirname "$0")/pacemaker.sh" # after it: settled is that of Pacemaker

LUNMASK=/usr/sbin/lunmask

clean_up() {
	local vm
	web1_remove >/dev/null 2>&1
	for vm in web1 many1 many2 many3 many4 many5; do
		lab exec node1 -- "$LUNMASK" create "$vm" --abort >/dev/null 2>&1
		vm_unmake "$vm"
	done
	template_remove
}
trap clean_up EXIT

# create NODE VM [OPTION...]: sets RC, OUT (of stdout) and SAID (of stderr).
create() {
	local node=$1 said
	shift
	said=$(mktemp)
	OUT=$(lab exec "$node" -- "$LUNMASK" create "$@" 2>"$said")
	RC=$?
	SAID=$(cat "$said")
	rm -f "$said"
}

# create_is RC NODE VM [OPTION...]
create_is() {
	local want=$1
	shift
	create "$@"
	if [ "$RC" = "$want" ]; then
		pass "$T_WHAT: create on $1 exits with $want"
	else
		fail "$T_WHAT: create on $1 exits with $want" "got $RC" "$OUT" "$SAID"
	fi
}

# Beside the witness's ring, which begins at 1 MiB and has 1 MiB.
content_is_the_image() {
	local file
	file=$(lab path pool)/$1-vda
	cmp -n 1048576 "$IMAGE" "$file" && cmp -i 2097152 "$IMAGE" "$file"
}

nothing_is_left() {
	is "$T_WHAT: no LUN is left" "$(luns_on_array web1)" none
	is "$T_WHAT: no task is open" "$(open_tasks web1)" none
}

is_made() {
	is "$T_WHAT: its LUNs are there" "$(luns_on_array "$1")" "$1-state $1-vda $1-vdb"
	masks_are "$1" "$T_WHAT: nobody has a path"
	ok "$T_WHAT: the image is on it" content_is_the_image "$1"
	is "$T_WHAT: no task is open" "$(open_tasks "$1")" none
}

offline() { lab exec "$CRM_NODE" -- crm_mon -1 2>/dev/null | seen -E "OFFLINE:.* $1 "; }

unmake() {
	local lun
	for lun in $(vm_luns web1); do
		lun_delete "$lun"
	done
}

ok "a template can be made" template_make
T_WHAT="templates"
like "$T_WHAT: list has those that are shipped" \
	"$(lab exec node1 -- "$LUNMASK" template list)" '^linux-cloud '
ok "$T_WHAT: check finds this one good" lab exec node1 -- "$LUNMASK" template check witness

T_WHAT="refused"
create_is 0 node1 web1 --template witness --dry-run
create_is 1 node1 web1 --template witness --class raid6
like "$T_WHAT: it says what is legal" "$SAID" "has no reliability class 'raid6'; it has: none"
create_is 1 node1 web1 --template witness --size vda=1MiB
like "$T_WHAT: it says what is too small" "$SAID" "make drive vda larger"
create_is 6 node1 web1 --abort
nothing_is_left

T_WHAT="made"
create_is 0 node1 web1 --template witness --verify --host node2 --crm --output-as json
commands=$(python3 -c 'import json, sys; print(*json.load(sys.stdin)["commands"], sep="\n")' <<<"$OUT")
is "$T_WHAT: it prints three commands" "$(wc -l <<<"$commands")" 3
is_made web1
create_is 4 node1 web1 --template witness
is_made web1

T_WHAT="under Pacemaker, by the printed commands"
while read -r command; do
	ok "$T_WHAT: ${command:0:40}" lab exec node1 -- sh -c "$command"
done <<<"$commands"
ok "$T_WHAT: settles" settled
runs_on node2 1
like "$T_WHAT: lunmask luns knows its class, VM and host" \
	"$(lab exec node1 -- "$LUNMASK" luns)" '^web1-vda +16MiB none +default +unknown +web1 +node2$'
for node in node3 node1; do
	T_WHAT="moved live to $node"
	ok "$T_WHAT" crm resource move web1 "$node"
	ok "$T_WHAT: settles" settled
	runs_on "$node" 1
	ok "$T_WHAT: clear" crm resource clear web1
done
ok "the image is beside what the guest has written" content_is_the_image web1
crm -F configure delete web1-prefers >/dev/null 2>&1
web1_remove >/dev/null 2>&1
T_WHAT="removed"
nothing_is_left

ok "the crash points can be installed" crash_install

# create_killed POINT: by a line that it writes
create_killed() {
	OUT=$(lab exec node1 -- setsid --wait env LD_PRELOAD="$CRASH_LIBRARY" CRASH_AT="line:$1" \
		"$LUNMASK" create web1 --template witness 2>&1)
	RC=$?
	if [ "$RC" = 137 ] && grep -q '^crashpoint: reached$' <<<"$OUT"; then
		pass "$T_WHAT: it is killed"
	else
		fail "$T_WHAT: it is killed" "got $RC" "$OUT"
	fi
}

PARAM=([vm]=web1 [array]=san1 [luns]="vda=web1-vda vdb=web1-vdb" [state_lun]=web1-state)
for step in volumes grant verify definition "write web1-vda" images state; do
	T_WHAT="killed after $step, undone"
	create_killed "$step"
	create_is 0 node1 web1 --abort
	nothing_is_left

	T_WHAT="killed after $step, run again"
	create_killed "$step"
	refused 1 "finish 'lunmask create web1'" node1 start
	create_is 0 node1 web1 --template witness
	is_made web1
	unmake
done

T_WHAT="killed, and its node loses its power"
create_killed images
lab cut node1
CRM_NODE=node2
ok "$T_WHAT: it is off" wait_until 60 offline node1
ok "$T_WHAT: another node undoes it" \
	wait_until 60 lab exec node2 -- "$LUNMASK" create web1 --abort
is "$T_WHAT: no LUN is left" "$(luns_on_array web1)" none
lab boot node1 >/dev/null 2>&1
lab up >/dev/null 2>&1
CRM_NODE=node1

T_WHAT="five at once"
for i in 1 2 3 4 5; do
	lab exec "node$((i % 3 + 1))" -- "$LUNMASK" create "many$i" --template witness \
		>/dev/null 2>&1 &
	jobs_of[i]=$!
done
for i in 1 2 3 4 5; do
	wait "${jobs_of[i]}"
	is "$T_WHAT: many$i" $? 0
done
for i in 1 2 3 4 5; do
	T_WHAT="five at once: many$i"
	is_made "many$i"
done

done_testing
