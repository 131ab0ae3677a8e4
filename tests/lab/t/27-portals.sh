#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An array of eight portals, of which only the last one answers: nobody waits for one after the
# other of them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"

NODES=(node1 node2)
DIR=/tmp/lab-portals
clean_up() {
	local node
	for node in "${NODES[@]}"; do
		# shellcheck disable=SC2016 # the node's shell expands it
		lab exec "$node" -- sh -c '[ ! -e $0/pid ] || kill $(cat $0/pid); rm -rf $0' "$DIR"
	done
	vm_unmake web1
}
trap clean_up EXIT

# A connection is made with each of them, and nothing ever answers.
silent_portals() {
	lab exec "$1" -- mkdir -p "$DIR" || return 1
	lab exec "$1" -- sh -c "python3 -c '
import os, signal, socket
held = [socket.create_server((\"127.0.0.1\", 4000 + n)) for n in range(1, 8)]
open(\"$DIR/pid\", \"w\").write(str(os.getpid()))
signal.pause()' >$DIR/log 2>&1 &"
	wait_until 10 lab exec "$1" -- test -s "$DIR/pid"
}
configured() {
	lab exec "$1" -- sed -E "s/^portals *= .*(10.77.0.100:3260).*/portals = $(echo 127.0.0.1:400{1..7}) \1/" \
		/etc/lunmask/lunmask.conf | lab exec "$1" -- tee "$DIR/conf" >/dev/null
	lab exec "$1" -- grep -q '^portals = 127.0.0.1:4001 .*:4007 10.77.0.100:3260$' "$DIR/conf"
}

ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
PARAM[paths_required]=1
PARAM[migration_mode]=live
for node in "${NODES[@]}"; do
	ok "seven portals are silent on $node" silent_portals "$node"
	ok "and configured" configured "$node"
done
conf=LUNMASK_CONF=$DIR/conf
mapfile -t meta < <(migrate_meta node1 node2)

T_WHAT="seven silent portals"
agent_is 0 node1 start "$conf" OCF_RESKEY_CRM_meta_timeout=60000
BOOTS=1
settled node1
PARAM[paths_required]=all
agent_is 190 node1 monitor "$conf" OCF_RESKEY_CRM_meta_interval=10000 OCF_CHECK_LEVEL=10
like "$T_WHAT: monitor counts them" "$REASON" '1 of 8 portals'
PARAM[paths_required]=1
agent_is 0 node1 migrate_to "$conf" "${meta[@]}"
agent_is 0 node2 migrate_from "$conf" "${meta[@]}"
agent_is 0 node1 stop "$conf"
settled node2
PARAM[paths_required]=2
mapfile -t meta < <(migrate_meta node2 node1)
refused 1 'this host .* reaches fewer portals than paths_required asks for: 1 of 8 portals' \
	node2 migrate_to "$conf" "${meta[@]}"
settled node2

T_WHAT="the address of node1 is another node's"
PARAM[paths_required]=1
# shellcheck disable=SC2016 # $ is of sed
wrong=$(lab exec node2 -- sed -n '/^\[host node3\]/,$s/^migration_address = //p' "$DIR/conf")
ok "$T_WHAT" lab exec node2 -- sed -i \
	"/^\[host node1\]/,/^\[host node2\]/s/^migration_address = .*/migration_address = $wrong/" "$DIR/conf"
refused 1 'correct migration_address of .host node1. in lunmask.conf.*at that address is node3' \
	node2 migrate_to "$conf" "${meta[@]}"
settled node2
agent_is 0 node2 stop
stopped

done_testing
