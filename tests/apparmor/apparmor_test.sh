#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts as Debian 12 installs them: AppArmor enforces, QEMU runs as libvirt-qemu: apparmor_test.sh BUILD
#
# Two virtual machines with Debian's own kernel are the hosts; the first is the array, too. A VM with a
# TPM starts, moves live, moves saved, is saved and restored, and AppArmor denies nothing of it. BUILD is
# a configured build tree. Needs root, a mirror of Debian, and what "install-deps package" installs.
#
# APPARMOR_DEBS=DIR: these packages, instead of new ones.
set -uo pipefail

if [[ ${1:-} != --inside ]]; then
	: "${1:?usage: apparmor_test.sh BUILD}"
	exec 9</proc/self/ns/net
	exec unshare --mount --net --propagation private -- "$(realpath "$0")" --inside "$(realpath "$1")"
fi

here=$(dirname "$(realpath "$0")")
build=$2
# shellcheck source=../lab/t/lib.sh
. "$here/../lab/t/lib.sh"
# shellcheck source=../package/debs.sh
. "$here/../package/debs.sh"
# shellcheck source=../systemd/corosync.sh
. "$here/../systemd/corosync.sh"
work=$(mktemp -d /var/tmp/lunmask-apparmor.XXXXXX)
uuid=2b7c1f5e-6d1a-4a57-9a0e-52a1c7f0a101
declare -A hosts=()

clean_up() {
	local pid
	for pid in "${hosts[@]}"; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	rm -rf "$work"
}
trap clean_up EXIT
trap "exit 1" TERM INT

# The hosts

debs_make() {
	if [ -n "${APPARMOR_DEBS:-}" ]; then
		mkdir "$work/one" && cp "$APPARMOR_DEBS"/*.deb "$work/one"
	else
		source_make && deb_build "$work/one" nocheck
	fi && rm -f "$work"/one/*-dbgsym_*
}

image_make() {
	local guest=${LAB_CACHE:-/var/cache/lunmask-lab}/guest
	"$here/../witness/build" "$guest" >/dev/null &&
		LUNMASK_WITNESS=$guest "$here/image" "$work" "$work"/one/*.deb
}

# host_boot N CABLE: two vCPUs, and a cable to the other one.
host_boot() {
	qemu-img create -q -f qcow2 -b root.raw -F raw "$work/node$1.qcow2" || return 1
	qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 3072 -display none \
		-nodefaults -kernel "$work/vmlinuz" -initrd "$work/initrd" -serial "file:$work/console$1" \
		-append "root=/dev/vda rw console=ttyS0 node=$1 tsc=reliable no_timer_check mitigations=off" \
		-drive "file=$work/node$1.qcow2,format=qcow2,if=virtio,cache=unsafe" \
		-netdev "user,id=a,hostfwd=tcp:127.0.0.1:222$1-:22" \
		-device "virtio-net-pci,netdev=a,mac=52:54:00:00:00:0$1" \
		-netdev "socket,id=b,$2" -device "virtio-net-pci,netdev=b,mac=52:54:00:00:01:0$1" \
		-object rng-random,id=r,filename=/dev/urandom -device virtio-rng-pci,rng=r \
		>"$work/qemu$1.log" 2>&1 </dev/null &
	hosts[$1]=$!
}

# on N COMMAND...: a shell of the host gets the words.
on() {
	local node=$1
	shift
	ssh -n -i "$work/key" -p "222$node" -o BatchMode=yes -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=10 root@127.0.0.1 "$@"
}

# put N FILE: from stdin.
put() {
	ssh -i "$work/key" -p "222$1" -o BatchMode=yes -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@127.0.0.1 "cat >$2"
}

# The cluster

array_make() {
	on 1 'mkdir -p /srv/luns' &&
		printf '[tgt]\niqn_prefix = iqn.2026-11.org.example:\npool = /srv/luns\n' |
		put 1 /etc/lunmask/array-tgt.conf
}

# lun_make NAME BYTES
lun_make() {
	on 1 "echo '{\"name\": \"web1-$1\", \"size_bytes\": $2}' | lunmask-array-tgt create"
}

# These hosts are slow: corosync waits longer for them.
cluster_configure() {
	local node
	corosync_conf slow node1=192.0.2.1 node2=192.0.2.2 | sed 's/version: 2/&\n    token: 20000/' \
		>"$work/corosync.conf"
	head -c 256 /dev/urandom >"$work/authkey"
	{
		printf '[array san1]\ndriver = lunmask-array-tgt\ntransport = ssh://root@192.0.2.100\n'
		printf 'portals = 192.0.2.100:3260\n'
		for node in 1 2; do
			printf '[host node%s]\ninitiator = iqn.2026-11.org.example:node%s\n' $node $node
			printf 'migration_address = 192.0.2.%s\n' $node
		done
	} >"$work/lunmask.conf"
	on 1 'lunmask journal keygen >/dev/null && cat /etc/lunmask/journal.key' >"$work/journal.key" || return 1
	for node in 1 2; do
		put $node /etc/corosync/corosync.conf <"$work/corosync.conf" &&
			put $node /etc/corosync/authkey <"$work/authkey" &&
			put $node /etc/lunmask/lunmask.conf <"$work/lunmask.conf" &&
			put $node /etc/lunmask/journal.key <"$work/journal.key" &&
			definition | put $node /etc/lunmask/web1.xml &&
			on $node 'chmod 400 /etc/corosync/authkey; chmod 600 /etc/lunmask/journal.key' || return 1
	done
}

definition() {
	cat <<-X
		<domain type='qemu'>
		  <name>web1</name>
		  <uuid>$uuid</uuid>
		  <memory unit='MiB'>96</memory>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64' machine='q35'>hvm</type>
		    <kernel>/var/lib/libvirt/boot/vmlinuz</kernel>
		    <initrd>/var/lib/libvirt/boot/initrd.gz</initrd>
		    <cmdline>console=ttyS0 quiet loglevel=1 tsc=reliable no_timer_check witness.vm=web1</cmdline>
		  </os>
		  <features><acpi/></features>
		  <cpu mode='host-model'/>
		  <devices>
		    <disk type='block' device='disk'><source dev='/dev/null'/><target dev='vda' bus='virtio'/></disk>
		    <interface type='user'><model type='virtio'/></interface>
		    <serial type='file'><source path='/var/log/libvirt/qemu/web1.console' append='on'/></serial>
		    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
		    <tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>
		  </devices>
		</domain>
	X
}

# lunmaskd's unit has begun corosync at boot, with the example of its package.
daemons_start() {
	on "$1" 'systemctl stop pacemaker && systemctl restart corosync &&
		systemctl restart lunmaskd lunmask-cutoff lunmask-tidy && systemctl start pacemaker'
}
# What is configured before both have met is lost when they meet.
both_online() { on 1 crm_mon -1 | seen -F 'Online: [ node1 node2 ]'; }
journal_active() { on "$1" lunmask journal status | seen '^active: *yes'; }

resources_make() {
	put 1 /root/resources <<-'X'
		primitive san stonith:fence_lunmask meta provides=unfencing op monitor interval=60s timeout=60s
		property stonith-enabled=true
		rsc_defaults resource-stickiness=100
		primitive web1 ocf:lunmask:VirtualMachine params vm=web1 array=san1 \
		  luns="vda=web1-root tpm=web1-tpm" state_lun=web1-state config=/etc/lunmask/web1.xml \
		  op start timeout=600s op stop timeout=600s op monitor interval=20s timeout=60s \
		  op monitor interval=60s timeout=60s OCF_CHECK_LEVEL=20 op migrate_to timeout=600s \
		  op migrate_from timeout=300s meta allow-migrate=true requires=fencing
		location web1-home web1 50: node1
		commit
	X
	on 1 'crm configure </root/resources'
}
settled() { on 1 crm_resource --wait --timeout=900; }
located() { on 1 crm_resource --resource web1 --locate 2>&1 | sed -n 's/.*running on: \([a-z0-9]*\).*/\1/p' | xargs; }

# The VM

numbers() { on "$1" cat /var/log/libvirt/qemu/web1.console 2>/dev/null | tr -d '\r' | grep -a '^witness boot='; }
last_number() { numbers "$1" | sed -nE 's/^witness boot=[0-9a-f]+ n=([0-9]+) .*/\1/p' | sort -n | tail -n 1; }
counts_beyond() { [ "$(last_number "$1")" -gt "$2" ] 2>/dev/null; }
boots() { { numbers 1 && numbers 2; } | sed -nE 's/^witness boot=([0-9a-f]+) .*/\1/p' | sort -u | wc -l; }
# profile_of N PROGRAM: of the process, and its user.
profile_of() {
	on "$1" "pid=\$(pgrep -o -x $2) && stat -c %U /proc/\$pid && cat /proc/\$pid/attr/current" | xargs
}

# runs_on N: since then it has counted on.
runs_on() {
	local before
	before=$(last_number "$1")
	is "$T_WHAT: Pacemaker has it on node$1" "$(located)" "node$1"
	ok "$T_WHAT: the guest counts" wait_until 60 counts_beyond "$1" "${before:-0}"
	is "$T_WHAT: it has booted once" "$(boots)" 1
	is "$T_WHAT: QEMU is confined" "$(profile_of "$1" qemu-system-x86)" "libvirt-qemu libvirt-$uuid (enforce)"
	is "$T_WHAT: so is its TPM" "$(profile_of "$1" swtpm)" "tss libvirt-$uuid (enforce)"
}

move() {
	ok "$T_WHAT: moves" on 1 crm resource move web1 "$1"
	ok "$T_WHAT: settles" settled
	ok "$T_WHAT: clear" on 1 crm resource clear web1
}

# swtpm reads OpenSSL's settings if it may.
denials() { { on "$1" "test -s /var/log/audit/audit.log && { grep -a 'apparmor=\"DENIED\"' /var/log/audit/audit.log || true; }" || echo "its audit log cannot be read"; } | grep -v 'name="/etc/ssl/openssl.cnf".*comm="swtpm"'; }

ip link set lo up
ok "the packages are built" debs_make
ok "a Debian with its own kernel is made" image_make
# Not within ok, which is a process of its own: clean_up has to know them.
host_boot 1 listen=127.0.0.1:7711
ok "a host begins" kill -0 "${hosts[1]:-}"
cable_waits() { [ -n "$(ss -Hltn 'sport = :7711')" ]; }
ok "its cable waits" wait_until 10 cable_waits
host_boot 2 connect=127.0.0.1:7711
ok "another host begins" kill -0 "${hosts[2]:-}"
for node in 1 2; do
	ok "node$node is up" wait_until 90 on $node true
	like "AppArmor confines libvirtd of node$node" \
		"$(on $node cat /sys/kernel/security/apparmor/profiles)" '^libvirtd \(enforce\)'
done
ok "the array" array_make
ok "the VM's disk" lun_make root $((16 << 20))
ok "the LUN of its TPM" lun_make tpm $((4 << 20))
ok "its state LUN" lun_make state $((163 << 20))
ok "the cluster's files" cluster_configure
daemons_start 1 >"$work/start1.log" 2>&1 &
starting=$!
ok "node2's daemons start" daemons_start 2
wait $starting
for node in 1 2; do
	ok "node$node: the journal is active" wait_until 60 journal_active $node
done
ok "Pacemaker has both" wait_until 60 both_online
ok "fencing, and the VM" resources_make
ok "it settles" settled
T_WHAT="a first start"
runs_on 1
T_WHAT="live"
move node2
runs_on 2
T_WHAT="saved"
ok "$T_WHAT: the mode" on 1 crm resource param web1 set migration_mode saved
move node1
runs_on 1
T_WHAT="saved by stop, restored by start"
ok "$T_WHAT: the mode" on 1 crm resource param web1 set stop_mode save
ok "$T_WHAT: stop" on 1 crm resource stop web1
ok "$T_WHAT: settles" settled
like "$T_WHAT: the memory is saved" "$(on 1 lunmask image show web1)" 'image: *valid'
ok "$T_WHAT: start" on 1 crm resource start web1
ok "$T_WHAT: settles" settled
runs_on 1
for node in 1 2; do
	is "AppArmor of node$node has denied nothing" "$(denials $node)" ""
done
unlike "nothing has failed" "$(on 1 crm_mon -1rf)" "returned 'error'"

done_testing
