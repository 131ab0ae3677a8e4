#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The storage modules against a real iSCSI target: tgt_test.sh [BUILD-DIRECTORY]
#
# Needs root, tgtd and qemu-storage-daemon. Runs in namespaces of its own (network, mounts, pids):
# whatever it starts ends with it. Prints "ok" or "not ok" lines and "N passed, N failed".
set -euo pipefail

if [[ ${1:-} != --inside ]]; then
	build=$(realpath "${1:-$(dirname "$0")/../..}")
	exec unshare --net --mount --pid --fork --kill-child --mount-proc "$(realpath "$0")" --inside "$build"
fi

storage_check=$2/tests/storage/storage_check
lunmask_probe=$2/helper/lunmask-probe
lunmask_answer=$2/helper/lunmask-answer
lunmask_paths=$2/helper/lunmask-paths
portal=127.0.0.1:3260
mute_portal=127.0.0.3:3261
portal2=127.0.0.2:3260
host=iqn.2026-11.org.example:storage-a
stranger=iqn.2026-11.org.example:storage-b
target=iqn.2026-11.org.example:storage-
mib=$((1024 * 1024))
passed=0
failed=0
output=
work=
tgtd_pid=
mute_pid=
export_pid=

setup() {
	ip link set lo up
	mount -t tmpfs tmpfs /run
	mkdir -p /run/lock
	work=$(mktemp -d /run/storage.XXXXXX)
	tgtd -f -C 7 --iscsi portal=0.0.0.0:3260 >"$work/tgtd.log" 2>&1 &
	tgtd_pid=$!
	for _ in $(seq 1200); do
		tgt --op show --mode sys >/dev/null 2>&1 && return
		read -r -t 0.05 <> <(:) || true
	done
	echo "tgtd does not start" >&2
	exit 1
}

tgt() {
	tgtadm -C 7 --lld iscsi "$@"
}

# target_make TID SIZE-MIB INITIATOR [NAME]
target_make() {
	local name=${4:-$1}
	truncate -s "${2}M" "$work/disk$name"
	tgt --op new --mode target --tid "$1" -T "$target$name"
	tgt --op new --mode logicalunit --tid "$1" --lun 1 -b "$work/disk$name"
	tgt --op update --mode logicalunit --tid "$1" --lun 1 --params "scsi_id=LUNMASK disk$name"
	tgt --op bind --mode target --tid "$1" -Q "$3"
}

check() {
	output=$("$storage_check" "$@" 2>&1) || true
}

# expect NAME PATTERN: the last check's last line matches the extended regular expression
expect() {
	if grep -Eq -- "$2" <<<"${output##*$'\n'}"; then
		passed=$((passed + 1))
		echo "ok - $1 ($(grep -o 'ms=[0-9]*$' <<<"$output" | tail -n 1))"
	else
		failed=$((failed + 1))
		echo "not ok - $1: wanted '$2', got: $output"
	fi
}

# expect_line NAME PATTERN: any line of it
expect_line() {
	local all=$output
	output=$(grep -E -- "$2" <<<"$all" || echo "no such line in: $all")
	expect "$1" "$2"
	output=$all
}

masks_and_facts() {
	target_make 1 64 $host
	check $portal $host ${target}1 1 facts
	expect_line "facts: size and block size" "^size=$((64 * mib)) block=512"
	expect_line "facts: the designators of the LUN" "'t10\.LUNMASK disk1'"
	check $portal $stranger ${target}1 1 facts
	expect "a masked host is refused" '^EACCES .*masked'
	check $portal $host ${target}9 1 facts
	expect "an unknown target is refused" '^EACCES '
	check $portal $host ${target}1 5 facts
	expect "a LUN number that the target does not show" '^ENXIO .*no LUN 5'
	check array.example:3260 $host ${target}1 1 facts
	expect "a portal by name is refused" '^EINVAL .*ADDRESS:PORT'
}

transfers() {
	check $portal $host ${target}1 1 transfer
	expect "what is written is read" '^ok '
	check $portal $host ${target}1 1 beyond
	expect "a read beyond the LUN is refused" '^EINVAL '
}

# login_text COMMAND...: the keys of the first login that the command sends to $mute_portal, which answers
# nothing.
login_text() {
	python3 - "$mute_portal" "$@" <<-'X'
		import socket, subprocess, sys
		host, port = sys.argv[1].split(":")
		with socket.create_server((host, int(port))) as listener, subprocess.Popen(sys.argv[2:],
			stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
		    listener.settimeout(60)
		    with listener.accept()[0] as connection, connection.makefile("rb") as stream:
		        header = stream.read(48)
		        text = stream.read(int.from_bytes(header[5:8], "big"))
		    program.kill()
		print(text.decode().replace("\0", " ").strip(), "ms=0")
	X
}

# What QEMU offers is offered by us: what was verified is what the guest will get.
digests() {
	local ours guest
	ours=$(login_text "$storage_check" $mute_portal $host ${target}1 1 facts)
	guest=$(login_text qemu-io -f raw -c "read 0 512" iscsi://$mute_portal/${target}1/1)
	output=$(grep -o '[A-Za-z]*Digest=[^ ]*' <<<"$ours" | paste -sd ' ') || true
	expect "digests: we offer what QEMU offers" \
		"^$(grep -o '[A-Za-z]*Digest=[^ ]*' <<<"$guest" | paste -sd ' ')\$"
	tgt --op update --mode target --tid 1 --name HeaderDigest --value CRC32C
	check $portal $host ${target}1 1 transfer
	expect "digests: what is written is read, with an array that prefers them" '^ok '
	tgt --op update --mode target --tid 1 --name HeaderDigest --value None
}

verifies() {
	local name
	check $portal $host ${target}1 1 facts
	name=$(grep -o "naa\.[0-9a-f]*" <<<"$output" | head -n 1)
	name=${name:-t10.LUNMASK disk1}
	check $portal $host ${target}1 1 verify "$name" $((64 * mib))
	expect "verify: the right LUN" '^ok '
	check $portal $host ${target}1 1 verify naa.6000000000000001 $((64 * mib))
	expect "verify: another designator" "^EUCLEAN .*should be naa\.6000000000000001, but .*$name"
	check $portal $host ${target}1 1 verify "$name" $((63 * mib))
	expect "verify: another size" "^EUCLEAN .*should have $((63 * mib)) bytes.*$((64 * mib))"
	check $portal $stranger ${target}1 1 verify "$name" $((64 * mib))
	expect "verify: masked" '^EACCES '
}

# mute ADDRESS...: accepts at port 3261 of each, and never answers; its pid in $mute_pid
mute() {
	python3 -c 'import signal, socket, sys
held = [socket.create_server((address, 3261)) for address in sys.argv[1:]]
print("ready", flush=True)
signal.pause()' "$@" >"$work/mute" &
	mute_pid=$!
	until grep -q ready "$work/mute"; do :; done
}

dead_portals() {
	check 127.0.0.1:3999 $host ${target}1 1 facts
	expect "a portal where nobody listens" '^EHOSTUNREACH '
	mute 127.0.0.4 127.0.0.3
	TIMEOUT_MS=700 check 127.0.0.3:3261 $host ${target}1 1 facts
	expect "a portal that accepts and never answers" '^ETIMEDOUT '
	kill "$mute_pid"
	wait "$mute_pid" || true
	ip link add storage0 type veth peer name storage1
	ip addr add 198.51.100.1/24 dev storage0
	ip link set storage0 up
	ip link set storage1 up
	TIMEOUT_MS=700 check 198.51.100.9:3260 $host ${target}1 1 facts
	expect "a portal that is not there" '^(ETIMEDOUT|EHOSTUNREACH) '
}

connection_cut() {
	local sid cid
	coproc "$storage_check" $portal $host ${target}1 1 write-later 2>&1
	local pid=$COPROC_PID line from to
	exec {from}<&"${COPROC[0]}" {to}>&"${COPROC[1]}"
	read -r line <&"$from"
	[[ $line == open ]]
	tgt --op unbind --mode target --tid 1 -Q $host
	read -r sid cid < <(tgt --op show --mode conn --tid 1 |
		awk '/^Session:/ {s = $2} /Connection:/ {print s, $2; exit}')
	tgt --op delete --mode conn --tid 1 --sid "$sid" --cid "$cid"
	echo go >&"$to"
	output=$(cat <&"$from")
	wait "$pid" || true
	exec {from}<&- {to}>&-
	expect "a cut connection is not taken up again" '^EIO .*WRITE'
	tgt --op bind --mode target --tid 1 -Q $host
}

states() {
	target_make 2 8 $host
	check $portal $host ${target}2 1 state $mib
	expect "state: an empty LUN has none" '^ENODATA '
	check $portal $host ${target}2 1 state $mib first
	expect "state: the first store" '^ok '
	check $portal $host ${target}2 1 state $mib second
	expect "state: the second store" '^ok '
	check $portal $host ${target}2 1 state $mib
	expect_line "state: the second is read" '^generation=2 image=none payload=second$'
	dd if=/dev/urandom of="$work/disk2" bs=4096 count=1 seek=384 conv=notrunc status=none
	check $portal $host ${target}2 1 state $mib
	expect_line "state: the other copy serves" '^generation=1 image=none payload=first$'
	check $portal $host ${target}2 1 state $((8 * mib - 4096))
	expect "state: an extent that is too small" '^EINVAL .*too few'
}

many() {
	local i
	for i in $(seq 64); do target_make $((i + 100)) 1 $host "m$i"; done
	for i in 1 64; do
		check $portal $host ${target}m 1 verify-all "$i" 0 't10.LUNMASK diskm' $mib $portal2
		expect "$i LUNs on two paths" '^ok '
		expect_line "$i LUNs have two paths" '^paths=2$'
	done
	check $portal $host ${target}m 1 verify-all 64 1 't10.LUNMASK diskm' $mib 127.0.0.1:3999
	expect "one portal dead, one path required" '^ok '
	expect_line "one portal dead: one path" '^paths=1$'
	check $portal $host ${target}m 1 verify-all 64 2 't10.LUNMASK diskm' $mib 127.0.0.1:3999
	expect "one portal dead, two paths required" "^EHOSTUNREACH 1 of 2 portals, 2 required: LUN 'lun1'"
	mute 127.0.0.11 127.0.0.12 127.0.0.13 127.0.0.14 127.0.0.15 127.0.0.16 127.0.0.17
	check 127.0.0.11:3261 $host ${target}m 1 verify-all 64 1 't10.LUNMASK diskm' $mib \
		127.0.0.1{2..7}:3261 $portal
	expect "seven silent portals before a good one" '^ok '
	expect_line "seven silent portals: one path" '^paths=1$'
	kill "$mute_pid"
	wait "$mute_pid" || true
	tgt --op unbind --mode target --tid 140 -Q $host
	check $portal $host ${target}m 1 verify-all 64 0 't10.LUNMASK diskm' $mib
	expect "one of 64 is masked" "^EACCES LUN 'lun40': "
	check $portal $host ${target}m 1 verify-all 64 0 't10.LUNMASK disk' $mib
	expect "all are other volumes" "^EUCLEAN LUN 'lun1' should be t10.LUNMASK disk1, but"
	output="$(tgt --op show --mode target | grep -c 'I_T nexus: ' || true) ms=0"
	expect "no session stays open" '^0 '
}

# probe_request COUNT TIMEOUT_MS
probe_request() {
	local i luns=""
	for i in $(seq "$1"); do
		luns+="{\"name\": \"lun$i\", \"designator\": \"t10.LUNMASK diskm$i\", \"size_bytes\": $mib,"
		luns+="\"target\": \"${target}m$i\", \"number\": 1},"
	done
	echo "{\"initiator\": \"$host\", \"portals\": [\"$portal\", \"$portal2\"], \"paths_required\": 0,"
	echo "\"timeout_ms\": $2, \"luns\": [${luns%,}]}"
}

probe() {
	local rc=0 begin=$EPOCHREALTIME end
	output=$("$lunmask_probe" 2>&1) || rc=$?
	end=$EPOCHREALTIME
	output="$output status=$rc ms=$(((${end/./} - ${begin/./}) / 1000))"
}

# answer COUNT [SED]: as lunmaskd asks it for another node.
answer() {
	local since=${EPOCHREALTIME/./} rc=0 body
	body=$(probe_request "$1" 60000 | if [ -n "${2:-}" ]; then sed "$2"; else cat; fi)
	output=$(printf 'ask verify 60000 %d\n%s' "${#body}" "$body" | "$lunmask_answer" 2>&1) || rc=$?
	output="$output status=$rc ms=$(((${EPOCHREALTIME/./} - since) / 1000))"
}

answers() {
	answer 1
	expect "answer: one LUN" '^\{"ok":true,"paths":2,"portals":\[true,true\]\} status=0 '
	answer 64
	expect "answer: one of 64 masked" '"errno_name":"EACCES"\} status=0 '
	answer 2 s/diskm2/other/
	expect "answer: another volume" 'should be t10.LUNMASK other, but .*"errno_name":"EUCLEAN"\} status=0 '
}

probes() {
	probe < <(probe_request 1 60000)
	expect "probe: one LUN" '^\{"ok":true,"paths":2,"portals":\[true,true\]\} status=0 '
	probe < <(probe_request 39 60000)
	expect "probe: 39 LUNs" '^\{"ok":true,"paths":2,"portals":\[true,true\]\} status=0 '
	probe < <(probe_request 64 60000)
	expect "probe: one of 64 masked" '"errno_name":"EACCES"\} status=1 '
	probe < <(probe_request 2 60000 | sed s/diskm2/other/)
	expect "probe: another volume" 'should be t10.LUNMASK other, but .*"errno_name":"EUCLEAN"\} status=1 '
	probe < <(head -c 2000000 /dev/zero)
	expect "probe: a request that is too long" 'longer than 1048576 bytes","errno_name":"EINVAL"\} status=1 '
	probe < <(echo garbage)
	expect "probe: a request that is none" 'not JSON.*"errno_name":"EINVAL"\} status=1 '
	local rc=0
	grep -q ^Usage <<<"$("$lunmask_probe" --help)" && "$lunmask_probe" --version >/dev/null || rc=1
	"$lunmask_probe" --nonsense </dev/null >/dev/null 2>&1 || output="$rc $? ms=0"
	expect "probe: help, version and usage" '^0 2 '
}

# storage_check with its stdin and stdout in the descriptors $to and $from, its pid in $export_pid
export_start() {
	coproc "$storage_check" $portal $host ${target}3 1 "$@" 2>&1
	export_pid=$COPROC_PID
	exec {from}<&"${COPROC[0]}" {to}>&"${COPROC[1]}"
	read -r file output <&"$from"
	output="$output ms=0"
}

export_finish() {
	echo close >&"$to" || true
	output=$(cat <&"$from")
	wait "$export_pid" || true
	exec {from}<&- {to}>&-
}

nothing_left() {
	output="$(ls -A /run/lunmask/image)$(pgrep -c qemu-storage-d || true) ms=0"
	expect "image: nothing is left $1" '^0 '
	output="$(grep -c " /run/lunmask/image/vm1" /proc/mounts || true) ms=0"
	expect "image: no mount is left $1" '^0 '
}

images() {
	target_make 3 160 $host
	dd if=/dev/urandom of="$work/data" bs=1M count=128 status=none
	export_start image vm1 $mib $((150 * mib)) $((160 * mib))
	echo "# $output"
	expect "image: the area without the slots" "bytes=$((149 * mib)) "
	dd if="$work/data" of="$file" bs=1M 2>"$work/dd"
	echo "# write: $(tail -n 1 "$work/dd")"
	dd if="$file" of=/dev/null bs=1M count=128 2>"$work/dd"
	echo "# read: $(tail -n 1 "$work/dd")"
	export_finish
	echo "# $output"
	expect "image: closes without error" '^ok '
	output="$(cmp -n $((128 * mib)) -i 0:$((2 * mib)) "$work/data" "$work/disk3" && echo same) ms=0"
	expect "image: the data is on the LUN, behind the slots" '^same'
	output="$(head -c $((2 * mib)) "$work/disk3" | tr -d '\0' | wc -c) ms=0"
	expect "image: nothing else was touched" '^0 '
	nothing_left "after a close"
}

image_refusals() {
	check $portal $stranger ${target}3 1 image vm1 $mib 0 $((160 * mib))
	expect "image: masked" "^EIO saved image of VM 'vm1': .*Target not found"
	nothing_left "after a refusal"
	check $portal $host ${target}3 1 image ../vm1 $mib 0 $((160 * mib))
	expect "image: a VM name that is a path" "^EINVAL VM name"
	check $portal $host ${target}3 1 image vm1 $((159 * mib)) 0 $((160 * mib))
	expect "image: no room" "^EINVAL no room"
	PATH=/nonexistent check $portal $host ${target}3 1 image vm1 $mib 0 $((160 * mib))
	expect "image: no qemu-storage-daemon" '^ENOENT .*is it installed'
	TIMEOUT_MS=1000 check 198.51.100.10:3260 $host ${target}3 1 image vm1 $mib 0 $((160 * mib))
	expect "image: a portal that is not there" '^ETIMEDOUT '
	nothing_left "after a timeout"
}

image_killed() {
	local daemon
	export_start image vm1 $mib 0 $((160 * mib))
	daemon=$(pgrep qemu-storage-d)
	kill -9 "$export_pid"
	wait "$export_pid" 2>/dev/null || true
	exec {from}<&- {to}>&-
	timeout 60 tail --pid="$daemon" -f /dev/null
	output="$(pgrep -c qemu-storage-d || true) ms=0"
	expect "image: the daemon ends when its starter is killed" '^0 '
	check $portal $host ${target}3 1 image-stale vm1
	expect "image: what is left over is removed" '^ok '
	nothing_left "after a kill"
	export_start image vm1 $mib 0 $((160 * mib))
	kill -9 "$(pgrep qemu-storage-d)"
	export_finish
	expect "image: a daemon that died is an error" '^(ENOTCONN|ECONNABORTED) .*not safe'
	nothing_left "after the daemon's death"
}

image_stuck() {
	export_start image vm1 $mib 0 $((160 * mib))
	kill -STOP "$(pgrep qemu-storage-d)"
	check $portal $host ${target}3 1 image-stale vm1
	expect "image: a daemon that hangs is ended by another" '^ok '
	export_finish
	expect "image: its owner is told" '^E[A-Z]+ saved image'
	nothing_left "after a hang"
	TIMEOUT_MS=8000 export_start image vm1 $mib 0 $((160 * mib))
	kill -STOP "$tgtd_pid"
	dd if="$work/data" of="$file" bs=1M count=1 conv=notrunc status=none 2>"$work/dd" &
	export_finish
	kill -CONT "$tgtd_pid"
	wait $! || true
	expect "image: an array that hangs is an error in time" '^ETIMEDOUT '
	nothing_left "after the array hung"
}

own_secret=q7Rw-2mZx.LtK
array_secret=bN8k-Vd3Tf_5Yh

# chap KEY=VALUE... -- CHECK...: with these in the environment
chap() {
	local -a settings=()
	while [[ $1 != -- ]]; do
		settings+=("$1")
		shift
	done
	shift
	output=$(env "${settings[@]}" "$storage_check" "$@" 2>&1) || true
}

# What programs were told, and what they said, must not have it.
no_secret() {
	output="$(grep -l -r -F -e "$own_secret" -e "$array_secret" "$work/seen" || true) ms=0"
	expect "chap: no secret is seen in $1" '^ ms=0$'
}

# chap_conf LINE: of [array san1]
chap_conf() {
	cat >"$work/lunmask.conf" <<-X
		[array san1]
		driver = true
		transport = exec
		portals = $portal
		$1
		[host node1]
		initiator = $host
	X
}

chap_setup() {
	mkdir -p "$work/seen"
	(umask 077 && echo "$own_secret" >"$work/own" && echo "$array_secret" >"$work/array" &&
		echo "$array_secret-not" >"$work/wrong")
	target_make 50 64 $host
	tgt --mode account --op new --user cluster --password "$own_secret"
	tgt --mode account --op new --user array --password "$array_secret"
	tgt --mode account --op new --user $host --password "$own_secret"
	tgt --mode account --op bind --tid 50 --user cluster
}

chap_login() {
	local own=("CHAP_SECRET_FILE=$work/own" CHAP_USER=cluster) lun=("$portal" "$host" "${target}50" 1 facts)
	check "${lun[@]}"
	expect "chap: without a secret" '^EKEYREJECTED .*set chap_secret_file in lunmask.conf: the array wants CHAP'
	chap "${own[@]}" -- "${lun[@]}"
	expect_line "chap: the right secret" "^size="
	chap "${own[@]}" CHAP_USER=other -- "${lun[@]}"
	expect "chap: another user" '^EKEYREJECTED .*refuses the CHAP secret of other'
	chap "${own[@]}" CHAP_SECRET_FILE="$work/wrong" -- "${lun[@]}"
	echo "$output" >"$work/seen/wrong"
	expect "chap: a wrong secret" "^EKEYREJECTED .*correct the secret in $work/wrong"
	chap "${own[@]}" CHAP_SECRET_FILE="$work/none" -- "${lun[@]}"
	expect "chap: no file" "^EKEYREJECTED correct chap_secret_file '$work/none' on this host: No such file"
	chmod 644 "$work/own"
	chap "${own[@]}" -- "${lun[@]}"
	echo "$output" >"$work/seen/open"
	expect "chap: a file that others may read" "^EKEYREJECTED .*use chmod 0600"
	chmod 600 "$work/own"
	no_secret "the errors"
}

chap_mutual() {
	local both=("CHAP_SECRET_FILE=$work/own" CHAP_USER=cluster CHAP_TARGET_USER=array
		"CHAP_TARGET_SECRET_FILE=$work/array")
	local lun=("$portal" "$host" "${target}50" 1 facts)
	chap "${both[@]}" -- "${lun[@]}"
	expect "chap: an array that cannot prove itself" '^EKEYREJECTED '
	tgt --mode account --op bind --tid 50 --user array --outgoing
	chap "${both[@]}" -- "${lun[@]}"
	expect_line "chap: mutual" "^size="
	chap "${both[@]}" CHAP_TARGET_USER=arrax -- "${lun[@]}"
	expect "chap: another name of the array" '^EKEYREJECTED .*the array has not proven to be arrax'
	chap "${both[@]}" CHAP_TARGET_SECRET_FILE="$work/wrong" -- "${lun[@]}"
	echo "$output" >"$work/seen/mutual"
	expect "chap: another secret of the array" '^EKEYREJECTED .*the array has not proven to be array'
	no_secret "the errors of mutual CHAP"
}

# A secret that was changed counts from the next login on.
chap_rotated() {
	local second=("CHAP_SECRET_FILE=$work/own" CHAP_USER=second) lun=("$portal" "$host" "${target}50" 1 facts)
	tgt --mode account --op new --user second --password "$own_secret-2"
	tgt --mode account --op bind --tid 50 --user second
	chap "${second[@]}" -- "${lun[@]}"
	expect "chap: the new account, the old secret" '^EKEYREJECTED '
	echo "$own_secret-2" >"$work/own"
	chap "${second[@]}" -- "${lun[@]}"
	expect_line "chap: the new account, the new secret" "^size="
	echo "$own_secret" >"$work/own"
}

chap_image() {
	local pid
	target_make 51 160 $host
	tgt --mode account --op bind --tid 51 --user cluster
	check $portal $host ${target}51 1 image vm1 $mib 0 $((160 * mib))
	expect "chap: the image without a secret" "^EIO saved image of VM 'vm1': "
	coproc env CHAP_USER=cluster CHAP_SECRET_FILE="$work/own" \
		"$storage_check" $portal $host ${target}51 1 image vm1 $mib 0 $((160 * mib)) 2>&1
	export_pid=$COPROC_PID
	exec {from}<&"${COPROC[0]}" {to}>&"${COPROC[1]}"
	read -r file output <&"$from"
	output="$output ms=0"
	expect "chap: the image with its secret" "bytes=$((158 * mib)) "
	pid=$(pgrep qemu-storage-d)
	tr '\0' '\n' <"/proc/$pid/cmdline" >"$work/seen/argv"
	tr '\0' '\n' <"/proc/$pid/environ" >"$work/seen/environ"
	output="$(awk '/^Max core/ {print $5, $6}' "/proc/$pid/limits") ms=0"
	expect "chap: the daemon leaves no core" '^1 1 '
	dd if="$work/data" of="$file" bs=1M count=4 conv=notrunc 2>"$work/dd"
	export_finish
	expect "chap: the image closes" '^ok '
	mv "$work/disk51" "$work/seen"
	no_secret "the daemon's command line and on the LUN"
	rm "$work/seen/disk51"
	nothing_left "with CHAP"
}

# chap_probe NAME PATTERN: lunmask-probe has the secret from its own lunmask.conf.
chap_probe() {
	export LUNMASK_CONF=$work/lunmask.conf
	probe < <(probe_request 1 60000 | sed 's/{"initiator"/{"array": "san1", "initiator"/')
	unset LUNMASK_CONF
	expect "chap: $1" "$2"
}

chap_probes() {
	tgt --mode account --op bind --tid 101 --user $host
	probe < <(probe_request 1 60000)
	expect "chap: a probe that is not told the array" '"errno_name":"EKEYREJECTED"\} status=1 '
	chap_conf "chap_secret_file = $work/own"
	chap_probe "a probe with this host's secret" '^\{"ok":true,"paths":2,'
	chap_conf "chap_secret_file = $work/wrong"
	chap_probe "a probe with a wrong secret" 'correct the secret in .*"errno_name":"EKEYREJECTED"\} status=1 '
	echo "$output" >"$work/seen/probe"
}

# chap_path NAME PATTERN: what lunmaskd learns of the portal, by a discovery session
chap_path() {
	output=$(printf 'round node1 60000 all\nend\n' |
		LUNMASK_CONF=$work/lunmask.conf "$lunmask_paths" 2>&1 | grep "^path ") || true
	output="$output ms=0"
	expect "chap: $1" "$2"
}

chap_paths() {
	tgt --mode account --op bind --user $host
	chap_conf ""
	chap_path "a portal that wants CHAP" "^path san1 $portal configured refused .*the array wants CHAP"
	chap_conf "chap_secret_file = $work/own"
	chap_path "a portal, by the initiator's name" "^path san1 $portal configured up "
	chap_conf "chap_secret_file = $work/wrong"
	chap_path "a portal, a wrong secret" "^path san1 $portal configured refused .*correct the secret in $work/wrong"
	echo "$output" >"$work/seen/path"
	no_secret "the table of paths"
}

setup
masks_and_facts
transfers
digests
verifies
dead_portals
connection_cut
states
many
probes
answers
images
image_refusals
image_killed
image_stuck
chap_setup
chap_login
chap_mutual
chap_rotated
chap_image
chap_probes
chap_paths
echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
