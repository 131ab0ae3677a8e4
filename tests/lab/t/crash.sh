# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the crash tests share: the agent killed at a named point (tests/lab/crashpoint.c), and what
# must hold afterwards.
#
# BOOTS is how many boots of the guest are legal so far; `settled` compares it with the witness.
BOOTS=0
# Not the door in front of it, which becomes it.
CRASH_AGENT=/usr/libexec/lunmask/VirtualMachine
CRASH_LIBRARY=/usr/libexec/lunmask-test/crashpoint.so

# Built here and copied to the nodes: the machine that has a lab has a compiler.
crash_install() {
	local library node
	library=$(mktemp) || return 1
	"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -shared -fPIC -O2 -Wall -Wextra \
		-o "$library" "$T_DIR/../crashpoint.c" || return 1
	for node in $(lab nodes); do
		lab exec "$node" -- mkdir -p "$(dirname "$CRASH_LIBRARY")"
		lab exec "$node" -- tee "$CRASH_LIBRARY" <"$library" >/dev/null || return 1
	done
	rm "$library"
}

# crash POINT NODE ACTION [NAME=VALUE...]: in a process group of its own, killed at the point.
crash() {
	local point=$1 node=$2 action=$3 agent=$T_AGENT
	shift 3
	T_AGENT="setsid --wait env LD_PRELOAD=$CRASH_LIBRARY $CRASH_AGENT"
	crash_agent "$node" "$action" "$@" "CRASH_AT=$point"
	T_AGENT=$agent
	if [ "$RC" = 137 ] && grep -q '^crashpoint: reached$' <<<"$OUT"; then
		pass "$T_WHAT: $action on $node is killed"
	elif [ "$RC" = 0 ] && [[ $point =~ [:+][0-9]+$ ]]; then
		# A point in time comes too late on a machine that is quick enough; what follows holds.
		pass "$T_WHAT: $action on $node was over before $point"
	else
		fail "$T_WHAT: $action on $node is killed" "got $RC" "$OUT"
	fi
}

# suspend POINT NODE ACTION [NAME=VALUE...]: in the background, stopped at the point.
suspend() {
	local point=$1 node=$2 action=$3 agent=$T_AGENT
	shift 3
	CRASH_NODE=$node
	CRASH_OUT=$(mktemp)
	T_AGENT="setsid --wait env LD_PRELOAD=$CRASH_LIBRARY CRASH_SIGNAL=STOP $CRASH_AGENT"
	{
		crash_agent "$node" "$action" "$@" "CRASH_AT=$point"
		printf '%s\n' "$OUT" >"$CRASH_OUT"
		exit "$RC"
	} &
	CRASH_JOB=$!
	T_AGENT=$agent
	ok "$T_WHAT: $action on $node is stopped after $point" wait_until 30 suspended
}

# State T, of the agent's process.
suspended() {
	# shellcheck disable=SC2016 # the node's shell expands it
	lab exec "$CRASH_NODE" -- sh -c \
		'for p in $(pgrep -x VirtualMachine); do grep -q "^State:.T" /proc/$p/status && exit 0; done; exit 1'
}

# nsenter(1) stops with what it has started.
continue_all() {
	local child
	kill -CONT "$1" 2>/dev/null
	for child in $(pgrep -P "$1"); do
		continue_all "$child"
	done
}

# resume: RC, OUT and REASON are the late agent's.
resume() {
	continue_all "$CRASH_JOB"
	wait "$CRASH_JOB"
	RC=$?
	OUT=$(cat "$CRASH_OUT")
	reason_take
	rm -f "$CRASH_OUT"
}

# As agent of lib.sh, with a command of several words.
crash_agent() {
	local node=$1 action=$2 name env=()
	shift 2
	for name in "${!PARAM[@]}"; do
		env+=("OCF_RESKEY_$name=${PARAM[$name]}")
	done
	# shellcheck disable=SC2086 # T_AGENT is a command
	OUT=$(lab exec "$node" -- env OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=test \
		OCF_RESKEY_CRM_meta_timeout="$T_TIMEOUT_MS" OCF_RESKEY_CRM_meta_on_node="$node" \
		"${env[@]}" "$@" $T_AGENT "$action" 2>&1)
	RC=$?
}

domains() {
	local node got=
	for node in $(lab nodes); do
		got+="$(domain "$node" web1 2>/dev/null) "
	done
	echo "${got% }"
}

witness_boots() {
	lab guest check web1 --luns "web1-root web1-data" --json |
		python3 -c 'import json,sys; print(json.load(sys.stdin)["boots"])'
}

# settled NODE: it runs there, there only, as the only holder, and the witness lost nothing.
settled() {
	local node=$1 want
	want=$(lab nodes | sed "s/^$node\$/running/; t; s/.*/absent/" | xargs)
	masks_are web1 "$T_WHAT" "$node"
	is "$T_WHAT: one domain, on $node" "$(domains)" "$want"
	ok "$T_WHAT: it counts" witness_wait web1 "$node" "$(witness_counter web1)"
	ok "$T_WHAT: one writer, no gap, $BOOTS boots" witness_check web1 --expect-boots "$BOOTS"
}

# Stopped everywhere, and nothing of it is left on any node.
stopped() {
	local node left=
	masks_are web1 "$T_WHAT: stopped"
	for node in $(lab nodes); do
		left+="$(processes "$node") "
	done
	is "$T_WHAT: no process of it is left" "$left" "0 0 0 "
}

# QEMUs and storage daemons of the VM on a node.
processes() {
	# shellcheck disable=SC2016 # the node's shell expands it
	lab exec "$1" -- sh -c 'for f in /proc/[0-9]*/cmdline; do tr "\0" " " <$f; echo; done' 2>/dev/null |
		grep -Ec '^(\S*qemu-system\S* .*guest=web1,|qemu-storage-daemon .*/web1/)'
}
