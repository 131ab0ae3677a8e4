#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A host that is fenced by mask while it lives finds that out by itself, and ends its VMs: one that hung,
# one whose corosync hangs, one that somebody fenced by hand. What the cluster has fenced the cluster lets
# in again, without a restart of anything; what somebody else has fenced stays fenced. Where the array
# cannot be asked nothing is ended.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pacemaker.sh"
. "$(dirname "$0")/fencing.sh"
. "$(dirname "$0")/management.sh"

victim=
clean_up() {
	management_back
	[ -z "$victim" ] || lab exec "$victim" -- sed -i '/^unfence_after_cutoff/d' /etc/lunmask/lunmask.conf
	san_remove
	web1_remove
} >/dev/null 2>&1
trap clean_up EXIT

ok "the cluster is whole" lab up
ok "the test VM's LUNs can be made" vm_make web1 witness.rate=200
ok "the array fences" san_configure
ok "a resource" web1_configure
ok "starts" settled
victim=$(located)
if [ -z "$victim" ]; then
	fail "it runs somewhere" "$(lab exec node1 -- crm_mon -1rf 2>&1)"
	done_testing
	exit 1
fi
boots=1
ended() { cutoff_says "$1" "killing web1 \(pid $2\): array san1 has this host fenced"; }
# unfencing_is yes|no: of the victim by itself.
unfencing_is() {
	lab exec "$victim" -- sed -i -e '/^unfence_after_cutoff/d' \
		-e "/^\[host $victim\]/a unfence_after_cutoff = $1" /etc/lunmask/lunmask.conf
}
# told NODE REGEX: how often lunmask-cutoff has said so there.
told() { cutoff_log "$1" | grep -Ec -- "$2"; }
stood_still='asked: this host.* stood still'
controller_waits="controller waits for the array's word"
unknown='it is unknown whether .* no process is killed'
# answers NODE: the array has answered since it was last unknown.
answers() { cutoff_log "$1" | awk -v unknown="$unknown" '$0 ~ unknown { open = 0 } /is not fenced/ { open = 1 } END { exit !open }'; }
# told_since NODE REGEX COUNT: more often than that.
told_since() { [ "$(told "$1" "$2")" -gt "$3" ]; }
# seen_two: how often Pacemaker has seen two of them so far, and thought of stopping one.
seen_two() {
	local node
	for node in $(lab nodes); do
		pacemaker_log "$node"
	done | grep -c 'web1 might be active on'
}
# It runs once, and was not started anew for the node that is back: with requires=unfencing it would be.
back_on_one() {
	runs_on "$(located)" "$boots"
	is "$T_WHAT: no second domain" "$(for node in $(lab nodes); do domain "$node" web1; done | grep -c running)" 1
	is "$T_WHAT: Pacemaker has not seen two" "$(seen_two)" "$two"
}

two=$(seen_two)

T_WHAT="the array cannot be asked"
runs_on "$victim" "$boots"
old=$(qemu "$victim")
heard=$(told "$victim" "$unknown")
management_hangs
tid=$(target_id web1-data)
lab array -- tgtadm --lld iscsi --mode conn --op show --tid "$tid" | sed -n 's/^Session: //p' |
	while read -r session; do
		lab array -- tgtadm --lld iscsi --mode conn --op delete --tid "$tid" --sid "$session" --cid 0
	done
ok "$T_WHAT: it is told" wait_until 60 told_since "$victim" "$unknown" "$heard"
management_back
ok "$T_WHAT: later it answers" wait_until 60 answers "$victim"
is "$T_WHAT: nothing was ended" "$(qemu "$victim")" "$old"
runs_on "$victim" "$boots"

T_WHAT="a node that hangs"
CRM_NODE=$(other_node "$victim")
stood=$(told "$victim" "$stood_still")
waited=$(told "$victim" "$controller_waits")
hurt "$victim" STOP
ok "$T_WHAT: its VM runs elsewhere" wait_until 90 runs_elsewhere "$victim"
ok "$T_WHAT: settles" settled
new=$(located)
boots=$((boots + 1))
runs_on "$new" "$boots"
is "$T_WHAT: the array has it fenced" "$(fenced)" "$victim"

T_WHAT="it goes on"
began=$EPOCHREALTIME
hurt "$victim" CONT
ok "$T_WHAT: its old QEMU ends" wait_until 30 gone "$victim" "$old"
echo "# $(ms_since "$began") ms until the old QEMU was gone"
ok "$T_WHAT: by itself" wait_until 5 ended "$victim" "$old"
is "$T_WHAT: which knows that it stood still" "$(told "$victim" "$stood_still")" $((stood + 1))
is "$T_WHAT: Pacemaker's controller had to wait" "$(told "$victim" "$controller_waits")" $((waited + 1))
ok "$T_WHAT: it is unfenced" wait_until 90 fenced_are ""
echo "# $(ms_since "$began") ms until it was unfenced"
ok "$T_WHAT: its Pacemaker runs" pacemaker_runs "$victim"
ok "$T_WHAT: it is online" wait_until 60 online "$victim"
ok "$T_WHAT: settles" settled
back_on_one
crm resource cleanup web1 >/dev/null 2>&1
ok "$T_WHAT: settles again" settled
if [ "$(located)" != "$victim" ]; then
	ok "$T_WHAT: the VM moves there" crm resource move web1 "$victim"
	ok "$T_WHAT: settles" settled
	runs_on "$victim" "$boots"
	ok "clear" crm resource clear web1
fi

T_WHAT="a node whose corosync hangs"
old=$(qemu "$victim")
unfencing_is no
began=$EPOCHREALTIME
hurt "$victim" STOP corosync
ok "$T_WHAT: its old QEMU ends" wait_until 90 gone "$victim" "$old"
echo "# $(ms_since "$began") ms until the old QEMU was gone"
ok "$T_WHAT: by itself" wait_until 5 ended "$victim" "$old"
is "$T_WHAT: the array has it fenced" "$(fenced)" "$victim"
ok "$T_WHAT: its VM runs elsewhere" wait_until 90 runs_elsewhere "$victim"
boots=$((boots + 1))
runs_on "$(located)" "$boots"
is "$T_WHAT: it is fenced still" "$(fenced)" "$victim"
hurt "$victim" CONT corosync
ok "$T_WHAT: it goes on, and is online" wait_until 60 online "$victim"
ok "$T_WHAT: settles" settled
ok "$T_WHAT: it is not to be unfenced, and says so" wait_until 60 cutoff_says "$victim" \
	"\[host $victim\] says unfence_after_cutoff = no"
is "$T_WHAT: it is fenced" "$(fenced)" "$victim"
unfencing_is yes
began=$EPOCHREALTIME
ok "$T_WHAT: it is unfenced, now that it may be" wait_until 120 fenced_are ""
echo "# $(ms_since "$began") ms until it was unfenced"
ok "$T_WHAT: it is online" wait_until 60 online "$victim"
ok "$T_WHAT: settles" settled
back_on_one

T_WHAT="a node that somebody fences by hand"
victim=$(located)
CRM_NODE=$(other_node "$victim")
old=$(qemu "$victim")
began=$EPOCHREALTIME
printf '{"initiators":["%s"]}' "$(initiator "$victim")" | driver fence >/dev/null
ok "$T_WHAT: its QEMU ends" wait_until 30 gone "$victim" "$old"
echo "# $(ms_since "$began") ms until its QEMU was gone"
ok "$T_WHAT: by itself" wait_until 5 ended "$victim" "$old"
ok "$T_WHAT: its VM runs elsewhere" wait_until 90 runs_elsewhere "$victim"
ok "$T_WHAT: settles" settled
boots=$((boots + 1))
runs_on "$(located)" "$boots"
ok "$T_WHAT: it says what to do" wait_until 60 cutoff_says "$victim" \
	"fence_lunmask --action=on --plug=$victim"
is "$T_WHAT: it stays fenced" "$(fenced)" "$victim"
ok "$T_WHAT: that is done" lab exec "$victim" -- fence_lunmask --action=on "--plug=$victim"
is "$T_WHAT: it is unfenced" "$(fenced)" ""
runs_on "$(located)" "$boots"

done_testing
