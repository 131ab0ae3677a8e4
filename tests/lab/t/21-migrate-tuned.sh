#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What tunes a live migration reaches QEMU; what cannot be done is refused before the guest is touched.
. "$(dirname "$0")/lib.sh"

PENDING=
clean_up() {
	[ -z "$PENDING" ] || wait "$PENDING"
	vm_unmake web1
}
trap clean_up EXIT
ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 5

mapfile -t meta < <(migrate_meta node1 node2)
PARAM[migration_mode]=live

T_WHAT="post-copy"
refused 1 "migration_postcopy: .true. is refused, only false is legal" node1 migrate_to \
	"${meta[@]}" OCF_RESKEY_migration_postcopy=true
T_WHAT="a number that is too large"
refused 1 "migration_parallel: .256. is not a whole number from 1 to 255" node1 migrate_to \
	"${meta[@]}" OCF_RESKEY_migration_parallel=256
T_WHAT="a contradiction"
refused 1 "migration_compress=zlib needs migration_parallel of 2 or more" node1 migrate_to \
	"${meta[@]}" OCF_RESKEY_migration_compress=zlib
is "$T_WHAT: the guest runs on" "$(domain node1 web1)" running
masks_are web1 "$T_WHAT: nobody else is granted anything" node1

# So slow that there is time to ask QEMU.
T_WHAT="tuned"
PARAM[migration_bandwidth]=8
PARAM[migration_downtime_max]=700
PARAM[migration_parallel]=2
PARAM[migration_autoconverge]=false
out=$(mktemp)
(
	agent node1 migrate_to "${meta[@]}"
	printf 'rc=%s\n%s\n' "$RC" "$OUT" >"$out"
) &
PENDING=$!
ask() { lab exec node1 -- virsh -q qemu-monitor-command web1 "{\"execute\":\"$1\"}"; }
parameters=
capabilities=
asked() {
	parameters=$(ask query-migrate-parameters)
	capabilities=$(ask query-migrate-capabilities)
	[[ $parameters == *'"max-bandwidth":8388608,'* ]]
}
wait_until 30 asked # not in a subshell
like "$T_WHAT: the bandwidth is limited" "$parameters" '"max-bandwidth":8388608,'
like "$T_WHAT: the downtime, too" "$parameters" '"downtime-limit":700,'
like "$T_WHAT: two connections" "$parameters" '"multifd-channels":2,'
like "$T_WHAT: in parallel" "$capabilities" '"state":true,"capability":"multifd"'
like "$T_WHAT: the guest is not slowed down" "$capabilities" '"state":false,"capability":"auto-converge"'
wait "$PENDING"
PENDING=
like "$T_WHAT: migrate_to succeeds" "$(cat "$out")" '^rc=0'
like "$T_WHAT: the log says that the memory can be read on the way" "$(cat "$out")" \
	"the guest.s memory is sent to tcp://[0-9.]+ UNENCRYPTED"
agent_is 0 node2 migrate_from "${meta[@]}"
agent_is 0 node1 stop
masks_are web1 "$T_WHAT" node2
ok "$T_WHAT: the guest counts on" witness_wait web1 node2 "$(witness_counter web1)"
ok "$T_WHAT: same boot, no gap, one writer" witness_check web1 --expect-boots 1

T_WHAT="the fallback of what libvirt cannot do"
version=$(lab exec node2 -- libvirtd --version | sed -n 's/.* \([0-9]*\)[.]\([0-9]*\)[.].*/\1 \2/p')
if [ "$(printf '%s\n9 4\n' "$version" | sort -k1,1n -k2,2n | head -n 1)" = "9 4" ]; then
	pass "$T_WHAT: this libvirt can # skip libvirt $version"
else
	mapfile -t meta < <(migrate_meta node2 node1)
	PARAM[migration_mode]=auto
	PARAM[migration_compress]=zstd
	agent_is 0 node2 migrate_to "${meta[@]}"
	like "$T_WHAT: the log names it" "$OUT" "migrate: live: failed.*zstd"
	agent_is 0 node1 migrate_from "${meta[@]}"
	agent_is 0 node2 stop
	ok "$T_WHAT: the guest counts on" witness_wait web1 node1 "$(witness_counter web1)"
	ok "$T_WHAT: same boot" witness_check web1 --expect-boots 1
	agent_is 0 node1 stop
fi
rm -f "$out"
vm_params web1
for node in node1 node2; do agent "$node" stop; done
masks_are web1 "at the end"

done_testing
