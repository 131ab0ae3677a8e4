#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# journal.sh STAGE: what a commit costs, in a lab of three nodes of its own, against what it cannot
# do without: a CPG round trip and an fdatasync. STAGE is an installed tree with the lab's programs.
# BENCH_DISK is where the journals are (default: below /var/tmp), BENCH_SECONDS how long each takes.
set -euo pipefail

stage=$(readlink -f "${1:?usage: journal.sh STAGE}")
lab=$(dirname "$(readlink -f "$0")")/../tests/lab/lab
seconds=${BENCH_SECONDS:-4}
disk=$(mktemp -d "${BENCH_DISK:-/var/tmp}/lunmask-bench.XXXXXX")
programs=/usr/libexec/lunmask-test
export LAB_NAME=${LAB_NAME:-lunmask}-bench

clean_up() {
	"$lab" down >/dev/null 2>&1 || true
	rm -rf "$disk"
}
trap clean_up EXIT

bench() { "$lab" exec "$1" -- timeout 120 "$programs/journal_bench" "${@:2}"; }
status() { "$lab" exec "$1" -- timeout 20 "$programs/journal_probe" status; }
us_to_ms() { awk -v us="$1" 'BEGIN { printf "%.2f", us / 1000 }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

all_active() {
	local node
	for node in node1 node2 node3; do
		status "$node" | grep -q ' active=1 ' || return 1
	done
}

# The three of them, each for itself or all at the same time. The slowest median counts.
syncs_together() {
	local node
	for node in node1 node2 node3; do
		bench "$node" fdatasync "$seconds" /var/lib/lunmask/bench &
	done | sort -n | tail -n 1
}

# row NAME "P50 P99 RATE" REFERENCE50 REFERENCE99
row() {
	local p50 p99 rate
	read -r p50 p99 rate <<<"$2"
	printf '%-34s %8s %8s %8s' "$1" "$(us_to_ms "$p50")" "$(us_to_ms "$p99")" "$rate"
	[ $# -lt 4 ] || printf ' %8s %8s' "$(ratio "$p50" "$3")" "$(ratio "$p99" "$4")"
	printf '\n'
}

# Clients on all nodes at the same time: the sum of what they did, the slowest node's times.
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
		# shellcheck disable=SC2016 # of the node's shell
		"$lab" exec "$node" -- sh -c \
			'sed -n "s/^VmRSS: *//p" /proc/$(cat /run/lunmask/lunmaskd.pid)/status'
	done | xargs
}

sequencer_find() {
	local node
	for node in node1 node2 node3; do
		if status "$node" | grep -q '^role=sequencer'; then
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
cpg=$(bench "$follower" cpg "$seconds")
sync=$(bench "$follower" fdatasync "$seconds" /var/lib/lunmask/bench)
together=$(syncs_together)
read -r cpg50 cpg99 _ <<<"$cpg"
read -r sync50 sync99 _ <<<"$sync"
base50=$((cpg50 + sync50))
base99=$((cpg99 + sync99))
commit=$(bench "$follower" commit "$seconds" 1)
commit_sequencer=$(bench "$sequencer" commit "$seconds" 1)
read=$(bench "$follower" read "$seconds" 1)

printf '%-34s %8s %8s %8s %8s %8s\n' "" "p50 ms" "p99 ms" "a second" "p50/base" "p99/base"
row "CPG round trip" "$cpg"
row "fdatasync of 4 KiB" "$sync"
row "  the same, three at once" "$together"
row "base: the first two" "$base50 $base99 $((1000000 / base50))"
row "commit, asked on a follower" "$commit" "$base50" "$base99"
row "commit, asked on the sequencer" "$commit_sequencer" "$base50" "$base99"
row "linearizable read on a follower" "$read"
for clients in 1 8 32; do
	row "commits, $clients clients on each node" "$(throughput "$clients")" "$base50" "$base99"
done
echo "memory of lunmaskd (RSS): $(memory)"
