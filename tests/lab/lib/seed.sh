# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2153 # LAB_STATE is not a misspelt LAB_STAGE
#
# What each machine's disk holds beyond the packages of the machine we are on: names, keys, the
# configuration of its services, and the product (LAB_STAGE). Written to seed/, copied at first boot.

GUEST_DIR=${LAB_CACHE:-/var/cache/lunmask-lab}/guest
GUEST_BOOT=/var/lib/libvirt/boot/witness # where the nodes have it

seed_keys() {
	local machine keys=$LAB_STATE/keys
	mkdir -p "$keys"
	for machine in $(lab_machines); do
		ssh-keygen -q -t ed25519 -N '' -C "$machine" -f "$keys/host-$machine"
	done
	ssh-keygen -q -t ed25519 -N '' -C "root@$LAB_NAME" -f "$keys/root"
	ssh-keygen -q -t ed25519 -N '' -C "san1@$LAB_NAME" -f "$keys/san1"
	seed_cluster_keys "$keys"
	for machine in $(lab_machines); do
		printf '%s,%s %s\n' "$machine" "$(net_addresses "$machine" | tr ' ' ',')" \
			"$(cut -d ' ' -f 1,2 "$keys/host-$machine.pub")"
	done >"$keys/known_hosts"
}

# corosync's (of its least size) and the journal's: random bytes, the same for all nodes.
seed_cluster_keys() {
	head -c 128 /dev/urandom >"$1/corosync"
	head -c 64 /dev/urandom >"$1/journal"
}

seed_hosts() {
	local machine
	echo "127.0.0.1 localhost"
	for machine in $(lab_machines); do
		echo "$(lab_address "$machine") $machine"
	done
}

seed_sshd_config() {
	cat <<-X
		HostKey /etc/ssh/ssh_host_ed25519_key
		PermitRootLogin prohibit-password
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		UsePAM no
		UseDNS no
		MaxStartups 100:30:200
		MaxSessions 100
	X
}

# What a node and the array have in common.
seed_common() {
	local machine=$1 root=$LAB_STATE/$1/seed
	mkdir -p "$root"/{etc/lab,etc/ssh,var/log}
	install -d -m 700 "$root/root" "$root/root/.ssh"
	install -m 755 "$LAB_LIB/rc.sh" "$root/etc/lab/rc"
	# What this machine's root has in its shell's start-up files is nothing of the lab's.
	: >"$root/root/.bashrc"
	: >"$root/root/.profile"
	echo "$machine" >"$root/etc/hostname"
	seed_hosts >"$root/etc/hosts"
	seed_sshd_config >"$root/etc/ssh/sshd_config"
	install -m 600 "$LAB_STATE/keys/host-$machine" "$root/etc/ssh/ssh_host_ed25519_key"
	install -m 644 "$LAB_STATE/keys/known_hosts" "$root/etc/ssh/ssh_known_hosts"
	if [ -n "${LAB_STAGE:-}" ]; then
		tree_copy "$LAB_STAGE" "$root"
	fi
}

seed_libvirt() {
	local node=$1 root=$LAB_STATE/$1/seed
	mkdir -p "$root/etc/libvirt" "$root$(dirname "$GUEST_BOOT")"
	ln -sfn "$GUEST_DIR" "$root$GUEST_BOOT"
	cat >"$root/etc/libvirt/libvirtd.conf" <<-X
		host_uuid = "$(printf '6c756e6d-6173-4b00-8000-%012d' "${node#node}")"
		auth_unix_ro = "none"
		auth_unix_rw = "none"
	X
	cat >"$root/etc/libvirt/qemu.conf" <<-X
		user = "root"
		group = "root"
		dynamic_ownership = 0
		remember_owner = 0
		security_driver = "none"
		namespaces = []
		cgroup_controllers = []
		stdio_handler = "file"
		migration_address = "0.0.0.0"
		migration_host = "$(lab_address "$node")"
	X
}

seed_lunmask_conf() {
	local node
	cat <<-X
		[array san1]
		driver = lunmask-array-tgt
		transport = ssh://root@${LAB_ARRAY_PORTALS[0]}
		identity = /etc/lunmask/san1.key
		portals = ${LAB_ARRAY_PORTALS[0]}:3260 ${LAB_ARRAY_PORTALS[1]}:3260
	X
	for node in $(lab_nodes); do
		cat <<-X

			[host $node]
			initiator = $LAB_IQN:$node
			migration_address = $(lab_address "$node")
		X
	done
}

seed_node() {
	local node=$1 root=$LAB_STATE/$1/seed
	seed_common "$node"
	seed_libvirt "$node"
	install -m 600 "$LAB_STATE/keys/root" "$root/root/.ssh/id_ed25519"
	install -m 600 "$LAB_STATE/keys/root.pub" "$root/root/.ssh/authorized_keys"
	mkdir -p "$root"/{etc/lunmask,etc/corosync,etc/iscsi,usr/sbin,var/lib/pacemaker/cib}
	install -m 600 "$LAB_STATE/keys/san1" "$root/etc/lunmask/san1.key"
	seed_lunmask_conf >"$root/etc/lunmask/lunmask.conf"
	echo "InitiatorName=$LAB_IQN:$node" >"$root/etc/iscsi/initiatorname.iscsi"
	install -m 755 "$LAB_DIR/fence_lab" "$root/usr/sbin/fence_lab"
	if [ -n "${LAB_LUNMASKD_UNDER:-}" ]; then
		echo "$LAB_LUNMASKD_UNDER" >"$root/etc/lab/lunmaskd-under"
	fi
	cluster_corosync_conf >"$root/etc/corosync/corosync.conf"
	install -m 400 "$LAB_STATE/keys/corosync" "$root/etc/corosync/authkey"
	install -m 600 "$LAB_STATE/keys/journal" "$root/etc/lunmask/journal.key"
	chmod 750 "$root"/var/lib/pacemaker{,/cib}
	cluster_cib | install -m 600 /dev/stdin \
		"$root/var/lib/pacemaker/cib/cib.xml"
}

seed_array() {
	local root=$LAB_STATE/array/seed
	mkdir -p "$LAB_STATE/array/pool"
	seed_common array
	mkdir -p "$root/etc/lunmask"
	printf '%s\n' "${LAB_ARRAY_PORTALS[@]}" >"$root/etc/lab/portals"
	# The nodes may ask for the driver's verbs and for nothing else.
	printf 'restrict,command="/usr/sbin/lunmask-array-tgt --ssh" %s\n' \
		"$(cat "$LAB_STATE/keys/san1.pub")" |
		install -m 600 /dev/stdin "$root/root/.ssh/authorized_keys"
	seed_array_conf >"$root/etc/lunmask/array-tgt.conf"
}

seed_array_conf() {
	cat <<-X
		[tgt]
		iqn_prefix = $LAB_IQN:
		pool = /srv/luns
	X
}
