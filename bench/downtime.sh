#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# downtime.sh STAGE [RUNS]: measures how long a guest is paused by a live migration, with lunmask
# and with libvirt alone (virsh migrate), in turn, RUNS times each (default 20), in its own lab. The
# pause is the time from QEMU's event STOP on the source to its event RESUME on the target: all
# nodes are on this machine and share its clock. STAGE is an installed tree.
set -uo pipefail

stage=$(readlink -f "${1:?usage: downtime.sh STAGE [RUNS]}")
runs=${2:-20}
export LAB_NAME=${LAB_NAME:-lunmask}-bench LAB_STAGE=$stage

t=$(dirname "$(readlink -f "$0")")/../tests/lab/t
# shellcheck source=../tests/lab/t/lib.sh
. "$t/lib.sh"
# shellcheck source=moves.sh
. "$(dirname "$(readlink -f "$0")")/moves.sh"

events=$(mktemp -d)
watchers=()
bench_end() {
	[ "${#watchers[@]}" = 0 ] || kill "${watchers[@]}" 2>/dev/null
	lab down >/dev/null 2>&1
	rm -rf "$events"
}
trap bench_end EXIT

watch_begin() {
	watchers=()
	for node in node1 node2; do
		lab exec "$node" -- virsh qemu-monitor-event --loop --timeout 60 >"$events/$node" 2>&1 &
		watchers+=($!)
	done
	# Both are registered when their header is not buffered: an answer of libvirtd is enough.
	wait_until 10 lab exec node1 -- virsh -q list
	sleep 0.5
}

watch_end() {
	kill "${watchers[@]}" 2>/dev/null
	wait "${watchers[@]}" 2>/dev/null
	watchers=()
}

# event NODE NAME: the time of the last such event of web1, in ms.
event() {
	sed -n "s/^event $2 at \([0-9]*\)\.\([0-9]*\) for domain '*web1'*.*/\1 \2/p" "$events/$1" |
		tail -n 1 | awk '{ printf "%.1f\n", $1 * 1000 + $2 / 1000 }'
}

pause_ms() {
	local stopped resumed
	stopped=$(event "$1" STOP)
	resumed=$(event "$2" RESUME)
	awk -v a="${stopped:-0}" -v b="${resumed:-0}" 'BEGIN { printf "%.1f\n", b - a }'
}

by_lunmask() {
	local meta
	mapfile -t meta < <(migrate_meta "$1" "$2")
	agent_is 0 "$1" migrate_to "${meta[@]}"
	agent_is 0 "$2" migrate_from "${meta[@]}"
	agent_is 0 "$1" stop
}

by_libvirt() {
	local command
	libvirt_prepare "$1" "$2"
	mapfile -t command < <(libvirt_command "$1" "$2")
	ok "virsh migrates" lab exec "$1" -- "${command[@]}"
	libvirt_finish "$1"
}

lab down >/dev/null 2>&1
lab guest build >/dev/null || exit 1
ok "a lab" lab up --nodes 3
ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
PARAM[migration_mode]=live
agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 5
from=node1 to=node2
for ((run = 1; run <= runs * 2; run++)); do
	way=$([ $((run % 2)) = 1 ] && echo libvirt || echo lunmask)
	watch_begin
	"by_$way" "$from" "$to"
	watch_end
	pause=$(pause_ms "$from" "$to")
	echo "# $way $from-$to: $pause ms"
	echo "$pause" >>"$events/$way"
	ok "the guest counts on" witness_wait web1 "$to" "$(witness_counter web1)"
	read -r from to <<<"$to $from"
done
ok "one boot, one writer" witness_check web1 --expect-boots 1
echo "# median pause: libvirt alone $(median "$events/libvirt") ms, lunmask $(median "$events/lunmask") ms"
agent "$from" stop
vm_unmake web1
done_testing
