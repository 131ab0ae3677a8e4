#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# version_test.sh VERSION: what the script makes of a tarball, of git and of neither.
set -euo pipefail

version=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_CEILING_DIRECTORIES=$work
export GIT_COMMITTER_DATE="2026-01-02 03:04:05 +0000"

is() { # TEXT REGEX [OPTION]
	local got
	got=$("$version" ${3:+"$3"} "$work/tree" 2>&1) || got="exit status $?: $got"
	if [[ $got =~ ^$2$ ]]; then
		echo "ok - $1"
	else
		echo "not ok - $1: '$got' is not '$2'"
		failed=1
	fi
}
in_tree() { git -C "$work/tree" -c user.name=t -c user.email=t@localhost "$@"; }
commit() { in_tree commit -q --allow-empty -m change; }

mkdir "$work/tree"
echo 'something else' >"$work/tree/NEWS"
is "NEWS without a version is refused" "exit status 1: version: NEWS does not begin .*"
echo 'lunmask 0.2.0 (not released)' >"$work/tree/NEWS"
is "neither git nor a tarball, before the release" '0\.2\.0~dev'
echo 'lunmask 0.2.0' >"$work/tree/NEWS"
is "neither git nor a tarball, released" '0\.2\.0'
touch -d 2026-02-03T04:05:06Z "$work/tree/NEWS"
is "its date" 2026-02-03 --date
if command -v git >/dev/null; then
	git init -q "$work/tree"
	is "git without a commit" '0\.2\.0'
	commit
	is "the date is the commit's" 2026-01-02 --date
	commit
	is "git without a tag" '0\.2\.0~2\.g[0-9a-f]{7,}'
	in_tree tag -a -m 0.1.0 v0.1.0
	in_tree tag note
	is "a commit with the tag of a version" '0\.1\.0'
	commit
	is "a commit after it" '0\.2\.0~1\.g[0-9a-f]{7,}'
else
	echo "skip - git is not installed"
fi
echo 0.1.5 2026-03-04 >"$work/tree/.tarball-version"
is "a release's tarball" '0\.1\.5'
is "its date" 2026-03-04 --date
[ "$failed" = 0 ]
