#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fence_lunmask against a real iSCSI target and its driver: tgt_test.sh [BUILD-DIRECTORY]
#
# Needs root, tgtd and qemu-storage-daemon. Runs in namespaces of its own (network, mounts, pids,
# host name): whatever it starts ends with it. Prints TAP and "N passed, N failed".
set -uo pipefail

if [[ ${1:-} != --inside ]]; then
	build=$(realpath "${1:-$(dirname "$0")/../..}")
	exec unshare --net --mount --uts --pid --fork --kill-child --mount-proc --propagation private \
		-- "$(realpath "$0")" --inside "$build"
fi

readonly IQN=iqn.2026-11.org.example
agent=$2/agent/fence_lunmask
driver=$2/driver/tgt/lunmask-array-tgt
storage_check=$2/tests/storage/storage_check
portal=127.0.0.1:3260
count=0
failed=0

pass() {
	count=$((count + 1))
	echo "ok $count - $1"
}

fail() {
	count=$((count + 1))
	failed=$((failed + 1))
	echo "not ok $count - $1"
	shift
	[ $# = 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
}

# result NAME RC WANTED-RC TEXT REGEX
result() {
	if [ "$2" = "$3" ] && grep -Eq -- "$5" <<<"$4"; then
		pass "$1"
	else
		fail "$1" "exit status $2, wanted $3 and: $5" "$4"
	fi
}

# fence NAME WANTED-RC REGEX ACTION PLUG [LINE...]: as Pacemaker calls it
fence() {
	local name=$1 want=$2 regex=$3 action=$4 plug=$5 text rc=0
	shift 5
	text=$(printf '%s\n' "action=$action" "nodename=$plug" "port=$plug" "$@" |
		LUNMASK_CONF=/run/lunmask.conf "$agent" 2>&1) || rc=$?
	result "$name" "$rc" "$want" "$text" "$regex"
}

# asks NAME WANTED-RC REGEX VERB REQUEST: the array's driver
asks() {
	local text rc=0
	text=$(/run/driver1 "$4" <<<"$5" 2>&1) || rc=$?
	result "$1" "$rc" "$2" "$text" "$3"
}

grant() { printf '{"luns":["one"],"grant":"%s:%s"}' "$IQN" "$1"; }

# tgtd_start NUMBER: an array with the LUN one
tgtd_start() {
	local tries
	tgtd -f -C "$1" --iscsi "portal=127.0.0.$1:3260" >"/run/tgtd$1.log" 2>&1 &
	for ((tries = 0; tries < 100; tries++)); do
		tgtadm -C "$1" --mode sys --op show >/dev/null 2>&1 && break
		read -r -t 0.05 <> <(:) || true
	done
	mkdir -p "/run/pool$1"
	cat >"/run/array$1.conf" <<-X
		[tgt]
		iqn_prefix = $IQN:
		pool = /run/pool$1
		control_port = $1
		lock_file = /run/lunmask-array-tgt/lock$1
		state_dir = /run/state$1
	X
	printf '#!/bin/sh\n[ ! -e /run/hook ] || . /run/hook\nexec %s --config /run/array%s.conf "$@"\n' \
		"$driver" "$1" >"/run/driver$1"
	chmod 755 "/run/driver$1"
	"/run/driver$1" create >/dev/null <<<'{"name":"one","size_bytes":4194304}'
}

setup() {
	local number
	mount -t tmpfs tmpfs /run
	mkdir -p /run/tgtd /run/lock
	ip link set lo up
	hostname node1
	for number in 1 2; do
		tgtd_start "$number"
		cat >>/run/lunmask.conf <<-X
			[array san$number]
			driver = /run/driver$number
			transport = exec
			portals = 127.0.0.$number:3260
			[host node$number]
			initiator = $IQN:node$number
		X
	done
}

# A session that is told later to write.
session_open() {
	coproc "$storage_check" $portal "$IQN:$1" "$IQN:one" 1 write-later 2>&1
	session_pid=$COPROC_PID
	exec {from}<&"${COPROC[0]}" {to}>&"${COPROC[1]}"
	read -r line <&"$from"
	[ "$line" = open ]
}

session_write() {
	echo go >&"$to"
	output=$(cat <&"$from")
	wait "$session_pid" || true
	exec {from}<&- {to}>&-
}

login() { output=$("$storage_check" $portal "$IQN:$1" "$IQN:one" 1 facts 2>&1) || true; }

fenced_by_off() {
	fence "status of a host that is on" 0 '^Status: ON$' status node2
	fence "off of a host with no grant" 0 '^Success' off node2
	fence "status of it" 2 '^Status: OFF$' status node2
	fence "on from another host is refused" 1 'run this on node2 itself' on node2
	fence "on, when it was made sure" 0 '^Success' on node2 assume_clean=1
	asks "node1 is granted the LUN" 0 '"granted": ?\["one"\]' apply "$(grant node1)"
	session_open node1 || fail "node1 opens a session" "$line"
	fence "off while its session is open" 0 'array san1: node1 is fenced and has no path left' \
		off node1
	session_write
	result "its next write fails" 0 0 "$output" '^EIO .*WRITE'
	login node1
	result "a new login is refused" 0 0 "$output" '^EACCES '
	asks "a grant by anyone is refused" 1 '"code": ?"fenced"' apply "$(grant node1)"
	asks "another host is granted the LUN" 0 '"granted": ?\["one"\]' apply "$(grant node2)"
	login node2
	result "and uses it" 0 0 "$output" '^ok'
	fence "status: off" 2 '^Status: OFF$' status node1
	fence "list-status" 0 '^node1,,OFF$' list-status node1
	fence "off again" 0 '^Success' off node1
	fence "reboot is off" 0 '^Success' reboot node1
	fence "and stays off" 2 '^Status: OFF$' status node1
}

# As one that another "on" has let in, while this one stood still between its question and the end.
what_came_meanwhile() {
	local late
	fence "off of the host once more" 0 '^Success' off node2
	cat >/run/hook <<-X
		[ -s /run/late ] || {
			bash -c 'read -t 60 <> <(:)' initiator-name=$IQN:node2 </dev/null >/dev/null 2>&1 &
			echo \$! >/run/late
			until grep -qs initiator-name /proc/\$!/cmdline; do :; done
		}
	X
	fence "on does not end what began after it asked" 1 \
		"bash \(pid [0-9]+\) began to use LUNs meanwhile: try again" on node2
	rm /run/hook
	late=$(cat /run/late)
	result "it lives" 0 0 "$(kill -0 "$late" 2>&1)" '^$'
	fence "the host stays fenced" 2 '^Status: OFF$' status node2
	fence "on, tried again, ends it" 0 "bash \(pid $late\).*SIGKILL" on node2
}

# What was there before the fencing logs in again by itself, as soon as it may.
let_in_by_on() {
	local old
	qemu-storage-daemon --blockdev "driver=iscsi,transport=tcp,portal=$portal,target=$IQN:one,\
lun=1,initiator-name=$IQN:node2,node-name=a" --chardev socket,id=q,path=/run/q,server=on,wait=off \
		--monitor chardev=q >/run/daemon.log 2>&1 &
	old=$!
	until [ -S /run/q ] || ! kill -0 "$old" 2>/dev/null; do read -r -t 0.05 <> <(:) || true; done
	hostname node2
	fence "off of a host with a daemon on it" 0 '^Success' off node2
	fence "the daemon's session is gone" 2 '^Status: OFF$' status node2
	kill -STOP "$old"
	fence "on ends what is from before" 0 "qemu-storage-da \(pid $old\).*SIGKILL" on node2
	result "it is gone" 0 0 "$(sed -n 's/^State:\t//p' "/proc/$old/status" 2>/dev/null)" '^Z|^$'
	kill -KILL "$old" 2>/dev/null
	what_came_meanwhile
	hostname node1
	fence "on of the other host" 0 '^Success' on node1
	fence "status: on" 0 '^Status: ON$' status node1
	asks "it is granted again" 0 '"granted": ?\["one"\]' apply "$(grant node1)"
	login node1
	result "and logs in" 0 0 "$output" '^ok'
	fence "on of a host that is not fenced takes nothing" 0 'node1 is not fenced' on node1
	login node1
	result "it still logs in" 0 0 "$output" '^ok'
}

# One array's target hangs or is gone: the other fences, and the whole has failed.
half_an_array() {
	local pid
	pid=$(pgrep -f 'tgtd -f -C 2')
	kill -STOP "$pid"
	fence "off with one array that hangs fails" 1 'off node1: array san2, fence: ' off node1 \
		power_timeout=20
	login node1
	result "the other has cut it off all the same" 0 0 "$output" '^EACCES '
	fence "status is not known, which is 1" 1 'array san2' status node1 login_timeout=20
	fence "on clears nothing" 1 'array san2' on node1 power_timeout=20
	fence "monitor fails" 1 'array san2' monitor node1 login_timeout=20
	kill -CONT "$pid"
	fence "off, when it is back" 0 '^Success' off node1
	fence "a grant past the driver" 2 '^Status: OFF$' status node1
	tgtadm -C 2 --lld iscsi --mode target --op new --tid 7 -T "$IQN:one" 2>/dev/null
	tgtadm -C 2 --lld iscsi --mode target --op bind --tid "$(tgtadm -C 2 --lld iscsi --mode target \
		--op show | sed -n "s/^Target \([0-9]*\): .*:one$/\1/p")" -Q "$IQN:node1"
	fence "is seen: the host is not off" 0 "san2: the host is fenced.* LUN 'one'" status node1
	fence "on refuses it" 1 'remove that grant or session, or fence the host again' on node1
	fence "off takes it away" 0 '^Success' off node1
	fence "monitor" 0 '' monitor node1
	fence "only one of the arrays, on" 0 '^Success' on node1 arrays=san2
	fence "mixed is on, and says which" 0 'array san2: the host is not fenced' status node1
	fence "on" 0 '^Success' on node1
}

# open_to ADDRESS OP: an entry in the mask of an unrelated LUN
open_to() {
	tgtadm -C 1 --lld iscsi --mode target --op "$2" --tid "$(tgtadm -C 1 --lld iscsi --mode target \
		--op show | sed -n 's/^Target \([0-9]*\): .*:iso-library$/\1/p')" -I "$1"
}

# What cannot be removed is found by monitor, not in the night.
a_lun_for_everybody() {
	/run/driver1 create >/dev/null <<<'{"name":"iso-library","size_bytes":4194304}'
	fence "monitor, with another LUN" 0 '' monitor node1
	open_to ALL bind
	fence "monitor names the LUN that is open to ALL" 1 \
		"delete 'ALL' from the mask of LUN 'iso-library' on array san1" monitor node1
	fence "as off would" 1 "LUN 'iso-library' admits 'ALL', a rule" off node1
	open_to ALL unbind
	fence "off, when it is gone" 0 '^Success' off node1
	fence "on" 0 '^Success' on node1
	open_to 192.0.2.50 bind
	fence "an address might be a host's" 1 "delete '192.0.2.50' from" monitor node1
	echo 'foreign_addresses = 192.0.2.50' >>/run/array1.conf
	fence "no host has it, monitor" 0 '' monitor node1
	fence "no host has it, off" 0 '^Success' off node1
	fence "no host has it, status" 2 '^Status: OFF$' status node1
	fence "no host has it, on" 0 '^Success' on node1
}

# off_by NODE PLUG: as that node would, without a word about it
off_by() {
	LUNMASK_CONF=/run/lunmask.conf unshare --uts sh -c \
		"hostname $1 && exec $agent -o off -n $2" >"/run/off.$1" 2>&1
}

# fenced NUMBER: the hosts that this array has fenced, blank-separated
fenced() { "/run/driver$1" fenced <<<'{}' | grep -o ':node[0-9]*' | tr -d : | sort | xargs; }

# The array is the arbiter: who is fenced fences nobody.
fence_each_other() {
	local round pids loser winner
	hostname node2
	fence "node2 fences node1" 0 '^Success' off node1
	hostname node1
	fence "node1, fenced, does not fence node2" 1 \
		"array san1 has this host .*:node1'\) fenced.*restart corosync and Pacemaker" off node2
	result "nor on one array alone" 0 0 "$(LUNMASK_CONF=/run/lunmask.conf "$agent" -o off -n node2 \
		--arrays=san2 2>&1)" "san2, fence: this host .*:node1'\) is fenced"
	fence "node2 is on" 0 '^Status: ON$' status node2
	asks "an agent of node1 that is late takes nothing" 1 '"code": ?"requester-fenced"' apply \
		"{\"luns\":[\"one\"],\"revoke\":\"$IQN:node2\",\"by\":\"$IQN:node1\"}"
	fence "it may fence itself" 0 '^Success' off node1
	fence "and unfences itself" 0 '^Success' on node1
	fence "then it fences again" 0 '^Success' off node2
	hostname node2
	fence "node2 comes back" 0 '^Success' on node2
	fence "fenced on the last array only" 0 '^Success' off node1 arrays=san2
	hostname node1
	fence "node1 fences nobody, on any" 1 'array san2 has this host' off node2
	result "the first array knows nothing of it" 0 0 "$(fenced 1)" '^$'
	fence "node1 comes back" 0 '^Success' on node1
	for round in 1 2 3 4 5 6 7 8; do
		off_by node1 node2 & pids=$!
		off_by node2 node1 & pids+=" $!"
		winner=
		for pid in $pids; do
			loser=node2
			[ "$pid" = "${pids% *}" ] || loser=node1
			! wait "$pid" || winner+=" not-$loser"
		done
		loser=${winner# not-}
		result "both at once, round $round: one wins, on all arrays" 0 0 \
			"$winner $(fenced 1) $(fenced 2)" '^ not-(node[12]) \1 \1$'
		hostname "$loser"
		fence "both at once, round $round: $loser comes back" 0 '^Success' on "$loser"
	done
	hostname node1
}

setup
fenced_by_off
let_in_by_on
half_an_array
a_lun_for_everybody
fence_each_other
echo "1..$count"
echo "$((count - failed)) passed, $failed failed"
[ "$failed" = 0 ]
