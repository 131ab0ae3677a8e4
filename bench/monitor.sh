#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# monitor.sh BUILD: what a monitor of level 0 costs over /bin/true: wall time and CPU, in turn, in one
# run, MONITOR_RUNS times each (default 1000); and the instructions of each, if there is valgrind. BUILD
# is the folder of the build. It needs no cluster, no lab and no root. Exit status: 0: within the bar;
# 1: not; 2: something does not work.
set -uo pipefail

build=$(readlink -f "${1:?usage: monitor.sh BUILD}")
front=$build/agent/front/VirtualMachine
bench=$build/bench/monitor_bench

echo "# $(nproc) processors; load $(cut -d ' ' -f 1-3 /proc/loadavg); the front loads:" \
	"$(ldd "$front" | sed -n 's/^[[:space:]]*\([^ /]*\.so[^ ]*\) => .*/\1/p' | paste -sd ' ')"
"$bench" run "$front" "${MONITOR_RUNS:-1000}"
status=$?

# instructions PROGRAM: in user space, from the first one of the loader to the end.
instructions() {
	"$bench" serve valgrind --tool=callgrind --callgrind-out-file=/dev/null "$1" monitor 2>&1 |
		sed -n 's/,//g; s/.*refs: *\([0-9]*\)$/\1/p'
}
if command -v valgrind >/dev/null; then
	base=$(instructions /bin/true)
	ours=$(instructions "$front")
	awk -v a="$base" -v b="$ours" 'BEGIN {
		if (a == 0 || b == 0) { print "instructions: valgrind says nothing"; exit 1 }
		printf "instructions in user space: /bin/true %d, monitor %d: %.2f\n", a, b, b / a }' ||
		status=2
fi
exit "$status"
