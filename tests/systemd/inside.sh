#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What units_test.sh has tried in its container.
set -uo pipefail

IQN=iqn.2026-11.org.example
REDIRECT=127.14.172.34:860 # of san1
count=0

pass() {
	count=$((count + 1))
	echo "ok $count - $1"
}

fail() {
	count=$((count + 1))
	echo "not ok $count - $1"
	shift
	[ $# = 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
}

# ok NAME COMMAND...
ok() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then pass "$name"; else fail "$name" "$out" "$(tail_of_journal)"; fi
}

# becomes SECONDS COMMAND...
becomes() {
	local end=$((SECONDS + 10 * $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.2
	done
}

# shellcheck disable=SC2143 # as in tests/lab/t/lib.sh
seen() { [ -n "$(grep "$@")" ]; }
tail_of_journal() { journalctl --no-pager -q -n 40 -o short-monotonic 2>/dev/null; }
property() { systemctl show --value -p "$1" "$2"; }
is() { [ "$(property "$1" "$2")" = "$3" ]; }
says() { journalctl --no-pager -q -o cat -u "$1" | seen -E -- "$2"; }
driver() { lunmask-array-tgt "$1"; }
started_anew() { [ "$(property MainPID "$1")" != "$2" ] && is ActiveState "$1" active; }

configure() {
	mkdir -p /etc/{lunmask,corosync,ssh} /run/sshd /srv/pool /var/log/{corosync,pacemaker} /root/.ssh
	ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
	ssh-keygen -q -t ed25519 -N '' -f /etc/lunmask/san1.key
	printf 'restrict,command="/usr/sbin/lunmask-array-tgt --ssh" %s\n' "$(cat /etc/lunmask/san1.key.pub)" \
		>/root/.ssh/authorized_keys
	printf '127.0.0.1 %s\n' "$(cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub)" >/etc/ssh/ssh_known_hosts
	chmod -R go= /root/.ssh /etc/lunmask
	sed -i 's/^root:[^:]*:/root:*:/' /etc/shadow
	printf 'HostKey /etc/ssh/ssh_host_ed25519_key\nUsePAM no\nPasswordAuthentication no\n' >/etc/ssh/sshd_config
	printf '[tgt]\niqn_prefix = %s:\npool = /srv/pool\n' "$IQN" >/etc/lunmask/array-tgt.conf
	cat >/etc/lunmask/lunmask.conf <<-X
		[array san1]
		driver = lunmask-array-tgt
		transport = ssh://root@127.0.0.1
		identity = /etc/lunmask/san1.key
		portals = 127.0.0.1:3260
		[host node1]
		initiator = $IQN:node1
	X
	printf '[paths]\ninterval = 2s\ntimeout = 1s\n' >/etc/lunmask/journal.conf
	chmod 600 /etc/lunmask/journal.conf
	head -c 128 /dev/urandom >/etc/corosync/authkey
	lunmask journal keygen
	cat >/etc/systemd/system/units-tgtd.service <<-X
		[Service]
		RuntimeDirectory=tgtd
		ExecStart=/usr/sbin/tgtd -f --iscsi portal=127.0.0.1:3260
	X
	cat >/etc/systemd/system/units-sshd.service <<-X
		[Service]
		RuntimeDirectory=sshd
		ExecStart=/usr/sbin/sshd -D -e
	X
	ends_written
	chown -R hacluster:haclient /var/lib/pacemaker /var/log/pacemaker
	systemctl daemon-reload
}

# Each end of a unit is in a file: "lunmaskd killed KILL".
ends_written() {
	local unit
	for unit in lunmaskd lunmask-cutoff lunmask-tidy; do
		mkdir -p "/etc/systemd/system/$unit.service.d"
		# shellcheck disable=SC2016 # systemd's
		printf '[Service]\nExecStopPost=+/bin/sh -c '\''echo %%N $EXIT_CODE $EXIT_STATUS >>/ends'\''\n' \
			>"/etc/systemd/system/$unit.service.d/ends.conf"
	done
}
last_end_is() { tail -n 1 /ends | grep -x "$1" || { cat /ends && false; }; }

status_is() { lunmask journal status --json 2>/dev/null | seen "\"$1\": $2"; }
# Uses LUNs under this host's name, as far as its command line says.
user_start() {
	bash -c 'read -t 200 <> <(:)' "initiator-name=$IQN:node1" </dev/null >/dev/null 2>&1 &
	user=$!
}
user_gone() { ! kill -0 "$user" 2>/dev/null; }
# For some 0.3 s: looked for without a pause.
controller_stops() {
	local end=$((SECONDS + 10)) state
	state=/proc/$(pgrep -x pacemaker-contr)/status
	until grep -q '^State:.T' "$state"; do [ "$SECONDS" -lt "$end" ] || return 1; done
}
controller_runs() { grep -q '^State:.[SR]' "/proc/$(pgrep -x pacemaker-contr)/status"; }
fence_asked() { printf '{"initiators":["%s"]}' "$IQN:node1" | driver "$1"; }

# The journal has nothing else yet.
release_make() {
	printf '{"name":"web1-data","size_bytes":1048576}' | driver create &&
		printf '{"luns":["web1-data"],"grant":"%s"}' "$IQN:node1" | driver apply &&
		lunmask journal export - | python3 -c 'import json, sys
all = json.load(sys.stdin)
all["releases"].append({"vm": "web1", "node": "node1", "array": "san1", "luns": ["web1-data"],
                        "since_ms": 1700000000000, "revision": 1})
json.dump(all, sys.stdout)' | lunmask journal import -
}
granted() { driver masks <<<'{"luns":["web1-data"]}' | seen "$IQN:node1"; }
path_is() { lunmask paths --json | seen "\"state\": \"$1\""; }
redirect_listens_on() { [ "$(ss -Hltn 'sport = 860' | awk '{ print $4 }')" = "$1" ]; }
accepted() { [ "$(property NAccepted lunmask-paths.socket)" -gt 0 ]; }
# answers KIND BODY TEXT: what lunmaskd would get for a question of another node.
answers() {
	python3 -c 'import socket, sys
kind, body = sys.argv[1:]
s = socket.socket(socket.AF_UNIX)
s.connect("/run/lunmask/answer.socket")
s.sendall(f"ask {kind} 20000 {len(body)}\n{body}".encode())
print(s.makefile().read())' "$1" "$2" | seen -F -- "$3"
}
nothing_released() { lunmask journal export - | seen -E '"releases": ?\[\]'; }

configure >/dev/null 2>&1 || fail "it is configured"
for unit in lunmaskd lunmask-cutoff lunmask-tidy; do
	ok "systemd has nothing against $unit's unit" is LoadState "$unit" loaded
	journalctl --no-pager -q -o cat _PID=1 | grep -E "$unit.service:.*(Unknown|ignoring|Failed to parse)" &&
		fail "systemd knows all that is in $unit's unit"
done

ok "the array and its management run" systemctl start units-tgtd units-sshd
ok "the array answers" becomes 10 eval "driver fenced <<<\"{}\""
ok "lunmask-cutoff starts, and says so to systemd" systemctl start lunmask-cutoff
ok "it has asked the array, over ssh" becomes 15 says lunmask-cutoff 'node1 is not fenced'
ok "lunmaskd starts, and corosync with it" systemctl start lunmaskd
ok "corosync runs" is ActiveState corosync active
ok "the journal is active" becomes 30 status_is active true
ok "the gate is open" becomes 10 status_is gate true
ok "Pacemaker starts" systemctl start pacemaker
ok "and is online" becomes 60 eval 'crm_mon -1 2>/dev/null | seen "Online: \[ node1 \]"'
ok "lunmask tasks answers" lunmask tasks
ok "the socket of lunmask-paths is there" is ActiveState lunmask-paths.socket active
ok "and that of lunmask-answer" is ActiveState lunmask-answer.socket active
ok "and that of lunmask-redirect" is ActiveState lunmask-redirect.socket active
ok "at every address of the device lo, and of no other" \
	redirect_listens_on 0.0.0.0%lo:860
timeout 20 iscsi-inq -i "$IQN:node1" "iscsi://$REDIRECT/$IQN:none/1" >/dev/null 2>&1
ok "a login for san1 is asked of its portal, within the sandbox" \
	becomes 10 says 'lunmask-redirect@*' "login of $IQN:node1 to $IQN:none: portal 127.0.0.1:3260, "
[ -S /run/libvirt/libvirt-sock ] || systemctl start libvirtd >/dev/null 2>&1

ok "a LUN is granted to the host, which has released it" release_make
ok "it is" granted
ok "lunmask-tidy starts, and says so to systemd" systemctl start lunmask-tidy
ok "the release is completed, within the sandbox" becomes 30 nothing_released
ok "the LUN is granted no more" eval '! granted'
ok "lunmask-tidy says so" becomes 5 says lunmask-tidy 'web1: revoked from this host: web1-data'

# tgtd closes every connection while it has no LUN.
ok "the path to the array is measured, within the sandbox" becomes 10 path_is up
ok "by what systemd starts, not by a child of lunmaskd" accepted
ok "which is no news" eval '! journalctl --no-pager -q -o cat _PID=1 | grep "measure this host"'

ok "a question about a domain is answered, within the sandbox" \
	answers domain '{"vm":"web1"}' '"state":"ABSENT"'
ok "and one about LUNs, for which it asks the array" answers verify '{"initiator": "'"$IQN:node1"'",
	"portals": ["127.0.0.1:3260"], "paths_required": 0, "timeout_ms": 10000, "luns": [{"name": "web1-data",
	"designator": "naa.60014050000000000000000000000001", "size_bytes": 512, "target": "'"$IQN:none"'",
	"number": 1}]}' '"errno_name":"EACCES"'
ok "which is no news" eval '! journalctl --no-pager -q -o cat _PID=1 | grep "answer a question"'

# doctor_says REGEX: on one line.
doctor_says() {
	local all
	all=$(lunmask doctor --local --json | tr -s ' \n' ' ')
	seen -E -- "$1" <<<"$all" || { echo "$all" && false; }
}
DISABLED='is not enabled'
ok "lunmask doctor sees units that will not start at the next boot" \
	doctor_says "lunmask-tidy.service $DISABLED"
ok "one is enabled" systemctl enable lunmask-tidy
ok "it sees that" eval "! doctor_says 'lunmask-tidy.service $DISABLED'"
ok "and that the others are not" doctor_says "lunmaskd.service $DISABLED"
ok "nothing is wrong with libvirt-guests" doctor_says '"check": "libvirt-guests" *}'
ok "libvirt-guests is on" systemctl enable libvirt-guests
ok "Pacemaker's unit is ordered after it" doctor_says '"check": "libvirt-guests" *}'
ok "the drop-in is away" eval 'mkdir -p /etc/systemd/system/pacemaker.service.d &&
	ln -s /dev/null /etc/systemd/system/pacemaker.service.d/lunmask.conf && systemctl daemon-reload'
ok "it sees that libvirt-guests goes first" doctor_says 'libvirt-guests.service is on'
ok "all is as before" eval 'rm /etc/systemd/system/pacemaker.service.d/lunmask.conf &&
	systemctl disable libvirt-guests lunmask-tidy && systemctl daemon-reload'

user_start
ok "the host is fenced" fence_asked fence
ok "lunmask-cutoff is told to look" systemctl restart lunmask-cutoff
ok "what used LUNs is ended" becomes 20 user_gone
ok "it says so" becomes 5 says lunmask-cutoff 'killing .*: array san1 has this host fenced'
ok "and that Pacemaker was told, by lunmask-rejoin" becomes 20 says lunmask-cutoff 'Pacemaker was asked to probe again'
ok "that nobody of the cluster fenced it is known from the fencer" becomes 60 \
	says lunmask-cutoff 'last recorded action on this host is not a fencing|unfence it by hand'
ok "the host is let in" fence_asked unfence

# Its user is another one than root, and the unit has few capabilities.
pid=$(property MainPID lunmask-cutoff)
kill -STOP "$pid"
sleep 4
kill -CONT "$pid"
ok "lunmask-cutoff, that stood still, stops Pacemaker's controller" controller_stops
ok "and says so" becomes 10 says lunmask-cutoff "Pacemaker's controller waits for the array's word"
ok "which goes on" becomes 10 controller_runs
ok "and answers" becomes 10 timeout 5 crm_node -l

for unit in lunmaskd lunmask-cutoff lunmask-tidy; do
	pid=$(property MainPID "$unit")
	kill -9 "$pid"
	ok "$unit is started anew when it was killed" becomes 20 started_anew "$unit" "$pid"
done
ok "the journal is active again" becomes 30 status_is active true
pid=$(property MainPID lunmaskd)
kill -STOP "$pid"
ok "lunmaskd that stands still is noticed by the watchdog" becomes 45 started_anew lunmaskd "$pid"
ok "and the journal is active once more" becomes 30 status_is active true

systemctl stop pacemaker
for unit in lunmask-tidy lunmask-cutoff lunmaskd; do
	ok "$unit stops" systemctl stop "$unit"
	ok "$unit has not failed" is ActiveState "$unit" inactive
	# Not killed by the signal, but ended for it.
	ok "$unit has ended by itself" last_end_is "$unit exited 0"
done
ok "nothing was refused by the sandbox" eval \
	'! journalctl --no-pager -q -o cat -u lunmaskd -u lunmask-cutoff -u lunmask-tidy -u "lunmask-answer@*" -u "lunmask-paths@*" | grep -Ei "operation not permitted|read-only file system"'
echo "1..$count"
