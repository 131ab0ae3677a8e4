#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# resource-agents' own ocf-tester, on a node of a real cluster, with a real VM.
. "$(dirname "$0")/lib.sh"

trap 'vm_unmake web1' EXIT
ok "the test VM's LUNs can be made" vm_make web1
output=$(lab exec node1 -- ocf-tester -n web1 \
	-o vm=web1 -o array=san1 -o "luns=vda=web1-root vdb=web1-data" -o state_lun=web1-state \
	-o config=/etc/lunmask/web1.xml "$T_AGENT" 2>&1)
rc=$?
if [ "$rc" = 0 ]; then pass "ocf-tester passes"; else fail "ocf-tester passes" "$output"; fi
like "and says so" "$output" 'passed all tests'
masks_are web1 "ocf-tester leaves nothing granted"
is "and nothing running" "$(domain node1 web1)" absent

done_testing
