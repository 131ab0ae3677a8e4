# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For run-tests and run-demo: builds an installed tree for the lab's machines.

# shellcheck disable=SC2154 # the caller sets top, the source tree
build_dir=$top/_build
stage=$build_dir/stage

# Below /usr, wherever systemd has its units: /lib is a link on the lab's machines.
# configured DIR CONFIGURE-ARGUMENT...: creates a build tree, or updates it if configure is newer.
configured() {
	local dir=$1
	shift
	if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ] ||
		[ "$top/Makefile.am" -nt "$top/Makefile.in" ]; then
		(cd "$top" && autoreconf --install --force >/dev/null 2>&1) || {
			echo "autoreconf failed; run it in $top to see why" >&2
			return 1
		}
	fi
	mkdir -p "$dir"
	if [ ! -e "$dir/Makefile" ] || [ "$top/configure" -nt "$dir/Makefile" ]; then
		(cd "$dir" && "$top/configure" -q --prefix=/usr --sysconfdir=/etc \
			--localstatedir=/var --with-systemdsystemunitdir=/usr/lib/systemd/system "$@")
	fi
}

# Builds, and installs the files for the lab's machines into the stage tree.
staged() {
	configured "$build_dir"
	make -C "$build_dir" -s -j"$(nproc)"
	rm -rf "$stage"
	make -C "$build_dir" -s install install-lab DESTDIR="$stage"
}
