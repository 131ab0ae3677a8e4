#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The portals of an array die one after the other under a guest that writes: it goes on through
# another, with nothing lost and nothing written late, while one is left; it moves meanwhile; and
# where nobody redirects, it has one portal, as before.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"

P1=10.77.0.100
P2=10.77.0.101
REDIRECT=127.14.172.34:860 # of san1
T_TIMEOUT_MS=60000

array_nft() { lab array -- nft "$@"; }
# dies ADDRESS: nothing that is sent to this portal arrives, and nobody is told.
dies() { array_nft add rule inet lab_portals input ip daddr "$1" tcp dport 3260 drop; }
all_live() { array_nft flush chain inet lab_portals input; }

redirect_start() {
	lab exec "$1" -- sh -c 'systemd-socket-activate -l 0.0.0.0:860 --accept --inetd \
		/usr/libexec/lunmask/lunmask-redirect >>/var/log/lunmask-redirect.log 2>&1 &
		echo $! >/run/lab-redirect.pid'
	wait_until 20 redirects "$1"
}
# shellcheck disable=SC2016 # the node's shell expands it
redirect_stop() { lab exec "$1" -- sh -c 'kill $(cat /run/lab-redirect.pid)'; }
redirects() { [ -n "$(lab exec "$1" -- ss -Hltn 'sport = 860')" ]; }

clean_up() {
	local node
	array_nft delete table inet lab_portals 2>/dev/null
	for node in node1 node2; do
		redirects "$node" || redirect_start "$node"
	done
	vm_unmake web1
}
trap clean_up EXIT

# source_is NODE ADDRESS:PORT: of each drive of the running domain.
source_is() {
	local sources
	sources=$(lab exec "$1" -- virsh dumpxml web1 | sed -n "s/.*<host name='\(.*\)' port='\(.*\)'.*/\1:\2/p" | sort -u)
	[ "$sources" = "$2" ] || { echo "sources: $sources" >&2 && return 1; }
}
# uses NODE PORTAL: QEMU has connections to it, and to no other.
uses() {
	local to
	to=$(lab exec "$1" -- ss -Htnp state established 'dport = 3260' | awk '/qemu-system/ { sub(/:.*/, "", $4); print $4 }' |
		sort -u)
	[ "$to" = "$2" ]
}
no_late_writes() {
	[ -z "$(lab exec "$1" -- ss -Htn state fin-wait-1 state last-ack state closing 'dport = 3260')" ]
}
# goes_on NODE PORTAL: without a boot, and with every record.
goes_on() {
	local counter
	counter=$(witness_counter web1)
	ok "$T_WHAT: it changes over to $2" wait_until 120 uses "$1" "$2"
	ok "$T_WHAT: it counts" witness_wait web1 "$1" $((counter + 5)) 120
	ok "$T_WHAT: no connection is left that could write late" no_late_writes "$1"
	ok "$T_WHAT: one writer, no gap, $BOOTS boots" witness_check web1 --expect-boots "$BOOTS"
}

degraded() {
	agent "$1" monitor OCF_RESKEY_CRM_meta_interval=10000 OCF_CHECK_LEVEL=10
	[ "$RC" = 190 ]
}

ok "the array's portals can die" eval 'array_nft add table inet lab_portals &&
	array_nft add chain inet lab_portals input "{ type filter hook input priority 0; }"'
for node in node1 node2; do
	ok "lunmask-redirect listens on $node" redirects "$node"
done
ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
PARAM[paths_required]=1
PARAM[migration_mode]=live

T_WHAT="both portals live"
agent_is 0 node1 start
BOOTS=1
settled node1
ok "$T_WHAT: the drives' portal is lunmask-redirect" source_is node1 "$REDIRECT"
ok "$T_WHAT: they use the first" uses node1 "$P1"

T_WHAT="the first dies"
dies "$P1"
goes_on node1 "$P2"
wait_until 60 degraded node1
is "$T_WHAT: the monitor is degraded, once it is measured" "$RC" 190
like "$T_WHAT: and says why" "$REASON" '1 of 2 portals'

T_WHAT="the first is back, and the second dies"
all_live
dies "$P2"
goes_on node1 "$P1"

T_WHAT="it moves live while one is dead"
mapfile -t meta < <(migrate_meta node1 node2)
agent_is 0 node1 migrate_to "${meta[@]}"
agent_is 0 node2 migrate_from "${meta[@]}"
agent_is 0 node1 stop
settled node2
ok "$T_WHAT: by lunmask-redirect there" source_is node2 "$REDIRECT"
ok "$T_WHAT: to the portal that lives" uses node2 "$P1"

T_WHAT="both die"
dies "$P1"
ok "$T_WHAT: lunmask-redirect finds none" wait_until 120 lab exec node2 -- \
	grep -q "no answer in time" /var/log/lunmask-redirect.log
all_live
dies "$P1"
goes_on node2 "$P2"
all_live

T_WHAT="nobody redirects on node1"
ok "$T_WHAT" redirect_stop node1
mapfile -t meta < <(migrate_meta node2 node1)
agent_is 0 node2 migrate_to "${meta[@]}"
agent_is 0 node1 migrate_from "${meta[@]}"
agent_is 0 node2 stop
settled node1
ok "$T_WHAT: its drives have one portal" source_is node1 "$P1:3260"

T_WHAT="saved and restored where somebody does"
PARAM[migration_mode]=saved
mapfile -t meta < <(migrate_meta node1 node2)
agent_is 0 node1 migrate_to "${meta[@]}"
agent_is 0 node2 migrate_from "${meta[@]}"
agent_is 0 node1 stop
settled node2
ok "$T_WHAT" source_is node2 "$REDIRECT"

agent_is 0 node2 stop
stopped
done_testing
