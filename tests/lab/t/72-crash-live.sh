#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# migrate_to, live, killed at each step: run again it ends the job without a boot; or both hosts are
# stopped, in either order or at once, while libvirt may still be migrating: the journal says that
# what runs there is left of a migration, and its memory is kept.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"

trap 'vm_unmake web1' EXIT
ok "the test VM's LUNs can be made" vm_make web1
ok "the crash points can be installed" crash_install
vm_params web1
PARAM[migration_mode]=live
agent_is 0 node1 start
BOOTS=1
T_WHAT="at the beginning"
settled node1

other() { if [ "$1" = node1 ]; then echo node2; else echo node1; fi; }
source=node1

# A migration that lasts: so many MiB/s
slow() { lab exec "$1" -- virsh -q migrate-setspeed web1 "$2"; }

killed() {
	local meta
	mapfile -t meta < <(migrate_meta "$source" "$(other "$source")")
	crash "$1" "$source" migrate_to "${meta[@]}"
}

# again POINT: the whole migration, with migrate_to killed once
again() {
	local meta target
	target=$(other "$source")
	mapfile -t meta < <(migrate_meta "$source" "$target")
	T_WHAT="migrate_to killed at $1, run again${2:+ ($2)}"
	[ -z "${2:-}" ] || slow "$source" 16
	killed "$1"
	agent_is 0 "$source" migrate_to "${meta[@]}"
	agent_is 0 "$target" migrate_from "${meta[@]}"
	agent_is 0 "$source" stop
	settled "$target"
	source=$target
}

for point in line:grant: virDomainMigrateToURI3:100 virDomainMigrateToURI3:400 \
	virDomainSetMetadata:before virDomainMigrateToURI3:after; do
	again "$point"
done
again virDomainMigrateToURI3:1000 "libvirt is migrating"

# recovered POINT ORDER...: stopped in this order, then started where it was to go
recovered() {
	local point=$1 node pid pids=()
	shift
	T_WHAT="migrate_to killed at $point, stopped on $*"
	[ "$point" != virDomainMigrateToURI3:1500 ] || slow "$source" 1
	killed "$point"
	case $1 in
	both)
		for node in node1 node2; do
			(
				agent "$node" stop
				[ "$RC" = 0 ] || echo "#   $node: $OUT"
				exit "$RC"
			) &
			pids+=($!)
		done
		for pid in "${pids[@]}"; do
			wait "$pid"
			is "$T_WHAT: stop exits with 0" "$?" 0
		done
		;;
	*)
		for node in "$@"; do
			agent_is 0 "$node" stop
		done
		;;
	esac
	stopped
	source=$(other "$source")
	agent_is 0 "$source" start
	settled "$source"
}

recovered line:grant: node2 node1
recovered virDomainMigrateToURI3:1500 both
recovered virDomainMigrateToURI3:1500 node1 node2
recovered virDomainMigrateToURI3:150 both
recovered virDomainMigrateToURI3:300 both
recovered virDomainMigrateToURI3:400 both
PARAM[stop_mode]=save
recovered virDomainMigrateToURI3:1500 "$source" "$(other "$source")"
PARAM[stop_mode]=shutdown

# What is stopped for another reason is shut down.
T_WHAT="at the end"
agent_is 0 "$source" stop
stopped
agent_is 0 "$source" start
BOOTS=$((BOOTS + 1))
settled "$source"
agent_is 0 "$source" stop
stopped

done_testing
