#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh PROGRAM        hypervisor_live against a libvirtd of its own, in namespaces of its own
# run.sh --two PROGRAM  migrate_live on the first of two such hosts with a cable between them
# run.sh --corpus PROGRAM [FILE...]
#                       definitions_live on such a host with an array, bridges and networks
# run.sh --obey PROGRAM ARGUMENT
#                       PROGRAM on the first of two hosts, while the second obeys it: each line that is written
#                       to FOLDER/command is a command there, and its output appears as FOLDER/answer
#
# Needs root, tini, libvirtd, qemu-system-x86_64; for --two openssl, for --corpus tgtd. Everything ends with the pid
# namespaces.
set -euo pipefail

readonly WAIT_TENTHS=1800
readonly NET=10.99.0
definitions=$(realpath "$(dirname "$0")/../definitions")
readonly definitions

# Until the command succeeds, for a bounded time.
wait_for() {
	local i
	for ((i = 0; i < WAIT_TENTHS; i++)); do
		if "$@" >/dev/null 2>&1; then
			return 0
		fi
		read -r -t 0.1 <> <(:) || true
	done
	echo "waited in vain for: $*" >&2
	return 1
}

make_mounts() {
	local dir
	for dir in /run /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt /var/log/swtpm \
		/var/lib/swtpm-localca; do
		mkdir -p "$dir"
		mount -t tmpfs none "$dir"
	done
	# libvirt runs swtpm as this user.
	if getent passwd tss >/dev/null; then
		chown tss: /var/log/swtpm /var/lib/swtpm-localca
	fi
	mkdir -p /run/lock /run/libvirt /var/lib/libvirt/images
	ip link set lo up
}

write_config() {
	cat >/etc/libvirt/qemu.conf <<-'X'
		user = "root"
		group = "root"
		security_driver = "none"
		namespaces = []
		cgroup_controllers = []
		stdio_handler = "file"
	X
	cat >/etc/libvirt/libvirtd.conf <<-'X'
		auth_unix_rw = "none"
		auth_tcp = "none"
		listen_tls = 0
		listen_tcp = 1
		log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
	X
}

# QEMU's certificates for encrypted migration, for the addresses of both hosts; in FOLDER.
make_certificates() {
	local folder=$1
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=virt-ca \
		-keyout "$folder/ca-key.pem" -out "$folder/ca-cert.pem"
	openssl req -newkey rsa:2048 -nodes -subj /CN=virt -keyout "$folder/server-key.pem" \
		-out "$folder/request.pem"
	openssl x509 -req -days 2 -in "$folder/request.pem" -CA "$folder/ca-cert.pem" \
		-CAkey "$folder/ca-key.pem" -CAcreateserial -out "$folder/server-cert.pem" \
		-extfile <(echo "subjectAltName=IP:$NET.1,IP:$NET.2")
	cp "$folder/server-key.pem" "$folder/client-key.pem"
	cp "$folder/server-cert.pem" "$folder/client-cert.pem"
}

# The address of host N on its end of the cable, and what libvirt wants to tell hosts apart by.
join_network() {
	local n=$1 folder=$2
	wait_for ip link show eth0
	ip addr add "$NET.$n/24" dev eth0
	ip link set eth0 up
	hostname "virt$n"
	printf '127.0.0.1 localhost\n%s virt1\n%s virt2\n' "$NET.1" "$NET.2" >"$folder/hosts$n"
	mount --bind "$folder/hosts$n" /etc/hosts
	echo "host_uuid = \"00000000-0000-0000-0000-00000000000$n\"" >>/etc/libvirt/libvirtd.conf
}

inner_one() {
	local program=$1 daemon
	make_mounts
	write_config
	libvirtd >/dev/null 2>&1 &
	daemon=$!
	wait_for timeout 5 virsh -c qemu:///system list
	"$program" "$daemon" /var/lib/libvirt/images
}

# The LUNs of tests/definitions/corpus.h.
make_array() {
	local target=iqn.2026-11.org.example:corpus-luns n
	tgtd -f -C 0 --iscsi portal=127.0.0.1:3260 >/dev/null 2>&1 &
	wait_for tgtadm --lld iscsi --op show --mode sys
	tgtadm --lld iscsi --op new --mode target --tid 1 -T "$target"
	for n in 1 2 3 4 5 6 7; do
		truncate -s "$([[ $n == 7 ]] && echo 540672 || echo 64M)" "/run/lun$n"
		tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun "$n" -b "/run/lun$n"
	done
	tgtadm --lld iscsi --op bind --mode target --tid 1 -I ALL
}

# What definitions call bridges, networks and cards, and libvirt's own filters.
make_networks() {
	local name
	for name in br0 mgmt; do
		ip link add "$name" type bridge
		ip link set "$name" up
	done
	# QEMU finds no address for a name, not even for 127.0.0.1, while there is only lo.
	ip addr add "$NET.1/24" dev br0
	ip route add 224.0.0.0/4 dev br0
	ip link add eno1 type veth peer name eno1-far
	ip link set eno1 up
	ip tuntap add tap0 mode tap
	for name in default sriov-pool; do
		virsh -c qemu:///system net-create /dev/stdin <<-X
			<network><name>$name</name><forward mode='bridge'/><bridge name='br0'/></network>
		X
	done
	virsh -c qemu:///system nwfilter-define /dev/stdin <<-'X'
		<filter name='no-mac-spoofing' chain='mac'/>
	X
}

inner_corpus() {
	local program=$1
	shift
	make_mounts
	write_config
	make_array
	libvirtd >/dev/null 2>&1 &
	wait_for timeout 5 virsh -c qemu:///system list
	make_networks >/run/networks.log 2>&1 || cat /run/networks.log >&2
	mkdir -p /var/lib/libvirt/boot
	truncate -s 1M /var/lib/libvirt/boot/vmlinuz-test
	echo '{}' >/var/lib/libvirt/boot/core.ign
	"$program" "$definitions" /var/lib/libvirt/images "$@"
}

# An answer is there when it is complete.
obey() {
	local folder=$1 command
	exec 9<>"$folder/command"
	while read -r -u 9 command; do
		eval "$command" >"$folder/answer.new" 2>&1 || echo "failed: $?" >>"$folder/answer.new"
		mv "$folder/answer.new" "$folder/answer"
	done
}

inner_two() {
	local n=$1 folder=$2 program=$3 argument=${4-}
	touch "$folder/began$n"
	make_mounts
	write_config
	echo "default_tls_x509_cert_dir = \"$folder/pki\"" >>/etc/libvirt/qemu.conf
	join_network "$n" "$folder"
	libvirtd --listen >/dev/null 2>&1 &
	wait_for timeout 5 virsh -c qemu:///system list
	if [[ $n == 2 && -n $argument ]]; then
		mkfifo "$folder/command"
	fi
	touch "$folder/up$n"
	if [[ $n == 1 ]]; then
		wait_for test -e "$folder/up2"
		if [[ -n $argument ]]; then
			"$program" "$folder" "$argument"
		else
			"$program" "$NET.2"
		fi
	elif [[ -n $argument ]]; then
		obey "$folder"
	else
		wait
	fi
}

in_namespaces() {
	exec unshare --mount --pid --fork --mount-proc --net --ipc --uts --kill-child tini -g -- "$0" "$@"
}

# A host ends with the first process of its pid namespace, the only child of its unshare.
end_host() {
	local init
	if init=$(pgrep -P "$1"); then
		kill -KILL "$init" || true
	fi
}

two_hosts() {
	local program=$1 argument=${2-} folder first second
	folder=$(mktemp -d)
	mkdir "$folder/pki"
	make_certificates "$folder/pki" >"$folder/pki.log" 2>&1 || cat "$folder/pki.log" >&2
	in_namespaces --inner-two 2 "$folder" "$program" ${argument:+"$argument"} &
	second=$!
	disown "$second"
	in_namespaces --inner-two 1 "$folder" "$program" ${argument:+"$argument"} &
	first=$!
	# shellcheck disable=SC2064 # expanded now: the trap runs when the locals are gone
	trap "end_host $first; end_host $second; rm -rf '$folder'" EXIT
	wait_for test -e "$folder/began1" -a -e "$folder/began2"
	ip link add "vt$first" type veth peer name "vt$second"
	ip link set "vt$first" netns "$(pgrep -P "$first")" name eth0
	ip link set "vt$second" netns "$(pgrep -P "$second")" name eth0
	wait "$first"
}

case "${1:-} $#" in
"--inner-corpus "*) inner_corpus "${@:2}" ;;
"--corpus "[2-9]* | "--corpus "1*) in_namespaces --inner-corpus "$(realpath "$2")" "${@:3}" ;;
"--inner-one 2") inner_one "$2" ;;
"--inner-two 4" | "--inner-two 5") inner_two "${@:2}" ;;
"--two 2") two_hosts "$(realpath "$2")" ;;
"--obey 3") two_hosts "$(realpath "$2")" "$(realpath "$3")" ;;
*" 1") in_namespaces --inner-one "$(realpath "$1")" ;;
*)
	echo "usage: $0 [--two] PROGRAM | --obey PROGRAM ARGUMENT" >&2
	exit 2
	;;
esac
