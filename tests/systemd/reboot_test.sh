#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A host that shuts down moves its VM, and kills none: reboot_test.sh STAGE [virtqemud]
#
# Needs root, systemd-nspawn and what the lab needs. Three containers that systemd boots: the array and
# two hosts, with Debian's own settings of libvirt, libvirt-guests and Pacemaker. Prints TAP; leaves
# nothing behind.
#
# virtqemud: libvirt's daemon has the units of this name, as where libvirt is split into one daemon for
# each driver. Debian has no such daemon, so the program is the same; what is tried is the order.
set -uo pipefail

if [[ ${1:-} != --inside ]]; then
	stage=$(realpath "${1:?usage: reboot_test.sh STAGE [virtqemud]}")
	exec unshare --mount --net --propagation private -- "$(realpath "$0")" --inside "$stage" "${2:-libvirtd}"
fi

here=$(dirname "$(realpath "$0")")
stage=$2
virtd=$3
# shellcheck source=../lab/t/lib.sh
. "$here/../lab/t/lib.sh"
# shellcheck source=../lab/t/pacemaker.sh
. "$here/../lab/t/pacemaker.sh"
# shellcheck source=containers.sh
. "$here/containers.sh"
# shellcheck source=corosync.sh
. "$here/corosync.sh"
IQN=iqn.2026-11.org.example
GUEST=${LAB_CACHE:-/var/cache/lunmask-lab}/guest
declare -A ADDRESS=([array]=10.77.0.9 [node1]=10.77.0.1 [node2]=10.77.0.2)

# What lib.sh asks of a lab, of these containers.
lab() {
	local verb=$1
	shift
	case $verb in
	nodes) echo node1 node2 ;;
	path) container_path "$1" ;;
	exec) container_exec "$1" "${@:3}" ;;
	array) container_exec array "${@:2}" ;;
	guest) "guest_$1" "${@:2}" ;;
	esac
}
guest_xml() { "$T_LAB" guest xml "$@"; }
guest_wait() {
	local node=$2 beyond=$4
	wait_until 60 counts_beyond "$node" "$beyond"
}
# Only this node's console; the highest of all would be the other's.
counts_beyond() {
	local n
	n=$(tail -c 65536 "$(container_path "$1")/var/log/libvirt/qemu/web1.console" 2>/dev/null |
		sed -n 's/.* n=\([0-9]*\).*/\1/p' | sort -n | tail -n 1)
	[ -n "$n" ] && [ "$n" -gt "$2" ]
}
guest_check() {
	local pool arguments=() node console
	pool=$(container_path array)/srv/pool
	arguments=(--lun "vda=$pool/web1-root" --lun "vdb=$pool/web1-data")
	for node in node1 node2; do
		console=$(container_path "$node")/var/log/libvirt/qemu/web1.console
		[ ! -e "$console" ] || arguments+=(--console "$console")
	done
	"$GUEST/witness_check" "${arguments[@]}" "${@:4}"
}

keys_make() {
	ssh-keygen -q -t ed25519 -N '' -f "$C_BASE/host" && ssh-keygen -q -t ed25519 -N '' -f "$C_BASE/root" &&
		ssh-keygen -q -t ed25519 -N '' -f "$C_BASE/san1" &&
		head -c 128 /dev/urandom >"$C_BASE/corosync"
}

machine_configure() {
	local root name
	root=$(container_path "$1")
	for name in "${!ADDRESS[@]}"; do echo "${ADDRESS[$name]} $name"; done >>"$root/etc/hosts"
	mkdir -p "$root"/{etc/lunmask,etc/corosync,run/sshd,srv/pool} "$root"/var/log/{corosync,pacemaker}
	install -d -m 700 "$root/root/.ssh"
	: >"$root/root/.bashrc"
	install -m 600 "$C_BASE/host" "$root/etc/ssh/ssh_host_ed25519_key"
	printf 'node1,node2,array,%s %s\n' "$(IFS=, && echo "${ADDRESS[*]}")" \
		"$(cut -d ' ' -f 1,2 "$C_BASE/host.pub")" >"$root/etc/ssh/ssh_known_hosts"
	sed -i 's/^root:[^:]*:/root:*:/' "$root/etc/shadow"
	printf 'HostKey /etc/ssh/ssh_host_ed25519_key\nUsePAM no\nPasswordAuthentication no\n' \
		>"$root/etc/ssh/sshd_config"
	ln -sf /lib/systemd/system/ssh.service "$root/etc/systemd/system/multi-user.target.wants/ssh.service"
}

array_configure() {
	local root
	root=$(container_path array)
	printf 'restrict,command="/usr/sbin/lunmask-array-tgt --ssh" %s\n' "$(cat "$C_BASE/san1.pub")" |
		install -m 600 /dev/stdin "$root/root/.ssh/authorized_keys"
	printf '[tgt]\niqn_prefix = %s:\npool = /srv/pool\n' "$IQN" >"$root/etc/lunmask/array-tgt.conf"
	cat >"$root/etc/systemd/system/units-tgtd.service" <<-END
		[Service]
		RuntimeDirectory=tgtd
		ExecStart=/usr/sbin/tgtd -f --iscsi portal=${ADDRESS[array]}:3260
		[Install]
		WantedBy=multi-user.target
	END
	ln -sf ../units-tgtd.service "$root/etc/systemd/system/multi-user.target.wants/units-tgtd.service"
}

node_configure() {
	local node=$1 root unit
	root=$(container_path "$node")
	install -m 600 "$C_BASE/root" "$root/root/.ssh/id_ed25519"
	install -m 600 "$C_BASE/root.pub" "$root/root/.ssh/authorized_keys"
	install -m 600 "$C_BASE/san1" "$root/etc/lunmask/san1.key"
	install -m 400 "$C_BASE/corosync" "$root/etc/corosync/authkey"
	install -m 600 "$C_BASE/journal" "$root/etc/lunmask/journal.key"
	mkdir -p "$root/var/log/libvirt/qemu" "$root/var/lib/libvirt/boot/witness"
	cp "$GUEST"/{vmlinuz,initrd.gz} "$root/var/lib/libvirt/boot/witness"
	cat >"$root/etc/lunmask/lunmask.conf" <<-END
		[array san1]
		driver = lunmask-array-tgt
		transport = ssh://root@${ADDRESS[array]}
		identity = /etc/lunmask/san1.key
		portals = ${ADDRESS[array]}:3260
		[host node1]
		initiator = $IQN:node1
		[host node2]
		initiator = $IQN:node2
	END
	corosync_conf units "node1=${ADDRESS[node1]}" "node2=${ADDRESS[node2]}" \
		>"$root/etc/corosync/corosync.conf"
	# A container has the machine-id and the SMBIOS of this machine; two hosts of one name do not migrate.
	printf 'host_uuid = "6c756e6d-6173-4b00-8000-%012d"\n' "${node#node}" >>"$root/etc/libvirt/libvirtd.conf"
	# A container may not write to the control groups of this machine.
	echo 'cgroup_controllers = [ ]' >>"$root/etc/libvirt/qemu.conf"
	[ "$virtd" = libvirtd ] || virtd_rename "$root"
	for unit in "$virtd" libvirt-guests corosync lunmaskd lunmask-cutoff pacemaker; do
		ln -sf "/lib/systemd/system/$unit.service" \
			"$root/etc/systemd/system/multi-user.target.wants/$unit.service"
	done
	mkdir -p "$root/etc/systemd/system/sockets.target.wants"
	for unit in "$virtd" virtlogd virtlockd; do
		[ ! -e "$root/lib/systemd/system/$unit.socket" ] || ln -sf "/lib/systemd/system/$unit.socket" \
			"$root/etc/systemd/system/sockets.target.wants/$unit.socket"
	done
	# The numbers of users are those of the root.
	chroot "$root" chown -R hacluster:haclient /var/lib/pacemaker /var/log/pacemaker
}

# The daemon knows its socket by the name of the unit that it had.
virtd_rename() {
	local units=$1/lib/systemd/system unit
	for unit in libvirtd.service libvirtd.socket; do
		sed -e "s/libvirtd/$virtd/g" -e "s,/usr/sbin/$virtd,/usr/sbin/libvirtd," \
			-e "s,/etc/default/$virtd,/etc/default/libvirtd," \
			-e '/^\[Socket\]/a FileDescriptorName=libvirtd.socket' \
			-e '/-ro\.socket\|-admin\.socket/d' "$units/$unit" >"$units/${unit/libvirtd/$virtd}"
		ln -s /dev/null "$1/etc/systemd/system/$unit"
	done
	ln -s /dev/null "$1/etc/systemd/system/libvirtd-ro.socket"
	ln -s /dev/null "$1/etc/systemd/system/libvirtd-admin.socket"
}

both_online() { CRM_NODE=node1 online node1 && CRM_NODE=node1 online node2; }
journal_active() { container_exec "$1" lunmask journal status --json 2>/dev/null | seen '"active": true'; }
# The daemon is there under this name, and under no other.
virtd_is() {
	[ "$(lab exec "$1" -- systemctl show -P ActiveState "$virtd.service")" = active ] &&
		{ [ "$virtd" = libvirtd ] ||
			[ "$(lab exec "$1" -- systemctl show -P LoadState libvirtd.service)" = masked ]; }
}
runs_there() { [ "$(located)" = "$1" ] && [ "$(domain "$1" web1)" = running ]; }
log_of() { cat "$(container_path "$1")/var/log/pacemaker/pacemaker.log"; }

# host_ends NODE: as an administrator does it.
host_ends() {
	container_exec "$1" systemctl poweroff >/dev/null 2>&1
	wait_until 120 container_gone "$1"
}

containers_init
trap 'logs_keep; containers_end' EXIT
ok "the witness is built" "$T_LAB" guest build
keys_make
network_make
for name in array node1 node2; do
	container_make "$name" "$stage"
	mkdir -p "$(container_path "$name")/etc/systemd/system/multi-user.target.wants"
	machine_configure "$name"
done
chroot "$(container_path node1)" lunmask journal keygen >/dev/null
mv "$(container_path node1)/etc/lunmask/journal.key" "$C_BASE/journal"
array_configure
for name in node1 node2; do node_configure "$name"; done
for name in array node1 node2; do
	container_plug "$name" "${ADDRESS[$name]}"
	container_boot "$name" --network-namespace-path="/run/netns/$name" -- systemd.show_status=no
done
for name in array node1 node2; do ok "$name boots" wait_until 60 container_up "$name"; done
CRM_NODE=node1
ok "both nodes are online" wait_until 120 both_online
for name in node1 node2; do ok "$name's journal is active" wait_until 60 journal_active "$name"; done

ok "the test VM's LUNs can be made" vm_make web1
crm configure property stonith-enabled=false
WEB1_REQUIRES=quorum
ok "a VM" web1_configure
ok "it starts" settled
first=$(located)
[ -n "$first" ] || { failures && done_testing; exit 1; }
other=$(other_node "$first")
T_WHAT="started"
runs_on "$first" 1
ok "$T_WHAT: libvirt's daemon is $virtd" virtd_is "$first"

T_WHAT="its host is shut down"
CRM_NODE=$other
ok "$T_WHAT: it ends" host_ends "$first"
ok "$T_WHAT: the VM runs on the other" wait_until 60 runs_there "$other"
runs_on "$other" 1

T_WHAT="the host boots again"
container_boot "$first" --network-namespace-path="/run/netns/$first" -- systemd.show_status=no
ok "$T_WHAT: both nodes are online" wait_until 120 both_online
ok "$T_WHAT: its journal is active" wait_until 60 journal_active "$first"
ok "$T_WHAT: settles" settled
runs_on "$other" 1

T_WHAT="no other host may have it"
ok "$T_WHAT: standby" crm node standby "$first"
ok "$T_WHAT: settles" settled
CRM_NODE=$first
ok "$T_WHAT: its host ends" host_ends "$other"
like "$T_WHAT: the guest was shut down by its stop, not killed" "$(log_of "$other")" \
	'Result of stop operation for web1 on .*: ok'
masks_are web1 "$T_WHAT"
ok "$T_WHAT: the witness agrees" witness_check web1 --expect-boots 1
done_testing
