#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A Debian 12 as people run it, under Pacemaker: made of Debian's packages, with the definition that
# virt-install writes (UEFI, virtio-blk and virtio-scsi, two NICs without a MAC, host-model, the guest
# agent), and a seed of cloud-init on a LUN that many may read. It commits to databases on both disks and
# tells its console what is committed (tests/debian/ledger). Whatever happens to it, nothing that was
# told is lost, and it boots only where a boot is due.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pacemaker.sh"

top=$T_DIR/../../..
disks=/var/cache/lunmask-guest/debian
vars=/usr/share/OVMF/OVMF_VARS_4M.fd
pool=$(lab path pool)
luns="vda=web1-root sda=web1-data sdb=web1-seed:ro nvram=web1-nvram"
vm_luns() { echo "$1-root $1-data $1-nvram $1-state"; }

clean_up() {
	libvirtd_back "${target:-node1}"
	lab up
	CRM_NODE=node1
	web1_remove
	revoke_all web1-seed
	lun_delete web1-seed
	revoke_all web1-more
	lun_delete web1-more
} >/dev/null 2>&1
trap clean_up EXIT

# The VM

# lun_of NAME FILE [BYTES]
lun_of() {
	lun_create "$1" "${3:-$(stat -c %s "$2")}" &&
		cp --sparse=always "$2" "$pool/$1.new" && dd if="$pool/$1.new" of="$pool/$1" bs=1M \
		conv=notrunc,sparse status=none && rm -f "$pool/$1.new"
}
luns_make() {
	lun_of web1-root $disks/root.raw && lun_of web1-data $disks/data.raw &&
		lun_of web1-seed $disks/seed.iso && printf '{"name":"web1-seed","read_only":true}' |
		driver protect >/dev/null && lun_create web1-nvram "$(stat -c %s $vars)" &&
		lun_create web1-state $((1 << 30)) && lun_create web1-more $((64 << 20))
}
# definition MEMORY [DISK]: what virt-install prints on a node; only the MACs that it makes up are taken out.
definition() {
	lab exec node1 -- virt-install --connect qemu:///system --print-xml --name web1 \
		--uuid 6c756e6d-6173-4b00-8000-000000000099 --osinfo debian11 --virt-type qemu \
		--memory "$1" --vcpus 1 --cpu host-model --import \
		--boot uefi,firmware.feature0.name=secure-boot,firmware.feature0.enabled=no \
		--controller type=scsi,model=virtio-scsi \
		--disk path=/dev/null,format=raw,target.dev=vda,target.bus=virtio \
		--disk path=/dev/null,format=raw,target.dev=sda,target.bus=scsi \
		--disk device=cdrom,target.dev=sdb,target.bus=scsi \
		${2:+--disk "path=/dev/null,format=raw,target.dev=$2,target.bus=scsi"} \
		--network user,model=virtio --network user,model=virtio --graphics none \
		--serial file,path=/var/log/libvirt/qemu/web1.console --tpm none |
		sed "/<mac address=/d; s|web1.console\"|& append=\"on\"|"
}
# definitions NAME MEMORY [DISK]: NAME.xml on each node.
definitions() {
	local node text
	text=$(definition "${@:2}") && [ -n "$text" ] || return 1
	for node in $(lab nodes); do
		lab exec "$node" -- tee "/etc/lunmask/$1.xml" <<<"$text" >/dev/null || return 1
	done
}
configure() {
	crm configure primitive web1 ocf:lunmask:VirtualMachine \
		params vm=web1 array=san1 "luns=$luns" state_lun=web1-state \
		config=/etc/lunmask/web1.xml \
		op start timeout=600s op stop timeout=600s op monitor interval=10s timeout=60s \
		op migrate_to timeout=600s op migrate_from timeout=300s \
		meta allow-migrate=true requires=fencing
}

# Its ledger

told() { lab guest console "$1" web1 2>/dev/null | tr -d '\r' | grep -aE '^ledger '; }
all_told() {
	local node
	for node in $(lab nodes); do told "$node"; done
}
# The last number that any node's console was told.
last() { all_told | sed -nE 's/^ledger commit=([0-9]+)$/\1/p' | sort -n | tail -n 1; }
last_on() { told "$1" | sed -nE 's/^ledger commit=([0-9]+)$/\1/p' | sort -n | tail -n 1; }
told_beyond() { [ "$(last_on "$1")" -gt "${2:-0}" ] 2>/dev/null; }
boots() { all_told | sed -nE 's/^ledger boot=([0-9]+) .*/\1/p' | sort -n | tail -n 1; }
# No number twice: that would be two guests, or one that has gone back. Two may be missing for each boot:
# one that was committed and not told yet, and one whose line was cut.
ledger_whole() {
	local numbers twice missing
	mapfile -t numbers < <(all_told | sed -nE 's/^ledger commit=([0-9]+)$/\1/p' | sort -n)
	twice=$(printf '%s\n' "${numbers[@]}" | uniq -d | xargs)
	missing=$((numbers[-1] - ${#numbers[@]}))
	echo "twice: $twice; missing: $missing; $(all_told | grep -c 'whole=no') openings were not whole"
	[ -z "$twice" ] && [ "$missing" -le $((2 * $(boots))) ] && ! all_told | seen 'whole=no'
}
# held_at BOOT: what each disk held then, the smaller number.
held_at() {
	all_told | sed -nE "s/^ledger boot=$1 holds=([0-9,]+) .*/\1/p" | tr , '\n' | sort -n | head -n 1
}

# goes_on NODE BOOTS
goes_on() {
	is "$T_WHAT: Pacemaker has it on $1" "$(located)" "$1"
	is "$T_WHAT: it runs there" "$(domain "$1" web1)" running
	masks_are web1 "$T_WHAT" "$1"
	ok "$T_WHAT: it commits on" wait_until 120 told_beyond "$1" "$(last)"
	is "$T_WHAT: boots" "$(boots)" "$2"
	ok "$T_WHAT: nothing told is lost or told twice" ledger_whole
}
move() {
	node=$(other_node "$(located)")
	ok "$T_WHAT: to $node" crm resource move web1 "$node"
	ok "$T_WHAT: settles" settled
	ok "$T_WHAT: clear" crm resource clear web1
}
# guest COMMAND: asked of the agent in the guest.
guest() { lab exec "$(located)" -- virsh qemu-agent-command web1 "{\"execute\":\"$1\"}"; }

ok "what it is made with" "$top/scripts/install-deps" guest
ok "a Debian of packages" "$top/tests/debian/build" $disks
ok "its LUNs" luns_make
ok "virt-install's definition" definitions web1 512
like "it has UEFI and two NICs without a MAC" "$(lab exec node1 -- cat /etc/lunmask/web1.xml | tr -d '\n')" \
	'<os firmware=.*<interface.*<interface'
ok "a resource" configure
ok "it starts" settled
node=$(located)
T_WHAT="the first boot"
ok "$T_WHAT: cloud-init has switched the ledger on" wait_until 300 told_beyond "${node:-node1}" 3
goes_on "$node" 1
like "$T_WHAT: its agent answers" "$(guest guest-ping 2>&1)" '"return"'

for mode in live saved live; do
	T_WHAT="$mode"
	ok "migration_mode=$mode" crm resource param web1 set migration_mode $mode
	ok "settles" settled
	move
	goes_on "$node" 1
done
is "nothing failed so far" "$(failures)" ""

T_WHAT="a migration that fails"
source=$(located)
target=$(other_node "$source")
libvirtd_signal "$target" KILL
ok "$T_WHAT" crm resource move web1 "$target"
ok "$T_WHAT: settles" settled
like "$T_WHAT: it is told" "$(lab exec node1 -- crm_mon -1rf 2>&1)" "web1 migrate_to on $source returned"
goes_on "$(located)" 1
ok "$T_WHAT: libvirtd is back" libvirtd_back "$target"
# The move is still wanted: what it begins must end before that changes, or Pacemaker stops the guest on its
# way, and starts it anew.
ok "$T_WHAT: cleaned up" crm resource cleanup web1
ok "$T_WHAT: settles" settled
ok "$T_WHAT: clear" crm resource clear web1
ok "$T_WHAT: settles" settled
goes_on "$(located)" 1

T_WHAT="a node that ends in order"
node=$(located)
CRM_NODE=$(other_node "$node")
pacemaker_stop "$node"
ok "$T_WHAT: Pacemaker there ends" wait_until 300 pacemaker_ended "$node"
ok "$T_WHAT: settles" settled
goes_on "$(located)" 1
pacemaker_start "$node"
ok "$T_WHAT: it is back" wait_until 60 online "$node"
CRM_NODE=node1
ok "$T_WHAT: settles" settled

T_WHAT="a drive is added"
luns+=" sdc=web1-more"
ok "$T_WHAT" crm resource param web1 set luns "$luns"
ok "$T_WHAT: settles" settled
goes_on "$(located)" 1
guest_has() { guest guest-get-disks | seen "/dev/$1\""; }
ok "$T_WHAT: the guest has it" wait_until 60 guest_has sdb
is "$T_WHAT: its LUN is granted" "$(acl web1-more)" "$(located)"
move
goes_on "$node" 1
ok "$T_WHAT: the guest has it there" guest_has sdb

T_WHAT="another definition"
node=$(located)
ok "$T_WHAT: with more memory" definitions web1-more 640 sdc
ok "$T_WHAT: set" lab exec "$node" -- lunmask definition set web1 /etc/lunmask/web1-more.xml --yes
goes_on "$node" 1
resize() {
	lab array -- tgtadm --lld iscsi --mode target --op delete --force --tid "$(target_id "$1")" &&
		truncate -s "$2" "$pool/$1" && lab array -- sed -i \
		"/\"name\": \"$1\"/,/}/s/\(\"size_bytes\": \)[0-9]*/\\1$2/" /var/lib/lunmask-array-tgt/luns.json
}
ok "$T_WHAT: stop" crm resource stop web1
ok "$T_WHAT: settles" settled
masks_are web1 "$T_WHAT: stopped"
before=$(last)
ok "$T_WHAT: a LUN grows meanwhile" resize web1-more $((128 << 20))
ok "$T_WHAT: start" crm resource start web1
ok "$T_WHAT: settles" settled
node=$(located)
ok "$T_WHAT: it commits" wait_until 300 told_beyond "${node:-node1}" "$before"
goes_on "$node" 2
ok "$T_WHAT: no commit is lost" test "$(held_at 2)" -ge "$before"
like "$T_WHAT: it has the memory" "$(lab exec "$node" -- virsh dominfo web1)" "Max memory: *655360"
like "$T_WHAT: and the larger LUN" "$(lab exec "$node" -- virsh domblkinfo web1 sdc)" "Capacity: *134217728"

T_WHAT="the power of its host is cut"
CRM_NODE=$(other_node "$node")
ok "$T_WHAT" lab cut "$node"
before=$(last)
elsewhere() { located_elsewhere "$node"; }
ok "$T_WHAT: it is elsewhere" wait_until 120 elsewhere
ok "$T_WHAT: settles" settled
target=$(located)
ok "$T_WHAT: it commits" wait_until 300 told_beyond "${target:-node1}" "$before"
goes_on "$target" 3
ok "$T_WHAT: no commit is lost" test "$(held_at 3)" -ge "$before"
ok "$T_WHAT: the node is back" lab boot "$node"
CRM_NODE=node1
ok "$T_WHAT: it is online" wait_until 120 online "$node"
ok "$T_WHAT: settles" settled

for mode in live saved; do
	T_WHAT="afterwards, $mode"
	ok "migration_mode=$mode" crm resource param web1 set migration_mode $mode
	ok "settles" settled
	move
	goes_on "$node" 3
done

done_testing
