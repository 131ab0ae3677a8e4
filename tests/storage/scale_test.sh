#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What an array of 1,000 targets costs, beside one of 10: scale_test.sh [BUILD-DIRECTORY]
#
# tgtd is real, and the driver makes the targets. How often tgtd is asked is counted, and how much memory is
# needed is measured. Needs root and tgtd. Runs in namespaces of its own (network, mounts, pids): whatever it
# starts ends with it. Prints "ok" or "not ok" lines.
set -euo pipefail

if [[ ${1:-} != --inside ]]; then
	build=$(realpath "${1:-$(dirname "$0")/../..}")
	exec unshare --net --mount --pid --fork --kill-child --mount-proc "$(realpath "$0")" --inside "$build"
fi

build=$2
few=10
many=1000
portal=127.0.0.1:3260
host=iqn.2026-11.org.example:node1
peak_max_kib=$((24 * 1024))
passed=0
failed=0
work=
number= # of targets that there are
declare -A calls=() kib=() bytes=()

ok() {
	local name=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
		echo "ok - $name"
	else
		failed=$((failed + 1))
		echo "not ok - $name: $*"
	fi
}

at_most() { [ "$1" -le "$2" ]; }

setup() {
	ip link set lo up
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir -p /run/lock /run/tgtd
	work=$(mktemp -d /run/scale.XXXXXX)
	mkdir "$work/pool" "$work/bin"
	real=$(PATH=$PATH:/usr/sbin type -P tgtadm)
	# shellcheck disable=SC2016 # the script's own arguments
	printf '#!/bin/sh\necho >>%s\nexec %s "$@"\n' "$work/calls" "$real" >"$work/bin/tgtadm"
	cat >"$work/tgt.conf" <<-X
		[tgt]
		iqn_prefix = iqn.2026-11.org.example:
		pool = $work/pool
		control_port = 7
		lock_file = $work/lock
		state_dir = $work/state
	X
	printf '#!/bin/sh\nexec %s --config %s "$@"\n' "$build/driver/tgt/lunmask-array-tgt" "$work/tgt.conf" \
		>"$work/bin/driver"
	chmod 755 "$work"/bin/*
	PATH=$work/bin:$PATH:/usr/sbin
	cat >"$work/lunmask.conf" <<-X
		[array san1]
		driver = $work/bin/driver
		transport = exec
		portals = $portal
		[host node1]
		initiator = $host
	X
	chmod 600 "$work/lunmask.conf"
	export LUNMASK_CONF=$work/lunmask.conf
	# One thread for each LUN, and not 16.
	tgtd -f -C 7 -t 1 --iscsi portal=$portal >"$work/tgtd.log" 2>&1 &
	for _ in $(seq 1200); do
		! "$real" -C 7 --op show --mode sys >/dev/null 2>&1 || return 0
		read -r -t 0.05 <> <(:) || true
	done
	echo "tgtd does not start" >&2
	exit 1
}

# measure NAME COMMAND...: its input is the caller's; its output is in $work/out.
measure() {
	local name=$1-$number status=0
	shift
	: >"$work/calls"
	"$build/tests/storage/peak" "$work/peak" "$@" >"$work/out" 2>"$work/messages" || status=$?
	calls[$name]=$(wc -l <"$work/calls")
	kib[$name]=$(cat "$work/peak")
	bytes[$name]=$(wc -c <"$work/out")
	echo "# $name: ${calls[$name]} questions to tgtd, ${kib[$name]} KiB, answer of ${bytes[$name]} bytes"
	return "$status"
}

verb() {
	measure "$1" driver "${1%-*}" <<<"$2" || {
		cat "$work/out" "$work/messages"
		exit 1
	}
}

# The first LUN is made by the driver; the others are copies of its row, and --restore makes their targets.
targets_make() {
	[ -e "$work/pool/v1" ] || driver create <<<'{"name":"v1","size_bytes":1048576}' >/dev/null
	python3 - "$work" "$1" <<-'X'
		import json, os, sys
		work, number = sys.argv[1], int(sys.argv[2])
		name = os.path.join(work, "state", "luns.json")
		with open(name) as file:
		    table = json.load(file)
		for i in range(len(table["luns"]) + 1, number + 1):
		    table["luns"].append(dict(table["luns"][0], name=f"v{i}", id=f"{i:024x}"))
		    with open(os.path.join(work, "pool", f"v{i}"), "w") as file:
		        file.truncate(table["luns"][0]["size_bytes"])
		with open(name, "w") as file:
		    json.dump(table, file)
	X
	number=$1
	measure restore driver --restore
}

# names FROM TO: a list of JSON
names() { seq -f '"v%g"' "$1" "$2" | paste -sd, | sed 's/.*/[&]/'; }
length_of() { python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))[sys.argv[2]]))' "$work/out" "$1"; }

# All of them, as fencing finds a host that runs every VM.
grant_all() {
	local from
	for ((from = 1; from <= number; from += 250)); do
		driver apply <<<"{\"luns\":$(names $from $((from + 249 < number ? from + 249 : number))),\"grant\":\"$host\"}" \
			>"$work/out" || cat "$work/out"
	done
}

pages() {
	local after='' count=0
	n_pages=0 n_masks=0
	while :; do
		verb masks-page "{\"initiators\":[\"$host\"],\"limit\":256$after}"
		count=$(length_of masks)
		n_pages=$((n_pages + 1))
		n_masks=$((n_masks + count))
		after=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get("next", ""))' "$work/out")
		[ -n "$after" ] || return 0
		after=",\"after\":\"$after\""
	done
}

survey() {
	measure lunmask-luns "$build/tools/lunmask" luns --output-as=json || true # no cluster runs here
	cp "$work/out" "$work/luns"
	printf 'round node1 60000 all\nend\n' >"$work/in"
	measure lunmask-paths "$build/helper/lunmask-paths" <"$work/in"
}

look() {
	targets_make "$1"
	verb info '{}'
	verb ports '{}'
	verb masks '{}'
	ok "masks of $1 LUNs" [ "$(length_of masks)" = "$1" ]
	verb luns '{}'
	ok "$1 LUNs" [ "$(length_of luns)" = "$1" ]
	verb luns-one "{\"luns\":[\"v5\"],\"initiator\":\"$host\"}"
	verb masks-one '{"luns":["v5"]}'
	verb apply-grant "{\"luns\":$(names 1 8),\"grant\":\"$host\"}"
	verb apply-revoke "{\"luns\":$(names 1 8),\"revoke\":\"$host\"}"
	verb create '{"name":"another","size_bytes":1048576}'
	verb delete '{"name":"another"}'
	grant_all
	pages
	ok "$1 masks in pages of at most 256" [ "$n_masks $n_pages" = "$1 $((($1 + 255) / 256))" ]
	survey
	ok "lunmask luns has $1 LUNs" [ "$(grep -c '"designator"' "$work/luns")" = "$1" ]
	ok "the portal is up" grep -q "^path san1 $portal configured up " "$work/out"
	verb fence "{\"initiators\":[\"$host\"]}"
	verb unfence "{\"initiators\":[\"$host\"]}"
}

setup
look $few
look $many
for what in info ports masks luns luns-one masks-one apply-grant apply-revoke create delete masks-page unfence \
	lunmask-paths; do
	ok "$what: no more questions for $many targets than for $few" \
		[ "${calls[$what-$many]}" = "${calls[$what-$few]}" ]
done
ok "lunmask luns: one question more for each 256" \
	at_most "${calls[lunmask-luns-$many]}" $((${calls[lunmask-luns-$few]} + many / 256))
ok "restore: three questions for each target, and two for each 16" \
	at_most "${calls[restore-$many]}" $((3 * (many - few) + 2 * (many - few + 15) / 16 + 8))
per_target=$(((${calls[fence-$many]} - ${calls[fence-$few]}) / (many - few)))
ok "fence: one question for each LUN that the host has" [ "$per_target" = 1 ]
for what in "${!kib[@]}"; do
	[[ $what != *-"$many" ]] || ok "$what: at most $peak_max_kib KiB" at_most "${kib[$what]}" "$peak_max_kib"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
