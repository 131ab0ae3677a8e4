# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A fresh Debian for a container, with what the packages need, and not the packages. Sourced after
# containers.sh.
#
#   fresh_make NAME SUITE DEB...   its root is container_path NAME, to be booted by container_boot

# shellcheck source=online.sh
. "$(dirname "${BASH_SOURCE[0]}")/online.sh"

# For administrators, and for the tests.
FRESH_TOOLS=(systemd-sysv dbus udev pacemaker-cli-utils pcs crmsh openssh-server qemu-system-x86 procps
	iproute2 less)

# The first of alternatives, without versions, and without the packages themselves.
fresh_needs() {
	local deb
	for deb in "$@"; do
		dpkg-deb -f "$deb" Depends Recommends | sed 's/^[A-Z][a-z]*: //' | tr , '\n'
	done | sed 's/|.*//; s/([^)]*)//; s/[[:space:]]//g' | grep -vE '^(lunmask.*|)$' | sort -u
}

# The sources of this machine, if they are of the suite; else the mirror that it uses.
fresh_sources() {
	local file
	for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
		if [ "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" = "$1" ] && [ -s "$file" ]; then
			echo "$file"
			return
		fi
	done
	"$(dirname "${BASH_SOURCE[0]}")/../../scripts/debian-root" mirror
}

# The archive changes, so a root is kept for a week.
fresh_tar() {
	local suite=$1 names tar
	shift
	names=$({ fresh_needs "$@" && printf '%s\n' "${FRESH_TOOLS[@]}"; } | sort -u | paste -sd ,)
	tar=${LAB_CACHE:-/var/cache/lunmask-lab}/fresh-$suite-$(sha256sum <<<"$names" | cut -c 1-16).tar
	if [ -z "$(find "$tar" -mtime -7 2>/dev/null)" ]; then
		mkdir -p "$(dirname "$tar")"
		online mmdebstrap --quiet --variant=minbase --include="$names" --aptopt='Acquire::Retries "5"' \
			--aptopt='Acquire::Check-Valid-Until "false"' "$suite" "$tar.$$.tar" "$(fresh_sources "$suite")" >&2 || { rm -f "$tar.$$.tar" && return 1; }
		mv "$tar.$$.tar" "$tar"
	fi
	echo "$tar"
}

fresh_make() {
	local name=$1 tar root
	shift
	root=$(container_path "$name")
	tar=$(fresh_tar "$@") && mkdir -p "$root" && tar -C "$root" -xpf "$tar" || return
	echo "$name" >"$root/etc/hostname"
	printf '127.0.0.1 localhost %s\n' "$name" >"$root/etc/hosts"
	: >"$root/etc/machine-id"
}
