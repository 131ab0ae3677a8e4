#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# /etc/lab/rc of a machine: its services, as systemd would start them at boot. What dies stays dead:
# tests want to see it. lunmaskd is the exception: a restart is a part of how it works. bash stays to
# reap them.
set -uo pipefail

corosync_answers() {
	corosync-cmapctl -g runtime.votequorum.this_node_id >/dev/null 2>&1
}

# As lunmaskd.service has it. A test that wants it to stay dead makes /run/lab-lunmaskd-stop; one that
# wants it watched has the watcher's command line in /etc/lab/lunmaskd-under.
lunmaskd_keep() {
	local status under=()
	[ ! -e /etc/lab/lunmaskd-under ] || read -ra under </etc/lab/lunmaskd-under
	while [ ! -e /run/lab-lunmaskd-stop ]; do
		status=0
		"${under[@]}" lunmaskd -f 2>>/var/log/lunmaskd.log || status=$?
		case $status in
		0 | 64 | 73 | 78) break ;;
		esac
		sleep 1
	done
	echo "rc: lunmaskd ended ($status) and is not started again" >>/var/log/lunmaskd.log
}

lunmaskd_start() {
	[ -x /usr/sbin/lunmaskd ] || return 0
	lunmaskd_keep &
}

# As lunmask-tidy.service has it: started again if it is killed. A test that wants it to stay dead
# makes /run/lab-tidy-stop.
tidy_keep() {
	while [ ! -e /run/lab-tidy-stop ]; do
		lunmask-tidy -f 2>>/var/log/lunmask-tidy.log && break
		sleep 1
	done
}

tidy_start() {
	[ -x /usr/sbin/lunmask-tidy ] || return 0
	tidy_keep &
}

# It stays up while corosync hangs, and does not wait for it.
cutoff_start() {
	[ -x /usr/sbin/lunmask-cutoff ] || return 0
	lunmask-cutoff -f 2>>/var/log/lunmask-cutoff.log &
}

cluster_start() {
	# corosync's are made by its unit.
	mkdir -p /run/crm /run/resource-agents /var/lib/corosync /var/log/corosync
	chown hacluster:haclient /run/crm
	corosync -f &
	until corosync_answers; do
		if ! kill -0 $! 2>/dev/null; then
			echo "rc: corosync ended" >&2
			return 1
		fi
		sleep 0.1
	done
	lunmaskd_start
	tidy_start
	# A panic reboots the pid namespace, which powers this machine off.
	PCMK_panic_action=reboot pacemakerd -f &
}

# As lunmask-redirect.socket has it, but not for the device lo alone: lunmask-redirect refuses other
# hosts. A test that wants nobody there kills it by /run/lab-redirect.pid.
redirect_start() {
	[ -x /usr/libexec/lunmask/lunmask-redirect ] || return 0
	systemd-socket-activate -l 0.0.0.0:860 --accept --inetd \
		/usr/libexec/lunmask/lunmask-redirect 2>>/var/log/lunmask-redirect.log &
	echo $! >/run/lab-redirect.pid
}

libvirt_start() {
	virtlogd &
	libvirtd &
}

array_start() {
	mkdir -p /run/tgtd
	tgtd -f --iscsi "$(sed 's/.*/portal=&:3260/' /etc/lab/portals | paste -sd,)" &
	until tgtadm --mode sys --op show >/dev/null 2>&1; do
		if ! kill -0 $! 2>/dev/null; then
			echo "rc: tgtd ended" >&2
			return 1
		fi
		sleep 0.1
	done
	# tgtd remembers nothing; the driver knows which LUNs there were.
	if [ -x /usr/sbin/lunmask-array-tgt ]; then
		/usr/sbin/lunmask-array-tgt --restore || return 1
	fi
	touch /run/lab-array-started
}

mkdir -p /run/sshd
/usr/sbin/sshd -D -e &
if [ "$(hostname)" = array ]; then
	array_start
else
	cutoff_start
	redirect_start
	libvirt_start
	cluster_start
fi
sleep infinity &
wait
