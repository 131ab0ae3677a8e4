#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TPM 2.0: libvirt runs swtpm, and the state of the TPM is on a LUN of its own, which is filled at the
# first start, moves with the VM, and is there after the loss of a host. The guest's BIOS uses the TPM at
# each boot; the witness does not.
. "$(dirname "$0")/lib.sh"

tpm="web1-tpm"

tpm_remove() {
	revoke_all $tpm
	lun_delete $tpm
}
clean_up() {
	local node
	vm_unmake web1
	for node in $(lab nodes); do
		tpm_end "$node" >/dev/null 2>&1
	done
	tpm_remove
}
trap clean_up EXIT

definition_with_tpm() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- sed -i "s|</devices>|<tpm model='tpm-tis'><backend type='emulator' version='2.0'/></tpm></devices>|" /etc/lunmask/web1.xml || return 1
	done
}

# A swtpm that root has run on this machine may have left files there that libvirt's cannot use.
authority_anew() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- sh -c 'rm -rf /var/lib/swtpm-localca/* /var/lib/swtpm-localca/.lock*' || return 1
	done
}

tpm_end() {
	lab exec "$1" -- sh -c 'echo "{\"verb\": \"end\", \"vm\": \"web1\"}" | /usr/libexec/lunmask/lunmask-tpm'
}
tpm_file() { echo "$(lab path pool)/$tpm"; }
# The generation of each slot, and the larger one.
generation() { od -An -tu8 -j $(($1 + 16)) -N 8 "$(tpm_file)" | tr -d ' '; }
newest() {
	local a b
	a=$(generation 0)
	b=$(generation 524288)
	echo $((a > b ? a : b))
}
# What a host shows to swtpm is what the LUN has as the newest.
lun_is() {
	local offset=0 shown
	shown=$(mktemp)
	lab exec "$1" -- sh -c 'cat /var/lib/libvirt/swtpm/*/tpm2/tpm2-00.permall' >"$shown"
	[ "$(generation 0)" -gt "$(generation 524288)" ] || offset=524288
	[ -s "$shown" ] &&
		cmp -n "$(stat -c %s "$shown")" "$shown" <(tail -c +$((offset + 57)) "$(tpm_file)")
	local rc=$?
	rm -f "$shown"
	return "$rc"
}
processes() { lab exec "$1" -- sh -c 'pgrep -x lunmask-tpm; pgrep -x swtpm' | wc -l; }
mounted() { lab exec "$1" -- grep -c ' fuse.lunmask-tpm ' /proc/mounts; }
nothing_on() {
	is "$T_WHAT: no process is left on $1" "$(processes "$1")" 0
	is "$T_WHAT: no mount is left on $1" "$(mounted "$1")" 0
}
everything_is() {
	masks_are web1 "$T_WHAT" "${@}"
	is "$T_WHAT: so is the TPM's" "$(acl $tpm)" "$*"
}
move() {
	local meta before
	before=$(newest)
	mapfile -t meta < <(migrate_meta "$1" "$2")
	agent_is 0 "$1" migrate_to "${meta[@]}"
	agent_is 0 "$2" migrate_from "${meta[@]}"
	agent_is 0 "$1" stop
	ok "$T_WHAT: the guest counts" witness_wait web1 "$2" "$(witness_counter web1)"
	is "$T_WHAT: the LUN was not written to" "$(newest)" "$before"
	ok "$T_WHAT: swtpm has what is on the LUN" lun_is "$2"
	nothing_on "$1"
	everything_is "$2"
}

ok "the hosts' own authorities of certificates are new" authority_anew
ok "LUNs of a VM" vm_make web1
ok "a definition with a TPM" definition_with_tpm

T_WHAT="no LUN for the TPM"
vm_params web1
refused 1 "tpm=LUN" node1 start
masks_are web1 "$T_WHAT"

T_WHAT="a LUN that is too small"
PARAM[luns]+=" tpm=$tpm"
ok "$T_WHAT" lun_create $tpm $((512 << 10))
refused 1 "needs 1048576 or more" node1 start
everything_is ""
tpm_remove

T_WHAT="a LUN with something else"
ok "$T_WHAT" lun_create $tpm $((4 << 20))
printf "somebody's data" | dd of="$(tpm_file)" conv=notrunc status=none
refused 1 "tpm" node1 start
is "$T_WHAT: it is untouched" "$(head -c 15 "$(tpm_file)" | tr -d '\000')" "somebody's data"
nothing_on node1
everything_is ""
tpm_remove

T_WHAT="the first start"
ok "a LUN of 4 MiB" lun_create $tpm $((4 << 20))
agent_is 0 node1 start
like "$T_WHAT: the process was started" "$OUT" "tpm: done"
ok "$T_WHAT: the guest counts" witness_wait web1 node1 5 60
ok "$T_WHAT: swtpm has what is on the LUN" lun_is node1
agent_is 0 node1 monitor
everything_is node1

T_WHAT="live"
move node1 node2
T_WHAT="saved"
PARAM[migration_mode]=saved
move node2 node3
unset 'PARAM[migration_mode]'

T_WHAT="the process was killed"
lab exec node3 -- pkill -KILL -x lunmask-tpm
agent_is 190 node3 monitor OCF_CHECK_LEVEL=10 OCF_RESKEY_CRM_meta_interval=10000
like "$T_WHAT: it says what to do" "$REASON" "stop and start"
agent_is 0 node3 stop
nothing_on node3
everything_is ""

T_WHAT="a boot elsewhere"
before=$(newest)
agent_is 0 node1 start
ok "$T_WHAT: the guest counts" witness_wait web1 node1 "$(witness_counter web1)" 120
ok "$T_WHAT: the BIOS has written to the TPM" [ "$(newest)" -gt "$before" ]
ok "$T_WHAT: swtpm has what is on the LUN" lun_is node1

T_WHAT="everything on the host dies"
lab exec node1 -- pkill -KILL -x "qemu-system-x86|swtpm|lunmask-tpm"
before=$(newest)
agent_is 0 node1 stop
nothing_on node1
is "$T_WHAT: the LUN was not written to" "$(newest)" "$before"
agent_is 0 node2 start
ok "$T_WHAT: the guest counts" witness_wait web1 node2 "$(witness_counter web1)" 120
ok "$T_WHAT: swtpm has what is on the LUN" lun_is node2
agent_is 0 node2 stop
nothing_on node2
everything_is ""
ok "its data is whole, and it has booted three times" witness_check web1 --expect-boots 3

done_testing
