#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# monitor: what is lost and still runs is degraded (190), what cannot go on has failed (1).
. "$(dirname "$0")/lib.sh"

clean_up() {
	lab array -- ip addr add 10.77.0.101/24 dev eth0 2>/dev/null
	libvirtd_back node1
	vm_unmake web1
}
trap clean_up EXIT
ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
every=OCF_RESKEY_CRM_meta_interval=10000
ok "it starts" agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 5

# becomes RC: what a monitor of level 10 says, once lunmaskd has measured the paths again.
becomes() {
	agent node1 monitor "$every" OCF_CHECK_LEVEL=10
	[ "$RC" = "$1" ]
}
T_WHAT="one of two portals is gone"
lab array -- ip addr del 10.77.0.101/24 dev eth0
agent_is 0 node1 monitor "$every"
wait_until 60 becomes 190
is "$T_WHAT: it is degraded" "$RC" 190
like "$T_WHAT: it is named" "$REASON" '10.77.0.101'
T_WHAT="one of two portals is gone, and lunmaskd stands still"
lab exec node1 -- sh -c "kill -STOP \$(cat /run/lunmask/lunmaskd.pid)"
agent_is 190 node1 monitor "$every" OCF_CHECK_LEVEL=10
like "$T_WHAT: it is named" "$REASON" '10.77.0.101'
lab exec node1 -- sh -c "kill -CONT \$(cat /run/lunmask/lunmaskd.pid)"
agent_is 0 node1 stop
T_WHAT="start with one of two portals"
PARAM[paths_required]=all
refused 1 'paths_required' node1 start
masks_are web1 "$T_WHAT, all required"
PARAM[paths_required]=1
agent_is 0 node1 start
masks_are web1 "$T_WHAT, one required" node1
lab array -- ip addr add 10.77.0.101/24 dev eth0
T_WHAT="both portals are back"
# The host's question for its address, asked in vain just before, may go on failing for a second.
ok "$T_WHAT: the host reaches them" wait_until 10 lab exec node1 -- bash -c ': </dev/tcp/10.77.0.101/3260'
agent_is 0 node1 monitor "$every" OCF_CHECK_LEVEL=10

T_WHAT="somebody else is granted a LUN"
tid=$(target_id web1-data)
lab array -- tgtadm --lld iscsi --mode target --op bind --tid "$tid" \
	--initiator-name "$(initiator stranger)"
agent_is 0 node1 monitor "$every" OCF_CHECK_LEVEL=10
agent_is 190 node1 monitor "$every" OCF_CHECK_LEVEL=20
like "$T_WHAT: LUN and stranger are named" "$REASON" 'web1-data.*stranger'
lab array -- tgtadm --lld iscsi --mode target --op unbind --tid "$tid" \
	--initiator-name "$(initiator stranger)"
agent_is 0 node1 monitor "$every" OCF_CHECK_LEVEL=20

T_WHAT="the array's management is away"
# shellcheck disable=SC2016 # the array's shell expands it
lab array -- sh -c 'kill -STOP $(cat /run/sshd.pid)'
agent node1 monitor "$every" OCF_CHECK_LEVEL=0
is "$T_WHAT: level 0 does not ask it" "$RC" 0
# shellcheck disable=SC2016
lab array -- sh -c 'kill -CONT $(cat /run/sshd.pid)'

T_WHAT="the host's own grant was taken away"
printf '{"luns":["web1-data"],"revoke":"%s"}' "$(initiator node1)" | driver apply >/dev/null
wait_until 60 fencer_knows node1
# A guest that has lost a disk may not shut down: stop ends it after its share of this.
T_TIMEOUT_MS=40000 agent_is 0 node1 stop
agent_is 0 node1 start
printf '{"luns":["web1-data"],"revoke":"%s"}' "$(initiator node1)" | driver apply >/dev/null
agent_is 1 node1 monitor OCF_RESKEY_CRM_meta_interval=0 OCF_CHECK_LEVEL=20
like "$T_WHAT: a probe says so" "$REASON" 'does not grant this host all LUNs'
unlike "$T_WHAT: and changes nothing" "$(acl web1-data)" node1
agent_is 190 node1 monitor "$every" OCF_CHECK_LEVEL=20
like "$T_WHAT: it says so" "$REASON" 'lost this host.s grants'
masks_are web1 "$T_WHAT: it has it again" node1
agent_is 0 node1 monitor "$every" OCF_CHECK_LEVEL=20
agent_is 0 node1 stop

T_WHAT="an I/O error"
ok "it starts" agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 "$(witness_counter web1)"
asked() { grep -c 'the arrays are asked: libvirt reported an I/O error' "$(lab path node1)/var/log/lunmask-cutoff.log"; }
asked_beyond() { [ "$(asked)" -gt "$1" ]; }
before=$(asked)
disk=$(lab path pool)/web1-data
cp --sparse=always "$disk" "$disk.kept"
truncate -s 4096 "$disk"
paused() { [ "$(domain node1 web1)" = paused ]; }
ok "$T_WHAT pauses the guest" wait_until 30 paused
ok "$T_WHAT: lunmask-cutoff asks whether it is because of a fencing" wait_until 5 asked_beyond "$before"
PARAM[on_ioerror]=report
agent_is 190 node1 monitor "$every"
PARAM[on_ioerror]=fail
agent_is 1 node1 monitor "$every"
like "$T_WHAT: it says so" "$REASON" 'I/O error'
agent_is 1 node1 monitor OCF_RESKEY_CRM_meta_interval=0
# A fenced host's guest has failed, whatever on_ioerror says. lunmask-cutoff would have ended it.
hurt_cutoff() { lab exec node1 -- pkill "-$1" -x lunmask-cutoff; }
hurt_cutoff STOP
printf '{"initiators":["%s"]}' "$(initiator node1)" | driver fence >/dev/null
PARAM[on_ioerror]=report
agent_is 1 node1 monitor "$every"
like "$T_WHAT on a fenced host: it says so" "$REASON" 'array san1 has this host fenced'
agent_is 7 node1 monitor OCF_RESKEY_CRM_meta_interval=0
like "$T_WHAT on a fenced host: what a probe says of it" "$REASON" 'what is left of the VM here does not count'
printf '{"initiators":["%s"]}' "$(initiator node1)" | driver unfence >/dev/null
# Nobody has cleaned the host before that.
T_WHAT="start, with a guest from before the fencing"
refused 1 'without its LUNs, and is left from before' node1 start
masks_are web1 "$T_WHAT"
T_WHAT="an I/O error"
for lun in $(vm_luns web1); do
	printf '{"luns":["%s"],"grant":"%s"}' "$lun" "$(initiator node1)" | driver apply >/dev/null
done
hurt_cutoff CONT
cat "$disk.kept" >"$disk"
rm "$disk.kept"
PARAM[on_ioerror]=resume
agent_is 190 node1 monitor "$every"
agent_is 0 node1 monitor "$every"
is "$T_WHAT: the guest runs on" "$(domain node1 web1)" running
agent_is 0 node1 stop
masks_are web1 "at the end"

# libvirtd cannot read the domain's status when it is started, and drops the domain.
T_WHAT="a QEMU that libvirt has lost"
agent_is 0 node1 start
libvirtd_signal node1 KILL
lab exec node1 -- rm -f /run/libvirt/qemu/web1.xml
libvirtd_back node1
is "$T_WHAT: libvirt does not know it" "$(domain node1 web1)" absent
agent_is 1 node1 monitor OCF_RESKEY_CRM_meta_interval=0
agent_is 1 node1 monitor "$every"
like "$T_WHAT: monitor says so" "$REASON" 'libvirt does not know it'
refused 1 'stop VM .web1. here first' node1 start
is "$T_WHAT: start makes no second one" "$(lab exec node1 -- pgrep -cf 'guest=web1,')" 1
agent_is 0 node1 stop
is "$T_WHAT: stop ends it" "$(lab exec node1 -- pgrep -cf 'guest=web1,')" 0
masks_are web1 "$T_WHAT, stopped"

done_testing
