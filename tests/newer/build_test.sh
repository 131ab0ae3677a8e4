#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build_test.sh SUITE BUILD [stage]: lunmask in the Debian release SUITE, which has newer libraries and
# a newer compiler: built without a warning, and make check. BUILD/stage is then an installed tree, also
# for a lab of that release (lab up --root); stage: no more than that.
#
# Needs root and mmdebstrap (scripts/debian-root). Prints TAP.
set -uo pipefail

top=$(realpath "$(dirname "$0")/../..")
suite=${1:?usage: build_test.sh SUITE BUILD [stage]}
mkdir -p "${2:?usage: build_test.sh SUITE BUILD [stage]}"
build=$(realpath "$2")
jobs=$(nproc)
count=0

# ok NAME LOG COMMAND...
ok() {
	local name=$1 log=$build/$2
	shift 2
	count=$((count + 1))
	if "$@" >"$log" 2>&1; then
		echo "ok $count - $suite: $name"
		return 0
	fi
	echo "not ok $count - $suite: $name"
	tail -n 40 "$log" | sed 's/^/#   /'
	return 1
}

in_root() { "$top/scripts/debian-root" run "$root" "$top" "$build" "$@"; }

# Without what another release's autotools and compiler have made. Times stay, so a second run
# compiles what has changed.
copy() {
	in_root sh -c 'rm -rf /build/src && mkdir -p /build/src /build/obj &&
		tar -C /src --exclude=./_build --exclude=./.git --exclude=./autom4te.cache --exclude=./build-aux \
			--exclude=./configure --exclude=./aclocal.m4 --exclude=Makefile.in -cf - . |
		tar -C /build/src -xf - && cd /build/src && autoreconf --install --force'
}

compile() {
	in_root sh -c "cd /build/obj && ../src/configure -q --prefix=/usr --sysconfdir=/etc \
		--localstatedir=/var CFLAGS='-g -O2 -Werror' && make -k -s -j$jobs all test-programs"
}

silent() { ! grep -E 'warning:|error:' "$build/compile.log"; }

stage() {
	in_root sh -c 'rm -rf /build/stage &&
		make -C /build/obj -s install install-lab DESTDIR=/build/stage'
}

check() {
	export CMOCKA_MESSAGE_OUTPUT=TAP
	in_root make -C /build/obj -s "-j$jobs" check
}

root=$("$top/scripts/debian-root" make "$suite" 2>"$build/root.log")
ok "a root is there" root.log test -d "${root:-none}" || exit 1
ok "configure is made" autoreconf.log copy || exit 1
ok "it compiles" compile.log compile || exit 1
ok "without a warning" warnings.log silent
ok "it is installed" stage.log stage || exit 1
[ "${3:-}" != stage ] || exit 0
ok "make check" check.log check
find "$build/obj/tests" -name '*.log' ! -name 'test-suite.log' -exec cat {} +
