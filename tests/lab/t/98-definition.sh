#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A VM changes, under Pacemaker: its definition is shown, compared, set and edited while it is stopped
# and while it runs; two who write do not overwrite each other unseen; a file in config that was changed
# is told; a LUN that has grown is accepted, and one that has shrunk is not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"
. "$(dirname "$0")/pacemaker.sh"

pool=$(lab path pool)
xml=/etc/lunmask/web1.xml

clean_up() {
	lab up >/dev/null 2>&1
	CRM_NODE=node1
	web1_remove >/dev/null 2>&1
}
trap clean_up EXIT

# lunmask NODE ARGUMENT...: sets RC and OUT. ENV: variables for it.
ENV=()
lunmask() {
	OUT=$(lab exec "$1" -- env "${ENV[@]}" lunmask "${@:2}" 2>&1 </dev/null)
	RC=$?
}
# done_is RC: what lunmask returned.
done_is() { if [ "$RC" = "$1" ]; then pass "$T_WHAT: exit status $1"; else fail "$T_WHAT: exit status $1" "got $RC" "$OUT"; fi; }

# on_all SED-SCRIPT: the administrator changes the file on every node.
on_all() {
	local n
	for n in $(lab nodes); do
		lab exec "$n" -- sed -i "$1" "$xml" || return 1
	done
}
running() { lab exec "$1" -- virsh dumpxml web1 2>/dev/null; }
macs() { running "$1" | sed -n "s/.*<mac address='\(.*\)'.*/\1/p" | xargs; }
memory() { running "$1" | sed -n "s/.*<memory unit='KiB'>\(.*\)<.*/\1/p"; }
# field NAME: of lunmask definition show --json, in OUT.
field() { sed -n "s/^ *\"$1\": \"*\([^\",]*\).*/\1/p" <<<"$OUT"; }

stop_start() {
	ok "$T_WHAT: stop" crm resource stop web1
	ok "$T_WHAT: settles" settled
	ok "$T_WHAT: start" crm resource start web1
	ok "$T_WHAT: settles" settled
	node=$(located)
}

ok "the test VM's LUNs can be made" vm_make web1
ok "a resource" web1_configure
T_WHAT="before its first start"
lunmask node1 definition show nosuch
done_is 6
ok "it starts" settled
node=$(located)
T_WHAT="the first start"
runs_on "$node" 1
mac=$(macs "$node")

T_WHAT="show"
lunmask "$node" definition show web1
done_is 0
like "$T_WHAT: it is libvirt's" "$OUT" "<mac address=\"$mac\"/>"
like "$T_WHAT: the source names no host" "$OUT" "array.invalid"
lunmask "$node" definition show web1 --running
like "$T_WHAT: what runs names one" "$OUT" "<iqn name='iqn"
lunmask "$node" definition show web1 --json
is "$T_WHAT: the first revision" "$(field revision)" 1
T_WHAT="show elsewhere"
lunmask "$(other_node "$node")" definition show web1
done_is 4
like "$T_WHAT: it names the node" "$OUT" "run this command on $node"

T_WHAT="nothing changed"
lunmask "$node" definition diff web1
done_is 0
lunmask "$node" definition diff web1 --running
done_is 0
lunmask "$node" definition set web1 $xml --yes
done_is 0
like "$T_WHAT: it says so" "$OUT" "Nothing was done"
lunmask "$node" status
like "$T_WHAT: status" "$OUT" "^web1 .*running .* 1 .*same"

T_WHAT="the file is changed"
ok "$T_WHAT" on_all "s/<memory unit='MiB'>96/<memory unit='MiB'>80/"
lunmask "$node" status
like "$T_WHAT: status tells it" "$OUT" "^web1 .*running .*changed"
like "$T_WHAT: with the command" "$OUT" "'lunmask definition set web1 $xml'"
lunmask "$node" definition diff web1
done_is 1
is "$T_WHAT: diff shows that, and only that" "$(grep '^[-+]' <<<"$OUT" | xargs)" \
	"- memory: 98304 KiB + memory: 81920 KiB"
lunmask "$node" definition diff web1 --json
like "$T_WHAT: for programs" "$OUT" '"other": "81920 KiB"'
vm_params web1
agent "$node" validate-all OCF_CHECK_LEVEL=10
is "$T_WHAT: validate-all succeeds" "$RC" 0
like "$T_WHAT: and tells it" "$OUT" "validate-all: config: .*lunmask definition set web1 $xml"
agent "$node" start
is "$T_WHAT: start succeeds" "$RC" 0
like "$T_WHAT: and tells it" "$OUT" "start: config: .*lunmask definition set web1 $xml"
is "$T_WHAT: the guest has what it had" "$(memory "$node")" 98304

T_WHAT="set, and the memory is saved and restored before it is stored"
ok "$T_WHAT: it can be stopped" crash_install
lab exec "$node" -- setsid --wait env LD_PRELOAD="$CRASH_LIBRARY" CRASH_SIGNAL=STOP \
	CRASH_AT="line:At its next boot" lunmask definition set web1 $xml --yes >/dev/null 2>&1 </dev/null &
setter=$!
set_suspended() {
	# shellcheck disable=SC2016 # the node's shell expands it
	lab exec "$node" -- sh -c 'grep -q "^State:.T" /proc/$(pgrep -x lunmask)/status'
}
ok "$T_WHAT: it is stopped" wait_until 30 set_suspended
# Pacemaker does not look meanwhile.
ok "$T_WHAT: by hand" crm resource maintenance web1 on
ok "$T_WHAT: settles" settled
agent "$node" stop OCF_RESKEY_stop_mode=save
is "$T_WHAT: stop saves" "$RC" 0
agent "$node" start
is "$T_WHAT: start restores" "$RC" 0
continue_all "$setter"
wait "$setter"
is "$T_WHAT: it is refused" "$?" 4
lunmask "$node" definition show web1 --json
is "$T_WHAT: nothing is stored" "$(field revision)" 1
ok "$T_WHAT: not by hand any more" crm resource maintenance web1 off
ok "$T_WHAT: settles" settled
runs_on "$node" 1

T_WHAT="set while it runs"
lunmask "$node" definition set web1 $xml
done_is 4
like "$T_WHAT: it asks" "$OUT" "say --yes"
lunmask "$node" definition set web1 $xml --yes
done_is 0
like "$T_WHAT: it says when" "$OUT" "At its next boot"
ok "$T_WHAT: what stop needs is kept" lab exec "$node" -- test -s /run/lunmask/granted/web1
lunmask "$node" status
like "$T_WHAT: status" "$OUT" "^web1 .*running .* 2, as written .*same"
like "$T_WHAT: status says what runs" "$OUT" "runs with revision 1 until its next boot"
agent "$node" start
is "$T_WHAT: a start that finds it" "$RC" 0
lunmask "$node" definition show web1 --json
is "$T_WHAT: keeps what was set" "$(field revision) $(field complete)" "2 false"
for mode in live saved; do
	T_WHAT="set, then a $mode move"
	ok "$T_WHAT: mode" crm resource param web1 set migration_mode $mode
	ok "$T_WHAT: settles" settled
	node=$(other_node "$node")
	ok "$T_WHAT" crm resource move web1 "$node"
	ok "$T_WHAT: settles" settled
	ok "$T_WHAT: clear" crm resource clear web1
	runs_on "$node" 1
	is "$T_WHAT: what runs is what moves" "$(memory "$node") $(macs "$node")" "98304 $mac"
done
T_WHAT="set, then a boot"
stop_start
runs_on "$node" 2
is "$T_WHAT: the boot takes it" "$(memory "$node")" 81920
is "$T_WHAT: the MAC stays" "$(macs "$node")" "$mac"
lunmask "$node" definition show web1 --json
is "$T_WHAT: and is completed" "$(field revision) $(field complete)" "2 true"
is "nothing failed so far" "$(failures)" ""

T_WHAT="edit"
# An editor: sed, and what it saw.
editor() {
	printf '#!/bin/sh\necho x >>/run/edited\n%s\n' "$1" |
		lab exec "$node" -- sh -c 'rm -f /run/edited; cat >/run/editor; chmod 755 /run/editor'
}
# shellcheck disable=SC2016 # the editor's own
editor 'sed -i "s/81920/90112/" "$1"'
ENV=(VISUAL=/run/editor)
lunmask "$node" definition edit web1 --yes
done_is 0
like "$T_WHAT: shows what it does" "$OUT" "\+ memory: 90112 KiB"
lunmask "$node" definition show web1 --json
is "$T_WHAT: is stored" "$(field revision)" 3
T_WHAT="an edit that is refused"
# shellcheck disable=SC2016
editor 'sed -i "s,<devices>,<devices><hostdev/>," "$1"'
lunmask "$node" definition edit web1 --yes
done_is 1
like "$T_WHAT: by the list" "$OUT" "hostdev"
left=$(sed -n 's/.*your text is in //p' <<<"$OUT")
ok "$T_WHAT: the text is kept" lab exec "$node" -- grep -q "<hostdev/>" "$left"
# shellcheck disable=SC2016
editor 'sed -i "s,pc-q35-[0-9.]*,pc-q35-99.0," "$1"'
lunmask "$node" definition edit web1 --yes
done_is 1
like "$T_WHAT: by libvirt" "$OUT" "99.0"
T_WHAT="an edit, and another writes"
# shellcheck disable=SC2016
editor 'unset VISUAL; sed "s/90112/98304/" "$1" >/run/other.xml
lunmask definition set web1 /run/other.xml --yes >&2; sed -i "s/90112/86016/" "$1"'
lunmask "$node" definition edit web1 --yes
done_is 4
like "$T_WHAT: it is seen" "$OUT" "revision 4 is stored"
ENV=()
T_WHAT="a text of an older revision"
lunmask "$node" definition set web1 /run/other.xml --yes
done_is 4
like "$T_WHAT: it is seen" "$OUT" "revision 4 is stored by now"
lab exec "$node" -- sh -c 'rm -f /run/editor /run/edited /run/other.xml /tmp/lunmask-web1-*.xml'

# with SED-SCRIPT: what is stored, changed, in /run/live.xml on the VM's node.
with() {
	# shellcheck disable=SC2016 # the node's shell expands it
	ok "$T_WHAT: a text" lab exec "$node" -- sh -c 'lunmask definition show web1 | sed "$1" >/run/live.xml' - "$1"
}
# said: what the last command said, as one line.
said() { tr '\n' ' ' <<<"$OUT"; }
# libvirt writes no current if it is the maximum.
vcpus() { running "$1" | sed -n "s/.*<vcpu[^>]*current='\(.*\)'.*/\1/p"; }
revision_runs() { running "$1" | sed -n 's/.*<lunmask:mapping .*revision="\([0-9]*\)".*/\1/p'; }

T_WHAT="more vCPUs than it may have now"
# The next boot allows for three, and begins with one.
with 's,<vcpu\([^>]*\)>1</vcpu>,<vcpu\1 current="1">3</vcpu>,'
lunmask "$node" definition set web1 /run/live.xml --live --yes
done_is 0
like "$T_WHAT: it waits" "$(said)" "At once.*nothing.*At the guest's next boot.*vcpu"
stop_start
runs_on "$node" 3
is "$T_WHAT: the boot has it" "$(vcpus "$node")" 1

T_WHAT="at once, tried"
nic='<interface type="user"><mac address="52:54:00:aa:02:07"/><model type="virtio"/></interface>'
with "s,current=\"1\",current=\"2\",; s,</devices>,$nic</devices>,"
lunmask "$node" definition show web1 --json
before=$(field revision)
lunmask "$node" definition set web1 /run/live.xml --live --dry-run
done_is 0
like "$T_WHAT: vCPUs" "$OUT" "vCPUs: 1 -> 2"
like "$T_WHAT: a NIC" "$OUT" "NIC 52:54:00:aa:02:07: is attached"
like "$T_WHAT: nothing was done" "$OUT" "Nothing was done"
lunmask "$node" definition show web1 --json
is "$T_WHAT: nothing is stored" "$(field revision)" "$before"
is "$T_WHAT: the guest has what it had" "$(vcpus "$node") $(macs "$node")" "1 $mac"

T_WHAT="at once"
lunmask "$node" definition set web1 /run/live.xml --live --yes
done_is 0
like "$T_WHAT: it is told" "$(said)" "vCPUs: the guest has them.*52:54:00:aa:02:07: attached"
is "$T_WHAT: the guest has it" "$(vcpus "$node") $(macs "$node")" "2 $mac 52:54:00:aa:02:07"
is "$T_WHAT: the guest is of that revision" "$(revision_runs "$node")" "$((before + 1))"
lunmask "$node" definition show web1 --json
is "$T_WHAT: which is completed" "$(field revision) $(field complete)" "$((before + 1)) true"
lunmask "$node" status
unlike "$T_WHAT: status" "$OUT" "until its next boot"
lunmask "$node" definition set web1 /run/live.xml --live --yes
done_is 4
like "$T_WHAT: the text is of the revision before" "$OUT" "is stored by now"
lunmask node1 tasks --all --vm web1
like "$T_WHAT: it was one task" "$OUT" "reconcile *done"
for mode in live saved; do
	T_WHAT="at once, then a $mode move"
	ok "$T_WHAT: mode" crm resource param web1 set migration_mode $mode
	ok "$T_WHAT: settles" settled
	node=$(other_node "$node")
	ok "$T_WHAT" crm resource move web1 "$node"
	ok "$T_WHAT: settles" settled
	ok "$T_WHAT: clear" crm resource clear web1
	runs_on "$node" 3
	is "$T_WHAT: what was changed moves along" "$(vcpus "$node") $(macs "$node")" \
		"2 $mac 52:54:00:aa:02:07"
done

T_WHAT="at once, with something for the boot"
with 's,<mac address="52:54:00:aa:02:07"/>,&<link state="down"/>,; s,98304,90112,'
lunmask "$node" definition set web1 /run/live.xml --live --yes
done_is 0
like "$T_WHAT: both are told" "$(said)" \
	"At once.*NIC 52:54:00:aa:02:07: link.*At the guest's next boot.*memory.*02:07: changed"
like "$T_WHAT: the link is down" "$(running "$node")" "<link state='down'/>"
lunmask "$node" status
like "$T_WHAT: status says what runs" "$OUT" "until its next boot"

T_WHAT="at once, by an editor"
# shellcheck disable=SC2016 # the editor's own
editor 'sed -i "s,<link state=\"down\"/>,<link state=\"up\"/>," "$1"'
ENV=(VISUAL=/run/editor)
lunmask "$node" definition edit web1 --live --yes
done_is 0
like "$T_WHAT: it is told" "$OUT" "02:07: changed"
ENV=()
lab exec "$node" -- rm -f /run/editor /run/edited

T_WHAT="at once, what was stored before"
with '\|<link state="up"/>|d; s,current="2",current="1",'
lunmask "$node" definition set web1 /run/live.xml --yes
done_is 0
is "$T_WHAT: not without --live" "$(vcpus "$node")" 2
lunmask "$node" definition show web1 --json
before=$(field revision)
with ''
lunmask "$node" definition set web1 /run/live.xml --live --yes
# Whether the guest gives it up is the guest's.
like "$T_WHAT: it is tried" "$OUT" "vCPUs: 2 -> 1"
like "$T_WHAT: and told" "$OUT" "vCPUs: (the guest has them|at its next boot: )"
if [ "$(vcpus "$node")" = 1 ]; then
	done_is 0
else
	done_is 1
	like "$T_WHAT: the message" "$OUT" "stored, and valid for the next boot of web1"
	lunmask node1 tasks --all --vm web1
	like "$T_WHAT: the task says it" "$OUT" "reconcile *failed"
fi
lunmask "$node" definition show web1 --json
is "$T_WHAT: nothing new is stored" "$(field revision)" "$before"

T_WHAT="memory without a balloon"
with 's,</memory>,&<currentMemory unit="MiB">64</currentMemory>,; /<currentMemory unit="KiB">/d'
lunmask "$node" definition set web1 /run/live.xml --live --dry-run
done_is 0
like "$T_WHAT: it waits" "$OUT" "memory: .* KiB -> 65536 KiB \(the guest has no <memballoon>\)"
runs_on "$node" 3
T_WHAT="a NIC that the definition does not name"
with '/<interface /,/<\/interface>/d'
lunmask "$node" definition set web1 /run/live.xml --live --dry-run
like "$T_WHAT: it would be asked for" "$OUT" "NIC .*: the guest is asked to give it up"
lab exec "$node" -- rm /run/live.xml
is "nothing failed so far" "$(failures)" ""

T_WHAT="while it is stopped"
ok "$T_WHAT: stop" crm resource stop web1
ok "$T_WHAT: settles" settled
lunmask node2 definition set web1 $xml --yes
done_is 0
like "$T_WHAT: it says when" "$OUT" "At the next start: all of it"
masks_are web1 "$T_WHAT"
lunmask node3 definition diff web1
done_is 0
masks_are web1 "$T_WHAT: after diff"
lunmask node3 status web1
like "$T_WHAT: status, asked for it" "$OUT" "^web1 .* - .*[0-9], as written .*same"
lunmask node1 tasks --all --vm web1
like "$T_WHAT: it was a task" "$OUT" "reconcile *done"

# resize LUN BYTES, while nobody has it open: the driver makes its target anew.
resize() {
	lab array -- tgtadm --lld iscsi --mode target --op delete --force --tid "$(target_id "$1")" &&
		truncate -s "$2" "$pool/$1" && lab array -- sed -i \
		"/\"name\": \"$1\"/,/}/s/\(\"size_bytes\": \)[0-9]*/\\1$2/" /var/lib/lunmask-array-tgt/luns.json
}
T_WHAT="LUNs that have grown"
ok "$T_WHAT: a drive" resize web1-data $((32 << 20))
ok "$T_WHAT: the state LUN" resize web1-state $((192 << 20))
ok "$T_WHAT: start" crm resource start web1
ok "$T_WHAT: settles" settled
node=$(located)
runs_on "$node" 4
like "$T_WHAT: it is told" "$(pacemaker_log "$node")" \
	"LUN web1-data has grown from 16777216 to 33554432 bytes"
lunmask "$node" definition show web1
like "$T_WHAT: it is noted" "$OUT" "lun=\"web1-data\" .*size=\"33554432\""
like "$T_WHAT: for the state LUN, too" "$OUT" "lun=\"web1-state\" .*size=\"201326592\""
like "$T_WHAT: the guest has it" \
	"$(lab exec "$node" -- virsh domblkinfo web1 vdb)" "Capacity: *33554432"
for mode in live saved; do
	ok "$T_WHAT: migration_mode=$mode" crm resource param web1 set migration_mode $mode
	ok "$T_WHAT: settles" settled
	node=$(other_node "$node")
	ok "$T_WHAT: $mode" crm resource move web1 "$node"
	ok "$T_WHAT: settles" settled
	ok "$T_WHAT: clear" crm resource clear web1
	runs_on "$node" 4
done
is "nothing failed so far" "$(failures)" ""

T_WHAT="a LUN that has shrunk"
ok "$T_WHAT: stop" crm resource stop web1
ok "$T_WHAT: settles" settled
ok "$T_WHAT" resize web1-data $((24 << 20))
ok "$T_WHAT: start" crm resource start web1
ok "$T_WHAT: settles" settled
is "$T_WHAT: it runs nowhere" "$(located)" ""
like "$T_WHAT: the reason has both sizes" "$(failures)" "25165824 bytes, and had 33554432"
masks_are web1 "$T_WHAT"
lunmask node1 definition set web1 $xml --yes
done_is 0
like "$T_WHAT: set notes it" "$OUT" "\+ metadata/mapping/drive\[vdb\]/@size: 25165824"
ok "$T_WHAT: cleanup" crm resource cleanup web1
ok "$T_WHAT: settles" settled
node=$(located)
runs_on "$node" 5

done_testing
