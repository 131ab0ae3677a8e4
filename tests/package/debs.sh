# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # the caller sets build, a configured build tree, and work, a folder
#
# Builds the Debian packages. Sourced.
#
#   source_make                            a tarball's files
#   deb_build DIRECTORY [OPTION]           from them, as a builder of packages has them
#   deb_build_in SUITE DIRECTORY [OPTION]  the same in a root of another Debian, which is kept for a week

# shellcheck source=online.sh
. "$(dirname "${BASH_SOURCE[0]}")/online.sh"

DEBS_TOP=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")

source_make() {
	make -C "$build" -s distdir >/dev/null && (cd "$build" && tar -cf "$work/source.tar" lunmask-[0-9]*/) &&
		rm -rf "$build"/lunmask-[0-9]*/
}

deb_build() {
	mkdir -p "$1" && tar -C "$1" -xf "$work/source.tar" || return
	(cd "$1"/lunmask-* && DEB_BUILD_OPTIONS="parallel=$(nproc) ${2:-}" dpkg-buildpackage -b -us -uc) \
		>"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log" && false; }
}

# Build-Depends, the first of alternatives.
builder_needs() {
	sed -n '/^Build-Depends:/,/^Standards-Version:/p' "$DEBS_TOP/debian/control" |
		sed 's/^Build-Depends://; /^Standards-Version:/d' | tr , '\n' |
		sed 's/|.*//; s/([^)]*)//; s/<[^>]*>//; s/[[:space:]]//g; s/^debhelper-compat$/debhelper/' | grep .
}

builder_make() {
	local names root
	names=$({ builder_needs && echo build-essential; } | sort -u | paste -sd ,)
	root=${LAB_CACHE:-/var/cache/lunmask-lab}/builder-$1-$(sha256sum <<<"$names" | cut -c 1-16)
	if [ -z "$(find "$root" -maxdepth 0 -mtime -7 2>/dev/null)" ]; then
		rm -rf "$root" "$root.new"
		online mmdebstrap --quiet --mode=root --variant=minbase --include="$names" --aptopt='Acquire::Retries "5"' \
			--aptopt='Acquire::Check-Valid-Until "false"' "$1" "$root.new" \
			"$("$DEBS_TOP/scripts/debian-root" mirror)" >&2 || { rm -rf "$root.new" && return 1; }
		touch "$root.new"
		mv "$root.new" "$root"
	fi
	echo "$root"
}

deb_build_in() {
	local root
	mkdir -p "$2" && root=$(builder_make "$1") || return
	"$DEBS_TOP/scripts/debian-root" run "$root" "$work" "$2" sh -c "cd /build && tar -xf /src/source.tar &&
		cd lunmask-* && DEB_BUILD_OPTIONS='parallel=$(nproc) ${3:-}' dpkg-buildpackage -b -us -uc" \
		>"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log" && false; }
}
