#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ten VMs on a host that is to be left while the array's management is away: all are stopped, all are
# released in the journal, no node is fenced; and when the management is back they run elsewhere. In
# the end their LUNs are deleted while they are released: lunmask reconcile ends what is left of that.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/tidy.sh"

VMS=(web1 web2 web3 web4 web5 web6 web7 web8 web9 web10)

crm() { lab exec node1 -- crm "$@"; }
settled() { lab exec node1 -- crm_resource --wait --timeout 900s; }
management_answers() { lab exec node1 -- bash -c ': </dev/tcp/10.77.0.100/22' 2>/dev/null; }
# shellcheck disable=SC2016 # expanded in the array
management_away() { lab array -- sh -c 'kill -KILL $(pidof sshd)' 2>/dev/null; }
management_back() {
	management_answers || lab array -- /usr/sbin/sshd -E /var/log/sshd.again
	wait_until 20 management_answers
}

clean_up() {
	local vm
	management_back
	tidy_work
	crm node online node1 >/dev/null 2>&1
	for vm in "${VMS[@]}"; do
		crm -F resource stop "$vm" >/dev/null 2>&1
	done
	settled >/dev/null 2>&1
	for vm in "${VMS[@]}"; do
		crm -F configure delete "$vm" >/dev/null 2>&1
		vm_unmake "$vm"
	done
	lab exec node1 -- lunmask journal forget --yes --array san1
}
trap clean_up EXIT

# On how many of the nodes named here does each of the VMs run, in all?
running() {
	local node vm n=0
	for node in "$@"; do
		for vm in "${VMS[@]}"; do
			[ "$(domain "$node" "$vm")" != running ] || n=$((n + 1))
		done
	done
	echo "$n"
}
run_on() { [ "$(running "$@")" = "${#VMS[@]}" ]; }
released_by() {
	lab exec node2 -- lunmask journal export - | python3 -c 'import json, sys
releases = json.load(sys.stdin)["releases"]
print(len({r["vm"] for r in releases if r["node"] == sys.argv[1]}))' "$1"
}
fencings() { lab exec node2 -- stonith_admin --history '*' 2>/dev/null | grep -c ' successful: ' || true; }

for vm in "${VMS[@]}"; do
	vm_make "$vm" || fail "$vm's LUNs can be made"
	crm configure primitive "$vm" ocf:lunmask:VirtualMachine \
		params vm="$vm" array=san1 "luns=vda=$vm-root vdb=$vm-data" \
		state_lun="$vm-state" config="/etc/lunmask/$vm.xml" \
		op start timeout=120s op stop timeout=120s op monitor interval=10s timeout=30s \
		meta target-role=Stopped >/dev/null || fail "$vm's resource can be made"
	crm configure location "on-$vm" "$vm" 100: node1 >/dev/null
done
for vm in "${VMS[@]}"; do
	crm resource start "$vm" >/dev/null
done
ok "all are started" settled
ok "all run on node1" wait_until 60 run_on node1
before=$(fencings)
management_away
ok "node1 is to be left" crm node standby node1
ok "it settles" settled
is "nothing runs" "$(running node1 node2 node3)" 0
is "each is released by node1" "$(released_by node1)" "${#VMS[@]}"
is "no node was fenced" "$(fencings)" "$before"
is "all nodes are up" "$(lab exec node2 -- crm_node -p | tr ' ' '\n' | sort | xargs)" \
	"node1 node2 node3"
management_back
for vm in "${VMS[@]}"; do
	crm resource cleanup "$vm" >/dev/null 2>&1
done
ok "it settles again" settled
ok "all run elsewhere" wait_until 60 run_on node2 node3
is "none has a release by node1 any more" "$(released_by node1)" 0
for vm in "${VMS[@]}"; do
	ok "$vm: one writer, nothing lost" witness_check "$vm"
	unlike "$vm: node1 is not granted its LUNs" "$(acl "$vm-root")" node1
done

releases() {
	lab exec node2 -- lunmask journal export - | python3 -c 'import json, sys
print(len(json.load(sys.stdin)["releases"]))'
}
no_release() { [ "$(releases)" = 0 ]; }
ok "what hosts have released that only tried is ended by themselves" wait_until 120 no_release

# What lunmask-tidy would complete stays pending, and its LUNs are deleted.
tidy_rest
management_away
for vm in "${VMS[@]}"; do
	crm resource stop "$vm" >/dev/null
done
ok "stopped in another outage" settled
is "each is released once" "$(releases)" "${#VMS[@]}"
management_back
for vm in web1 web2; do
	crm -F configure delete "$vm" >/dev/null 2>&1
done
for vm in "${VMS[@]}"; do
	for lun in $(vm_luns "$vm"); do
		revoke_all "$lun"
		lun_delete "$lun"
	done
done
OUT=$(lab exec node2 -- lunmask reconcile --own 2>&1)
is "the hosts by themselves believe in no deletion" "$(releases)" "${#VMS[@]}"
OUT=$(lab exec node2 -- lunmask reconcile --dry-run 2>&1)
is "reconcile --dry-run finds each" "$(grep -Ec ' release +to end$' <<<"$OUT")" "${#VMS[@]}"
is "and ends none" "$(releases)" "${#VMS[@]}"
OUT=$(lab exec node2 -- lunmask reconcile 2>&1)
is "reconcile exits with 0" "$?" 0
is "it says so of each" "$(grep -Ec '^web[0-9]+ +web[0-9]+-[a-z]+,\.\.\. +node[23] +release +ended$' <<<"$OUT")" \
	"${#VMS[@]}"
like "it says why" "$(tr -s ' \n' ' ' <<<"$OUT")" 'the array has no such LUN, and its host reaches no LUN that is not known'
like "a summary" "$OUT" "nothing stray; ${#VMS[@]} releases, ${#VMS[@]} ended, 0 left\.\$"
is "no release is left" "$(releases)" 0

done_testing
