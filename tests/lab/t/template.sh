# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# VMs that are made from a template, whose image the witness can write to. Sourced after lib.sh.

TEMPLATE=/etc/lunmask/templates/witness
IMAGE=$(mktemp -d)/image

# In place of those of lib.sh: create names the LUNs of a VM like its drives.
vm_luns() { echo "$1-vda $1-vdb $1-state"; }
witness_check() {
	local vm=$1
	shift
	lab guest check "$vm" --luns "$vm-vda $vm-vdb" "$@"
}

# The witness's definition, with placeholders; its image has something before and after the ring.
template_make() {
	local node
	{
		head -c 524288 /dev/urandom
		head -c 7864320 /dev/zero
		head -c 1048576 /dev/urandom
		head -c 7340032 /dev/zero
	} >"$IMAGE" && qemu-img convert -f raw -O qcow2 "$IMAGE" "$IMAGE.qcow2" || return 1
	for node in $(lab nodes); do
		lab exec "$node" -- mkdir -p "$TEMPLATE" || return 1
		lab exec "$node" -- tee "$TEMPLATE/disk.qcow2" <"$IMAGE.qcow2" >/dev/null || return 1
		lab guest xml TEMPLATE --memory "$VM_MEMORY_MIB" --disks 2 |
			sed -e "s/TEMPLATE/@VM@/g; s|<uuid>.*</uuid>|<uuid>@UUID@</uuid>|" \
				-e "s|<memory .*</memory>|<memory>@MEMORY_KIB@</memory>|" |
			lab exec "$node" -- tee "$TEMPLATE/domain.xml" >/dev/null || return 1
		lab exec "$node" -- tee "$TEMPLATE/template.conf" >/dev/null <<-END || return 1
			[template]
			description = the witness
			memory = ${VM_MEMORY_MIB}MiB
			[drive vda]
			size = 16MiB
			image = disk.qcow2
			[drive vdb]
			size = 16MiB
		END
		lab exec "$node" -- chmod -R go-w "$TEMPLATE" || return 1
	done
}

template_remove() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- rm -rf "$TEMPLATE"
	done
	rm -rf "$(dirname "$IMAGE")"
}
