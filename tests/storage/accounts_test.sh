#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The accounts that lunmask-array-tgt sets, in a real tgtd: accounts_test.sh [BUILD-DIRECTORY]
#
# After each request that tgtd gets, a host without a secret tries to log in, and the secrets are looked for
# in all command lines. The driver is killed at each request.
#
# What crosses the network while QEMU, qemu-img and lunmask log in is captured, and searched too.
#
# Needs root, tgtd, QEMU with its iSCSI driver and python3. Runs in namespaces of its own (network, mounts, pids): whatever it starts
# ends with it. Prints "ok" or "not ok" lines and "N passed, N failed".
set -euo pipefail

if [[ ${1:-} != --inside ]]; then
	build=$(realpath "${1:-$(dirname "$0")/../..}")
	exec unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private -- \
		"$(realpath "$0")" --inside "$build"
fi

build=$2
between=$(dirname "$0")/tgtd_between.py
capture=$(dirname "$0")/capture.py
export work host target
host=iqn.2026-11.org.example:node1
target=iqn.2026-11.org.example:
portal=127.0.0.1:3260
socket=/run/tgtd/socket.7
passed=0
failed=0
output=
tgtd_pid=

tgt() { tgtadm -C 7 --lld iscsi "$@"; }

tgtd_start() {
	tgtd -f -C 7 --iscsi portal=127.0.0.1:3260 >>"$work/tgtd.log" 2>&1 &
	tgtd_pid=$!
	for _ in $(seq 1200); do
		tgt --op show --mode sys >/dev/null 2>&1 && return
		read -r -t 0.05 <> <(:) || true
	done
	echo "tgtd does not start" >&2
	exit 1
}

# As after a power cut: it has forgotten everything.
tgtd_restart() {
	kill -KILL "$tgtd_pid"
	wait "$tgtd_pid" 2>/dev/null || true
	tgtd_start
}

setup() {
	ip link set lo up
	mount -t tmpfs tmpfs /run
	mkdir -p /run/lock /run/tgtd
	work=$(mktemp -d /run/accounts.XXXXXX)
	mkdir "$work/pool" "$work/seen"
	tgtd_start
	conf chap_discovery=yes
	secrets first-Secret second-Secret
	accounts "host $host $(<"$work/first")"
	cat >"$work/lunmask.conf" <<-X
		[array san1]
		driver = true
		transport = exec
		portals = $portal
		chap_secret_file = $work/first
		[host node1]
		initiator = $host
	X
}

# conf [KEY=VALUE...]
conf() {
	cat >"$work/array-tgt.conf" <<-X
		[tgt]
		iqn_prefix = $target
		pool = $work/pool
		control_port = 7
		lock_file = $work/lock
		state_dir = $work/state
	X
	printf '%s\n' "$@" "chap_accounts=$work/accounts" >>"$work/array-tgt.conf"
}

# Each is a file of that name; none is ever an argument of a command.
secrets() {
	(umask 077 && for name; do echo "$name-of_the-Array" >"$work/${name%-Secret}"; done)
}

accounts() { (umask 077 && printf '%s\n' "$@" >"$work/accounts"); }

driver() { "$build/driver/tgt/lunmask-array-tgt" --config "$work/array-tgt.conf" "$@"; }

# verb VERB REQUEST
verb() {
	output="$(driver "$1" <<<"$2" 2>&1) " || true
}

# killed N ARGUMENT...: the driver with these arguments, and the request in $request; at the Nth request, 0: never
killed() {
	local number=$1 check="$build/tests/storage/storage_check $portal $host ${target}one 1 facts"
	shift
	output=$(python3 "$between" $socket "$number" "$work/seen/processes" \
		"! $check 2>&1 | grep ^size= >&2 || echo in >>$work/open" \
		"$build/driver/tgt/lunmask-array-tgt" --config "$work/array-tgt.conf" "$@" <<<"$request" 2>&1) || true
	echo "$output" >>"$work/seen/output"
}

# expect NAME PATTERN: any line of the output
expect() {
	if grep -Eq -- "$2" <<<"$output"; then
		passed=$((passed + 1))
		echo "ok - $1"
	else
		failed=$((failed + 1))
		echo "not ok - $1: wanted '$2', got: $output"
	fi
}

# login USER FILE [LUN]: by that account; without FILE, without CHAP
login() {
	local -a settings=()
	if [[ -n ${2:-} ]]; then
		settings=("CHAP_USER=$1" "CHAP_SECRET_FILE=$work/$2")
	fi
	output=$(env "${settings[@]}" "$build/tests/storage/storage_check" "$portal" "$host" \
		"$target${3:-one}" 1 facts 2>&1) || true
}

discovery() {
	output=$(printf 'round node1 60000 all\nend\n' |
		LUNMASK_CONF=$work/lunmask.conf "$build/helper/lunmask-paths" 2>&1 | grep "^path ") || true
}

# of_target LUN: its accounts, in a line
of_target() {
	output=$(tgt --op show --mode target | awk -v name="$target$1" '
		/^Target / {on = $3 == name}
		on && /Account information/ {reading = 1; next}
		/ACL information/ {reading = 0}
		on && reading {$1 = $1; printf "%s ", $0}')
}

never_open() {
	output="open: $(cat "$work/open" 2>/dev/null || true)"
	expect "$1: nobody got in without a secret" '^open: $'
	rm -f "$work/open"
	cp "$work/tgtd.log" "$work/seen"
	if [[ -d $work/state ]]; then cp -r "$work/state" "$work/seen"; fi
	output="seen: $(grep -l -r -a -F -e "$(cat "$work/first" "$work/second")" "$work/seen" || true)"
	expect "$1: no secret is in a command line, the log or the driver's files" '^seen: $'
}

grant="{\"luns\":[\"one\"],\"grant\":\"$host\"}"

restarted() {
	verb create '{"name":"one","size_bytes":4194304}'
	expect "a LUN" '"created":true'
	of_target one
	expect "a new target has its accounts" "^lunmask:closed $host $"
	request=$grant
	tgtd_restart
	killed 0 apply
	expect "after a restart, a grant" 'status=0'
	login "$host" first
	expect "the host logs in" '^size='
	login
	expect "and not without its secret" '^EKEYREJECTED'
	discovery
	expect "discovery" "^path san1 $portal configured up "
	never_open "a restart"
}

# each_request NAME ARGUMENT...: $prepare, the driver killed at each request, and run again; then $converged holds.
each_request() {
	local name=$1 number
	shift
	for ((number = 1; ; number++)); do
		$prepare
		killed "$number" "$@"
		[[ $output == *status=killed* ]] || break
		killed 0 "$@"
		if [[ $output != *status=0* ]] || ! $converged; then
			expect "$name: killed at request $number, it ends the next time" 'status=0 and converged'
		fi
	done
	expect "$name: killed at each of $((number - 1)) requests" 'status=0'
	output="requests=$number"
	expect "$name: it took some" 'requests=[1-9][0-9]'
	verb ports '{"accounts":true}'
	expect "$name: the driver finds nothing to do" '"portals".*"online"\}\]\} $'
	never_open "$name, killed"
}

after_restart() { tgtd_restart; }
one_host() {
	login "$host" first
	grep -q ^size= <<<"$output" || return 1
	login
	grep -q ^EKEYREJECTED <<<"$output"
}
# A grant that was taken for a moment, and was not given back: the monitor of level 20 gives it.
granted_again() {
	verb apply "$grant"
	one_host
}

# As before an upgrade: the administrator's accounts, the host's with a secret that may be another one.
by_hand() {
	tgtd_restart
	conf_without
	verb apply "$grant"
	conf chap_discovery=yes
	printf 'user=%s,password=%s' "$host" "$(<"$work/second")" >"$work/params"
	account_by_hand
	tgt --mode account --op new --user old --password unused-password
	tgt --mode account --op bind --tid 1 --user old
	tgt --mode account --op bind --tid 1 --user "$host"
	tgt --mode account --op bind --user old
}
# With what is in $work/params; tgtadm would have it as an argument.
account_by_hand() {
	python3 - $socket "$work/params" <<-'X'
		import socket, struct, sys
		text = open(sys.argv[2], "rb").read() + b"\0"
		tgtd = socket.socket(socket.AF_UNIX)
		tgtd.connect(sys.argv[1])
		tgtd.sendall(struct.pack("=II64sIiQQIIIIII", 7, 0, b"iscsi", 120 + len(text), -1, 0, 0, 0, 0, 0, 0, 0, 0) + text)
		sys.exit(struct.unpack("=II", tgtd.recv(8))[0])
	X
}
conf_without() {
	conf
	sed -i '/^chap_/d' "$work/array-tgt.conf"
}

second_put() { accounts "host $host $(<"$work/first")" "host second $(<"$work/second")"; }
two_accounts() {
	tgtd_restart
	accounts "host $host $(<"$work/first")"
	verb apply "$grant"
	second_put
}
both_log_in() {
	login "$host" first
	grep -q ^size= <<<"$output" || return 1
	login second second
	grep -q ^size= <<<"$output"
}
first_gone() {
	tgtd_restart
	second_put
	verb apply "$grant"
	accounts "host second $(<"$work/second")"
}
only_second() {
	login "$host" first
	grep -q ^EKEYREJECTED <<<"$output" || return 1
	login second second
	grep -q ^size= <<<"$output"
}
changed() {
	tgtd_restart
	accounts "host $host $(<"$work/second")" "array san1 $(<"$work/first")"
	verb apply "$grant"
	accounts "host $host $(<"$work/first")" "array san1 $(<"$work/second")"
}


rotated() {
	local from to pid
	tgtd_restart
	accounts "host $host $(<"$work/first")"
	verb apply "$grant"
	coproc env CHAP_USER="$host" CHAP_SECRET_FILE="$work/first" \
		"$build/tests/storage/storage_check" "$portal" "$host" "${target}one" 1 write-later 2>&1
	pid=$COPROC_PID
	exec {from}<&"${COPROC[0]}" {to}>&"${COPROC[1]}"
	read -r output <&"$from"
	expect "a session with the old account" '^open$'
	second_put
	verb ports '{"accounts":true}'
	expect "the driver says that the file has changed" '"accounts_problem":"tgtd.s accounts are not those .*second'
	driver --restore >/dev/null
	verb ports '{"accounts":true}'
	expect "and nothing when it has set them" '"online"\}\]\} $'
	accounts "host second $(<"$work/second")"
	driver --restore >/dev/null
	echo go >&"$to"
	output=$(cat <&"$from")
	wait "$pid" || true
	exec {from}<&- {to}>&-
	expect "the session goes on without it" '^ok '
	login second second
	expect "a new one has the new account" '^size='
	login "$host" first
	expect "and not the old one" '^EKEYREJECTED'
}

mutual() {
	tgtd_restart
	accounts "host $host $(<"$work/first")" "array san1 $(<"$work/second")"
	verb apply "$grant"
	printf 'chap_target_user = san1\nchap_target_secret_file = %s\n' "$work/second" >"$work/mutual"
	sed -i "/^chap_secret_file/r $work/mutual" "$work/lunmask.conf"
	output=$(CHAP_USER=$host CHAP_SECRET_FILE=$work/first CHAP_TARGET_USER=san1 CHAP_TARGET_SECRET_FILE=$work/second \
		"$build/tests/storage/storage_check" "$portal" "$host" "${target}one" 1 facts 2>&1) || true
	expect "mutual: the array proves itself" '^size='
	discovery
	expect "mutual: at discovery" "^path san1 $portal configured up "
	of_target one
	expect "mutual: its account" " san1 \(outgoing\) $"
}

# captured NAME PATTERN COMMAND...: what it says has the pattern
captured() {
	output=$(python3 "$capture" "$work/wire/packets" "$work/wire/processes" "${@:3}" 2>&1) || true
	echo "$output" >>"$work/wire/output"
	expect "captured: $1" "$2"
}

# All who log in with a secret.
logins_captured() {
	local drive
	mkdir -p "$work/wire"
	export CHAP_USER=$host CHAP_SECRET_FILE=$work/first
	drive=driver=iscsi,transport=tcp,portal=$portal,target=${target}one,lun=1,initiator-name=$host,user=$host
	# QEMU takes the end of a line for a part of the secret.
	(umask 077 && printf %s "$(<"$work/first")" >"$work/qemu")
	captured "QEMU" '"QMP"' sh -c "echo '{\"execute\":\"qmp_capabilities\"}{\"execute\":\"quit\"}' |
		qemu-system-x86_64 -nodefaults -display none -S -qmp stdio \
			-object secret,id=s,file=$work/qemu -blockdev $drive,password-secret=s,node-name=d"
	captured "qemu-img" '^virtual size: 4 MiB' qemu-img info --object "secret,id=s,file=$work/qemu" \
		--image-opts "$drive,password-secret=s"
	export CHAP_TARGET_USER=san1 CHAP_TARGET_SECRET_FILE=$work/second
	captured "lunmask, mutual" '^size=' "$build/tests/storage/storage_check" "$portal" "$host" "${target}one" 1 facts
	unset CHAP_USER CHAP_SECRET_FILE CHAP_TARGET_USER CHAP_TARGET_SECRET_FILE
	captured "discovery" "^path san1 $portal configured up " sh -c "printf 'round node1 60000 all\nend\n' |
		LUNMASK_CONF=$work/lunmask.conf $build/helper/lunmask-paths"
	captured "the driver" '"granted"' sh -c "echo '$grant' | $build/driver/tgt/lunmask-array-tgt \
		--config $work/array-tgt.conf apply"
}

# found FILE TEXT: how often
found() { grep -a -o -F -e "$2" "$1" | grep -c . || true; }
on_the_wire() {
	local name
	logins_captured
	cp "$work/tgtd.log" "$work/wire"
	output="seen: $(grep -l -r -a -F -e "$(cat "$work/first" "$work/second")" "$work/wire" || true)"
	expect "captured: no secret in a packet, on a command line, in an environment or in a log" '^seen: $'
	# The same search finds what did cross, so it would find a secret.
	for name in "CHAP_R=0x" "CHAP_N=$host" "CHAP_N=san1" "TargetName=${target}one"; do
		output="$(found "$work/wire/packets" "$name") times"
		expect "captured: the packets have $name" '^[1-9]'
	done
	for name in "${target}one" "CHAP_SECRET_FILE=$work/first"; do
		output="$(found "$work/wire/processes" "$name") times"
		expect "captured: the processes have $name" '^[1-9]'
	done
}

refusals() {
	chmod 640 "$work/accounts"
	verb ports '{"accounts":true}'
	expect "a file that others may read: told" '"accounts_problem":"correct chap_accounts: .*"online"'
	verb apply "{\"luns\":[\"one\"],\"revoke\":\"$host\"}"
	expect "a file that others may read: what is granted can be revoked" '"revoked":\["one"\]'
	verb apply "$grant"
	expect "a file that others may read: no grant" 'correct chap_accounts: .*/accounts: its mode is 0640; use chmod 0600'
	verb fence "{\"initiators\":[\"$host\"]}"
	expect "a file that others may read: and fenced" '"fenced":'
	verb unfence "{\"initiators\":[\"$host\"]}"
	chmod 600 "$work/accounts"
	tgt --op update --mode sys --name debug --value on
	verb apply "$grant"
	expect "a tgtd that logs what it gets is given no secret" 'tgtd would write secrets to its log'
	tgt --op update --mode sys --name debug --value off
	verb apply "$grant"
	expect "then, a grant" '"granted":\["one"\]'
	tgt --op new --mode target --tid 99 -T iqn.2026-11.org.other:one
	tgt --op bind --mode account --tid 99 --user "$host"
	second_put
	accounts "host second $(<"$work/second")"
	output=$(driver --restore 2>&1) || true
	expect "an account that others use is not deleted" "account '$host' is bound to a target that is not lunmask's"
	login "$host" first
	expect "but nobody logs in with it" '^EKEYREJECTED'
	login second second
	expect "and with the new one" '^size='
	tgt --op delete --mode target --tid 99
	output=$(driver --restore 2>&1) || true
	expect "when they use it no more, it is" ' restored'
	output=$(tgt --op show --mode account)
	expect "as is seen" "^    second"
	output="$(grep -c "$host" <<<"$output" || true)"
	expect "and not seen" '^0$'
}

switched_off() {
	conf
	sed -i 's/^chap_accounts.*/chap_accounts = none/' "$work/array-tgt.conf"
	driver --restore >/dev/null
	login
	expect "switched off: a host logs in without CHAP" '^size='
	output="$(tgt --op show --mode account | grep -c -e second -e "$host" || true)"
	expect "switched off: no account of the driver is left" '^0$'
}

# run NAME PREPARE CONVERGED ARGUMENT...
run() {
	prepare=$2 converged=$3
	each_request "$1" "${@:4}"
}

setup
restarted
rotated
mutual
on_the_wire
refusals
switched_off
conf chap_discovery=yes
accounts "host $host $(<"$work/first")"
run "a grant after a restart" after_restart one_host apply
request=
run "accounts that were made by hand" by_hand granted_again --restore
run "an account more" two_accounts both_log_in --restore
run "an account less" first_gone only_second --restore
run "secrets that have changed" changed one_host --restore
echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
