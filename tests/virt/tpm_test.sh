#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tpm_test.sh FOLDER PROGRAM: lunmask-tpm (PROGRAM) with a real libvirtd, QEMU and swtpm on two hosts, and
# the LUN of a real tgt. run.sh --obey makes the hosts; this runs on the first.
#
# The guest is only the BIOS, which uses the TPM at each boot.
set -uo pipefail

readonly folder=$1 program=$2
readonly target=iqn.2026-11.org.example:tpm
readonly uuid=aaaaaaaa-2222-3333-4444-555555555555
readonly state=/var/lib/libvirt/swtpm/$uuid/tpm2/tpm2-00.permall
readonly lun=/run/tpm.lun bytes=4194304
# shellcheck source=two_hosts.sh
. "$(dirname "$0")/two_hosts.sh"

# request ARRIVAL HOST DESIGNATOR
request() {
	printf '{"verb":"serve","vm":"t1","uuid":"%s","arrival":%s,' "${uuid^^}" "$1"
	printf '"initiator":"iqn.2026-11.org.example:h%s","portals":["%s:3260"],' "$2" $address
	printf '"lun":{"name":"t1-tpm","designator":"%s","size_bytes":%s,' "$3" $bytes
	printf '"target":"%s","number":1}}\n' $target
}
# serve HOST ARRIVAL
serve() {
	request "$2" "$1" "$designator" >"$folder/request"
	on "$1" "$program <$folder/request"
}
end() {
	echo '{"verb":"end","vm":"t1"}' >"$folder/request"
	on "$1" "$program <$folder/request && ! grep -q ' fuse.lunmask-tpm ' /proc/mounts"
}

generation() { od -An -tu8 -j $(($1 + 16)) -N 8 $lun | tr -d ' '; }
newest() {
	local a b
	a=$(generation 0)
	b=$(generation 524288)
	echo $((a > b ? a : b))
}
grown() { [[ $(newest) -gt $1 ]]; }
# The LUN has, as the newest, what the host shows; byte for byte.
lun_is() {
	local offset=0
	[[ $(generation 0) -gt $(generation 524288) ]] || offset=524288
	on "$1" "cat $state | base64 -w 0" >"$folder/shown" || return 1
	base64 -d "$folder/shown" >"$folder/state"
	cmp -n "$(stat -c %s "$folder/state")" "$folder/state" <(tail -c +$((offset + 40 + 16 + 1)) $lun)
}

define() {
	cat >"$folder/t1.xml" <<-X
		<domain type='qemu'><name>t1</name><uuid>$uuid</uuid><memory unit='MiB'>64</memory>
		<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
		<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
		<tpm model='tpm-crb'><backend type='emulator' version='2.0' persistent_state='yes'/></tpm>
		</devices></domain>
	X
}
migrate() { virsh_on "$1" "migrate --live t1 qemu+tcp://$2/system tcp://$2"; }
# The BIOS goes on after its last write, so that nothing changes in the middle of a check.
settle() {
	local last=-1
	while [[ $last != "$(newest)" ]]; do
		last=$(newest)
		read -r -t 2 <> <(:) || true
	done
}
denied() { [[ $(request false 1 naa.1 | $program) == *'"errno":117,'*'should be naa.1,'* ]]; }
# What the guest last had is on the LUN, and all processes of the host are gone at once.
power_cut() {
	local pids
	pids=$(pgrep -x 'qemu-system-x86|swtpm|lunmask-tpm')
	# shellcheck disable=SC2086 # a list
	kill -KILL $pids && wait_for not pgrep -x 'qemu-system-x86|swtpm|lunmask-tpm'
}
# The newest slot becomes unreadable, as if it had not been stored: the LUN then has an older state.
make_older() {
	local offset=0
	[[ $(generation 0) -gt $(generation 524288) ]] || offset=524288
	dd if=/dev/zero of=$lun bs=4096 seek=$((offset / 4096)) count=1 conv=notrunc
}

ok "an array" array_make
ok "another volume is refused" denied
designator=$(request false 1 naa.1 | $program | grep -o 'naa\.[0-9a-f]\{16,\}' | head -n 1)
define

ok "a new LUN: nothing is there yet" serve 1 false
ok "libvirt makes a TPM in it" virsh_on 1 "create $folder/t1.xml"
ok "it has certificates" grep -q "Successfully authored TPM state" /var/log/swtpm/libvirt/qemu/t1-swtpm.log
settle
ok "the LUN has the state" lun_is 1

before=$(newest)
ok "live: the target waits for the TPM" serve 2 true
ok "live: the guest moves" migrate 1 $peer
ok "live: it runs there" runs_on 2 t1
ok "live: libvirt has deleted the state where it was" not test -e $state
ok "live: nobody has written to the LUN" test "$(newest)" = "$before"
ok "live: the LUN has what the target shows" lun_is 2
ok "live: the source ends" end 1
before=$(newest)
ok "the guest boots again" virsh_on 2 "reset t1"
ok "the LUN has what it stores" wait_for grown "$before"
settle
ok "and it is the same" lun_is 2

ok "saved: the guest is saved" virsh_on 2 "save t1 $folder/memory"
ok "saved: the source ends" end 2
before=$(newest)
ok "saved: the target begins" serve 1 false
ok "saved: the guest is restored" virsh_on 1 "restore $folder/memory"
ok "saved: the LUN has the same" test "$(newest)" = "$before"
ok "saved: as the target shows" lun_is 1

before=$(newest)
ok "crash: the guest boots again" virsh_on 1 "reset t1"
ok "crash: the TPM stores" wait_for grown "$before"
settle
ok "crash: power cut" power_cut
ok "crash: what is left is removed" end 1
ok "crash: the other host begins" serve 2 false
ok "crash: the other host has the state" lun_is 2
ok "crash: the guest starts there" virsh_on 2 "create $folder/t1.xml"
settle

ok "not stored: the LUN is set back" make_older
before=$(newest)
ok "not stored: the target waits" serve 1 true
ok "not stored: the guest moves" migrate 2 $address
ok "not stored: the source ends" end 2
ok "not stored: the LUN is as it was" test "$(newest)" = "$before"
ok "not stored: the guest boots again" virsh_on 1 "reset t1"
ok "not stored: the TPM goes on" wait_for grown "$before"
settle
ok "not stored: the LUN has the state" lun_is 1
ok "stop: the guest is gone" virsh_on 1 "destroy t1"
ok "stop: the process ends" end 1
ok "stop: and again" end 1
ok "stop: no folder is left" not test -e /var/lib/libvirt/swtpm/$uuid

plan_end
