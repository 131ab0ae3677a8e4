#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# values_test.sh AGENT [REQUIRED_PARAMETER=VALUE...]: what the parameters that tune a live migration
# may be. What is refused is named, and so is what is legal.
set -euo pipefail

agent=$(realpath "$1")
shift
values=("${@/#/OCF_RESKEY_}")
passed=0
failed=0

# validate RC TEXT PARAMETER=VALUE...: TEXT is a part of the exit reason.
validate() {
	local want=$1 text=$2 rc=0 said
	shift 2
	said=$(env -i "${values[@]}" "${@/#/OCF_RESKEY_}" "$agent" validate-all 2>&1) || rc=$?
	if [ "$rc" = "$want" ] && [[ $said == *"$text"* ]]; then
		passed=$((passed + 1))
		echo "ok - $*"
	else
		failed=$((failed + 1))
		echo "not ok - $*: $rc: $said"
	fi
}

validate 0 "" migration_bandwidth=0
validate 0 "" migration_bandwidth=1048576
validate 6 "'1048577' is not a whole number from 0 to 1048576" migration_bandwidth=1048577
validate 6 "'10M' is not a whole number" migration_bandwidth=10M
validate 0 "" migration_downtime_max=1
validate 0 "" migration_downtime_max=2000000
validate 6 "'0' is not a whole number from 1 to 2000000" migration_downtime_max=0
validate 0 "" migration_parallel=255
validate 6 "'256' is not a whole number from 1 to 255" migration_parallel=256
validate 6 "'lz4' is not one of: none, xbzrle, mt, zlib, zstd" migration_compress=lz4
validate 0 "" migration_compress=xbzrle
validate 0 "" migration_compress=zstd migration_parallel=2
validate 6 "migration_compress=zstd needs migration_parallel of 2 or more" migration_compress=zstd
validate 6 "migration_compress=mt needs migration_parallel to be 1" migration_compress=mt \
	migration_parallel=2
validate 0 "" migration_autoconverge=no
validate 6 "neither \"true\" nor \"false\"" migration_autoconverge=perhaps
validate 0 "" migration_postcopy=false
validate 6 "migration_postcopy: 'true' is refused, only false is legal" migration_postcopy=true
validate 6 "migration_postcopy: '1' is refused" migration_postcopy=1

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
