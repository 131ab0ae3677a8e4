#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What virt-install writes, under Pacemaker: for a Debian, for Windows 11 (UEFI with Secure Boot, a TPM, a
# SATA disk, hyperv, spice, qxl) and for a cloud image with a seed. Each starts, moves live there and back,
# moves saved, and comes back after a power cut of its host. The guest is the witness. So the definition
# gets its kernel and its console, and no keys that would refuse an unsigned kernel; and it loses what
# needs KVM, which the lab has not.
#
# 38-virt-install.sh [KIND...]: debian, win11 and cloud when none is named.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pacemaker.sh"

stored=$T_DIR/../../definitions
boot=/var/lib/libvirt/boot/witness
vars=/usr/share/OVMF/OVMF_VARS_4M.fd
uuid=6c756e6d-6173-4b00-8000-000000000038

# The LUNs of each kind beside root, data and state; what a medium is on is granted with them, but is no
# part of the VM's own.
declare -A LUNS=([debian]="" [win11]="sda=web1-sata nvram=web1-nvram tpm=web1-tpm" [cloud]="sda=web1-seed:ro")
declare -A OWN=([debian]="" [win11]="web1-sata web1-nvram web1-tpm" [cloud]="")
kind=debian
vm_luns() { echo "$1-root $1-data ${OWN[$kind]} $1-state"; }

clean_up() {
	local node kind
	lab up
	CRM_NODE=node1
	for kind in debian win11 cloud; do
		web1_remove
	done
	seed_remove
	for node in $(lab nodes); do
		lab exec "$node" -- sh -c \
			'echo "{\"verb\": \"end\", \"vm\": \"web1\"}" | /usr/libexec/lunmask/lunmask-tpm'
	done
	pool_remove
	lab exec node1 -- rm -f /run/user-data
} >/dev/null 2>&1
trap clean_up EXIT

# virt-install --cloud-init defines a pool for the folder of its seeds.
pool_remove() {
	lab exec node1 -- virsh -q pool-destroy boot
	lab exec node1 -- virsh -q pool-undefine boot
}

# The definition

# debian_known: the newest Debian that this osinfo-db has, 12 at most.
debian_known() {
	lab exec node1 -- virt-install --osinfo list | tr -d ' ' | tr ',' '\n' | grep -x 'debian1[12]' |
		sort | tail -n 1
}
# virt_install OSINFO OPTION...: what an administrator types, with two disks that the witness writes to.
virt_install() {
	lab exec node1 -- virt-install --connect qemu:///system --virt-type qemu --import --name web1 \
		--uuid "$uuid" --memory 256 --vcpus 1 --network user --osinfo "$1" \
		--disk path=/dev/null,format=raw,target.dev=vda,target.bus=virtio \
		--disk path=/dev/null,format=raw,target.dev=vdb,target.bus=virtio "${@:2}"
}
# What it prints. With a seed, there are two definitions; the second is that of all boots but the first.
print_debian() { virt_install "$(debian_known)" --print-xml; }
print_win11() {
	virt_install win11 --print-xml --disk path=/dev/null,format=raw,target.dev=sda,target.bus=sata \
		--disk device=cdrom,target.dev=sdb,target.bus=sata
}
print_cloud() {
	echo '#cloud-config' | lab exec node1 -- tee /run/user-data >/dev/null &&
		virt_install "$(debian_known)" --print-xml 2 --cloud-init user-data=/run/user-data
}
declare -A FILE=([debian]=p59-virtinstall-debian.xml [win11]=p60-virtinstall-win11.xml
	[cloud]=p62-virtinstall-cloud.xml)
# written: virt-install's, or, where it is not installed, what it has once written.
written() {
	if lab exec node1 -- sh -c 'command -v virt-install' >/dev/null 2>&1; then
		echo "# virt-install $(lab exec node1 -- virt-install --version) writes $kind" >&2
		"print_$kind"
	else
		echo "# virt-install is not installed: ${FILE[$kind]}" >&2
		sed "s|<uuid>.*</uuid>|<uuid>$uuid</uuid>|" "$stored/${FILE[$kind]}"
	fi
}
# adapted: stdin with the witness in it. A firmware with Secure Boot and without keys takes any kernel.
adapted() {
	local cmdline
	cmdline=$(lab guest xml web1 | sed -n 's|.*<cmdline>\(.*\)</cmdline>.*|\1|p')
	sed -e '/<hyperv>/,/<\/hyperv>/d' -e '/<timer name="hypervclock"/d' \
		-e 's|<os firmware="efi">|&<firmware><feature enabled="yes" name="secure-boot"/><feature enabled="no" name="enrolled-keys"/></firmware>|' \
		-e "s|</os>|<kernel>$boot/vmlinuz</kernel><initrd>$boot/initrd.gz</initrd><cmdline>$cmdline</cmdline>&|" \
		-e 's|<console type="pty"/>|<serial type="file"><source path="/var/log/libvirt/qemu/web1.console" append="on"/></serial>|'
}
definition_make() {
	local node text
	text=$(written) && text=$(adapted <<<"$text") && [[ $text == *"<kernel>"*"<serial "* ]] || return 1
	for node in $(lab nodes); do
		lab exec "$node" -- tee /etc/lunmask/web1.xml <<<"$text" >/dev/null || return 1
	done
}

# The VM

luns_make() {
	local lun
	lun_create web1-root $((16 << 20)) && lun_create web1-data $((16 << 20)) &&
		lun_create web1-state $((640 << 20)) || return 1
	for lun in ${OWN[$kind]}; do
		case $lun in
		*-nvram) lun_create "$lun" "$(stat -c %s $vars)" ;;
		*-tpm) lun_create "$lun" $((4 << 20)) ;;
		*) lun_create "$lun" $((16 << 20)) ;;
		esac || return 1
	done
	[ "$kind" != cloud ] || seed_make
}
seed_make() {
	lun_create web1-seed $((2 << 20)) && head -c $((2 << 20)) < <(yes seed) >"$(lab path pool)/web1-seed" &&
		printf '{"name":"web1-seed","read_only":true}' | driver protect >/dev/null
}
seed_remove() {
	revoke_all web1-seed
	lun_delete web1-seed
}
# A swtpm that root has run on this machine may have left files there that libvirt's cannot use.
authority_anew() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- sh -c 'rm -rf /var/lib/swtpm-localca/* /var/lib/swtpm-localca/.lock*' || return 1
	done
}
configure() {
	local luns="vda=web1-root vdb=web1-data ${LUNS[$kind]}"
	crm configure primitive web1 ocf:lunmask:VirtualMachine \
		params vm=web1 array=san1 "luns=${luns% }" state_lun=web1-state config=/etc/lunmask/web1.xml \
		op start timeout=600s op stop timeout=600s op monitor interval=10s timeout=60s \
		op migrate_to timeout=600s op migrate_from timeout=300s \
		meta allow-migrate=true multiple-active=stop_unexpected requires=fencing
}

# What of the definition is still there, wherever the guest runs.
declare -A HAS=([debian]="<rng |<sound model='ich9'|type='spice'|com.redhat.spice.0"
	[win11]="<tpm model='tpm-crb'>|<nvram|secure='yes'|model type='e1000e'|<redirdev |dev='sdb' bus='sata'"
	[cloud]="<rng |dev='sda' bus='sata'|org.qemu.guest_agent.0")
has_all() {
	local text pattern patterns
	text=$(lab exec "$1" -- virsh dumpxml web1) || return 1
	IFS='|' read -r -a patterns <<<"${HAS[$kind]}"
	for pattern in "${patterns[@]}"; do
		[[ $text == *"$pattern"* ]] || {
			echo "$1: no $pattern"
			return 1
		}
	done
}
# is_on NODE BOOTS
is_on() {
	ok "$T_WHAT: it counts there" witness_wait web1 "$1" "$(witness_counter web1)" 180
	runs_on "$1" "$2"
	ok "$T_WHAT: it has what was written" has_all "$1"
	[ "$kind" != cloud ] || like "$T_WHAT: the seed is there, too" "$(acl web1-seed)" "(^| )$1( |\$)"
}
# move NODE: as an administrator does it.
move() {
	ok "$T_WHAT: to $1" crm resource move web1 "$1"
	ok "$T_WHAT: settles" settled
	ok "$T_WHAT: clear" crm resource clear web1
	is_on "$1" 1
}
mode() {
	ok "$kind: migration_mode=$1" crm resource param web1 set migration_mode "$1"
	ok "$kind: settles" settled
}

power_cut() {
	T_WHAT="$kind, the power of its host is cut"
	home=$(located)
	CRM_NODE=$(other_node "$home")
	ok "$T_WHAT" lab cut "$home"
	elsewhere() { located_elsewhere "$home"; }
	ok "$T_WHAT: it is elsewhere" wait_until 120 elsewhere
	ok "$T_WHAT: settles" settled
	away=$(located)
	is_on "${away:-node1}" 2
	ok "$T_WHAT: the node is back" lab boot "$home"
	CRM_NODE=node1
	ok "$T_WHAT: it is online" wait_until 120 online "$home"
	ok "$T_WHAT: settles" settled
	is "$T_WHAT: it has stayed" "$(located)" "$away"
}

try() {
	T_WHAT="$kind"
	ok "$T_WHAT: its LUNs" luns_make
	[ "$kind" != win11 ] || ok "$T_WHAT: the hosts' own authorities of certificates are new" authority_anew
	ok "$T_WHAT: virt-install's definition" definition_make
	ok "$T_WHAT: a resource" configure
	ok "$T_WHAT: it starts" settled
	home=$(located)
	is_on "${home:-node1}" 1
	away=$(other_node "$home")
	T_WHAT="$kind, live there"
	move "$away"
	T_WHAT="$kind, live back"
	move "$home"
	mode saved
	T_WHAT="$kind, saved there"
	move "$away"
	T_WHAT="$kind, saved back"
	move "$home"
	mode auto
	is "$kind: nothing failed so far" "$(failures)" ""
	power_cut
	web1_remove >/dev/null 2>&1
	seed_remove
	is "$kind: no LUN of it is left" "$(compgen -G "$(lab path pool)/web1-*" | xargs)" ""
}

kinds=("$@")
[ $# != 0 ] || kinds=(debian win11 cloud)
for kind in "${kinds[@]}"; do
	try
done

done_testing
