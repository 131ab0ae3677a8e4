#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# journal.sh STAGE: compares a commit with its minimum cost, a CPG round trip and an fdatasync, in a
# lab of its own with three nodes. STAGE is an installed tree with the lab's programs. BENCH_DISK:
# directory of the journals (default: below /var/tmp). Latencies are measured in turn, in
# BENCH_ROUNDS rounds of a second each, so that other load on the machine affects all alike. The
# table has the median round.
set -euo pipefail

stage=$(readlink -f "${1:?usage: journal.sh STAGE}")
lab=$(dirname "$(readlink -f "$0")")/../tests/lab/lab
rounds=${BENCH_ROUNDS:-9}
seconds=3 # per throughput measurement
disk=$(mktemp -d "${BENCH_DISK:-/var/tmp}/lunmask-bench.XXXXXX")
programs=/usr/libexec/lunmask-test
export LAB_NAME=${LAB_NAME:-lunmask}-bench

clean_up() {
	"$lab" down >/dev/null 2>&1 || true
	rm -rf "$disk"
}
trap clean_up EXIT

# shellcheck disable=SC2143 # as in tests/lab/t/lib.sh
seen() { [ -n "$(grep "$@")" ]; }
bench() { "$lab" exec "$1" -- timeout 120 "$programs/journal_bench" "${@:2}"; }
status() { "$lab" exec "$1" -- timeout 20 "$programs/journal_probe" status; }
us_to_ms() { awk -v us="$1" 'BEGIN { printf "%.2f", us / 1000 }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

all_active() {
	local node
	for node in node1 node2 node3; do
		status "$node" | seen ' active=1 ' || return 1
	done
}

# All three nodes at the same time; prints the slowest.
syncs_together() {
	local node
	for node in node1 node2 node3; do
		bench "$node" fdatasync 1 /var/lib/lunmask/bench &
	done | sort -n | tail -n 1
}

declare -A samples # "P50 P99 RATE", one line per round

latencies_measure() {
	local round
	for ((round = 0; round < rounds; round++)); do
		samples[cpg]+=$(bench "$follower" cpg 1)$'\n'
		samples[sync]+=$(bench "$follower" fdatasync 1 /var/lib/lunmask/bench)$'\n'
		samples[follower]+=$(bench "$follower" commit 1 1)$'\n'
		samples[sequencer]+=$(bench "$sequencer" commit 1 1)$'\n'
		samples[together]+=$(syncs_together)$'\n'
		samples[read]+=$(bench "$follower" read 1 1)$'\n'
	done
}

# column NAME NUMBER: prints the median of the rounds.
column() {
	grep . <<<"${samples[$1]}" | cut -d ' ' -f "$2" | sort -n |
		awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}
median() { echo "$(column "$1" 1) $(column "$1" 2) $(column "$1" 3)"; }

# row NAME "P50 P99 RATE" REFERENCE50 REFERENCE99
row() {
	local p50 p99 rate
	read -r p50 p99 rate <<<"$2"
	printf '%-34s %8s %8s %8s' "$1" "$(us_to_ms "$p50")" "$(us_to_ms "$p99")" "$rate"
	[ $# -lt 4 ] || printf ' %8s %8s' "$(ratio "$p50" "$3")" "$(ratio "$p99" "$4")"
	printf '\n'
}

# Clients on all nodes at the same time: prints the sum of the rates and the slowest node's times.
throughput() {
	local node
	for node in node1 node2 node3; do
		bench "$node" commit "$seconds" "$1" &
	done | awk '{ rate += $3; if ($1 > p50) p50 = $1; if ($2 > p99) p99 = $2 }
		END { print p50, p99, rate }'
}

memory() {
	local node
	for node in node1 node2 node3; do
		# shellcheck disable=SC2016 # for the node's shell
		"$lab" exec "$node" -- sh -c \
			'sed -n "s/^VmRSS: *//p" /proc/$(cat /run/lunmask/lunmaskd.pid)/status'
	done | xargs
}

sequencer_find() {
	local node
	for node in node1 node2 node3; do
		if status "$node" | seen '^role=sequencer'; then
			echo "$node"
			return
		fi
	done
	return 1
}

"$lab" down >/dev/null 2>&1 || true
LAB_JOURNAL_DISK=$disk LAB_STAGE=$stage "$lab" up --nodes 3 >/dev/null
for ((i = 0; i < 100; i++)); do
	! all_active || break
	sleep 0.2
done
sequencer=$(sequencer_find)
follower=node1
[ "$sequencer" != node1 ] || follower=node2

echo "disk: $(findmnt -no FSTYPE,SOURCE -T "$disk"), $(nproc) cores for three nodes, load before: \
$(cut -d ' ' -f 1 /proc/loadavg)"
sleep "${BENCH_SETTLE_SECONDS:-20}" # wait until Pacemaker has settled
latencies_measure
base50=$(($(column cpg 1) + $(column sync 1)))
base99=$(($(column cpg 2) + $(column sync 2)))

printf '%-34s %8s %8s %8s %8s %8s\n' "" "p50 ms" "p99 ms" "a second" "p50/base" "p99/base"
row "CPG round trip" "$(median cpg)"
row "fdatasync of 4 KiB" "$(median sync)"
row "  the same, three at once" "$(median together)"
row "base: the first two" "$base50 $base99 $((1000000 / base50))"
row "commit, asked on a follower" "$(median follower)" "$base50" "$base99"
row "commit, asked on the sequencer" "$(median sequencer)" "$base50" "$base99"
row "linearizable read on a follower" "$(median read)"
for clients in 1 8 32; do
	row "commits, $clients clients on each node" "$(throughput "$clients")" "$base50" "$base99"
done
echo "memory of lunmaskd (RSS): $(memory)"
