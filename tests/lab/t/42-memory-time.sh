#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest is not frozen to be saved if that cannot end in time; and not restored if that is hopeless.
# How fast the state LUN is, is what the agent measures: tests/lab/slow_area.c makes that slow.
. "$(dirname "$0")/lib.sh"

SLOW_LIBRARY=/usr/libexec/lunmask-test/slow_area.so
SLOW=("LD_PRELOAD=$SLOW_LIBRARY" SLOW_AREA_MS=1000)

slow_build() {
	local library node
	library=$(mktemp)
	gcc -shared -fPIC -O1 -D_GNU_SOURCE -o "$library" "$T_DIR/../slow_area.c" || return 1
	for node in $(lab nodes); do
		lab exec "$node" -- mkdir -p "${SLOW_LIBRARY%/*}" || return 1
		lab exec "$node" -- tee "$SLOW_LIBRARY" <"$library" >/dev/null || return 1
	done
	rm -f "$library"
}

trap 'vm_unmake web1' EXIT
ok "the slow array can be built" slow_build
ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 5

# timeout_is SECONDS: of the operation. At 1 MiB/s, 128 MiB take 161 s. Of the slowest array that is
# not measured first they would take 41 s.
timeout_is() { printf 'OCF_RESKEY_CRM_meta_timeout=%d' $(($1 * 1000)); }

# ends: how often the guest has ended on node1 by its own power-off.
ends() { grep -c 'witness POWEROFF' "$(lab path node1)/var/log/libvirt/qemu/web1.console"; }
# frozen: how often the guest was paused.
lab exec node1 -- sh -c 'exec virsh event --domain web1 --event lifecycle --loop --timestamp \
	>/tmp/events.web1 2>&1' &
events=$!
watched() { lab exec node1 -- pgrep -f 'virsh event --domain web1' >/dev/null; }
ok "the guest's events are watched" wait_until 20 watched
frozen() { lab exec node1 -- grep -c 'Suspended' /tmp/events.web1; }

T_WHAT="a saved migration without the time for it"
mapfile -t meta < <(migrate_meta node1 node2)
PARAM[migration_mode]=saved
agent_is 1 node1 migrate_to "${meta[@]}" "$(timeout_is 50)" "${SLOW[@]}"
like "$T_WHAT: it says what to do" "$REASON" \
	"make the timeout of the operation [0-9]+ s longer: to save 1[0-9][0-9] MiB takes [0-9]+ s at [01][.][0-9] MiB/s"
is "$T_WHAT: it runs on" "$(domain node1 web1)" running
is "$T_WHAT: it was never frozen" "$(frozen)" 0
masks_are web1 "$T_WHAT: nobody else is granted anything" node1
ok "$T_WHAT: it counts on" witness_wait web1 node1 "$(witness_counter web1)"
ok "$T_WHAT: same boot" witness_check web1 --expect-boots 1

T_WHAT="stop_mode=save without the time for it"
agent_is 0 node1 stop OCF_RESKEY_stop_mode=save "$(timeout_is 60)" "${SLOW[@]}"
like "$T_WHAT: the log says why" "$OUT" "stop: save: failed.*make the timeout of the operation"
is "$T_WHAT: it was never frozen" "$(frozen)" 0
is "$T_WHAT: the guest was shut down instead" "$(ends)" 1
masks_are web1 "$T_WHAT"
kill "$events" 2>/dev/null
lab exec node1 -- pkill -f 'virsh event --domain web1'

T_WHAT="a save that fits is done"
agent_is 0 node1 start
ok "$T_WHAT: the guest counts" witness_wait web1 node1 "$(witness_counter web1)"
agent_is 0 node1 stop OCF_RESKEY_stop_mode=save "$(timeout_is 70)"
unlike "$T_WHAT: nothing has failed" "$OUT" "stop: save: failed"

T_WHAT="a restore that is hopeless"
agent_is 1 node2 start "$(timeout_is 30)" "${SLOW[@]}"
like "$T_WHAT: it says what to do" "$REASON" "make the timeout of the operation [0-9]+ s longer"
like "$T_WHAT: the log says why" "$OUT" "s longer: to restore 1[0-9][0-9] MiB takes"
like "$T_WHAT: and that the memory is kept" "$REASON" "it is kept"
is "$T_WHAT: nothing runs" "$(domain node2 web1)" absent
masks_are web1 "$T_WHAT: nothing is granted"
T_WHAT="with the time for it"
agent_is 0 node2 start "$(timeout_is 70)"
ok "$T_WHAT: the guest counts on" witness_wait web1 node2 "$(witness_counter web1)"
ok "$T_WHAT: it was restored" witness_check web1 --expect-boots 2
agent_is 0 node2 stop
masks_are web1 "at the end"

T_WHAT="timeouts in the configuration of the cluster"
crm() { lab exec node1 -- crm "$@"; }
ok "$T_WHAT: a resource that Pacemaker leaves alone" crm configure primitive web1 \
	ocf:lunmask:VirtualMachine params vm=web1 array=san1 "luns=vda=web1-root vdb=web1-data" \
	state_lun=web1-state config=/etc/lunmask/web1.xml op start timeout=12s op stop timeout=21s \
	op migrate_to timeout=180s op migrate_from timeout=60s meta is-managed=false
agent_is 0 node1 validate-all OCF_CHECK_LEVEL=10
like "$T_WHAT: what is too short is named" "$OUT" \
	'timeouts: .*set "op stop timeout=[0-9]+s": for 96 MiB of memory at 100 MiB/s, timeout=21s is too short'
is "$T_WHAT: start, too, and no other" "$(grep -c 'is too short' <<<"$OUT")" 2
agent node1 validate-all
unlike "$T_WHAT: level 0 does not ask" "$OUT" "is too short"

T_WHAT="a save that start could not restore in time"
agent_is 0 node1 start
ok "$T_WHAT: the guest counts" witness_wait web1 node1 "$(witness_counter web1)"
status=$(lab exec node1 -- lunmask status)
like "$T_WHAT: status names it, too" "$status" 'set "op stop timeout=[0-9]+s": for 96 MiB'
like "$T_WHAT: and that a live migration is not encrypted" "$status" '^web1 .* in the clear'
clean=$(ends)
agent_is 0 node1 stop OCF_RESKEY_stop_mode=save "$(timeout_is 90)" "${SLOW[0]}" SLOW_AREA_MS=100
like "$T_WHAT: the log says what to do" "$OUT" "save: failed.*make the timeout of start [0-9]+ s longer"
is "$T_WHAT: the guest was shut down instead" "$(ends)" $((clean + 1))
lab exec node1 -- crm_resource --wait --timeout 900s
ok "$T_WHAT: the resource is deleted" crm -F configure delete web1

done_testing
