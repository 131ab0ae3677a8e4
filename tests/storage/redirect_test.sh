#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lunmask-redirect, with QEMU's own iSCSI and an array of two portals whose links die without a
# word: redirect_test.sh [BUILD-DIRECTORY]
#
# Needs root, tgtd, qemu-io and systemd-socket-activate. Runs in namespaces of its own (network,
# mounts, pids): whatever it starts ends with it. Prints "ok" or "not ok" lines.
set -euo pipefail

if [[ ${1:-} != --inside ]]; then
	build=$(realpath "${1:-$(dirname "$0")/../..}")
	exec unshare --net --mount --pid --fork --kill-child --mount-proc "$(realpath "$0")" --inside "$build"
fi

redirect=$2/helper/lunmask-redirect
storage_check=$2/tests/storage/storage_check
here=127.0.0.1:860
first=10.8.0.2
second=10.8.1.2
host=iqn.2008-11.org.linux-kvm # what qemu-io calls itself
target=iqn.2026-11.org.example:redirect
passed=0
failed=0
work=
daemon=

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

# wait_until COMMAND...: for as long as only an error takes.
wait_until() {
	for _ in $(seq 1800); do
		! "$@" || return 0
		read -r -t 0.1 <> <(:) || true
	done
	echo "waited in vain: $*" >&2
	tail -n 20 "$work"/*.log >&2
	return 1
}

array() { ip netns exec array "$@"; }
tgt() { array tgtadm -C 7 --lld iscsi "$@"; }

# link NUMBER: one between this host and the array.
link() {
	ip link add "h$1" type veth peer name "a$1" netns array
	ip addr add "10.8.$1.1/24" dev "h$1"
	ip link set "h$1" up
	array ip addr add "10.8.$1.2/24" dev "a$1"
	array ip link set "a$1" up
}

# Nothing is closed, and nobody is told.
link_dies() { array nft insert rule inet cut input iifname "a$1" drop; }
links_live() { array nft flush chain inet cut input; }

setup() {
	ip link set lo up
	mount -t tmpfs tmpfs /run
	mkdir -p /run/lock /run/netns
	ip netns add array
	array ip link set lo up
	link 0
	link 1
	array nft add table inet cut
	array nft add chain inet cut input '{ type filter hook input priority 0; }'
	work=$(mktemp -d /run/redirect.XXXXXX)
	array tgtd -f -C 7 --iscsi portal=0.0.0.0:3260 >"$work/tgtd.log" 2>&1 &
	wait_until tgt --op show --mode sys >/dev/null 2>&1
	truncate -s 64M "$work/disk"
	tgt --op new --mode target --tid 1 -T "$target"
	tgt --op new --mode logicalunit --tid 1 --lun 1 -b "$work/disk"
	tgt --op bind --mode target --tid 1 -Q "$host"
	cat >"$work/lunmask.conf" <<-X
		[array san1]
		driver = /bin/true
		transport = exec
		portals = $first:3260 $second:3260

		[host node1]
		initiator = $host
	X
	chmod 600 "$work/lunmask.conf"
	systemd-socket-activate -l "$here" --accept --inetd -E "LUNMASK_CONF=$work/lunmask.conf" \
		"$redirect" 2>"$work/redirect.log" &
	daemon=$!
	wait_until listens
}

listens() { [ -n "$(ss -Hltn "src $here")" ]; }

# What the guest does, one command of qemu-io at a time; each answer is in io.log.
guest_start() {
	mkfifo "$work/io"
	qemu-io -t none -f raw "iscsi://$here/$target/1" <"$work/io" >"$work/io.log" 2>&1 &
	exec 9>"$work/io"
}
io() { echo "$1" >&9; }
answered() { [ "$(grep -Ec "(wrote|read) 65536/65536 bytes at offset $1" "$work/io.log")" = "$2" ]; }
was_read() { grep -q "read 65536/65536 bytes at offset $1" "$work/io.log"; }
no_error() { ! grep -Eiq 'fail|error|mismatch' "$work/io.log"; }
# from ADDRESS: is a session of the array's, from this end of a link.
from() { [ -n "$(array ss -Htn state established "( sport = 3260 and dst $1 )")" ]; }
no_orphans() { [ -z "$(ss -Htn state fin-wait-1 state last-ack state closing "dport = 3260")" ]; }
pattern_at() {
	[ "$(dd if="$work/disk" bs=64k skip="$1" count=1 status=none | tr -d "\\$2" | wc -c)" = 0 ]
}

setup

ended() { "$@" <&8 >/dev/null 2>&1 || [ $? != 124 ]; }
check() { timeout 60 "$storage_check" "$@" 2>&1; }
# says TEXT COMMAND...
says() {
	local said
	said=$("${@:2}") || true
	[[ $said == *"$1"* ]] || { echo "$said" && return 1; }
}
discover() { timeout 20 iscsi-ls -i "$host" "iscsi://$here/" 2>&1; }
ok "a session of ours follows the redirection" \
	says "size=67108864" check "$here" "$host" "$target" 1 facts
ok "a stranger is refused by the array, and so here" \
	says EHOSTUNREACH check "$here" "$host-not" "$target" 1 facts
ok "and why is told" grep -q "login of $host-not to $target: portal $first:3260.*masked" "$work/redirect.log"
ok "a discovery is not redirected" says "ession type" discover
sed 's/^\[array san1\]/[array san2]/; /^\[host/,$d' "$work/lunmask.conf" >"$work/second"
cp -p "$work/lunmask.conf" "$work/one"
cat "$work/second" >>"$work/lunmask.conf"
ok "with two arrays nobody is redirected: it could be the other one's volume" \
	says EHOSTUNREACH check "$here" "$host" "$target" 1 facts
ok "and why is told" grep -q "lunmask.conf has 2 arrays" "$work/redirect.log"
cat "$work/one" >"$work/lunmask.conf"
exec 8<>"/dev/tcp/127.0.0.1/860"
head -c 4096 /dev/zero >&8 || true
ok "what is no login ends the connection" ended timeout 60 cat
exec 8>&-

guest_start
io "write -P 1 0 64k"
wait_until answered 0 1
ok "the guest uses the first portal" from 10.8.0.1

link_dies 0
io "write -P 2 0 64k"
wait_until answered 0 2
ok "its portal dies: what was being written is written through the other" from 10.8.1.1
ok "the guest saw no error" no_error
ok "nothing of the old connection is left that could be sent" no_orphans
io "write -P 3 0 64k"
wait_until answered 0 3
links_live
wait_until no_orphans
ok "the link is back: what was written last is there" pattern_at 0 3

link_dies 1
io "write -P 4 64k 64k"
wait_until answered 65536 1
ok "the other dies: back to the first" no_error
links_live

link_dies 0
link_dies 1
io "write -P 5 128k 64k"
wait_until grep -q "login of $host to $target: .*no answer" "$work/redirect.log"
links_live
wait_until answered 131072 1
ok "both were dead: it waited, and went on" no_error
for at in 0 1 2; do # qemu-io sees only one line of what comes together
	io "read -P $((3 + at)) $((at * 64))k 64k"
	wait_until was_read "$((at * 65536))"
done
ok "all that was written is there" no_error

exec 9>&-
kill "$daemon"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
