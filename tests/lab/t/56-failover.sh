#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A node is lost while its guest writes as fast as it can, with fence_lunmask as the only fencing:
# corosync stands still, the node is cut off from the others and keeps its disks, all of it hangs. The
# guest goes on elsewhere, one writes at any time, and the node comes back. FAILOVER_RUNS of each
# (default 1); FAILOVER_FAULTS are others. bench/failover.sh makes series and compares.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/pacemaker.sh"
. "$(dirname "$0")/fencing.sh"
. "$(dirname "$0")/failover.sh"

ok "the cluster is whole" lab up
trap failover_teardown EXIT
failover_setup mask
for fault in ${FAILOVER_FAULTS:-corosync isolated hung}; do
	failover_series "$fault" "${FAILOVER_RUNS:-1}"
done
done_testing
