#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# unit_test.sh AGENT: ocf:lunmask:LogicalUnit without a cluster: what its parameters may be, and its
# exit codes where nothing can be reached.
set -euo pipefail

agent=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# gives RC TEXT ACTION [VARIABLE=VALUE...]: TEXT is a part of what it says.
gives() {
	local want=$1 text=$2 action=$3 rc=0 said
	shift 3
	said=$(env -i LUNMASK_CONF="$work/none.conf" LUNMASK_GRANTED="$work" OCF_RESKEY_array=san1 \
		OCF_RESKEY_lun=db-data OCF_RESKEY_drive=vdc OCF_RESKEY_hypervisor=test:///default \
		OCF_RESKEY_CRM_meta_on_node=node1 "$@" "$agent" "$action" 2>&1) || rc=$?
	if [ "$rc" = "$want" ] && [[ $said == *"$text"* ]]; then
		passed=$((passed + 1))
		echo "ok - $action $*"
	else
		failed=$((failed + 1))
		echo "not ok - $action $*: $rc: $said"
	fi
}

gives 0 "" validate-all OCF_RESKEY_vm=db1
gives 0 "" validate-all OCF_RESKEY_vm_map="node1:db1 node2:db2"
gives 6 "set either vm" validate-all
gives 6 "and not both" validate-all OCF_RESKEY_vm=db1 OCF_RESKEY_vm_map=node1:db1
gives 6 "'node1=db1' is not NODE:VM" validate-all OCF_RESKEY_vm_map="node1=db1"
gives 6 "node 'node1' is named twice" validate-all OCF_RESKEY_vm_map="node1:db1 node1:db2"
gives 6 "'hdc' is no drive" validate-all OCF_RESKEY_vm=db1 OCF_RESKEY_drive=hdc
gives 6 "'a/b' is not a LUN's name" validate-all OCF_RESKEY_vm=db1 OCF_RESKEY_lun=a/b
gives 6 "'6001' is not a designator" validate-all OCF_RESKEY_vm=db1 OCF_RESKEY_designator=6001
gives 0 "" validate-all OCF_RESKEY_vm=db1 OCF_RESKEY_designator=naa.6001
gives 6 "detach_timeout" validate-all OCF_RESKEY_vm=db1 OCF_RESKEY_detach_timeout=0
gives 6 "takeover" validate-all OCF_RESKEY_vm=db1 OCF_RESKEY_takeover=always
gives 1 "none.conf" validate-all OCF_RESKEY_vm=db1 OCF_CHECK_LEVEL=10
# test:///default has no such drive.
gives 7 "" monitor OCF_RESKEY_vm=test
gives 7 "" monitor OCF_RESKEY_vm=test OCF_RESKEY_lun=
# Nobody knows whether a guest has it, but nothing was granted here since the host has booted.
gives 7 "" monitor OCF_RESKEY_vm=test OCF_RESKEY_hypervisor=test:///none
gives 0 "" stop OCF_RESKEY_vm=test OCF_RESKEY_lun=
gives 0 "" stop OCF_RESKEY_vm=test
gives 6 "set either vm" start
gives 1 'only the cluster manager calls migrate_to' migrate_to OCF_RESKEY_vm=test

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
