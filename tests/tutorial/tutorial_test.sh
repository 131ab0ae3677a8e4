#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tutorial, executed: tutorial_test.sh PAGE BUILD [SUITE]
#
# PAGE is man/lunmask.7, BUILD a configured build tree. The commands are taken out of the page and
# run, in its order, on three fresh systems of Debian 12, or SUITE, that systemd boots. At the end, the
# power of a host is cut, and the VM must run on the other one. Needs root, a mirror of Debian, and what
# "install-deps" and "install-deps package" install. Prints TAP; TEST_LOGS gets a transcript.
#
# What is not as the page has it:
# - The containers have no KVM, no control groups of their own, no AppArmor, and the UUID of this machine.
# - The image of the operating system is made here (disk), not downloaded.
# - All packages of Debian are there before, and the array has those of a node, too, switched off.
# - "hand" blocks are not run. The test does what they are about: it cuts the power.
#
# TUTORIAL_DEBS=DIR: these packages, instead of new ones.
set -uo pipefail

if [[ ${1:-} != --inside ]]; then
	: "${2:?usage: tutorial_test.sh PAGE BUILD [SUITE]}"
	exec 9</proc/self/ns/net
	exec unshare --mount --net --propagation private -- "$(realpath "$0")" --inside "$(realpath "$1")" \
		"$(realpath "$2")" "${3:-bookworm}"
fi

here=$(dirname "$(realpath "$0")")
page=$2
build=$3
suite=$4
# shellcheck source=../lab/t/lib.sh
. "$here/../lab/t/lib.sh"
# shellcheck source=../systemd/containers.sh
. "$here/../systemd/containers.sh"
# shellcheck source=../package/debs.sh
. "$here/../package/debs.sh"
# shellcheck source=../package/fresh.sh
. "$here/../package/fresh.sh"
declare -A ADDRESS=([array]=192.0.2.100 [node1]=192.0.2.1 [node2]=192.0.2.2)
MACHINES=(array node1 node2)
BOOTS_SECTOR=122880 # as disk has it
boots=1

debs_make() {
	if [ -n "${TUTORIAL_DEBS:-}" ]; then
		cp "$TUTORIAL_DEBS"/*.deb "$work"
		return
	fi
	source_make && if [ "$suite" = "$(. /etc/os-release && echo "$VERSION_CODENAME")" ]; then
		deb_build "$work/one" nocheck
	else
		deb_build_in "$suite" "$work/one" nocheck
	fi && cp "$work"/one/*.deb "$work" && rm -f "$work"/*-dbgsym_*
}

disk_make() {
	local guest=${LAB_CACHE:-/var/cache/lunmask-lab}/guest
	"$here/../witness/build" "$guest" && "$here/disk" "$guest" "$work/disk.qcow2"
}

# One system's files, for all three.
system_make() {
	local tar
	tar=$(fresh_tar "$suite" "$work"/*.deb) && mkdir "$C_BASE/fresh" && tar -C "$C_BASE/fresh" -xpf "$tar"
}

# As Debian's installer leaves it, with the packages of lunmask beside it.
machine_make() {
	local name=$1 root
	root=$(container_path "$name")
	mkdir -p "$C_BASE/disk/$name"/{upper,work,root}
	mount -t overlay tutorial "$root" \
		-o "lowerdir=$C_BASE/fresh,upperdir=$C_BASE/disk/$name/upper,workdir=$C_BASE/disk/$name/work"
	echo "$name" >"$root/etc/hostname"
	printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n' "$name" >"$root/etc/hosts"
	: >"$root/etc/machine-id"
	rm -f "$root"/etc/ssh/ssh_host_*
	chroot "$root" ssh-keygen -A >/dev/null
	cp "$work"/*.deb "$root/root"
	if [ "$name" = array ]; then
		systemctl --root="$root" --quiet disable corosync pacemaker pcsd libvirtd libvirt-guests
	else
		printf 'host_uuid = "6c756e6d-6173-4b00-8000-%012d"\n' "${name#node}" >>"$root/etc/libvirt/libvirtd.conf"
		echo 'cgroup_controllers = [ ]' >>"$root/etc/libvirt/qemu.conf"
	fi
}

machine_boot() {
	ip link set "$1" up
	container_boot "$1" --network-namespace-path="/run/netns/$1" --bind=/dev/fuse -- systemd.show_status=no
}

# power_cut NODE: the cable first, or its end would be heard.
power_cut() {
	ip link set "$1" down
	kill -KILL "$(container_leader "$1")"
	wait_until 20 container_gone "$1"
}

machines_of() {
	case $1 in
	all) echo array node1 node2 ;;
	nodes) echo node1 node2 ;;
	*) echo "$1" ;;
	esac
}

# block_prepare NUMBER MACHINE: what a reader does to a block before it is executed.
block_prepare() {
	local block=$work/blocks/$1 to name machine file
	to=$(container_path "$2")/root/block
	sed "s/<domain type='kvm'>/<domain type='qemu'>/" "$block" >"$to"
	while read -r _ name machine file; do
		sed -i "s|^$name=.*|$name='$(cat "$(container_path "$machine")$file")'|" "$to"
	done < <(grep "^$1 " "$work/blocks/pastes")
}

# block_run NUMBER MACHINE: as root's shell does it, and no command may fail.
block_run() {
	block_prepare "$1" "$2"
	container_exec "$2" env -i HOME=/root USER=root LANG=C.UTF-8 TERM=dumb \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		bash -e -o pipefail -c 'cd /root; . ./block' </dev/null >"$work/output" 2>&1
	local status=$?
	{
		echo "== block $1 on $2, at $(date +%T), status $status"
		cat "$work/blocks/$1"
		echo "--"
		cat "$work/output"
	} >>"$transcript"
	cat "$work/output"
	return "$status"
}

block_shows() { block_run "$1" "$2" | seen -E -- "$3"; }

# sector NUMBER: what the guest has in it; 0 before its first boot.
sector() {
	local text
	text=$(dd if="$(container_path array)/srv/luns/web1-root" bs=512 skip="$1" count=1 2>/dev/null | tr -dc 0-9)
	echo "${text:-0}"
}
counts_on() { [ "$(sector $((BOOTS_SECTOR + 1)))" -gt "$1" ]; }
# What the page promises of the guest, wherever it says that it runs.
guest_check() {
	ok "$T_WHAT: the guest counts" wait_until 60 counts_on "$(sector $((BOOTS_SECTOR + 1)))"
	is "$T_WHAT: it has booted" "$(sector "$BOOTS_SECTOR")" "$boots"
}

step() {
	local number=$1 kind=$2 machine regex=$4
	T_WHAT="$number $kind $3"
	case $kind in
	run)
		for machine in $(machines_of "$3"); do
			T_WHAT="$number on $machine ($(head -n 1 "$work/blocks/$number"))"
			if [ -z "$regex" ]; then
				ok "$T_WHAT" block_run "$number" "$machine" || return
			else
				ok "$T_WHAT: $regex" wait_until 60 block_shows "$number" "$machine" "$regex"
			fi
		done
		[[ $regex != *web1*Started* ]] || guest_check
		;;
	cut)
		ok "$T_WHAT: the power is cut" power_cut "$3"
		boots=2
		;;
	boot)
		machine_boot "$3"
		ok "$T_WHAT: it boots" wait_until 60 container_up "$3"
		;;
	esac
}

steps_all() {
	local number kind machines regex
	while read -r number kind machines regex <&3; do
		step "$number" "$kind" "$machines" "$regex"
		# What comes after builds on it.
		if [ "$T_FAILED" != 0 ]; then
			tail -n 30 "$transcript" | sed 's/^/# /'
			return
		fi
	done 3<"$work/blocks/steps"
}

# Beyond the page: what it promises of who runs where.
hosts_of() { container_exec array lunmask-array-tgt masks <<<"{\"luns\": [\"$1\"]}" | grep -o 'example:node.' | sort -u | xargs; }
# shellcheck disable=SC2016 # the other shell's
qemu_user() { container_exec "$1" sh -c 'stat -c %U /proc/$(pgrep -x qemu-system-x86)'; }
after_all() {
	T_WHAT="afterwards"
	is "$T_WHAT: no domain is left on node1" "$(container_exec node1 virsh -q list --all)" ""
	is "$T_WHAT: QEMU runs as Debian's user" "$(qemu_user node2)" libvirt-qemu
	for lun in web1-root web1-state; do
		is "$T_WHAT: $lun is node2's" "$(hosts_of "$lun")" example:node2
	done
	ok "$T_WHAT: no host has a path that it does not need" container_exec node2 lunmask reconcile --dry-run
	T_WHAT="a host is shut down"
	container_exec node2 systemctl poweroff >/dev/null 2>&1
	ok "$T_WHAT: it ends" wait_until 120 container_gone node2
	ok "$T_WHAT: the VM has moved" wait_until 20 eval 'container_exec node1 crm_mon -1 | seen "web1.*Started node1"'
	guest_check
}

# For the logs of the machines (logs_keep).
lab() {
	case $1 in
	nodes) echo "${MACHINES[@]}" ;;
	path) container_path "$2" ;;
	esac
}
transcript_keep() { [ -z "${TEST_LOGS:-}" ] || cp "$transcript" "$TEST_LOGS/tutorial-$suite.transcript"; }

work=$(mktemp -d /var/tmp/lunmask-tutorial.XXXXXX)
transcript=$work/transcript
: >"$transcript"
containers_init
trap 'transcript_keep; containers_end; rm -rf "$work"' EXIT
ok "the commands can be taken out of the page" "$here/extract" "$page" "$work/blocks"
ok "the packages are built" debs_make
ok "a system to boot is made" disk_make
ok "a fresh Debian is made" system_make
network_make
for name in "${MACHINES[@]}"; do
	machine_make "$name"
	container_plug "$name" "${ADDRESS[$name]}"
	machine_boot "$name"
done
for name in "${MACHINES[@]}"; do ok "$name boots" wait_until 60 container_up "$name"; done
cp "$work/disk.qcow2" "$(container_path array)/root/debian-12-nocloud-amd64.qcow2"
[ "$T_FAILED" = 0 ] && steps_all
[ "$T_FAILED" = 0 ] && after_all
done_testing
