#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Live migrations with faults at random moments: the link between the hosts' libvirtds goes dead, the
# target's last answer is lost, libvirtd is killed and started again on either side; the array is busy,
# full, slow, or answers late, or its management hangs. Then what Pacemaker does. In none do two hosts
# run the guest, and none reboots it.
#
# LIVE_FAULTS=ROUNDS, LIVE_SEED=NUMBER: the seed is printed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"
. "$(dirname "$0")/link.sh"
. "$(dirname "$0")/management.sh"

rounds=${LIVE_FAULTS:-50}
RANDOM=${LIVE_SEED:=$((RANDOM))}
echo "# LIVE_FAULTS=$rounds LIVE_SEED=$LIVE_SEED"

clean_up() {
	management_back
	driver_unwrap
	link_remove
	vm_unmake web1
}
trap clean_up EXIT
ok "the test VM's LUNs can be made" vm_make web1
ok "the links can be broken" link_install
ok "and the array's driver" driver_wrap
vm_params web1
PARAM[migration_mode]=live
agent_is 0 node1 start
BOOTS=1
T_WHAT="at the beginning"
settled node1
source=node1

# fault NAME MILLISECONDS SOURCE TARGET: in the background of the migration.
fault() {
	local node
	sleep "$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))"
	case $1 in
	link) link_kill "$4" ;;
	source) node=$3 ;;
	target) node=$4 ;;
	array-busy) driver_says busy ;;
	array-full) driver_says no-space ;;
	array-slow) driver_fault 'sleep 5' ;;
	array-late) driver_fault "$DRIVER.whole \"\$@\"; rc=\$?; sleep 12; exit \$rc" ;;
	array-hangs) management_hangs ;;
	esac
	if [ -n "${node:-}" ]; then
		libvirtd_signal "$node" KILL
		libvirtd_back "$node"
	fi
}

faults=(link link source target finish-dead finish-closed array-busy array-full array-slow array-late
	array-hangs)
for ((round = 1; round <= rounds; round++)); do
	target=$(other "$source")
	kind=${faults[RANDOM % ${#faults[@]}]}
	after=$((RANDOM % 1200))
	back=$((RANDOM % 2))
	T_WHAT="$round: $kind after $after ms, from $source"
	mapfile -t meta < <(migrate_meta "$source" "$target")
	case $kind in
	finish-*) link_finish "$target" "${kind#finish-}" ;;
	*) fault "$kind" "$after" "$source" "$target" & ;;
	esac
	agent "$source" migrate_to "${meta[@]}"
	migrate_to=$RC
	said=$REASON
	wait
	many=$(running)
	like "$T_WHAT: at most one runs" "$many" '^[01]$'
	link_heal "$target"
	driver_whole
	management_back
	libvirtd_back "$source"
	libvirtd_back "$target"
	if [ "$migrate_to" = 0 ]; then
		agent_is 0 "$target" migrate_from "${meta[@]}"
		agent_is 0 "$source" stop
		source=$target
	elif [ "$back" = 1 ] && [ "$(domain "$source" web1)" = running ]; then
		# With on-fail=block, the guest is left where it runs.
		agent_is 0 "$target" stop
	else
		agent "$target" stop &
		agent_is 0 "$source" stop
		wait
		stopped
		agent_is 0 "$target" start
		source=$target
	fi
	echo "# migrate_to: $migrate_to ${said:0:160}"
	settled "$source"
done

agent_is 0 "$source" stop
T_WHAT="at the end"
stopped

done_testing
