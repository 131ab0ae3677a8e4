#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The array's portals have IPv6 addresses, and no others: one of them first, then two, of which one dies
# under a guest that writes. It starts, moves in both modes, and its paths are known.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"

P1=fd77::100
P2=fd77::101
T_TIMEOUT_MS=60000

tgt() { lab array -- tgtadm --lld iscsi "$@"; }
array_nft() { lab array -- nft "$@"; }
dies() { array_nft add rule inet lab_portals input ip6 daddr "$1" tcp dport 3260 drop; }

network_add() {
	local node
	lab array -- sh -c "ip addr add $P1/64 dev eth0 nodad && ip addr add $P2/64 dev eth0 nodad" &&
		tgt --op new --mode portal --param "portal=[$P1]:3260" &&
		tgt --op new --mode portal --param "portal=[$P2]:3260" || return 1
	for node in $(lab nodes); do
		lab exec "$node" -- ip addr add "fd77::${node#node}/64" dev eth0 nodad || return 1
	done
}
network_remove() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- ip addr del "fd77::${node#node}/64" dev eth0
	done
	tgt --op delete --mode portal --param "portal=[$P1]:3260"
	tgt --op delete --mode portal --param "portal=[$P2]:3260"
	lab array -- sh -c "ip addr del $P1/64 dev eth0; ip addr del $P2/64 dev eth0"
}

# shellcheck disable=SC2016 # the node's shell expands it
lunmaskd_restart() { lab exec "$1" -- sh -c 'kill -KILL $(cat /run/lunmask/lunmaskd.pid)'; }
# portals_are PORTAL...: of the array, on every node. It names those of IPv4, too; no drive uses them.
portals_are() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- sh -c "cd /etc/lunmask && cp -pn lunmask.conf lunmask.conf.kept &&
			sed -i 's/^portals *=.*/portals = $*/' lunmask.conf" && lunmaskd_restart "$node" || return 1
	done
	for node in $(lab nodes); do
		wait_until 60 paths_are_up "$node" "$@" || return 1
	done
}
paths_are_up() {
	lab exec node1 -- lunmask paths --node "$1" --array san1 --json | python3 -c '
import json, sys
up = {p["portal"] for p in json.load(sys.stdin)["paths"] if p["state"] == "up"}
sys.exit(not set(sys.argv[1:]) <= up)' "${@:2}"
}

clean_up() {
	local node
	array_nft delete table inet lab_portals
	vm_unmake web1
	network_remove
	for node in $(lab nodes); do
		lab exec "$node" -- sh -c 'cd /etc/lunmask && [ ! -e lunmask.conf.kept ] || mv -f lunmask.conf.kept lunmask.conf'
		lunmaskd_restart "$node"
		wait_until 20 lab exec "$node" -- lunmask journal status
	done
} >/dev/null 2>&1
trap clean_up EXIT

# uses NODE ADDRESS: QEMU has connections to it, and to no other portal.
uses() {
	local to
	to=$(lab exec "$1" -- ss -Htnp state established 'dport = 3260' |
		awk '/qemu-system/ { sub(/:[0-9]*$/, "", $4); print $4 }' | sort -u)
	[ "$to" = "[$2]" ] || { echo "it uses: $to" >&2 && return 1; }
}
# move MODE FROM TO
move() {
	T_WHAT="$1 from $2 to $3"
	PARAM[migration_mode]=$1
	mapfile -t meta < <(migrate_meta "$2" "$3")
	agent_is 0 "$2" migrate_to "${meta[@]}"
	agent_is 0 "$3" migrate_from "${meta[@]}"
	agent_is 0 "$2" stop
	settled "$3"
}

degraded() {
	agent "$1" monitor OCF_RESKEY_CRM_meta_interval=10000 OCF_CHECK_LEVEL=10
	[ "$RC" = 190 ]
}

ok "the array has portals with IPv6 addresses" network_add
ok "its portals can die" eval 'array_nft add table inet lab_portals &&
	array_nft add chain inet lab_portals input "{ type filter hook input priority 0; }"'
ok "the test VM's LUNs can be made" vm_make web1
vm_params web1

T_WHAT="one portal"
ok "$T_WHAT: every node reaches it" portals_are "[$P1]:3260"
agent_is 0 node1 start
BOOTS=1
settled node1
ok "$T_WHAT: QEMU uses it" uses node1 "$P1"
agent_is 0 node1 monitor OCF_CHECK_LEVEL=10
move live node1 node2
ok "$T_WHAT: QEMU uses it" uses node2 "$P1"
move saved node2 node1
agent_is 0 node1 stop
stopped

T_WHAT="two portals"
ok "$T_WHAT: every node reaches both" portals_are "[$P1]:3260" "[$P2]:3260"
agent_is 0 node2 start
BOOTS=2
settled node2
ok "$T_WHAT: QEMU uses the first" uses node2 "$P1"
T_WHAT="the first one dies"
dies "$P1"
counter=$(witness_counter web1)
ok "$T_WHAT: QEMU changes over" wait_until 120 uses node2 "$P2"
ok "$T_WHAT: it counts" witness_wait web1 node2 $((counter + 5)) 120
settled node2
wait_until 60 degraded node2
is "$T_WHAT: the monitor is degraded, once it is measured" "$RC" 190
like "$T_WHAT: and says why" "$REASON" '1 of 2 portals'
move live node2 node1
ok "$T_WHAT: QEMU uses the one that lives" uses node1 "$P2"

agent_is 0 node1 stop
stopped
done_testing
