#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All of a VM on one LUN: two drives and the state as extents of it.
. "$(dirname "$0")/lib.sh"

vm_luns() { echo "$1-all"; }
drive_a=web2-all:16MiB+16MiB
drive_b=web2-all:32MiB+16MiB
clean_up() { vm_unmake web2; }
trap clean_up EXIT
checked() { lab guest check web2 --luns "$drive_a $drive_b" "$@"; }

ok "one LUN can be made" lun_create web2-all $((208 << 20))
for node in $(lab nodes); do
	lab guest xml web2 --memory "$VM_MEMORY_MIB" --disks 2 |
		lab exec "$node" -- tee /etc/lunmask/web2.xml >/dev/null
done
vm_params web2
PARAM[luns]="vda=$drive_a vdb=$drive_b"
PARAM[state_lun]=web2-all:48MiB+160MiB

T_WHAT="extents that overlap"
PARAM[luns]="vda=$drive_a vdb=web2-all:24MiB+16MiB"
refused 6 'overlap' node1 start
PARAM[luns]="vda=$drive_a vdb=web2-all:32MiB+17MiB"
refused 6 'overlap' node1 start
masks_are web2 "$T_WHAT"
PARAM[luns]="vda=$drive_a vdb=$drive_b"

T_WHAT="start"
agent_is 0 node1 start
masks_are web2 "$T_WHAT" node1
ok "the guest counts" witness_wait web2 node1 5

for mode in live saved; do
	from=node1 to=node2
	[ "$mode" = live ] || { from=node2 to=node3; }
	T_WHAT="$mode"
	PARAM[migration_mode]=$mode
	mapfile -t meta < <(migrate_meta "$from" "$to")
	agent_is 0 "$from" migrate_to "${meta[@]}"
	agent_is 0 "$to" migrate_from "${meta[@]}"
	agent_is 0 "$from" stop
	masks_are web2 "$T_WHAT" "$to"
	ok "$T_WHAT: the guest counts on" witness_wait web2 "$to" "$(witness_counter web2)"
	ok "$T_WHAT: same boot, no gap, one writer" checked --expect-boots 1
done

agent_is 0 node3 stop
masks_are web2 "at the end"
ok "the two drives and the state kept apart" checked --expect-boots 1

done_testing
