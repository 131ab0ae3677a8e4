#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An ordinary VM under Pacemaker: what its definition leaves to libvirt, and what is attached while it
# runs, moves with it, in both modes; a later boot gives it the same hardware. Then memory that no host
# can restore, and the ways out.
#
# ORDINARY_MOVES=NUMBER: moves in each mode.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pacemaker.sh"
. "$(dirname "$0")/tidy.sh"

moves=${ORDINARY_MOVES:-10}
pool=$(lab path pool)

clean_up() {
	lab up >/dev/null 2>&1
	CRM_NODE=node1
	web1_remove >/dev/null 2>&1
}
trap clean_up EXIT

definition() { lab exec "$1" -- virsh dumpxml web1 2>/dev/null; }
macs() { definition "$1" | sed -n "s/.*<mac address='\(.*\)'.*/\1/p" | xargs; }
machine() { definition "$1" | sed -n "s/.*machine='\([^']*\)'.*/\1/p"; }
# lunmask NODE ARGUMENT...: sets RC and OUT.
lunmask() {
	OUT=$(lab exec "$1" -- lunmask "${@:2}" 2>&1 </dev/null)
	RC=$?
}

# move MODE BOOTS: to another node, as an administrator does it.
move() {
	from=$(located)
	node=$(other_node "$from")
	ok "$T_WHAT: $1 from $from to $node" crm resource move web1 "$node"
	ok "$T_WHAT: settles" settled
	ok "$T_WHAT: clear" crm resource clear web1
	runs_on "$node" "$2"
}

ok "the test VM's LUNs can be made" vm_make web1
ok "a definition as people write it" lab exec node1 -- sh -c \
	'grep -q host-model /etc/lunmask/web1.xml && grep -q "<interface" /etc/lunmask/web1.xml &&
	! grep -q "<mac" /etc/lunmask/web1.xml'
ok "a resource" web1_configure
ok "it starts" settled
node=$(located)
T_WHAT="the first start"
runs_on "$node" 1
mac=$(macs "$node")
machine=$(machine "$node")
like "$T_WHAT: libvirt has given it a MAC" "$mac" '^[0-9a-f:]{17}$'
like "$T_WHAT: and a machine type" "$machine" '^pc-q35-[0-9]'

for mode in live saved; do
	ok "migration_mode=$mode" crm resource param web1 set migration_mode $mode
	for ((i = 1; i <= moves; i++)); do
		T_WHAT="$mode, $i"
		move $mode 1
		is "$T_WHAT: the MAC is the same" "$(macs "$node")" "$mac"
	done
done
is "nothing failed so far" "$(failures)" ""

T_WHAT="a NIC is attached"
printf "<interface type='user'><model type='virtio'/></interface>" |
	lab exec "$node" -- tee /run/nic2.xml >/dev/null
ok "$T_WHAT" lab exec "$node" -- virsh attach-device web1 /run/nic2.xml --live
both=$(macs "$node")
is "$T_WHAT: it has two" "$(wc -w <<<"$both")" 2
move saved 1
is "$T_WHAT: both were saved" "$(macs "$node")" "$both"
ok "migration_mode=live" crm resource param web1 set migration_mode live
move live 1
is "$T_WHAT: both were migrated" "$(macs "$node")" "$both"
like "$T_WHAT: it is told" "$(pacemaker_log "$from")" \
	"definition: in progress .*2 <interface> \(1\), a NIC ${both#* }"
is "nothing failed so far" "$(failures)" ""

T_WHAT="a boot on another node"
ok "$T_WHAT: stop" crm resource stop web1
ok "$T_WHAT: settles" settled
elsewhere=$(other_node "$node")
ok "$T_WHAT: there" crm resource move web1 "$elsewhere"
ok "$T_WHAT: start" crm resource start web1
ok "$T_WHAT: settles" settled
ok "$T_WHAT: clear" crm resource clear web1
runs_on "$elsewhere" 2
is "$T_WHAT: the MAC is that of the first" "$(macs "$elsewhere")" "$mac"
is "$T_WHAT: so is the machine type" "$(machine "$elsewhere")" "$machine"

T_WHAT="while it runs"
lunmask "$(other_node "$elsewhere")" image discard web1 --yes
is "$T_WHAT: discard is refused" "$RC" 4
like "$T_WHAT: it names the host" "$OUT" "$elsewhere"
lunmask "$elsewhere" image discard web1 --yes
is "$T_WHAT: there, too" "$RC" 4
runs_on "$elsewhere" 2

# save_and_damage: the VM is stopped, its memory is saved, and libvirt cannot restore it.
save_and_damage() {
	local image
	ok "$T_WHAT: stop_mode=save" crm resource param web1 set stop_mode save
	ok "$T_WHAT: stop" crm resource stop web1
	ok "$T_WHAT: settles" settled
	image=$(ls "$pool"/web1-state*)
	printf 'rubbish' | dd of="$image" bs=1 seek=1048576 conv=notrunc status=none
}

T_WHAT="memory that no host can restore"
save_and_damage
ok "$T_WHAT: start" crm resource start web1
ok "$T_WHAT: settles" settled
is "$T_WHAT: it runs nowhere" "$(located)" ""
said=$(failures)
like "$T_WHAT: the reason names the command" "$said" "lunmask image discard web1"
like "$T_WHAT: and the parameter" "$said" "on_restore_failure=boot"
masks_are web1 "$T_WHAT"
lunmask node1 image show web1
is "$T_WHAT: show" "$RC" 0
like "$T_WHAT: show says that it is kept" "$OUT" "image: *valid"
like "$T_WHAT: show says whose the definition is" "$OUT" "definition: *as libvirt completed it"
lunmask node2 image show web1 --json
like "$T_WHAT: show, for programs" "$OUT" '"image": "valid"'
masks_are web1 "$T_WHAT: after show"

# ssh, on node1: it carries the first change of masks, the grant, and hangs at the second, the revoke.
ssh_make_hang() {
	lab exec node1 -- mkdir -p /tmp/lab-ssh || return 1
	# shellcheck disable=SC2016 # the node's shell expands it
	printf '#!/bin/sh\ncase "$*" in *" apply") ;; *) exec /usr/bin/ssh "$@" ;; esac\n%s\n' \
		'mkdir "${0%/*}/granted" 2>/dev/null && exec /usr/bin/ssh "$@"; touch "${0%/*}/hangs"; exec sleep 20000' |
		lab exec node1 -- sh -c "cat >/tmp/lab-ssh/ssh && chmod 755 /tmp/lab-ssh/ssh"
}
# Within seconds, lunmask-tidy would end the task that a killed process leaves.
T_WHAT="a look that is killed"
tidy_rest
ok "$T_WHAT: ssh hangs" ssh_make_hang
lab exec node1 -- env PATH="/tmp/lab-ssh:$PATH" lunmask image show web1 >/dev/null 2>&1 </dev/null &
looker=$!
ok "$T_WHAT: it has granted" wait_until 30 lab exec node1 -- test -e /tmp/lab-ssh/hangs
lab exec node1 -- pkill -KILL -x lunmask
wait "$looker"
lab exec node1 -- rm -r /tmp/lab-ssh
masks_are web1 "$T_WHAT" node1
lunmask node2 image show web1
is "$T_WHAT: another waits, and is refused" "$RC" 4
like "$T_WHAT: it says what to do" "$OUT" "lunmask reconcile on node1"
lunmask node1 reconcile web1
is "$T_WHAT: lunmask reconcile there ends it" "$RC" 0
masks_are web1 "$T_WHAT: then"
tidy_work

T_WHAT="memory that no host can restore"
lunmask node1 image discard web1
is "$T_WHAT: discard asks" "$RC" 4
like "$T_WHAT: discard says what is lost" "$OUT" "power failure"
lunmask node1 image show web1
like "$T_WHAT: nothing was done" "$OUT" "image: *valid"
lunmask node1 image discard web1 --yes
is "$T_WHAT: discard" "$RC" 0
masks_are web1 "$T_WHAT: after discard"
lunmask node1 tasks --all --vm web1
like "$T_WHAT: it was a task" "$OUT" "reconcile *done *(revoke|discard)"
lunmask node1 image discard web1 --yes
is "$T_WHAT: discard again is no error" "$RC" 0
ok "$T_WHAT: cleanup" crm resource cleanup web1
ok "$T_WHAT: settles" settled
node=$(located)
runs_on "$node" 3

T_WHAT="on_restore_failure=boot"
save_and_damage
ok "$T_WHAT" crm resource param web1 set on_restore_failure boot
ok "$T_WHAT: start" crm resource start web1
ok "$T_WHAT: settles" settled
node=$(located)
runs_on "$node" 4
is "$T_WHAT: no start failed" "$(failures)" ""
like "$T_WHAT: it is told" "$(pacemaker_log "$node")" "restore: failed.*its saved memory given up"

done_testing
