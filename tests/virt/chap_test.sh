#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# chap_test.sh FOLDER PROGRAM: lunmask-probe (PROGRAM) as the target of a live migration, with a real libvirtd and
# QEMU on two hosts, and a LUN of a real tgt that wants CHAP. run.sh --obey makes the hosts; this runs on the first.
# Each host has an account, and a secret, of its own.
set -uo pipefail

readonly folder=$1 program=$2
readonly iqn=iqn.2026-11.org.example target=iqn.2026-11.org.example:chap
readonly uuid=aaaaaaaa-2222-3333-4444-666666666666
readonly lun=/run/chap.lun bytes=67108864
readonly -a secrets=(unused secret-Of_host-1 secret-Of_host-2)
# shellcheck source=two_hosts.sh
. "$(dirname "$0")/two_hosts.sh"

accounts_make() {
	local host
	for host in 1 2; do
		tgt --op new --mode account --user "$iqn:h$host" --password "${secrets[host]}" &&
			tgt --op bind --mode account --tid 1 --user "$iqn:h$host" || return 1
	done
}

# The file is the folder of one host only.
host_make() {
	local host=$1
	cat >"$folder/lunmask.conf$host" <<-X
		[array san1]
		driver = true
		transport = exec
		portals = $address:3260
		chap_secret_file = /run/san1.chap
		[host h$host]
		initiator = $iqn:h$host
	X
	(umask 077 && echo "${secrets[host]}" >"$folder/secret$host")
	on "$host" "cp $folder/secret$host /run/san1.chap && chmod 600 /run/san1.chap"
	rm "$folder/secret$host"
}

# request HOST DESIGNATOR
request() {
	printf '{"array":"san1","secret_for":"c1","initiator":"%s:h%s","portals":["%s:3260"],' $iqn "$1" $address
	printf '"paths_required":0,"timeout_ms":60000,"luns":[{"name":"c1-root","designator":"%s",' "$2"
	printf '"size_bytes":%s,"target":"%s","number":1}]}\n' $bytes $target
}
# verify HOST DESIGNATOR: the host looks at the LUN, and gives the secret to its libvirt.
verify() {
	request "$1" "$2" >"$folder/request"
	on "$1" "LUNMASK_CONF=$folder/lunmask.conf$1 $program <$folder/request"
}

# define HOST: for libvirt there
define() {
	cat >"$folder/c1.xml" <<-X
		<domain type='qemu'><name>c1</name><uuid>$uuid</uuid><memory unit='MiB'>64</memory>
		<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
		<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
		<disk type='network' device='disk'><driver name='qemu' type='raw' cache='none'/>
		<source protocol='iscsi' name='$target/1'><host name='$address' port='3260'/>
		<initiator><iqn name='$iqn:h$1'/></initiator>
		<auth username='$iqn:h$1'><secret type='iscsi' usage='lunmask:c1'/></auth></source>
		<target dev='vda' bus='virtio'/></disk></devices></domain>
	X
}
secrets_of() { virsh_on "$1" secret-list | grep -c lunmask:c1; }
take() {
	virsh_on "$1" secret-list | awk '/lunmask:c1/ {print $1}' >"$folder/uuid"
	virsh_on "$1" "secret-undefine $(cat "$folder/uuid")"
}
has() { [[ $(secrets_of "$1") == "$2" ]]; }
migrate() {
	define 2
	virsh_on 1 "migrate --live c1 qemu+tcp://$peer/system tcp://$peer --xml $folder/c1.xml"
}
unseen() {
	on "$1" "cat /proc/[0-9]*/cmdline | tr '\\0' '\\n'; cat /var/log/libvirt/qemu/*.log; virsh -q dumpxml c1" \
		>"$folder/seen"
	grep -q password-secret "$folder/seen" && ! grep -F -e "${secrets[1]}" -e "${secrets[2]}" "$folder/seen"
}

ok "an array" array_make
ok "it wants CHAP" accounts_make
ok "the first host has its secret" host_make 1
ok "the second host has its own" host_make 2
designator=$(verify 1 naa.1 | grep -o 'naa\.[0-9a-f]\{16,\}' | head -n 1)
ok "a LUN that is another one gives no secret" has 1 0
ok "the right one does" verify 1 "$designator"
ok "libvirt has it" has 1 1
define 1
ok "the guest starts" virsh_on 1 "create $folder/c1.xml"
ok "the secret is taken away" take 1
ok "the guest runs" runs_on 1 c1
ok "nobody sees the secret" unseen 1
ok "it does not move where libvirt has no secret" not migrate
ok "it runs on" runs_on 1 c1
ok "the second host looks at the LUN" verify 2 "$designator"
ok "its libvirt has the secret" has 2 1
ok "the guest moves" migrate
ok "the secret is taken away there" take 2
ok "the guest runs there" runs_on 2 c1
ok "nobody sees a secret there" unseen 2
ok "none is left" has 2 0

plan_end
