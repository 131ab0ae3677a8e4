#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What an agent program owes the cluster manager before anything is installed or configured: its
# metadata in both profiles, valid by every schema that is there, and its exit codes for wrong input.
#
#	contract_test.sh AGENT [REQUIRED_PARAMETER=VALUE...]
#
# LACKS_LIBISCSI=1 in the environment: AGENT was built without libiscsi.
#
# Prints "ok", "not ok" or "skip" lines and a count; exits 1 when something is not ok.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
readonly here
readonly dtd_dir=/usr/share/resource-agents
readonly pcs_dir=/usr/share/pcs/data

if ! command -v xmllint >/dev/null; then
	echo "skip - all: xmllint is not installed (Debian: libxml2-utils, Fedora: libxml2)"
	exit 0
fi
agent=$(realpath "$1")
shift
values=()
for value in "$@"; do
	values+=("OCF_RESKEY_$value")
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

report() { # 0|1 TEXT
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
		echo "ok - $2"
	else
		failed=$((failed + 1))
		echo "not ok - $2"
	fi
}

# Nobody, with an empty environment, where we may; else just the empty environment.
metadata() { # MAJOR MINOR
	local run=(env -i "OCF_RA_VERSION_MAJOR=$1" "OCF_RA_VERSION_MINOR=$2")

	if [ "$(id -u)" = 0 ] && [ -z "${LSAN_OPTIONS:-}${ASAN_OPTIONS:-}" ]; then
		run=(setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs "${run[@]}")
	fi
	"${run[@]}" "$work/agent" meta-data
}

check_metadata() { # PROFILE FILE
	local rc=0

	metadata "${1%.*}" "${1#*.}" >"$2" 2>"$work/stderr" || rc=1
	report "$rc" "meta-data $1 works without privileges and configuration"
	rc=0
	[ ! -s "$work/stderr" ] || rc=1
	report "$rc" "meta-data $1 is silent on stderr"
}

check_rng() { # FILE RNG
	local rc=0

	if [ ! -e "$2" ]; then
		echo "skip - $2 is not installed"
		return
	fi
	xmllint --noout --relaxng "$2" "$1" 2>"$work/stderr" || rc=1
	[ "$rc" = 0 ] || cat "$work/stderr"
	report "$rc" "$(basename "$1") is valid by $2"
}

check_dtd() { # FILE
	local rc=0

	if [ ! -e "$dtd_dir/ra-api-1.dtd" ]; then
		echo "skip - $dtd_dir/ra-api-1.dtd is not installed"
		return
	fi
	(cd "$dtd_dir" && xmllint --noout --valid -) <"$1" 2>"$work/stderr" || rc=1
	[ "$rc" = 0 ] || cat "$work/stderr"
	report "$rc" "$(basename "$1") is valid by $dtd_dir/ra-api-1.dtd"
}

parameter_names() { # FILE
	xmllint --xpath '//parameter/@name' "$1"
}

check_same() { # FILE FILE
	local first second rc=0

	first=$(parameter_names "$1") && second=$(parameter_names "$2") || rc=1
	if [ "$rc" = 0 ] && [ "$first" != "$second" ]; then
		rc=1
	fi
	report "$rc" "both profiles have the same parameters"
}

check_code() { # CODE TEXT VARIABLE=VALUE... ACTION
	local want=$1 text=$2 rc=0 reasons

	shift 2
	env -i "${@:1:$#-1}" "$agent" "${@: -1}" >"$work/stdout" 2>"$work/stderr" || rc=$?
	reasons=$(grep -c '^ocf-exit-reason:.' "$work/stderr" || true)
	if [ "$(grep '^ocf-exit-reason:' "$work/stderr" | wc -L)" -gt $((128 + 16)) ]; then
		cat "$work/stderr"
		report 1 "$text: Pacemaker shows the whole reason"
	elif [ "$rc" != "$want" ]; then
		echo "exit code $rc, expected $want"
		cat "$work/stderr"
		report 1 "$text"
	elif [ "$want" != 0 ] && [ "$want" != 7 ] && [ "$reasons" != 1 ]; then
		echo "$reasons exit reasons, expected one"
		cat "$work/stderr"
		report 1 "$text"
	else
		report 0 "$text"
	fi
}

check_codes() {
	local value

	check_code 3 "unknown action" "${values[@]}" fly
	check_code 3 "empty action" "${values[@]}" ""
	check_code 0 "help" "${values[@]}" --help
	check_code 0 "validate-all with right parameters" "${values[@]}" validate-all
	for value in "${values[@]}"; do
		check_code 6 "validate-all without ${value%%=*}" "${values[@]/#"$value"/X=}" validate-all
		check_code 6 "start without ${value%%=*}" "${values[@]/#"$value"/X=}" start
		check_code 6 "start with a malformed ${value%%=*}" "${values[@]}" \
			"${value%%=*}=$(printf 'a\tb=')" start
	done
	if [ -n "${LACKS_LIBISCSI:-}" ]; then
		check_code 5 "start where no LUN can be verified" "${values[@]}" start
	fi
	check_code 7 "probe without parameters" OCF_RESKEY_CRM_meta_interval=0 monitor
	check_code 0 "stop without parameters" OCF_RESKEY_CRM_meta_interval=0 stop
	grep -q '"migrate_to"' "$work/metadata-1.1.xml" || return 0
	check_code 1 "migrate_to without a target" "${values[@]}" migrate_to
	check_code 1 "migrate_from without a source" "${values[@]}" migrate_from
	check_code 1 "migrate_to without parameters" OCF_RESKEY_CRM_meta_migrate_source=node1 \
		OCF_RESKEY_CRM_meta_migrate_target=node2 migrate_to
}

# A place where nobody may read: the build tree need not be one.
chmod 0755 "$work"
cp "$agent" "$work/agent"
chmod 0755 "$work/agent"

check_metadata 1.1 "$work/metadata-1.1.xml"
check_metadata 1.0 "$work/metadata-1.0.xml"
check_rng "$work/metadata-1.1.xml" "$here/ra-1.1.rng"
check_rng "$work/metadata-1.1.xml" "$pcs_dir/ocf-1.1.rng"
check_rng "$work/metadata-1.0.xml" "$pcs_dir/ocf-1.0.rng"
check_dtd "$work/metadata-1.0.xml"
check_same "$work/metadata-1.1.xml" "$work/metadata-1.0.xml"
check_codes
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
