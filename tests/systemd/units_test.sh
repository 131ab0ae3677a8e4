#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lunmaskd, lunmask-cutoff and lunmask-tidy under systemd, by their own units: units_test.sh STAGE
#
# Needs root, systemd-nspawn and what the lab needs. In a container: one node of a cluster that is also
# its array. What is tried there is in inside.sh. Prints TAP; leaves nothing behind.
set -uo pipefail

if [[ ${1:-} != --inside ]]; then
	stage=$(realpath "${1:?usage: units_test.sh STAGE}")
	exec unshare --mount --propagation private -- "$(realpath "$0")" --inside "$stage"
fi

here=$(dirname "$(realpath "$0")")
# shellcheck source=containers.sh
. "$here/containers.sh"
# shellcheck source=corosync.sh
. "$here/corosync.sh"
containers_init
trap containers_end EXIT
container_make node1 "$2"
root=$(container_path node1)
echo '127.0.0.1 node1' >>"$root/etc/hosts"
mkdir -p "$root/etc/corosync"
corosync_conf units node1=127.0.0.1 >"$root/etc/corosync/corosync.conf"
install -m 755 "$here/inside.sh" "$root/usr/local/sbin/units-inside"
cat >"$root/etc/systemd/system/units-test.service" <<-X
	[Unit]
	SuccessAction=poweroff-immediate
	FailureAction=poweroff-immediate
	[Service]
	Type=oneshot
	ExecStart=/usr/local/sbin/units-inside
	StandardOutput=file:/tap
	StandardError=file:/tap
	TimeoutStartSec=200
X
container_boot node1 --private-network -- systemd.unit=units-test.service systemd.show_status=no
wait "${C_PID[node1]}"
status=$?
cat "$root/tap"
if ! grep -q '^1\.\.' "$root/tap"; then
	echo "not ok 999 - the container did not run to its end: $status"
	tail -n 40 "$C_BASE/node1.console" | sed 's/^/#   /'
	exit 1
fi
! grep -q '^not ok' "$root/tap"
