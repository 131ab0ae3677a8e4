# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# moves.sh, sourced after tests/lab/t/lib.sh: live moves of web1 by libvirt alone, for comparisons.

address() {
	lab exec node1 -- sed -n "/^\[host $1\]/,/^\$/s/^migration_address = //p" /etc/lunmask/lunmask.conf
}

# libvirt_prepare FROM TO: the target is granted the LUNs, and its definition is /tmp/target.xml on FROM.
libvirt_prepare() {
	local lun
	for lun in $(vm_luns web1); do
		printf '{"luns":["%s"],"grant":"%s","allowed":["%s"]}' "$lun" "$(initiator "$2")" \
			"$(initiator "$1")" | driver apply >/dev/null
	done
	lab exec "$1" -- virsh dumpxml --migratable web1 |
		sed "s/$(initiator "$1")/$(initiator "$2")/" |
		lab exec "$1" -- tee /tmp/target.xml >/dev/null
}

# libvirt_command FROM TO: the words of the command, one a line. It runs on FROM.
libvirt_command() {
	printf '%s\n' virsh -q migrate --live --p2p --auto-converge --xml /tmp/target.xml web1 \
		"qemu+ssh://$(address "$2")/system" --migrateuri "tcp://$(address "$2")"
}

# libvirt_finish FROM: the LUNs are revoked from it.
libvirt_finish() {
	local lun
	for lun in $(vm_luns web1); do
		printf '{"luns":["%s"],"revoke":"%s"}' "$lun" "$(initiator "$1")" | driver apply >/dev/null
	done
}

# median FILE: of its numbers, one a line.
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
