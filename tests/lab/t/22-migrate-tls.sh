#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# migration_transport=tls: libvirt's messages and the guest's memory are encrypted; and if the memory
# cannot be, it is not sent in the clear.
. "$(dirname "$0")/lib.sh"

PKI=$(mktemp -d)
KEYS=/root/.ssh/authorized_keys
clean_up() {
	local node
	vm_unmake web1
	for node in node1 node2; do
		lab exec "$node" -- sh -c "[ ! -e $KEYS.kept ] || mv -f $KEYS.kept $KEYS"
		lab exec "$node" -- rm -rf /etc/pki/CA /etc/pki/libvirt /etc/pki/qemu
		libvirtd_anew "$node"
	done
	rm -rf "$PKI"
}
trap clean_up EXIT

address() { lab exec "$1" -- ip -4 -o addr show | grep -o '10\.77\.[0-9.]*' | head -n 1; }

# One certificate for both hosts, as clients and as servers.
certificates_make() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=lab-ca \
		-keyout "$PKI/ca-key.pem" -out "$PKI/ca.pem" &&
		openssl req -newkey rsa:2048 -nodes -subj /CN=lab -keyout "$PKI/key.pem" \
			-out "$PKI/request.pem" &&
		openssl x509 -req -days 2 -in "$PKI/request.pem" -CA "$PKI/ca.pem" \
			-CAkey "$PKI/ca-key.pem" -CAcreateserial -out "$PKI/cert.pem" \
			-extfile <(echo "subjectAltName=IP:$(address node1),IP:$(address node2)")
}

# put NODE FILE PATH...: the same file at each path.
put() {
	local node=$1 file=$2 path
	shift 2
	for path in "$@"; do
		lab exec "$node" -- mkdir -p "$(dirname "$path")" &&
			lab exec "$node" -- tee "$path" <"$file" >/dev/null || return 1
	done
}

certificates_put() {
	put "$1" "$PKI/ca.pem" /etc/pki/CA/cacert.pem /etc/pki/qemu/ca-cert.pem &&
		put "$1" "$PKI/cert.pem" /etc/pki/libvirt/servercert.pem /etc/pki/libvirt/clientcert.pem \
			/etc/pki/qemu/server-cert.pem /etc/pki/qemu/client-cert.pem &&
		put "$1" "$PKI/key.pem" /etc/pki/libvirt/private/serverkey.pem \
			/etc/pki/libvirt/private/clientkey.pem /etc/pki/qemu/server-key.pem \
			/etc/pki/qemu/client-key.pem
}

# libvirtd_anew NODE [OPTION]: with --listen, it takes connections by TLS.
libvirtd_anew() {
	libvirtd_signal "$1" TERM 2>/dev/null
	wait_until 20 lab exec "$1" -- sh -c '! pgrep -x libvirtd' || return 1
	lab exec "$1" -- libvirtd -d ${2:+"$2"} || return 1
	wait_until 20 lab exec "$1" -- virsh -q list
}

ok "the test VM's LUNs can be made" vm_make web1
ok "certificates can be made" certificates_make
for node in node1 node2; do
	ok "$node has them" certificates_put "$node"
	ok "libvirtd of $node listens" libvirtd_anew "$node" --listen
done
vm_params web1
PARAM[migration_transport]=tls
PARAM[migration_mode]=live
agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 5

T_WHAT="encrypted"
mapfile -t meta < <(migrate_meta node1 node2)
agent_is 0 node1 migrate_to "${meta[@]}"
like "$T_WHAT: the log says so" "$OUT" "memory is sent to tcp://[0-9.]+ encrypted by TLS"
unlike "$T_WHAT: and nothing else" "$OUT" UNENCRYPTED
agent_is 0 node2 migrate_from "${meta[@]}"
agent_is 0 node1 stop
masks_are web1 "$T_WHAT" node2
ok "$T_WHAT: the guest counts on" witness_wait web1 node2 "$(witness_counter web1)"
ok "$T_WHAT: same boot, no gap, one writer" witness_check web1 --expect-boots 1

# Nor over a connection of ssh that is left for a minute.
no_ssh() {
	lab exec "$1" -- mv "$KEYS" "$KEYS.kept" && lab exec "$1" -- sh -c 'pkill -f "[s]shd: root" || true'
}
no_way() { ! lab exec "$1" -- ssh -o BatchMode=yes "$(address "$2")" true; }
T_WHAT="without ssh between the nodes"
for node in node1 node2; do
	ok "$T_WHAT: $node lets nobody in" no_ssh "$node"
done
ok "$T_WHAT: so it is" no_way node2 node1
mapfile -t meta < <(migrate_meta node2 node1)
agent_is 0 node2 migrate_to "${meta[@]}"
agent_is 0 node1 migrate_from "${meta[@]}"
agent_is 0 node2 stop
ok "$T_WHAT: the guest counts on" witness_wait web1 node1 "$(witness_counter web1)"
mapfile -t meta < <(migrate_meta node1 node2)
agent_is 0 node1 migrate_to "${meta[@]}"
agent_is 0 node2 migrate_from "${meta[@]}"
agent_is 0 node1 stop
masks_are web1 "$T_WHAT" node2
ok "$T_WHAT: same boot, no gap, one writer" witness_check web1 --expect-boots 1

T_WHAT="without QEMU's certificates"
lab exec node1 -- rm -r /etc/pki/qemu
mapfile -t meta < <(migrate_meta node2 node1)
agent_is 1 node2 migrate_to "${meta[@]}"
is "$T_WHAT: the guest runs on" "$(domain node2 web1)" running
masks_are web1 "$T_WHAT: nobody else is granted anything" node2
ok "$T_WHAT: it counts on" witness_wait web1 node2 "$(witness_counter web1)"
ok "$T_WHAT: same boot" witness_check web1 --expect-boots 1
agent_is 0 node2 stop
masks_are web1 "at the end"

done_testing
