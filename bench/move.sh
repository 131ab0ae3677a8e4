#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# move.sh STAGE [RUNS]: what a live move by lunmask (migrate_to, migrate_from and stop) takes over the
# bare `virsh migrate --live` of the same guest: both in turn, RUNS times each (default 10), in its own
# lab. Prints the medians, their difference and the bar of 250 ms, and where each millisecond goes: the
# steps tell their times in the log. Time is measured on the node, around the program. STAGE is an
# installed tree. Exit status 1: over the bar, or something failed.
set -uo pipefail

stage=$(readlink -f "${1:?usage: move.sh STAGE [RUNS]}")
runs=${2:-10}
bar_ms=250
export LAB_NAME=${LAB_NAME:-lunmask}-bench LAB_STAGE=$stage

t=$(dirname "$(readlink -f "$0")")/../tests/lab/t
# shellcheck source=../tests/lab/t/lib.sh
. "$t/lib.sh"
# shellcheck source=moves.sh
. "$(dirname "$(readlink -f "$0")")/moves.sh"

times=$(mktemp -d)
bench_end() {
	lab down >/dev/null 2>&1
	rm -rf "$times"
}
trap bench_end EXIT

# On the nodes: a program whose time is told, and the agent with it.
real_agent=$T_AGENT
T_AGENT=/tmp/bench-agent
clocks_install() {
	local node
	for node in node1 node2; do
		lab exec "$node" -- tee /tmp/bench-timed >/dev/null <<'X' || return 1
#!/bin/bash
begun=$(date +%s%N)
"$@"
status=$?
echo "bench: $((($(date +%s%N) - begun) / 1000)) us" >&2
exit $status
X
		lab exec "$node" -- tee "$T_AGENT" >/dev/null <<X || return 1
#!/bin/bash
exec /tmp/bench-timed $real_agent "\$@"
X
		lab exec "$node" -- chmod 755 /tmp/bench-timed "$T_AGENT" || return 1
	done
}

# told OUTPUT: the time of the program, in ms.
told() { sed -n 's/^bench: \([0-9]*\) us$/\1/p' <<<"$1" | awk '{ printf "%.1f\n", $1 / 1000 }'; }

# Each step's time, and what is not in any step: loading, the journal, libvirt's connection.
steps_note() { # ACTION MS OUTPUT
	local step ms sum=0
	while read -r step ms; do
		echo "$ms" >>"$times/step.$1.$step"
		sum=$((sum + ms))
	done < <(sed -n 's/^lunmask: [^:]*: [^:]*: \([^:]*\): \(done\|already done\|skipped\).* (\([0-9]*\) ms).*/\1 \3/p' <<<"$3")
	awk -v a="$2" -v b="$sum" 'BEGIN { printf "%.1f\n", a - b }' >>"$times/step.$1.outside"
	echo "$2" >>"$times/action.$1"
}

by_lunmask() { # FROM TO
	local meta node action ms total=0
	mapfile -t meta < <(migrate_meta "$1" "$2")
	for action in migrate_to migrate_from stop; do
		node=$([ "$action" = migrate_from ] && echo "$2" || echo "$1")
		agent_is 0 "$node" "$action" "${meta[@]}"
		ms=$(told "$OUT")
		steps_note "$action" "$ms" "$OUT"
		total=$(awk -v a="$total" -v b="$ms" 'BEGIN { print a + b }')
	done
	echo "$total" >>"$times/lunmask"
	took=$total
}

by_libvirt() { # FROM TO
	local command output
	libvirt_prepare "$1" "$2"
	mapfile -t command < <(libvirt_command "$1" "$2")
	output=$(lab exec "$1" -- /tmp/bench-timed "${command[@]}" 2>&1)
	is "virsh migrates" "$?" 0
	libvirt_finish "$1"
	took=$(told "$output")
	echo "$took" >>"$times/libvirt"
}

lab down >/dev/null 2>&1
lab guest build >/dev/null || exit 1
ok "a lab" lab up --nodes 3
ok "the clocks are there" clocks_install
ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
PARAM[migration_mode]=live
agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 5
from=node1 to=node2
for ((run = 1; run <= runs * 2; run++)); do
	# As they come, the moves go there and back: so each way has as many in either direction.
	way=$([ $((run / 2 % 2)) = 0 ] && echo libvirt || echo lunmask)
	"by_$way" "$from" "$to"
	echo "# $way $from-$to: $took ms"
	ok "the guest counts on" witness_wait web1 "$to" "$(witness_counter web1)"
	read -r from to <<<"$to $from"
done
ok "one boot, one writer" witness_check web1 --expect-boots 1

for file in "$times"/action.*; do
	action=${file##*.}
	echo "# $action: $(median "$file") ms"
	for step in "$times/step.$action".*; do
		echo "#     ${step##*.}: $(median "$step") ms (in $(wc -l <"$step") of $runs)"
	done
done
bare=$(median "$times/libvirt")
ours=$(median "$times/lunmask")
echo "# $(nproc) processors for all nodes, the array and the guest (TCG); load $(cut -d ' ' -f 1-3 /proc/loadavg)"
echo "# median of $runs in turn: virsh migrate $bare ms, lunmask $ours ms"
ok "lunmask takes $(awk -v a="$ours" -v b="$bare" 'BEGIN { printf "%.0f", a - b }') ms more: the bar is $bar_ms" \
	awk -v a="$ours" -v b="$bare" -v bar="$bar_ms" 'BEGIN { exit a - b > bar }'
agent "$from" stop
vm_unmake web1
done_testing
