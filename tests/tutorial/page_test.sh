#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tutorial, without executing it: page_test.sh PAGE BUILD
#
# Its commands are a shell's, the files that it writes are understood by those that read them, and what
# a reader sees are the commands that the other test executes. Needs no root. Prints TAP.
set -uo pipefail

here=$(dirname "$(realpath "$0")")
page=$(realpath "${1:?usage: page_test.sh PAGE BUILD}")
build=$(realpath "$2")
# shellcheck source=../lab/t/lib.sh
. "$here/../lab/t/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TEST_LOGS=

# The page as a terminal of 80 columns has it.
rendered() {
	LC_ALL=C.UTF-8 MANWIDTH=80 MAN_KEEP_FORMATTING='' GROFF_NO_SGR=1 man -E UTF-8 -P cat -l "$page" | col -bx
}

# Each line of the commands is a line of the page.
lines_missing() { grep -vxFf "$work/rendered" "$work"/blocks/[0-9]*; }

# Files that the page writes, under the folder FILES.
files_take() {
	cat "$work"/blocks/[0-9]* | awk -v to="$1" '
		/^cat >+[^ ]+ <<.END.$/ {
			file = $2
			sub(/^>+/, "", file)
			file = to file
			folder = file
			sub(/\/[^\/]*$/, "", folder)
			system("mkdir -p " folder)
			printf "" >file
			next
		}
		/^END$/ { if (file != "") { close(file) } file = ""; next }
		file != "" { print >file }'
}

# The key is not here.
conf_reads() { "$build/agent/fence_lunmask" --action="$1" --config="$work/lunmask.conf"; }
agent_reads() {
	env OCF_ROOT=/usr/lib/ocf OCF_RA_VERSION_MAJOR=1 OCF_RA_VERSION_MINOR=1 OCF_RESOURCE_INSTANCE=web1 \
		OCF_CHECK_LEVEL=10 OCF_RESKEY_CRM_meta_timeout=60000 OCF_RESKEY_CRM_meta_on_node=node1 \
		LUNMASK_CONF="$work/lunmask.conf" \
		OCF_RESKEY_vm=web1 OCF_RESKEY_array=san1 OCF_RESKEY_luns=vda=web1-root \
		OCF_RESKEY_state_lun=web1-state OCF_RESKEY_config="$1" "$build/agent/VirtualMachine" validate-all
}
# Without tgtd, it reads its configuration, and answers what needs no more.
driver_reads() { echo '{}' | "$build/driver/tgt/lunmask-array-tgt" --config "$1" info; }

ok "the commands can be taken out of the page" "$here/extract" "$page" "$work/blocks"
[ -s "$work/blocks/steps" ] || { done_testing; exit 1; }
for block in "$work"/blocks/[0-9]*; do
	ok "block ${block##*/} is a shell's" bash -n "$block"
done
if type -P man >/dev/null && type -P col >/dev/null; then
	is "the page is set without a warning" \
		"$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)" ""
	rendered >"$work/rendered"
	is "no line is longer than 80 columns" "$(awk 'length > 80' "$work/rendered")" ""
	is "a reader sees each command as it is executed, at the left edge" "$(lines_missing)" ""
fi
if type -P mandoc >/dev/null; then
	is "mandoc has nothing to say" "$(mandoc -T lint -W warning "$page")" ""
fi

files=$work/files
files_take "$files"
is "the files that it writes" "$(cd "$files" && find . -type f | sort | xargs)" \
	"./etc/corosync/corosync.conf ./etc/hosts ./etc/lunmask/array-tgt.conf ./etc/lunmask/lunmask.conf ./etc/lunmask/web1.xml ./etc/ssh/ssh_config.d/lunmask.conf"
chmod 644 "$files"/etc/lunmask/*
install -m 600 /dev/null "$work/san1.key"
sed "s|/etc/lunmask/san1.key|$work/san1.key|" "$files/etc/lunmask/lunmask.conf" >"$work/lunmask.conf"
ok "fence_lunmask understands lunmask.conf" conf_reads validate-all
is "each host of the cluster is in it" "$(conf_reads list | xargs)" "node1, node2,"
like "corosync is told that there are two nodes" "$(cat "$files/etc/corosync/corosync.conf")" "two_node: 1"
if type -P ssh >/dev/null; then
	like "ssh notices a dead link" "$(ssh -TF "$files/etc/ssh/ssh_config.d/lunmask.conf" -G 192.0.2.2 | xargs)" \
		"serveraliveinterval 5 .*connecttimeout 10"
fi
ok "the driver understands array-tgt.conf" driver_reads "$files/etc/lunmask/array-tgt.conf"
if type -P corosync >/dev/null; then
	ok "corosync understands corosync.conf" env COROSYNC_MAIN_CONFIG_FILE="$files/etc/corosync/corosync.conf" \
		corosync -t
fi
# It reads the definition first; there may be no libvirt to ask next.
unlike "the agent takes the definition of the VM" "$(agent_reads "$files/etc/lunmask/web1.xml" 2>&1)" 'web1\.xml'
sed '/<uuid>/d' "$files/etc/lunmask/web1.xml" >"$work/no-uuid.xml"
like "it would not take any" "$(agent_reads "$work/no-uuid.xml" 2>&1)" 'no-uuid\.xml.* has no <uuid>'
done_testing
