# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests of a broken link between the hosts' libvirtds share (tests/lab/libvirt_link).
#
# BOOTS of crash.sh: how many boots of the guest are legal so far.

# With libvirt's default a dead link is noticed after 30 s; here after 3 s.
link_install() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- tee /usr/local/bin/virt-ssh-helper <"$T_DIR/../libvirt_link" \
			>/dev/null || return 1
		lab exec "$node" -- chmod 755 /usr/local/bin/virt-ssh-helper || return 1
		lab exec "$node" -- sh -c \
			'printf "keepalive_interval = 1\nkeepalive_count = 3\n" >>/etc/libvirt/qemu.conf' ||
			return 1
		libvirtd_signal "$node" TERM
		wait_until 20 libvirtd_ended "$node" || return 1
		libvirtd_back "$node" || return 1
	done
}

libvirtd_ended() { ! lab exec "$1" -- pgrep -x libvirtd; }

link_remove() {
	local node
	for node in $(lab nodes); do
		link_heal "$node"
		lab exec "$node" -- rm -f /usr/local/bin/virt-ssh-helper
		lab exec "$node" -- sed -i '/^keepalive_/d' /etc/libvirt/qemu.conf
	done
}

# link_finish NODE FAULT: the next answer of NODE to "finish" gets lost: dead or closed.
link_finish() { echo "$2" | lab exec "$1" -- tee /run/libvirt-link.finish >/dev/null; }
link_kill() { lab exec "$1" -- touch /run/libvirt-link.dead; }
link_heal() { lab exec "$1" -- rm -f /run/libvirt-link.dead /run/libvirt-link.finish; }

# vCPUs of web1 that can execute, on all nodes.
running() {
	local node count=0
	for node in $(lab nodes); do
		[ "$(domain "$node" web1)" != running ] || count=$((count + 1))
	done
	echo "$count"
}

other() { if [ "$1" = node1 ]; then echo node2; else echo node1; fi; }
