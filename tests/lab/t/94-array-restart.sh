#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The array is restarted under a running VM and forgets its masks: monitor level 20 grants the LUNs
# again, and the guest goes on. It does not grant to a host that was fenced since.
. "$(dirname "$0")/lib.sh"

trap 'vm_unmake web1' EXIT
every=OCF_RESKEY_CRM_meta_interval=10000

ok "the test VM's LUNs can be made" vm_make web1
ok "the fencer knows what the others remember" wait_until 60 fencer_knows node1
vm_params web1
agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 5

T_WHAT="the array is restarted"
ok "$T_WHAT" array_restart
masks_are web1 "$T_WHAT: it has forgotten them"
agent_is 190 node1 monitor "$every" OCF_CHECK_LEVEL=20
like "$T_WHAT: the monitor says so" "$REASON" 'lost this host.s grants.*restarted'
masks_are web1 "$T_WHAT: granted again" node1
ok "$T_WHAT: the guest goes on" witness_wait web1 node1 "$(witness_counter web1)" 60
ok "$T_WHAT: same boot, one writer" witness_check web1 --expect-boots 1
agent_is 0 node1 monitor "$every" OCF_CHECK_LEVEL=20

# Another host has it in the journal: a migration that was not ended.
T_WHAT="the array is restarted during a migration"
mapfile -t meta < <(migrate_meta node1 node2)
agent_is 0 node1 migrate_to "${meta[@]}"
ok "$T_WHAT" array_restart
agent_is 1 node2 monitor "$every" OCF_CHECK_LEVEL=20
like "$T_WHAT: the monitor says why not" "$REASON" 'not granted again: .*(the journal permits|belongs to process)'
masks_are web1 "$T_WHAT"
# The guest has no disks, and does not shut down.
agent_is 0 node2 stop OCF_RESKEY_CRM_meta_timeout=40000
agent_is 0 node1 stop
masks_are web1 "at the end"

done_testing
