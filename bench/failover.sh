#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# failover.sh STAGE [SETUP:FAULT:RUNS]...: measures the downtime of a lost node's guest, and checks
# that each run had one writer, in its own lab of three nodes. tests/lab/t/failover.sh describes
# setups, faults and measurements. STAGE is an installed tree. Default series: 20 runs of each fault
# that proves fencing by mask, and the runs to compare with. FAILOVER_TSV: file with a line per run.
set -uo pipefail

stage=$(readlink -f "${1:?usage: failover.sh STAGE [SETUP:FAULT:RUNS]...}")
shift
series=("$@")
[ $# != 0 ] || series=(mask:corosync:20 mask:isolated:20 mask:hung:20 mask:cut:5
	power:hung:5 power:cut:5 virtualdomain:hung:5 virtualdomain:cut:5)
export LAB_NAME=${LAB_NAME:-lunmask}-bench LAB_STAGE=$stage

t=$(dirname "$(readlink -f "$0")")/../tests/lab/t
# shellcheck source=../tests/lab/t/lib.sh
. "$t/lib.sh"
# shellcheck source=../tests/lab/t/journal.sh
. "$t/journal.sh"
# shellcheck source=../tests/lab/t/pacemaker.sh
. "$t/pacemaker.sh"
# shellcheck source=../tests/lab/t/fencing.sh
. "$t/fencing.sh"
# shellcheck source=../tests/lab/t/failover.sh
. "$t/failover.sh"

lab down >/dev/null 2>&1
trap 'lab down >/dev/null 2>&1' EXIT
lab guest build >/dev/null || exit 1
setup=
for one in "${series[@]}"; do
	IFS=: read -r next fault runs <<<"$one"
	if [ "$next" != "$setup" ]; then
		setup=$next
		lab down >/dev/null 2>&1
		ok "$setup: a lab of three nodes" lab up --nodes 3
		failover_setup "$setup"
	fi
	failover_series "$fault" "$runs"
done
echo "# $(nproc) processors for all nodes, the array and the guest (TCG); load $(cut -d ' ' -f 1-3 /proc/loadavg)"
done_testing
