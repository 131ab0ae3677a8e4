#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A migration that fails under Pacemaker. With on-fail=block the guest goes on where it was; without,
# Pacemaker stops and starts it, and the guest goes on with its memory (I10).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pacemaker.sh"

clean_up() {
	[ -z "${target:-}" ] || libvirtd_back "$target"
	crm -F resource cleanup web1 >/dev/null 2>&1
	web1_remove >/dev/null 2>&1
}
trap clean_up EXIT
ok "the test VM's LUNs can be made" vm_make web1
# resource [ON-FAIL of migrate_to]
resource() {
	crm configure primitive web1 ocf:lunmask:VirtualMachine \
		params vm=web1 array=san1 "luns=vda=web1-root vdb=web1-data" state_lun=web1-state \
		config=/etc/lunmask/web1.xml \
		op start timeout=120s op stop timeout=120s op monitor interval=10s timeout=30s \
		op migrate_to timeout=60s ${1:+on-fail=$1} op migrate_from timeout=60s \
		meta allow-migrate=true
}
ok "a resource" resource block
ok "starts" settled
source=$(located)
if [ -z "$source" ]; then
	fail "it runs somewhere" "$(lab exec node1 -- crm_mon -1rf 2>&1)"
	done_testing
	exit 1
fi
target=$(other_node "$source")
ok "the guest counts" witness_wait web1 "$source" 5

libvirtd_signal "$target" KILL
ok "a move to a host whose libvirtd is down" crm resource move web1 "$target"
ok "is tried" settled
like "and fails" "$(lab exec node1 -- crm_mon -1rf 2>&1)" "web1 migrate_to on $source returned"
like "with its reason in the log" "$(lab exec "$source" -- tail -n 500 \
	/var/log/pacemaker/pacemaker.log)" "Result of migrate_to.*error \(.*libvirt on $target"
is "the guest runs on" "$(domain "$source" web1)" running
masks_are web1 "nothing is left granted" "$source"
ok "it counts on" witness_wait web1 "$source" "$(witness_counter web1)"
ok "same boot" witness_check web1 --expect-boots 1

ok "libvirtd is back" libvirtd_back "$target"
ok "cleaned up" crm resource cleanup web1
ok "it settles" settled
runs_on_target() { [ "$(domain "$target" web1)" = running ]; }
wait_until 60 runs_on_target
ok "and goes there now" settled
masks_are web1 "after the move" "$target"
ok "it counts on" witness_wait web1 "$target" "$(witness_counter web1)"
ok "same boot still" witness_check web1 --expect-boots 1

ok "stopped" crm resource stop web1
ok "it settles" settled
crm resource clear web1 >/dev/null 2>&1
ok "without on-fail=block" crm -F configure delete web1
ok "made anew" resource
ok "starts" settled
source=$(located)
target=$(lab nodes | tr ' ' '\n' | grep -v "^$source\$" | head -n 1)
ok "the guest counts" witness_wait web1 "${source:-nowhere}" "$(witness_counter web1)"
libvirtd_signal "$target" KILL
ok "a move to a host whose libvirtd is down" crm resource move web1 "$target"
ok "is tried, and recovered from" settled
like "it failed" "$(lab exec node1 -- crm_mon -1rf 2>&1)" "web1 migrate_to on $source returned"
place=$(located)
is "it runs" "$(domain "${place:-nowhere}" web1)" running
masks_are web1 "after the recovery" "$place"
ok "it counts on" witness_wait web1 "${place:-nowhere}" "$(witness_counter web1)"
ok "and has not booted for it" witness_check web1 --expect-boots 2

done_testing
