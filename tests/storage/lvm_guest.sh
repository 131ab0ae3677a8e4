#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The init of lvm_test.sh's virtual machine: an array with a volume group, and what is tested on it.
#
# The group's six disks are devices of the device mapper, so that one of them can be made to fail.
set -uo pipefail

export PATH=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin
readonly iqn=iqn.2026-11.org.example mib=1048576
readonly tries_max=2000
here=$(dirname "$(realpath "$0")")
conf=/run/array.conf
passed=0
failed=0
slices=0
said=

result() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
		echo "ok - $2"
	else
		failed=$((failed + 1))
		echo "not ok - $2: $said"
	fi
}

# check NAME COMMAND...
check() {
	local name=$1 rc=0
	shift
	"$@" || rc=$?
	result $rc "$name"
}

end() {
	echo "$passed passed, $failed failed"
	sync
	echo o >/proc/sysrq-trigger
	read -r -t 60 <> <(:)
}

system_begin() {
	mount -t proc proc /proc
	[ -d /sys/kernel ] || mount -t sysfs sysfs /sys
	[ -n "$(ls /dev/vda 2>/dev/null)" ] || mount -t devtmpfs devtmpfs /dev
	mount -t tmpfs tmpfs /run
	mkdir -p /run/lock /run/bin /run/pool
	/lib/systemd/systemd-udevd --daemon
	udevadm trigger --subsystem-match=block --action=add
	udevadm settle
	ip link set lo up
	modprobe -a dm-mod dm-raid dm-thin-pool
}

# pv N TARGET: the disk N of the group is linear (good) or error.
pv() {
	local disks=(c d e f g h) disk sectors
	disk=/dev/vd${disks[$1 - 1]}
	sectors=$(blockdev --getsz "$disk")
	case $2 in
	linear) echo "0 $sectors linear $disk 0" ;;
	error) echo "0 $sectors error" ;;
	esac
}

pv_set() {
	dmsetup suspend --noflush "pv$1" && pv "$1" "$2" | dmsetup load "pv$1" && dmsetup resume "pv$1"
}

group_make() {
	local i
	echo 'devices { global_filter=[ "a|^/dev/mapper/pv[0-9]$|", "r|.*|" ] }' >/etc/lvm/lvmlocal.conf
	for i in 1 2 3 4 5 6; do
		pv "$i" linear | dmsetup create "pv$i" || return
	done
	vgcreate --quiet --physicalextentsize 4M vg0 /dev/mapper/pv[1-6] >/dev/null &&
		lvcreate --quiet --yes --type raid1 --mirrors 1 --size 64M --name tp vg0 >/dev/null &&
		lvcreate --quiet --yes --type raid1 --mirrors 1 --size 8M --name tpmeta vg0 >/dev/null &&
		lvconvert --quiet --yes --type thin-pool --poolmetadata vg0/tpmeta vg0/tp >/dev/null
}

# config_write FILE STATE POOL...
config_write() {
	local file=$1 state=$2
	shift 2
	printf '[tgt]\niqn_prefix = %s:\ncontrol_port = 1\nlock_file = /run/lunmask/lock\nstate_dir = %s\n' \
		$iqn "$state" >"$file"
	printf '%s\n' "$@" >>"$file"
}

tgtd_start() {
	local tries
	tgtd -f -C 1 --iscsi portal=127.0.0.1:3260 >>/run/tgtd.log 2>&1 &
	tgtd_pid=$!
	for ((tries = 0; tries < tries_max; tries++)); do
		tgtadm -C 1 --mode sys --op show >/dev/null 2>&1 && return
		read -r -t 0.05 <> <(:) || true
	done
	return 1
}

# A command of LVM that kills the driver that has called it, before or after it has done its work.
killers_make() {
	local command
	for command in lvcreate lvremove; do
		cat >"/run/bin/$command" <<-KILLER
			#!/bin/sh
			if [ -e /run/kill-before ]; then rm /run/kill-before; kill -KILL \$PPID; exit 1; fi
			/sbin/$command "\$@"
			rc=\$?
			if [ -e /run/kill-after ]; then rm /run/kill-after; kill -KILL \$PPID; fi
			exit \$rc
		KILLER
		chmod 755 "/run/bin/$command"
	done
}

# The driver for callers that wait: the emulated machine is slow.
patient_make() {
	cat >/run/bin/patient-driver <<-PATIENT
		#!/bin/sh
		sed 's/^{}/{"timeout_ms":600000}/; s/^{\("[^t]\)/{"timeout_ms":600000,\1/' |
			exec $here/lunmask-array-tgt "\$@"
	PATIENT
	chmod 755 /run/bin/patient-driver
}

# driver VERB REQUEST: the answer in $said, without blanks
driver() {
	local rc=0 request="{\"timeout_ms\":600000,${2#\{}"
	said=$("$here/lunmask-array-tgt" --config "$conf" "$1" <<<"${request/,\}/\}}" 2>/dev/null) || rc=$?
	said=${said//[[:space:]]/}
	return $rc
}

# make NAME MIB CLASS: repeats the request while it is unfinished
make() {
	local tries
	slices=0
	for ((tries = 0; tries < tries_max; tries++)); do
		driver create "{\"name\":\"$1\",\"size_bytes\":$(($2 * mib)),\"reliability\":\"$3\"}" && break
		[[ $said == *'"code":"unfinished"'* ]] || return 1
		slices=$((slices + 1))
	done
	[[ $said == '{"created":true}' ]]
}

delete() {
	driver delete "{\"name\":\"$1\"}" && [[ $said == '{"deleted":true}' ]]
}

is_zeros() {
	said=$(cmp -n $(($2 * mib)) "/dev/vg0/$1" /dev/zero 2>&1)
}

layout_is() {
	said=$(lvs --noheadings -o lv_layout "vg0/$1" | tr -d ' ')
	[[ ,$said, == *",$2,"* ]]
}

# health NAME: in $said
health() {
	driver luns "{\"luns\":[\"$1\"],\"health\":true}"
}

health_is() {
	health "$1" && [[ $said == *"\"health\":\"$2\""* ]]
}

health_becomes() {
	local tries
	for ((tries = 0; tries < tries_max; tries++)); do
		health_is "$1" "$2" && return
		read -r -t 0.1 <> <(:) || true
	done
	return 1
}

volumes() {
	lvs --noheadings -o lv_name vg0 | tr -d ' ' | grep -v '^tp$' | sort | paste -sd ' '
}

volumes_are() {
	said="the volumes are $(volumes)"
	[ "$(volumes)" = "$1" ]
}

refused() {
	local code=$1 part=$2
	shift 2
	! make "$@" && [[ $said == *"\"code\":\"$code\""* && $said == *"$part"* ]]
}

classes() {
	local row class size layout
	check "info lists the classes of the pools" info_lists
	for row in none:64:striped mirror:64:raid1 raid5:64:raid5 raid6:64:raid6 raid10:64:raid10; do
		IFS=: read -r class size layout <<<"$row"
		check "$class: it is made" make "web-$class" "$size" "$class"
		echo "# $slices slices"
		check "$class: by LVM" layout_is "web-$class" "$layout"
		check "$class: it has only zeros" is_zeros "web-$class" "$size"
		check "$class: it is or becomes healthy" health_becomes "web-$class" healthy
	done
	check "another class is refused" refused unsupported none,mirror,raid5,raid6,raid10 web-x 64 raid7
	check "another size is refused" refused bad-request "of50331648bytes,not44040192" web-x 42 raid6
	check "what does not fit is refused" refused no-space lvcreate web-x 4000 mirror
	check "nothing of that is left" volumes_are "web-mirror web-none web-raid10 web-raid5 web-raid6"
}

in_slices() {
	check "a larger one is made" make web-large 256 none
	check "it was filled in slices" test "$slices" -ge 1
	echo "# $slices slices"
	check "it has only zeros" is_zeros web-large 256
	check "it is deleted" delete web-large
}

info_lists() {
	driver info '{}' && [[ $said == *'"classes":["none","mirror","raid5","raid6","raid10"]'* ]]
}

# killed WHEN VERB NAME: the driver is killed, and does not answer
killed() {
	touch "/run/kill-$1"
	! driver "$2" "$3" && [ -z "$said" ] && [ ! -e "/run/kill-$1" ]
}

kills() {
	local when request="{\"name\":\"web-k\",\"size_bytes\":$((32 * mib)),\"reliability\":\"raid5\"}"
	local others="web-mirror web-none web-raid10 web-raid5 web-raid6"
	for when in before after; do
		check "create killed $when lvcreate" killed $when create "$request"
		check "create killed $when lvcreate: it is no LUN yet" refused_luns web-k
		check "create killed $when lvcreate: the same request goes on" make web-k 32 raid5
		check "create killed $when lvcreate: only zeros" is_zeros web-k 32
		check "create killed $when lvcreate: no volume too many" volumes_are "web-k $others"
		check "delete killed $when lvremove" killed $when delete '{"name":"web-k"}'
		check "delete killed $when lvremove: it is no LUN any more" refused_luns web-k
		check "delete killed $when lvremove: the same request ends it" delete web-k
		check "delete killed $when lvremove: nothing is left" volumes_are "$others"
		check "killed $when lvcreate again" killed $when create "$request"
		check "killed $when lvcreate: a delete removes it" delete web-k
		check "killed $when lvcreate: nothing is left" volumes_are "$others"
	done
}

refused_luns() {
	! driver luns "{\"luns\":[\"$1\"]}" && [[ $said == *no-such-lun* ]]
}

disk_lost() {
	check "a disk fails" pv_set 2 error
	dd if=/dev/urandom of=/dev/vg0/web-raid5 bs=1M count=8 oflag=direct 2>/dev/null
	check "raid5: degraded" health_becomes web-raid5 degraded
	echo "# $said"
	check "none: failed" health_becomes web-none failed
	echo "# $said"
	check "the disk is back" pv_set 2 linear
	lvchange --quiet --refresh vg0 >/dev/null 2>&1
	check "raid5: healthy again" health_becomes web-raid5 healthy
}

restore() {
	"$here/lunmask-array-tgt" --config "$conf" --restore >/run/restore 2>&1
	local rc=$?
	said=$(cat /run/restore)
	return $rc
}

restarts() {
	kill -KILL "$tgtd_pid"
	wait "$tgtd_pid" 2>/dev/null
	check "tgtd starts again" tgtd_start
	check "all LUNs are restored" restore
	kill -KILL "$tgtd_pid"
	wait "$tgtd_pid" 2>/dev/null
	lvrename --quiet vg0 web-raid6 web-away >/dev/null
	lvrename --quiet vg0 web-raid10 web-raid6 >/dev/null
	check "tgtd starts a third time" tgtd_start
	check "another volume of the name is not taken" not_taken
	check "its health is failed" health_is web-raid6 failed
	lvrename --quiet vg0 web-raid6 web-raid10 >/dev/null
	lvrename --quiet vg0 web-away web-raid6 >/dev/null
	check "all LUNs are restored after that" restore
}

not_taken() {
	! restore && [[ $said == *"is not the logical volume of this LUN: another one has its name"* ]]
}

thin() {
	conf=/run/thin.conf
	config_write $conf /run/thin-state '[pool thin]' 'type = lvm' 'vg = vg0' 'thin_pool = tp' 'classes = mirror'
	check "thin: it is made at once" make thin-a 32 mirror
	check "thin: without filling" test "$slices" = 0
	check "thin: by LVM" layout_is thin-a thin
	check "thin: it has only zeros" is_zeros thin-a 32
	check "thin: healthy" health_becomes thin-a healthy
	check "thin: deleted" delete thin-a
	config_write $conf /run/thin-state '[pool thin]' 'type = lvm' 'vg = vg0' 'thin_pool = tp' 'classes = raid6'
	check "thin: a class that the pool has not" refused unsupported "doesnotgivetheclassraid6" thin-a 32 raid6
	conf=/run/array.conf
}

conforms() {
	local lines
	make one 64 raid5 && make two 64 mirror || return
	lines=$("$here/lunmask-array-conformance" "patient-driver --config $conf" --lun one --lun two \
		--initiator $iqn:node1 --initiator $iqn:node2 2>&1)
	grep -E '^(not ok|# [^S])' <<<"$lines"
	said=$(tail -n 1 <<<"$lines")
	echo "# conformance: $said"
	[[ $said == *" 0 failed" ]]
}

conformance() {
	check "the driver conforms with LUNs that are volumes" conforms
}

system_begin
check "the group is made" group_make
config_write $conf /run/state '[pool plain]' 'type = lvm' 'vg = vg0' 'classes = none' 'stripes = 2' \
	'[pool fast]' 'type = lvm' 'vg = vg0' 'classes = mirror raid5 raid6 raid10'
mkdir -p /run/lunmask
check "tgtd starts" tgtd_start
killers_make
patient_make
parts=$(sed -n 's/.*lvm_parts=\([a-z_,]*\).*/\1/p' /proc/cmdline)
for part in ${parts//,/ }; do
	$part
done
end
