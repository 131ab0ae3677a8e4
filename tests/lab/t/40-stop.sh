#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stop is the recovery routine: it works when everything around it does not. And two at once.
. "$(dirname "$0")/lib.sh"

clean_up() {
	lab heal array >/dev/null 2>&1
	lab exec node1 -- sh -c '[ ! -e /etc/lunmask/lunmask.conf.away ] ||
		mv /etc/lunmask/lunmask.conf.away /etc/lunmask/lunmask.conf'
	libvirtd_back node1
	vm_unmake web1
}
trap clean_up EXIT
ok "the LUNs of a stubborn guest can be made" vm_make web1 witness.stubborn
vm_params web1

started() {
	agent_is 0 node1 start
	ok "$T_WHAT: the guest counts" witness_wait web1 node1 "$(witness_counter web1)"
}
stopped() {
	agent_is 0 node1 stop "$@"
	is "$T_WHAT: no QEMU is left" \
		"$(lab exec node1 -- sh -c 'cat /proc/[0-9]*/cmdline' 2>/dev/null | tr '\0' '\n' |
			grep -c '^guest=web1,')" 0
	masks_are web1 "$T_WHAT"
}

T_WHAT="a guest that ignores shutdown"
started
stopped OCF_RESKEY_CRM_meta_timeout=40000
vm_unmake web1
ok "the test VM's LUNs can be made anew, for a guest that heeds shutdown" vm_make web1

T_WHAT="a guest that was still booting when it was asked to shut down"
agent_is 0 node1 start
# Or else it would run for most of this time.
stopped "$T_FOR_EVER"

T_WHAT="the domain definition is gone"
started
lab exec node1 -- rm /etc/lunmask/web1.xml
stopped

T_WHAT="lunmask.conf is gone"
started
lab exec node1 -- mv /etc/lunmask/lunmask.conf /etc/lunmask/lunmask.conf.away
stopped
T_WHAT="lunmask.conf is gone, and nothing ran"
agent_is 0 node1 stop
lab exec node1 -- mv /etc/lunmask/lunmask.conf.away /etc/lunmask/lunmask.conf

# kept NODE: what that host keeps of what it was granted.
kept() { lab exec "$1" -- ls /run/lunmask/granted 2>/dev/null | xargs; }
T_WHAT="the parameters do not parse, and the guest has ended by itself"
started
is "$T_WHAT: what was granted is kept" "$(kept node1)" web1
lab exec node1 -- virsh -q destroy web1
PARAM[luns]="vda web1-root"
stopped
is "$T_WHAT: nothing is kept" "$(kept node1)" ""
agent_is 0 node1 stop
vm_params web1

T_WHAT="neither parameters nor lunmask.conf nor its copy, and the guest has ended by itself"
started
lab exec node1 -- virsh -q destroy web1
lab exec node1 -- mv /etc/lunmask/lunmask.conf /etc/lunmask/lunmask.conf.away
lab exec node1 -- rm -f /run/lunmask/lunmask.conf
PARAM[luns]="vda web1-root"
stopped
lab exec node1 -- mv /etc/lunmask/lunmask.conf.away /etc/lunmask/lunmask.conf
vm_params web1

T_WHAT="the parameters do not parse after a migration"
started
mapfile -t meta < <(migrate_meta node1 node2)
agent_is 0 node1 migrate_to "${meta[@]}"
agent_is 0 node2 migrate_from "${meta[@]}"
agent_is 0 node1 stop
is "$T_WHAT: what was granted is kept" "$(kept node1)$(kept node2)" web1
lab exec node2 -- virsh -q destroy web1
PARAM[luns]="vda web1-root"
agent_is 0 node2 stop
masks_are web1 "$T_WHAT"
vm_params web1

T_WHAT="libvirtd is down"
started
libvirtd_signal node1 KILL
agent_is 190 node1 monitor
stopped
ok "libvirtd is back" libvirtd_back node1

T_WHAT="libvirtd hangs"
started
libvirtd_signal node1 STOP
# lunmaskd takes a few seconds to see that it does not answer.
degraded() { agent node1 monitor; [ "$RC" = 190 ]; }
ok "$T_WHAT: monitor says so" wait_until 10 degraded
stopped
ok "libvirtd goes on" libvirtd_back node1

T_WHAT="the array's management is away"
started
lab isolate array
agent node1 stop OCF_RESKEY_CRM_meta_timeout=30000
is "$T_WHAT: stop releases what it cannot revoke" "$RC" 0
like "$T_WHAT: and says so" "$OUT" "stop: release: done.*cannot be reached|stop: release: done.*time"
is "$T_WHAT: the domain is gone all the same" "$(domain node1 web1)" absent
lab heal array
stopped

T_WHAT="an open session after its revoke"
started
agent_is 0 node1 stop
lun_create hold 16777216
printf '{"luns":["hold"],"grant":"%s"}' "$(initiator node2)" | driver apply >/dev/null
session=$(mktemp -d)
mkfifo "$session/in"
lab exec node2 -- /usr/libexec/lunmask-test/session_writer "$(initiator node2)" 10.77.0.100:3260 \
	"$(initiator hold)" 1 <"$session/in" >"$session/out" 2>&1 &
writer=$!
exec 9>"$session/in"
echo >&9
ok "$T_WHAT: it writes while it is granted" wait_until 10 grep -q '^1 good' "$session/out"
printf '{"luns":["hold"],"revoke":"%s"}' "$(initiator node2)" | driver apply >/dev/null
echo >&9
ok "$T_WHAT: it cannot write any more" wait_until 20 grep -q '^2 refused' "$session/out"
exec 9>&-
wait "$writer" 2>/dev/null
rm -r "$session"
lun_delete hold

T_WHAT="two hosts start it at once"
boots=$(lab guest check web1 --luns "web1-root web1-data" --json |
	python3 -c 'import json,sys; print(json.load(sys.stdin)["boots"])')
for node in node1 node2 node3; do
	lab exec "$node" -- env OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=test \
		OCF_RESKEY_vm=web1 OCF_RESKEY_array=san1 OCF_RESKEY_state_lun=web1-state \
		"OCF_RESKEY_luns=vda=web1-root vdb=web1-data" \
		OCF_RESKEY_CRM_meta_timeout="$T_TIMEOUT_MS" "OCF_RESKEY_CRM_meta_on_node=$node" \
		"$T_AGENT" start >/dev/null 2>&1 &
	pids[${node#node}]=$!
done
won=
for node in node1 node2 node3; do
	if wait "${pids[${node#node}]}"; then won+="$node "; fi
done
like "$T_WHAT: exactly one wins" "$won" '^node[123] $'
won=${won% }
masks_are web1 "$T_WHAT: the winner" "$won"
ok "$T_WHAT: it counts" witness_wait web1 "$won" "$(witness_counter web1)"
ok "$T_WHAT: one writer, one boot more" witness_check web1 --expect-boots $((boots + 1))
agent_is 0 "$won" stop
masks_are web1 "at the end"

done_testing
