#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests that the oracle reports every fault and nothing else. The writer itself makes the histories,
# on plain files, and the cases then corrupt them. Needs neither root nor a cluster.
#
# The environment variables WITNESS and WITNESS_CHECK name the two programs.
set -euo pipefail

witness=$(realpath "${WITNESS:-./witness}")
check=$(realpath "${WITNESS_CHECK:-./witness_check}")
dir=$(mktemp -d "${TMPDIR:-/tmp}/oracle.XXXXXX")
readonly witness check dir
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0

readonly ring_offset=1048576 slot_bytes=512 disk_bytes=4194304

# --- making histories -----------------------------------------------------------------------------

disks() {
	local name
	for name; do
		truncate -s "$disk_bytes" "$name"
	done
}

# run CONSOLE TICKS [WRITER-OPTION...]: a boot of the VM with vda and vdb
run() {
	"$witness" --rate 5000 --console "$1" --ticks "$2" --disk vda --disk vdb "${@:3}"
}

# run_one CONSOLE TICKS [WRITER-OPTION...]: a boot of the VM with vda only
run_one() {
	"$witness" --rate 5000 --console "$1" --ticks "$2" --disk vda "${@:3}"
}

# start CONSOLE [WRITER-OPTION...]: a boot of the VM with vda that runs until $writer is killed
start() {
	"$witness" --rate 200 --console "$1" --disk vda "${@:2}" &
	writer=$!
	await_lines "$1" 10
}

finish() {
	kill -CONT "$1" 2>/dev/null || true
	kill "-${2:-TERM}" "$1"
	wait "$1" 2>/dev/null || true
}

# await_lines CONSOLE N: waits until the console has N more lines
await_lines() {
	local had try
	had=$(lines "$1")
	for ((try = 0; try < 1000; try++)); do
		(($(lines "$1") >= had + $2)) && return
		read -rt 0.01 <> <(:) || true
	done
	echo "the writer does not write" >&2
	return 1
}

lines() {
	[[ -e $1 ]] || { echo 0; return; }
	wc -l <"$1"
}

# slot_zero IMAGE N
slot_zero() {
	dd if=/dev/zero of="$1" bs="$slot_bytes" seek=$((ring_offset / slot_bytes + $2 % 2048)) \
		count=1 conv=notrunc status=none
}

# line_drop CONSOLE N LUN
line_drop() {
	sed -i "/ n=$2 .* lun=$3 /d" "$1"
}

# --- asking the oracle ----------------------------------------------------------------------------

readonly both=(--lun vda=vda --lun vdb=vdb)
readonly one=(--lun vda=vda)

# expect STATUS WORDS ARGS...: WORDS is a regular expression that the report must match
expect() {
	local report status=0
	report=$("$check" "${@:3}" 2>&1) || status=$?
	if [[ $status -ne $1 ]] || ! grep -Eq -- "$2" <<<"$report"; then
		printf '  status %s, expected %s and /%s/:\n%s\n' "$status" "$1" "$2" "$report" |
			head -n 30
		return 1
	fi
}

clean() {
	expect 0 "${1:-verdict: clean}" "${@:2}"
}

# --- honest lives: nothing is reported --------------------------------------------------------------

case_clean_run() {
	disks vda vdb
	run a 50
	clean 'counter: 1 to 50, 100 records' "${both[@]}" --console a --expect-boots 1 --min-counter 50
}

case_clean_run_past_the_rings_end() {
	disks vda vdb
	run a 4500
	clean 'counter: 1 to 4500' "${both[@]}" --console a
}

case_clean_run_as_fast_as_it_can() {
	disks vda vdb
	"$witness" --rate 0 --console a --ticks 4500 --disk vda --disk vdb
	clean 'counter: 1 to 4500, 9000 records' "${both[@]}" --console a --expect-boots 1
}

case_clean_reboot() {
	disks vda vdb
	run a 30
	run a 30
	clean 'boots: 2' "${both[@]}" --console a --expect-boots 2 --min-counter 60
}

case_clean_boot_on_another_host() {
	disks vda vdb
	run a 30
	run b 30
	run a 30
	clean 'hand-overs: 0' "${both[@]}" --console b --console a --expect-boots 3
}

# Only the next record of the other LUN proves the round that a power cut left incomplete.
case_clean_round_cut_before_its_first_line() {
	disks vda vdb
	run a 30
	line_drop a 30 vda
	line_drop a 30 vdb
	slot_zero vdb 30
	run b 2500
	clean 'cut lines: 1' "${both[@]}" --console a --console b --expect-boots 2
}

case_clean_handover_between_lines() {
	disks vda vdb
	run a 30 --switch b --switch-after 21 --cut 400
	clean 'hand-overs: 1, cut lines: 0' "${both[@]}" --console a --console b --expect-boots 1
}

case_clean_handover_within_a_line() {
	local cut
	for cut in 0 1 8 30 60 150; do
		rm -f ./*
		disks vda vdb
		run a 30 --switch b --switch-after 21 --cut "$cut"
		clean 'hand-overs: 1, cut lines: [01]' "${both[@]}" --console a --console b --expect-boots 1
	done
}

case_clean_handover_long_ago() {
	disks vda vdb
	run a 3000 --switch b --switch-after 21 --cut 60
	clean 'cut lines: 1' "${both[@]}" --console a --console b --expect-boots 1
}

case_clean_handover_then_boot_on_the_first_host() {
	disks vda vdb
	run a 30 --switch b --switch-after 21 --cut 60
	run a 30
	clean 'hand-overs: 1, cut lines: 1' "${both[@]}" --console a --console b --expect-boots 2
}

case_clean_power_cut() {
	local console
	disks vda
	for console in a b b a; do
		start "$console"
		finish "$writer" KILL
	done
	clean 'boots: 4' "${one[@]}" --console a --console b
}

case_clean_power_cut_within_a_line() {
	disks vda vdb
	run a 30
	sed -i '/POWEROFF/d' a
	truncate -s -20 a
	clean 'cut lines: 1' "${both[@]}" --console a
	run b 3000
	clean 'cut lines: 1' "${both[@]}" --console a --console b
}

case_clean_power_cut_within_a_round() {
	disks vda vdb
	run a 30
	line_drop a 30 vdb
	slot_zero vdb 30
	run b 30
	clean 'boots: 2' "${both[@]}" --console a --console b
}

case_clean_while_running() {
	local had
	disks vda vdb
	start a --disk vdb
	had=$(lines a)
	while (($(lines a) < had + 200)); do
		clean '' "${both[@]}" --console a
	done
	finish "$writer"
}

case_clean_lun_that_comes_later() {
	disks vda vdb
	run_one a 30
	run a 30
	clean '' "${both[@]}" --console a
}

case_clean_slices_of_one_lun() {
	truncate -s $((2 * disk_bytes)) both
	"$witness" --rate 5000 --ticks 30 --console a --disk both:0 --disk "both:$disk_bytes"
	clean 'newest 30' --console a --lun "vda=both:0:$disk_bytes" \
		--lun "vdb=both:$disk_bytes:$disk_bytes"
}

case_clean_from() {
	disks vda vdb
	run a 30
	rm a
	run a 30
	expect 1 'VIOLATION' "${both[@]}" --console a
	clean '' "${both[@]}" --console a --from 31
}

# --- faults: each is reported -----------------------------------------------------------------------

two_writers_run() {
	local first
	disks vda
	start a
	first=$writer
	start b
	await_lines a 20
	finish "$writer"
	finish "$first"
}

case_two_writers_at_once() {
	two_writers_run
	expect 1 'ALARM second writer' "${one[@]}" --console a --console b
	expect 1 'VIOLATION two-writers' "${one[@]}" --console a --console b
}

case_two_writers_of_which_one_is_hidden() {
	two_writers_run
	expect 1 'ALARM second writer' "${one[@]}" --console a
	expect 1 'VIOLATION (unprinted|gap)' "${one[@]}" --console b
}

case_two_writers_in_turn() {
	local first
	disks vda
	start a
	first=$writer
	kill -STOP "$first"
	start b
	finish "$writer"
	kill -CONT "$first"
	await_lines a 5
	finish "$first"
	expect 1 'ALARM second writer' "${one[@]}" --console a --console b
	expect 1 'VIOLATION two-writers' "${one[@]}" --console a --console b
	sed -i '/ALARM/d' a b
	expect 1 'no console has the alarm' "${one[@]}" --console a --console b
}

case_same_boot_twice() {
	disks vda vdb
	run a 30
	grep ' n=2[0-9] ' a >b
	expect 1 'VIOLATION written-twice: lun vda: n=20 ' "${both[@]}" --console a --console b
}

case_old_memory_image_of_the_same_boot() {
	local boot=00112233445566778899aabbccddeeff
	disks vda vdb
	run a 30 --boot "$boot"
	run b 30 --boot "$boot"
	clean 'hand-overs: 1' "${both[@]}" --console a --console b --expect-boots 1
	run b 30 --boot "$boot" --clock-back 1000
	expect 1 'VIOLATION time-backwards: boot 0011.*: n=61 ' "${both[@]}" --console a --console b
}

case_value_written_twice_on_one_console() {
	disks vda vdb
	run a 30
	grep ' n=30 .*vdb' a >>a.more
	cat a.more >>a
	expect 1 'VIOLATION backwards: a line' "${both[@]}" --console a
	expect 1 'VIOLATION written-twice: lun vdb: n=30' "${both[@]}" --console a
}

case_rolled_back() {
	disks vda vdb
	run a 30
	cp vda old
	run a 30
	cp old vda
	expect 1 'VIOLATION lost-write: lun vda: 30 .* n=31 to n=60 .*newest there: 30' \
		"${both[@]}" --console a
}

case_rolled_back_and_gone_on() {
	disks vda
	run_one a 30
	cp vda old
	run_one a 30
	cp old vda
	run_one b 10
	expect 1 'VIOLATION written-twice: lun vda: n=31' "${one[@]}" --console a --console b
	expect 1 'VIOLATION overwritten: lun vda: n=31 .* one of another boot' \
		"${one[@]}" --console a --console b
	rm vda
	disks vda
	run_one b 3000
	expect 1 'VIOLATION written-twice' "${one[@]}" --console a --console b
}

case_one_lun_of_two_rolled_back_and_gone_on() {
	disks vda vdb
	run a 30
	cp vdb old
	run a 30
	cp old vdb
	run b 3000
	expect 1 'VIOLATION lost-write: lun vdb: n=60 was written, but n=61 found n=30' \
		"${both[@]}" --console a --console b
}

case_rolled_back_and_caught_up_by_a_hidden_boot() {
	disks vda
	run_one a 20
	cp vda old
	run_one a 10
	cp old vda
	run_one hidden 10
	run_one b 3000
	expect 1 'VIOLATION lost-write: lun vda: n=31 found another n=30' \
		"${one[@]}" --console a --console b
}

case_rolled_back_by_one_write() {
	disks vda vdb
	run a 30
	slot_zero vda 30
	expect 1 'VIOLATION lost-write: lun vda: 1 record.s. from n=30' "${both[@]}" --console a
	run b 30
	expect 1 'lun vda: n=30 was written, but n=31 found n=29' "${both[@]}" --console a --console b
}

case_rolled_back_under_a_running_writer() {
	disks vda
	start a
	kill -STOP "$writer"
	cp vda old
	kill -CONT "$writer"
	await_lines a 10
	kill -STOP "$writer"
	cp old vda
	kill -CONT "$writer"
	await_lines a 10
	finish "$writer"
	expect 1 'ALARM lost write' "${one[@]}" --console a
}

case_gap_on_console_and_ring() {
	disks vda vdb
	run a 30
	line_drop a 15 vda
	line_drop a 16 vda
	slot_zero vda 15
	slot_zero vda 16
	expect 1 'VIOLATION gap: lun vda: n=15 to n=16' "${both[@]}" --console a
}

case_line_missing_within_a_console() {
	disks vda vdb
	run a 30
	line_drop a 15 vda
	expect 1 'VIOLATION unprinted: lun vda: n=15' "${both[@]}" --console a
	slot_zero vda 15
	expect 1 'VIOLATION unprinted: lun vda: n=15' "${both[@]}" --console a
}

case_two_lines_missing_at_a_handover() {
	disks vda vdb
	run a 30 --switch b --switch-after 21 --cut 60
	line_drop b 11 vda
	expect 1 'VIOLATION unprinted' "${both[@]}" --console a --console b
}

case_line_forged() {
	disks vda vdb
	run a 30
	sed -i 's/ n=15 prev=14 lun=vda / n=15 prev=13 lun=vda /' a
	expect 1 'VIOLATION unprinted: lun vda: n=15' "${both[@]}" --console a
}

case_boot_that_no_console_has() {
	disks vda vdb
	run a 30
	run_one b 30
	run a 30
	expect 1 'VIOLATION unprinted: lun vda: n=60' "${both[@]}" --console a
	sed -i '/lun=vda/d' a
	expect 1 'VIOLATION gap: lun vdb: n=30 is followed by n=61' --lun vdb=vdb --console a
}

case_damaged_slot() {
	disks vda vdb
	run a 30
	printf X | dd of=vda bs=1 seek=$((ring_offset + 7 * slot_bytes + 100)) conv=notrunc status=none
	expect 1 'VIOLATION damaged: vda: slot 7' "${both[@]}" --console a
	run b 5
	expect 1 'ALARM damaged slot lun=vda' "${both[@]}" --console a --console b
}

case_truncated_image() {
	disks vda vdb
	run a 30
	truncate -s 1500000 vdb
	expect 1 'VIOLATION truncated: vdb' "${both[@]}" --console a
}

case_luns_mixed_up() {
	disks vda vdb
	run a 30
	expect 1 'VIOLATION foreign: vdb: slot 1' --lun vda=vdb --lun vdb=vda --console a
	"$witness" --rate 5000 --console b --ticks 5 --disk vdb --disk vda
	expect 1 'ALARM foreign record lun=vda' "${both[@]}" --console a --console b
}

case_lun_of_another_vm() {
	disks vda vdb
	run_one a 30 --vm web1
	run_one b 10 --vm web2
	expect 1 'ALARM foreign record lun=vda n=1: it is of vm=web1' "${one[@]}" --console b
	expect 1 'VIOLATION foreign' "${one[@]}" --console a
	expect 1 'VIOLATION overwritten' "${one[@]}" --console a
}

# A limit on the file's size makes writes to the second half of the ring fail.
case_io_errors() {
	disks vda
	(
		trap '' XFSZ
		ulimit -f $(((ring_offset + 1024 * slot_bytes) / 1024))
		"$witness" --rate 20000 --ticks 2100 --disk vda
	) | cat >a
	expect 1 'ALARM io error: write lun=vda n=1024' "${one[@]}" --console a
	expect 1 'VIOLATION gap: lun vda: n=1023 is followed by n=2048' "${one[@]}" --console a
	clean '' "${one[@]}" --console a --allow-io-errors
}

case_expectations() {
	disks vda vdb
	run a 30
	expect 1 'VIOLATION boots: 1 boot.s., expected 2' "${both[@]}" --console a --expect-boots 2
	expect 1 'VIOLATION counter: highest counter 30' "${both[@]}" --console a --min-counter 31
}

# --- nothing can be told ----------------------------------------------------------------------------

case_unknown() {
	disks vda vdb
	: >a
	expect 2 'no record on any console' "${both[@]}" --console a
	run a 30
	expect 2 'cannot tell: nowhere' "${both[@]}" --console a --console nowhere
	expect 2 'cannot tell: nowhere' --lun vda=nowhere --lun vdb=vdb --console a
	ln a same
	expect 2 'was given already' "${both[@]}" --console a --console same
}

case_json() {
	disks vda vdb
	run a 30
	expect 0 '"boots": 1,' "${both[@]}" --console a --json
	expect 0 '"verdict": "clean"' "${both[@]}" --console a --json
	slot_zero vda 30
	expect 1 '"kind": "lost-write"' "${both[@]}" --console a --json
}

# ----------------------------------------------------------------------------------------------------

# errexit is off in a function whose status is tested, so each case runs in its own shell.
if [[ ${ORACLE_CASE:-} ]]; then
	cd "$ORACLE_DIR"
	rmdir "$dir"
	# A case that fails halfway leaves its writers running.
	trap 'jobs -p | xargs -r kill -KILL 2>/dev/null || true' EXIT
	"$ORACLE_CASE"
	exit
fi

for name in $(compgen -A function case_); do
	[[ $name == *"${1:-}"* ]] || continue
	mkdir "$dir/$name"
	if WITNESS=$witness WITNESS_CHECK=$check ORACLE_DIR=$dir/$name ORACLE_CASE=$name \
		timeout 900 bash "$0" >"$dir/log" 2>&1; then
		echo "ok ${name#case_}"
		passed=$((passed + 1))
	else
		echo "not ok ${name#case_}"
		cat "$dir/log"
		failed=$((failed + 1))
	fi
done
echo "oracle_test: $passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
