#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# headers_test.sh SUITE BUILD-TREE DIR: the headers of Pacemaker in the Debian release SUITE (sid has
# the newest) against the tree that is built in BUILD-TREE. A failure tells what the next release of
# Debian will need. DIR is for what is downloaded. Prints TAP.
set -euo pipefail

top=$(realpath "$(dirname "$0")/../..")
suite=${1:?usage: headers_test.sh SUITE BUILD-TREE DIR}
tree=$(realpath "${2:?}")
mkdir -p "${3:?}"
dir=$(realpath "$3")

# apt with nothing of this machine's but the keys.
apt() {
	local command=$1
	shift
	"$command" -qq -o Acquire::Retries=5 -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root -o Dir::State="$dir/state" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$dir/cache" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::sourcelist="$dir/sources.list" "$@"
}

download() {
	rm -rf "$dir"/{headers,state,*.deb}
	mkdir -p "$dir"/{state/lists/partial,cache/archives/partial}
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $("$top/scripts/debian-root" mirror) $suite main" \
		>"$dir/sources.list"
	# As a condition it is not ended by set -e.
	apt apt-get update --error-on=any && (cd "$dir" && apt apt-get download pacemaker-dev) &&
		dpkg-deb -x "$dir"/pacemaker-dev_*.deb "$dir/headers"
}

if ! download >"$dir/download.log" 2>&1; then
	echo "not ok 1 - $suite: pacemaker-dev is downloaded"
	sed 's/^/#   /' "$dir/download.log"
	exit 1
fi
echo "ok 1 - $suite: pacemaker-dev is downloaded"
if make -C "$tree" -s check-pacemaker PACEMAKER_PATH="-I $dir/headers/usr/include/pacemaker" >"$dir/check.log" 2>&1; then
	echo "ok 2 - $suite: $(tail -n 1 "$dir/check.log")"
else
	echo "not ok 2 - $suite: Pacemaker's headers"
	sed 's/^/#   /' "$dir/check.log"
	exit 1
fi
