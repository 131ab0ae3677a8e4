#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The array wants CHAP, one-way and then mutual: start, both modes of migration, a wrong and a missing secret,
# a secret that is changed while the guest runs, and nobody who can see a secret.
. "$(dirname "$0")/lib.sh"

CONF=/etc/lunmask/lunmask.conf
# Each host has an account of its own, by its initiator name; the array has one for mutual CHAP.
declare -A SECRET=([node1]=lab-Secret_of-1 [node2]=lab-Secret_of-2 [node3]=lab-Secret_of-3)
ARRAY_SECRET=lab-Secret_of-the-array
NEW_SECRET=lab-Secret_that-is-new

tgt() { lab array -- tgtadm --lld iscsi "$@"; }

# secret_put NODE FILE SECRET
secret_put() { lab exec "$1" -- sh -c "umask 077; cat >/etc/lunmask/$2" <<<"$3"; }

# conf_set LINE...: of [array san1], on every node
conf_set() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- sed -i '/^chap_/d' "$CONF"
		printf '%s\n' "$@" | lab exec "$node" -- sed -i '/^portals/r /dev/stdin' "$CONF"
	done
}

# accounts LINE...: the driver sets them, on all targets and for discovery
accounts() {
	printf '%s\n' "$@" | lab array -- sh -c "umask 077; cat >/etc/lunmask/array-tgt.chap" &&
		lab array -- lunmask-array-tgt --restore
}

# host_accounts: a line for each host
host_accounts() {
	local node
	for node in $(lab nodes); do
		echo "host $(initiator "$node") ${SECRET[$node]}"
	done
}

# array_conf LINE...: of the driver's [tgt]
array_conf() {
	lab array -- sed -i '/^chap_/d' /etc/lunmask/array-tgt.conf
	printf '%s\n' "$@" | lab array -- sed -i '/^iqn_prefix/r /dev/stdin' /etc/lunmask/array-tgt.conf
}

clean_up() {
	local node
	for node in $(lab nodes); do
		lab exec "$node" -- sh -c "sed -i '/^chap_/d' $CONF; rm -f /etc/lunmask/*.chap"
	done
	vm_unmake web1
	array_conf 'chap_accounts = none'
	lab array -- lunmask-array-tgt --restore
	array_conf
	lab array -- rm -f /etc/lunmask/array-tgt.chap
} 2>/dev/null
trap clean_up EXIT

chap_begin() {
	local node lines
	for node in $(lab nodes); do
		secret_put "$node" san1.chap "${SECRET[$node]}" &&
			secret_put "$node" array.chap "$ARRAY_SECRET" || return 1
	done
	array_conf 'chap_accounts = /etc/lunmask/array-tgt.chap' 'chap_discovery = yes'
	mapfile -t lines < <(host_accounts)
	accounts "${lines[@]}"
}

# no_secret NAME: in no command line, log, CIB, journal, definition, no folder of lunmask or libvirt, and on no LUN
no_secret() {
	local node pattern
	pattern=$(printf '%s\n' "${SECRET[@]}" "$ARRAY_SECRET" "$NEW_SECRET")
	for node in $(lab nodes); do
		is "$T_WHAT: no secret in a command line of $node" \
			"$(lab exec "$node" -- sh -c "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ" 2>/dev/null |
				tr '\0' '\n' | grep -a -F -e "$pattern" | grep -v -e grep)" ""
		is "$T_WHAT: none in a file of $node" \
			"$(lab exec "$node" -- sh -c "grep -r -l -a -F -e '$pattern' /var/log /var/lib/pacemaker \
				/var/lib/lunmask /var/lib/libvirt /run/lunmask /run/libvirt /etc/libvirt" 2>/dev/null)" ""
		is "$T_WHAT: none in what $node says of the cluster" \
			"$(lab exec "$node" -- sh -c 'cibadmin -Q; lunmask tasks; lunmask journal export /dev/stdout; lunmask paths' \
				2>/dev/null | grep -a -F -e "$pattern")" ""
		is "$T_WHAT: no secret is left in libvirt of $node" \
			"$(lab exec "$node" -- virsh -q secret-list | grep -c .)" 0
	done
	is "$T_WHAT: none in a command line of the array" \
		"$(lab array -- sh -c "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ" 2>/dev/null |
			tr '\0' '\n' | grep -a -F -e "$pattern")" ""
	is "$T_WHAT: none on a LUN" "$(grep -l -r -a -F -e "$pattern" "$(lab path pool)")" ""
}

# migrate MODE SOURCE TARGET
migrate() {
	local mode=$1 source=$2 target=$3 meta
	mapfile -t meta < <(migrate_meta "$source" "$target")
	PARAM[migration_mode]=$mode
	T_WHAT="$mode from $source to $target${4:+, $4}"
	agent_is 0 "$source" migrate_to "${meta[@]}"
	agent_is 0 "$target" migrate_from "${meta[@]}"
	agent_is 0 "$source" stop
	masks_are web1 "$T_WHAT: after stop" "$target"
	agent_is 0 "$target" monitor OCF_CHECK_LEVEL=20
	ok "$T_WHAT: the guest counts on" witness_wait web1 "$target" "$(witness_counter web1)"
	ok "$T_WHAT: same boot, no gap, one writer" witness_check web1 --expect-boots 1
	no_secret
}

ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
ok "the array has its accounts, and each host its secret" chap_begin

T_WHAT="a host that does not know of CHAP"
refused 1 'set chap_secret_file in lunmask.conf: the array wants CHAP' node1 start
masks_are web1 "$T_WHAT: nothing is left granted"

T_WHAT="one-way"
conf_set 'chap_secret_file = /etc/lunmask/san1.chap'
agent_is 0 node1 start
ok "$T_WHAT: the guest counts" witness_wait web1 node1 5
no_secret
migrate live node1 node2
migrate saved node2 node3

T_WHAT="a target with a wrong secret"
secret_put node1 san1.chap "not-the-$NEW_SECRET"
mapfile -t meta < <(migrate_meta node3 node1)
PARAM[migration_mode]=live
refused 1 'correct the secret in /etc/lunmask/san1.chap' node3 migrate_to "${meta[@]}"
masks_are web1 "$T_WHAT: nothing is left granted" node3
is "$T_WHAT: the guest runs on" "$(domain node3 web1)" running
T_WHAT="a target without its file"
lab exec node1 -- rm /etc/lunmask/san1.chap
refused 1 'correct chap_secret_file' node3 migrate_to "${meta[@]}"
masks_are web1 "$T_WHAT: nothing is left granted" node3
secret_put node1 san1.chap "${SECRET[node1]}"

T_WHAT="mutual"
mutual() {
	local lines
	mapfile -t lines < <(host_accounts)
	accounts "${lines[@]}" "array array $ARRAY_SECRET"
}
ok "$T_WHAT: the array can prove itself" mutual
conf_set 'chap_secret_file = /etc/lunmask/san1.chap' 'chap_target_user = array' \
	'chap_target_secret_file = /etc/lunmask/array.chap'
migrate live node3 node1 mutual
migrate saved node1 node2 mutual
secret_put node3 array.chap "not-the-$ARRAY_SECRET"
mapfile -t meta < <(migrate_meta node2 node3)
PARAM[migration_mode]=live
T_WHAT="mutual, an array that is another one for node3"
refused 1 'the array has not proven to be array' node2 migrate_to "${meta[@]}"
masks_are web1 "$T_WHAT: nothing is left granted" node2
secret_put node3 array.chap "$ARRAY_SECRET"

T_WHAT="a new secret while the guest runs"
new_secret() {
	local node lines
	mapfile -t lines < <(host_accounts)
	accounts "${lines[@]}" "host second $NEW_SECRET" || return 1
	for node in $(lab nodes); do
		secret_put "$node" new.chap "$NEW_SECRET" || return 1
	done
	conf_set 'chap_user = second' 'chap_secret_file = /etc/lunmask/new.chap'
}
ok "$T_WHAT: it is made" new_secret
migrate live node2 node3 "the new secret"
ok "$T_WHAT: the old accounts are gone" accounts "host second $NEW_SECRET"
is "$T_WHAT: from tgtd, too" "$(tgt --mode account --op show | grep -c -F "$(initiator node1)")" 0
migrate live node3 node1 "without the old accounts"

T_WHAT="the guest's sessions end, and it logs in again with the new secret"
tgtd_cut() {
	local lun sid cid
	for lun in $(vm_luns web1); do
		while read -r sid cid; do
			tgt --op delete --mode conn --tid "$(target_id "$lun")" --sid "$sid" --cid "$cid"
		done < <(tgt --op show --mode conn --tid "$(target_id "$lun")" |
			awk '/^Session:/ {s = $2} /Connection:/ {print s, $2}')
	done
}
tgtd_cut
ok "$T_WHAT: the guest counts on" witness_wait web1 node1 "$(witness_counter web1)" 60
ok "$T_WHAT: same boot" witness_check web1 --expect-boots 1

T_WHAT="tgtd is started anew, and has forgotten its accounts"
agent_is 0 node1 stop
ok "$T_WHAT" array_restart
agent_is 0 node1 start
ok "$T_WHAT: each LUN has its account again" \
	test "$(tgt --mode target --op show | grep -c '^        second$')" -ge "$(vm_luns web1 | wc -w)"
ok "$T_WHAT: the guest counts" witness_wait web1 node1 5

T_WHAT="at the end"
agent_is 0 node1 stop
masks_are web1 "$T_WHAT"
no_secret

done_testing
