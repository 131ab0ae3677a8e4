#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check_rooms_test.sh CHECK-ROOMS: does the check find what it is for, with its place?
set -euo pipefail

check=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# write FILE LINE...: below the tree of this case
write() {
	local file=$work/tree/$1
	shift
	mkdir -p "$(dirname "$file")"
	printf '%s\n' "$@" >"$file"
}

tree() {
	rm -rf "$work/tree"
	write lib/base/err.h '/* below all */'
	write lib/san/iscsi.h '#include "base/err.h"'
	write lib/san/iscsi.c '#include "san/iscsi.h"' '#include <stdio.h>' '#include "base/err.h"'
	write daemon/core/core.h '#include "base/err.h"'
	write driver/core/lock.h '#include "base/err.h"'
	write driver/tgt/tgt.h '#include "driver/core/lock.h"'
	write tools/lunmask.c '#include "core/core.h"' '#include "san/iscsi.h"'
}

# expect NAME STATUS TEXT: the text stands in what it prints
expect() {
	local status=0 output
	output=$("$check" "$work/tree" 2>&1) || status=$?
	if [ "$status" = "$2" ] && [[ $output == *"$3"* ]]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $1"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $1: status $status, output: $output"
	fi
}

tree
expect "a room uses itself and those below it" 0 'rooms: 7 files'

tree
write lib/base/err.c '/* */' '#include "san/iscsi.h"'
expect "an upward include" 1 'lib/base/err.c:2: lib/base may not use lib/san'

tree
write lib/san/up.c '#include "core/core.h"'
expect "the library uses no daemon" 1 'lib/san/up.c:1: lib/san may not use daemon/core'

tree
write cutoff/cutoff.c '#include "core/core.h"'
expect "one program uses no other" 1 'cutoff/cutoff.c:1: cutoff may not use daemon/core'

tree
write driver/core/lock.c '  #  include "driver/tgt/tgt.h"'
expect "the protocol uses no product's driver" 1 'driver/core/lock.c:1: driver/core may not use driver/tgt'

tree
write lib/san/plain.c '#include "iscsi.h"'
expect "an include without its room" 1 'lib/san/plain.c:1: "iscsi.h" names no room'

tree
write lib/san/test.c '#include "tests/unit/test.h"'
expect "a test's header" 1 'lib/san/test.c:1: "tests/unit/test.h" names no room'

tree
write lib/misc/other.c '/* */'
expect "a folder that is no room" 1 'lib/misc/other.c:1: lib/misc is no room'

tree
write lib/flat.c '/* */'
expect "a file directly in lib" 1 'lib/flat.c:1: lib is no room'

tree
write lib/cluster/pacemaker_compat.h '#include <crm/cib.h>'
expect "Pacemaker's headers in their place" 0 'rooms: 8 files'

tree
write lib/cluster/cluster.c '#include <crm/cib.h>'
expect "Pacemaker's headers elsewhere" 1 'lib/cluster/cluster.c:1: include "cluster/pacemaker_compat.h"'

tree
for i in {1..20}; do write "lib/base/f$i.c" '/* */'; done
expect "a room of 21 files" 1 'lib/base:1: the room has 21 files'

tree
write lib/san/long.c "$(yes | head -n 4001)"
expect "a room of 4,001 lines and more" 1 'lib/san:1: the room has'

echo "check_rooms_test: $passed passed, $failed failed"
[ "$failed" = 0 ]
