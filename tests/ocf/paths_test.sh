#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# paths_test.sh AGENT: ocf:lunmask:ArrayPaths without a cluster: what its parameters may be, and its
# exit codes where lunmask.conf cannot be used.
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
	said=$(env -i LUNMASK_CONF="$work/none.conf" LUNMASK_ATTRIBUTES="$work/attributes" "$@" \
		"$agent" "$action" 2>&1) || rc=$?
	if [ "$rc" = "$want" ] && [[ $said == *"$text"* ]]; then
		passed=$((passed + 1))
		echo "ok - $action $*"
	else
		failed=$((failed + 1))
		echo "not ok - $action $*: $rc: $said"
	fi
}

gives 0 "" validate-all OCF_RESKEY_arrays="san1 san2"
gives 6 "'a/b' is not an array's name" validate-all OCF_RESKEY_arrays="san1 a/b"
gives 0 "" validate-all OCF_RESKEY_name=paths.
gives 6 "'../x' is not a prefix" validate-all OCF_RESKEY_name=../x
gives 6 "dampen" validate-all OCF_RESKEY_dampen=soon
gives 0 "" validate-all OCF_RESKEY_multiplier=10000
gives 6 "'0' is not a whole number from 1 to 10000" validate-all OCF_RESKEY_multiplier=0
gives 1 "none.conf" validate-all OCF_CHECK_LEVEL=10
gives 1 "none.conf" start
gives 7 "" monitor
mkdir "$work/attributes"
echo lunmask-san1 >"$work/attributes/lunmask-"
gives 190 "none.conf" monitor
gives 0 "attrd_updater" stop
gives 7 "" monitor
gives 3 "" migrate_to

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
