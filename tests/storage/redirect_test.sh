#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lunmask-redirect, with QEMU's own iSCSI and an array of two portals whose links die without a
# word, beside another array that has a target of the same name: redirect_test.sh [BUILD-DIRECTORY]
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
here=127.14.172.34:860   # of san1
there=127.94.95.214:860  # of san2
before=127.0.0.1:860     # of the only one
first=10.8.0.2
second=10.8.1.2
other=10.8.2.2
host=iqn.2008-11.org.linux-kvm # what qemu-io calls itself
target=iqn.2026-11.org.example:redirect
declare -A portals=([san1]="$first:3260 $second:3260" [san2]="$other:3260")
passed=0
failed=0
work=
daemon=
guest=

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
tgt_other() { ip netns exec other tgtadm -C 8 --lld iscsi "$@"; }

# link NUMBER ARRAY: one between this host and the array.
link() {
	ip link add "h$1" type veth peer name "a$1" netns "$2"
	ip addr add "10.8.$1.1/24" dev "h$1"
	ip link set "h$1" up
	ip netns exec "$2" ip addr add "10.8.$1.2/24" dev "a$1"
	ip netns exec "$2" ip link set "a$1" up
}

# volume TGT FILE SIZE: one, for this host.
volume() {
	truncate -s "$3" "$2"
	"$1" --op new --mode target --tid 1 -T "$target"
	"$1" --op new --mode logicalunit --tid 1 --lun 1 -b "$2"
	"$1" --op bind --mode target --tid 1 -Q "$host"
}

# arrays NAME...: what lunmask.conf has. Each is written at once: logins come at any time.
arrays() {
	local name
	{
		for name in "$@"; do
			printf '[array %s]\ndriver = /bin/true\ntransport = exec\nportals = %s\n' "$name" \
				"${portals[$name]}"
		done
		printf '[host node1]\ninitiator = %s\n' "$host"
	} >"$work/lunmask.conf.new"
	chmod 600 "$work/lunmask.conf.new"
	mv "$work/lunmask.conf.new" "$work/lunmask.conf"
}

# Nothing is closed, and nobody is told.
link_dies() { array nft insert rule inet cut input iifname "a$1" drop; }
links_live() { array nft flush chain inet cut input; }

setup() {
	ip link set lo up
	mount -t tmpfs tmpfs /run
	mkdir -p /run/lock /run/netns
	ip netns add array
	ip netns add other
	array ip link set lo up
	link 0 array
	link 1 array
	link 2 other
	array nft add table inet cut
	array nft add chain inet cut input '{ type filter hook input priority 0; }'
	work=$(mktemp -d /run/redirect.XXXXXX)
	array tgtd -f -C 7 --iscsi portal=0.0.0.0:3260 >"$work/tgtd.log" 2>&1 &
	ip netns exec other tgtd -f -C 8 --iscsi portal=0.0.0.0:3260 >"$work/other.log" 2>&1 &
	wait_until tgt --op show --mode sys >/dev/null 2>&1
	wait_until tgt_other --op show --mode sys >/dev/null 2>&1
	volume tgt "$work/disk" 64M
	volume tgt_other "$work/other" 32M
	arrays san1 san2
	# Its unit takes logins of the device lo only: here it refuses others by itself.
	systemd-socket-activate -l 0.0.0.0:860 --accept --inetd -E "LUNMASK_CONF=$work/lunmask.conf" \
		"$redirect" 2>"$work/redirect.log" &
	daemon=$!
	wait_until listens
}

listens() { [ -n "$(ss -Hltn "sport = 860")" ]; }

# guest_start PORTAL: what the guest does, one command of qemu-io at a time; each answer is in io.log.
guest_start() {
	rm -f "$work/io"
	mkfifo "$work/io"
	qemu-io -t none -f raw "iscsi://$1/$target/1" <"$work/io" >"$work/io.log" 2>&1 &
	guest=$!
	exec 9>"$work/io"
}
guest_end() {
	exec 9>&-
	wait "$guest"
}
io() { echo "$1" >&9; }
answered() { [ "$(grep -Ec "(wrote|read) [0-9/]+ bytes at offset $1" "$work/io.log")" = "$2" ]; }
was_read() { grep -q "read 65536/65536 bytes at offset $1" "$work/io.log"; }
no_error() { ! grep -Eiq 'fail|error|mismatch' "$work/io.log"; }
# from ADDRESS: is a session of the array's, from this end of a link.
from() { [ -n "$(array ss -Htn state established "( sport = 3260 and dst $1 )")" ]; }
no_orphans() { [ -z "$(ss -Htn state fin-wait-1 state last-ack state closing "dport = 3260")" ]; }
# pattern_at BLOCK OCTAL [FILE [BYTES]]
pattern_at() {
	[ "$(dd if="$work/${3:-disk}" bs="${4:-64k}" skip="$1" count=1 status=none | tr -d "\\$2" | wc -c)" = 0 ]
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
refusals() { grep -c "login of $host to $target: .*$1" "$work/redirect.log"; }
ok "a session of ours follows the redirection" \
	says "size=67108864" check "$here" "$host" "$target" 1 facts
ok "the other array's address leads to its target of the same name" \
	says "size=33554432" check "$there" "$host" "$target" 1 facts
ok "a stranger is refused by the array, and so here" \
	says EHOSTUNREACH check "$here" "$host-not" "$target" 1 facts
ok "and why is told" wait_until grep -q "login of $host-not to $target: portal $first:3260.*masked" "$work/redirect.log"
ok "a discovery is not redirected" says "ession type" discover
ok "an address of no array is refused" \
	says EHOSTUNREACH check 127.0.0.2:860 "$host" "$target" 1 facts
ok "and why is told" wait_until grep -q "127.0.0.2 is the address of no array .* san1, san2" "$work/redirect.log"
ok "so is the array itself, and whoever else is not of this host" \
	says EHOSTUNREACH array timeout 60 "$storage_check" 10.8.0.1:860 "$host" "$target" 1 facts
ok "and why is told" wait_until grep -q "only logins of this host" "$work/redirect.log"
ok "an address of before, which could be either's, is refused" \
	says EHOSTUNREACH check "$before" "$host" "$target" 1 facts
ok "and why is told" wait_until grep -q "127.0.0.1 could be that of each of these: san1, san2" "$work/redirect.log"
arrays san1
ok "where there is one array, it is that one's" \
	says "size=67108864" check "$before" "$host" "$target" 1 facts
ok "an array that is not configured any more is refused" \
	says EHOSTUNREACH check "$there" "$host" "$target" 1 facts
arrays san1 san2
exec 8<>"/dev/tcp/127.0.0.1/860"
head -c 4096 /dev/zero >&8 || true
ok "what is no login ends the connection" ended timeout 60 cat
exec 8>&-

guest_start "$here"
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

cut_off() {
	local sid cid
	tgt --op unbind --mode target --tid 1 -Q "$host"
	while read -r sid cid; do
		tgt --op delete --mode conn --tid 1 --sid "$sid" --cid "$cid"
	done < <(tgt --op show --mode conn --tid 1 | awk '/Session:/ { sid = $2 } /Connection:/ { print sid, $2 }')
}
no_session_there() { [ -z "$(ip netns exec other ss -Htn state established "sport = 3260")" ]; }
# Two refusals, or what must not be.
decided() { [ "$(refusals masked)" -gt $((before_cut + 1)) ] || ! pattern_at 0 0 other; }
before_cut=$(refusals masked) || true
cut_off
io "write -P 7 0 64k"
wait_until decided
ok "its array has cut it off: it is not sent to the other's target" \
	pattern_at 0 0 other
ok "with which it has no session" no_session_there
tgt --op bind --mode target --tid 1 -Q "$host"
wait_until answered 0 5
ok "it is let in again, and goes on" pattern_at 0 7

guest_end

# A WRITE of at most 8 KiB goes out with its data: whoever receives it late needs no more of us.
cut_other() { ip netns exec other nft "$@"; }
guest_start "$there"
io "write -P 1 0 4k"
wait_until answered 0 1
port=$(ss -Htn state established "dst $other" | awk '{ sub(/.*:/, "", $3); print $3 }')
closed() { [ -z "$(ss -Htn state established "sport = :$port")" ]; }
cut_other add table inet cut
cut_other add chain inet cut input '{ type filter hook input priority 0; }'
cut_other add rule inet cut input iifname a2 drop
io "write -P 2 0 4k"
wait_until closed
cut_other insert rule inet cut input iifname a2 tcp sport != "$port" accept
wait_until answered 0 2
io "write -P 3 0 4k"
wait_until answered 0 3
cut_other flush chain inet cut input
wait_until no_orphans
ok "an array of one portal: its link is back, and what was written last is there" \
	pattern_at 0 3 other 4k
guest_end

kill "$daemon"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
