# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2153 # LAB_STATE is not a misspelt LAB_STAGE
#
# lab guest: the witness VM (tests/witness). The nodes see its kernel under the path it has here,
# because their roots lie on top of this machine's, and by a link in the folder that a definition may
# name. Its consoles stay on the nodes' disks, also over a power cut; qemu.conf must say
# stdio_handler = "file", or virtlogd rotates them, and what is in its pipe at a power cut is lost.

GUEST_BUILD=$(readlink -f "$LAB_DIR/../witness/build")
GUEST_LOGS=/var/log/libvirt/qemu
GUEST_CMDLINE="console=ttyS0 quiet loglevel=1 tsc=reliable no_timer_check cryptomgr.notests"
GUEST_DISKS_MAX=64
GUEST_TAIL_BYTES=65536

guest_usage() {
	cat <<-X
		usage: lab guest COMMAND

		  build                     make kernel, initramfs and checker in $GUEST_DIR
		  xml NAME [--memory MiB] [--disks N] [--cmdline EXTRA]
		                            print a libvirt domain; the sources of vda, vdb... are placeholders
		                            (EXTRA: witness.rate=N records a second, 0 as many as it can;
		                            witness.stubborn)
		  console NODE NAME         print the VM's console on a node
		  wait NAME NODE --counter-beyond N [--timeout S]
		                            until the console on NODE shows a counter greater than N
		  check NAME --luns "LUN..." [OPTION...]
		                            ask the oracle about all consoles and these LUNs, vda first; a LUN
		                            may be DRIVE=LUN or LUN:OFFSET+LENGTH. Further options go to
		                            witness_check, as --json or --expect-boots N. 0 clean,
		                            1 violation, 2 cannot tell
	X
}

guest_name_check() {
	[[ $1 =~ ^[a-zA-Z0-9][a-zA-Z0-9._-]{0,30}$ ]] ||
		lab_die "guest name '$1' is not legal: up to 31 of a-z A-Z 0-9 . _ -"
}

# guest_number WHAT VALUE MIN MAX
guest_number() {
	[[ $2 =~ ^[0-9]{1,15}$ && $2 -ge $3 && $2 -le $4 ]] ||
		lab_die "$1 '$2' is not legal: $3 to $4"
}

guest_build() {
	arguments 0 $# "guest build"
	"$GUEST_BUILD" "$GUEST_DIR"
	echo "$GUEST_DIR"
}

# 0 is vda, 25 vdz, 26 vdaa.
guest_drive() {
	local letters=abcdefghijklmnopqrstuvwxyz name='' rest=$(($1 + 1))
	while [ "$rest" -gt 0 ]; do
		name=${letters:(rest - 1) % 26:1}$name
		rest=$(((rest - 1) / 26))
	done
	echo "vd$name"
}

# The same for the same name, on every node and in every run.
guest_uuid() {
	local hash
	hash=$(printf 'lunmask-guest %s' "$1" | md5sum)
	echo "${hash:0:8}-${hash:8:4}-5${hash:13:3}-8${hash:17:3}-${hash:20:12}"
}

guest_xml_disks() {
	local i drive
	for ((i = 0; i < $2; i++)); do
		drive=$(guest_drive "$i")
		cat <<-X
			    <disk type='block' device='disk'>
			      <driver name='qemu' type='raw' cache='none'/>
			      <source dev='/dev/placeholder/$1-$drive'/>
			      <target dev='$drive' bus='virtio'/>
			    </disk>
		X
	done
}

# As people write it: what is left to libvirt (MAC, CPU, machine type, addresses) is left to it.
guest_xml_print() {
	local name=$1 memory=$2 disks=$3 cmdline=$4
	cat <<-X
		<domain type='qemu'>
		  <name>$name</name>
		  <uuid>$(guest_uuid "$name")</uuid>
		  <memory unit='MiB'>$memory</memory>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64' machine='q35'>hvm</type>
		    <kernel>$GUEST_BOOT/vmlinuz</kernel>
		    <initrd>$GUEST_BOOT/initrd.gz</initrd>
		    <cmdline>$cmdline</cmdline>
		  </os>
		  <features><acpi/></features>
		  <cpu mode='host-model'/>
		  <on_poweroff>destroy</on_poweroff>
		  <on_reboot>restart</on_reboot>
		  <on_crash>destroy</on_crash>
		  <devices>
		    <emulator>/usr/bin/qemu-system-x86_64</emulator>
	X
	guest_xml_disks "$name" "$disks"
	cat <<-X
		    <controller type='usb' model='none'/>
		    <serial type='file'>
		      <source path='$GUEST_LOGS/$name.console' append='on'/>
		      <target type='isa-serial' port='0'/>
		    </serial>
		    <interface type='user'>
		      <model type='virtio'/>
		    </interface>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	X
}

guest_xml() {
	local name=${1:-} memory=96 disks=1 extra=
	guest_name_check "$name"
	shift
	while [ $# -gt 0 ]; do
		[ $# -ge 2 ] || lab_die "'$1' needs a value; see: lab guest help"
		case $1 in
		--memory) memory=$2 ;;
		--disks) disks=$2 ;;
		--cmdline) extra=$2 ;;
		*) lab_die "unknown argument '$1'; see: lab guest help" ;;
		esac
		shift 2
	done
	guest_number --memory "$memory" 64 65536
	guest_number --disks "$disks" 1 "$GUEST_DISKS_MAX"
	[[ $extra != *[\<\>\&]* ]] || lab_die "--cmdline '$extra' may not hold < > &"
	guest_xml_print "$name" "$memory" "$disks" "$GUEST_CMDLINE witness.vm=$name${extra:+ $extra}"
}

# The console file of a VM on a node's disk, as this machine sees it, on or off.
guest_console_path() {
	echo "$(command_path "$1")$GUEST_LOGS/$2.console"
}

guest_console() {
	local path
	arguments 2 $# "guest console NODE NAME"
	lab_need
	guest_name_check "$2"
	path=$(guest_console_path "$1" "$2")
	[ -e "$path" ] || lab_die "'$2' has no console on $1: it never ran there"
	cat "$path"
}

# The highest counter in whole lines at the end of a console; nothing if there is none.
guest_counter() {
	[ -e "$1" ] || return 0
	tail -c "$GUEST_TAIL_BYTES" "$1" |
		sed -nE 's/^.*witness boot=[0-9a-f]+ n=([0-9]+) .* sum=[0-9a-f]{8}$/\1/p' | sort -n | tail -n 1
}

guest_counter_beyond() {
	local counter
	counter=$(guest_counter "$1")
	[ -n "$counter" ] && [ "$counter" -gt "$2" ]
}

guest_wait() {
	local name=${1:-} node=${2:-} beyond=0 timeout=30 path
	guest_name_check "$name"
	[ $# -ge 2 ] || lab_die "usage: lab guest wait NAME NODE --counter-beyond N [--timeout S]"
	shift 2
	while [ $# -gt 0 ]; do
		[ $# -ge 2 ] || lab_die "'$1' needs a value; see: lab guest help"
		case $1 in
		--counter-beyond) beyond=$2 ;;
		--timeout) timeout=$2 ;;
		*) lab_die "unknown argument '$1'; see: lab guest help" ;;
		esac
		shift 2
	done
	guest_number --counter-beyond "$beyond" 0 999999999999999
	guest_number --timeout "$timeout" 1 3600
	lab_need
	path=$(guest_console_path "$node" "$name")
	poll "$timeout" "a counter beyond $beyond of $name on $node" \
		guest_counter_beyond "$path" "$beyond"
}

# guest_bytes SIZE: "1GiB", "512K" or bytes, in bytes.
guest_bytes() {
	numfmt --from=auto "${1%B}" 2>/dev/null || lab_die "size '$1' is not legal: as 1048576, 1MiB, 1GiB"
}

# guest_lun_argument INDEX WORD: what witness_check wants for one LUN
guest_lun_argument() {
	local drive lun=$2 slice='' offset length
	drive=$(guest_drive "$1")
	if [[ $lun == *=* ]]; then
		drive=${lun%%=*}
		lun=${lun#*=}
	fi
	if [[ $lun == *:*+* ]]; then
		offset=$(guest_bytes "$(cut -d + -f 1 <<<"${lun#*:}")")
		length=$(guest_bytes "$(cut -d + -f 2 <<<"${lun#*:}")")
		slice=:$offset:$length
		lun=${lun%%:*}
	fi
	echo "$drive=$(command_path pool)/$lun$slice"
}

guest_check() {
	local name=${1:-} luns word node path arguments=() i=0
	guest_name_check "$name"
	if [ $# -lt 3 ] || [ "$2" != --luns ]; then
		lab_die "usage: lab guest check NAME --luns \"LUN...\" [OPTION...]"
	fi
	luns=$3
	shift 3
	lab_need
	[ -x "$GUEST_DIR/witness_check" ] || lab_die "there is no checker yet; run: lab guest build"
	for word in $luns; do
		arguments+=(--lun "$(guest_lun_argument "$i" "$word")")
		i=$((i + 1))
	done
	for node in $(lab_nodes); do
		path=$(guest_console_path "$node" "$name")
		[ ! -e "$path" ] || arguments+=(--console "$path")
	done
	# Without any console the checker would not miss the lines.
	[[ " ${arguments[*]} " == *" --console "* ]] || arguments+=(--console "$path")
	"$GUEST_DIR/witness_check" "${arguments[@]}" "$@"
}

guest_main() {
	local command=${1:-help}
	[ $# = 0 ] || shift
	case $command in
	help | -h | --help) guest_usage ;;
	build | xml | console | wait | check) "guest_$command" "$@" ;;
	*) lab_die "unknown guest command '$command'; see: lab guest help" ;;
	esac
}
