#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The life of a VM: made from a template, on all hosts in turn, larger while it runs, kept as it is at one
# moment, and destroyed. The array's files are on XFS, which has snapshots of them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/template.sh"
. "$(dirname "$0")/pacemaker.sh"

MIB=1048576
LOOP=
# A file system for the array's files; there are none yet.
pool_make() {
	local image
	image=$(lab path array)/srv/pool.xfs
	mkdir -p "${image%/*}" && truncate -s 1G "$image" && mkfs.xfs -q "$image" &&
		LOOP=$(losetup -f --show "$image") &&
		lab array -- sh -c "mknod /dev/pool b 7 ${LOOP#/dev/loop} && mount -t xfs /dev/pool /srv/luns" &&
		mount -t xfs "$LOOP" "$(lab path pool)" # for the oracle
}
pool_end() {
	[ -n "$LOOP" ] || return 0
	umount "$(lab path pool)"
	lab array -- sh -c 'umount /srv/luns; rm -f /dev/pool'
	losetup -d "$LOOP"
	rm -f "$(lab path array)/srv/pool.xfs"
}
clean_up() {
	lab exec node1 -- lunmask create web1 --abort
	lab exec node1 -- lunmask destroy web1 --abort
	web1_remove
	template_remove
	pool_end
} >/dev/null 2>&1
trap clean_up EXIT

# resource_of JSON: runs the commands that were printed for crm.
resource_of() {
	local command
	while read -r command; do
		ok "$T_WHAT: ${command:0:40}" lab exec node1 -- sh -c "$command"
	done < <(python3 -c 'import json, sys; print(*json.load(sys.stdin)["commands"], sep="\n")' <<<"$1")
}
move() { # MODE NODE
	T_WHAT="$1 to $2"
	ok "$T_WHAT: migration_mode=$1" crm resource param web1 set migration_mode "$1"
	ok "$T_WHAT: moves" crm resource move web1 "$2"
	ok "$T_WHAT: settles" settled
	ok "$T_WHAT: clear" crm resource clear web1
	runs_on "$2" 1
}

pool_make
ok "the array's files are on XFS" lab array -- mountpoint -q /srv/luns
T_WHAT="made from a template on node1, for node2"
ok "$T_WHAT: the template" template_make
said=$(lab exec node1 -- lunmask create web1 --template witness --verify --host node2 --crm \
	--output-as json 2>/dev/null)
is "$T_WHAT: exit status" $? 0
is "$T_WHAT: its LUNs" "$(luns_on_array web1)" "web1-state web1-vda web1-vdb"
masks_are web1 "$T_WHAT: nobody has a path"
is "$T_WHAT: no task is open" "$(open_tasks web1)" none
resource_of "$said"
ok "$T_WHAT: settles" settled
runs_on node2 1

move live node3
move live node1
T_WHAT="larger while it runs"
ok "$T_WHAT" lab exec node1 -- lunmask resize web1 vdb 24MiB
is "$T_WHAT: the array has it" "$(lun_bytes web1-vdb)" $((24 * MIB))
like "$T_WHAT: the guest has it" "$(lab exec node1 -- virsh domblkinfo web1 vdb)" \
	"Capacity: *$((24 * MIB))"
runs_on node1 1
T_WHAT="a snapshot of the guest that runs"
lunmask() { OUT=$(lab exec node1 -- lunmask "$@" 2>&1 </dev/null); }
ok "$T_WHAT" lab exec node1 -- lunmask snapshot web1 --name before
lunmask snapshots web1
like "$T_WHAT: it is listed, and the guest stood still" "$OUT" '^before .*paused'
runs_on node1 1
ok "$T_WHAT: another" lab exec node1 -- lunmask snapshot web1 --name later
ok "$T_WHAT: which is removed" lab exec node1 -- lunmask unsnapshot web1 later
lunmask snapshots web1
unlike "$T_WHAT: and not listed any more" "$OUT" '^later'
move saved node2
is "nothing failed" "$(failures)" ""

T_WHAT="destroyed"
ok "$T_WHAT: stop" crm resource stop web1
ok "$T_WHAT: settles" settled
ok "$T_WHAT: the witness agrees" witness_check web1 --expect-boots 1
lab exec node3 -- lunmask destroy web1 --confirm web1 >/dev/null 2>&1
is "$T_WHAT: not while there is a snapshot" "$(luns_on_array web1)" "web1-state web1-vda web1-vdb"
ok "$T_WHAT: with it" lab exec node3 -- lunmask destroy web1 --snapshots --confirm web1
is "$T_WHAT: no LUN is left" "$(luns_on_array web1)" none
is "$T_WHAT: no task is open" "$(open_tasks web1)" none
ok "$T_WHAT: the resource" crm -F configure delete web1

done_testing
