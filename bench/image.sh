#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# image.sh BUILD: how fast lunmask create writes an image to a LUN, beside qemu-img convert alone, in
# turn, IMAGE_RUNS times each (default 5), onto new LUNs of a tgtd whose files are in memory. The image
# is a qcow2 of IMAGE_MIB (default 1024), of which half is data. The bar: 80 % of the speed. BUILD is the
# folder of the build. Needs root, tgtd and qemu-img with iSCSI. Exit status: 0: within the bar; 1: not;
# 2: something does not work.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
if [ -z "${WORK:-}" ]; then
	build=$(readlink -f "${1:?usage: image.sh BUILD}")
	BENCH=$build/bench/image_bench exec "$here/../tests/storage/create_test.sh" "$build" "$here/image.sh"
fi

readonly runs=${IMAGE_RUNS:-5} mib=${IMAGE_MIB:-1024} bar=80
readonly initiator=iqn.2026-11.org.example:node1 target=iqn.2026-11.org.example:bench
export BENCH

fail() {
	echo "image.sh: $*" >&2
	exit 2
}
driver() { "$WORK/driver" "$1" <<<"$2" >/dev/null || fail "driver $1 $2"; }

# Data and holes in turn, 16 MiB each.
image_make() {
	local at
	for ((at = 0; at < mib; at += 32)); do
		dd if=/dev/urandom of=raw bs=1M count=16 seek="$at" conv=notrunc status=none || return 1
	done
	truncate -s "${mib}M" raw && qemu-img convert -f raw -O qcow2 raw image.qcow2 && rm raw
}
lun_anew() {
	"$WORK/driver" delete <<<'{"name":"bench"}' >/dev/null 2>&1
	driver create "{\"name\":\"bench\",\"size_bytes\":$((mib << 20)),\"reliability\":\"none\"}"
	driver apply "{\"luns\":[\"bench\"],\"grant\":\"$initiator\"}"
}
ours() { "$BENCH" "$PWD/image.qcow2" qcow2 127.0.0.1:3260 "$initiator" "$target" 1; }
# The same work: onto a target that is known to be zero.
alone() {
	qemu-img convert -n --target-is-zero -f qcow2 --target-image-opts image.qcow2 \
		"driver=raw,file.driver=iscsi,file.transport=tcp,file.portal=127.0.0.1:3260,file.target=$target,file.lun=1,file.initiator-name=$initiator"
}
# timed COMMAND: milliseconds
timed() {
	local begun
	lun_anew
	begun=$(date +%s%N)
	"$1" >/dev/null || fail "$1 failed"
	echo $((($(date +%s%N) - begun) / 1000000)) >>"times.$1"
}
median() { sort -n "times.$1" | awk '{ ms[NR] = $1 } END { print ms[int((NR + 1) / 2)] }'; }

image_make || fail "no image"
for ((run = 0; run < runs; run++)); do
	timed alone
	timed ours
done
awk -v alone="$(median alone)" -v ours="$(median ours)" -v mib="$mib" -v runs="$runs" -v bar=$bar 'BEGIN {
	printf "an image of %d MiB, half of it data, medians of %d in turn\n", mib, runs
	printf "qemu-img convert alone %7d ms %7.0f MiB/s\n", alone, mib / 2 * 1000 / alone
	printf "lunmask create         %7d ms %7.0f MiB/s\n", ours, mib / 2 * 1000 / ours
	printf "%.0f %% of its speed; the bar is %d %%\n", 100 * alone / ours, bar
	exit 100 * alone / ours < bar }'
