# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # the caller sets build, a configured build tree, and work, a folder
#
# Builds the Debian packages. Sourced.
#
#   source_make                      a tarball's files
#   deb_build DIRECTORY [OPTION]     from them, as a builder of packages has them

source_make() {
	make -C "$build" -s distdir >/dev/null && (cd "$build" && tar -cf "$work/source.tar" lunmask-[0-9]*/) &&
		rm -rf "$build"/lunmask-[0-9]*/
}

deb_build() {
	mkdir -p "$1" && tar -C "$1" -xf "$work/source.tar" || return
	(cd "$1"/lunmask-* && DEB_BUILD_OPTIONS="parallel=$(nproc) ${2:-}" dpkg-buildpackage -b -us -uc) \
		>"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log" && false; }
}
