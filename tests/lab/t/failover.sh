# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A node is lost while its guest writes as fast as it can: how long until the guest counts on another
# one, what that time is spent on, and is all well when the node is back? Sourced after lib.sh,
# journal.sh, pacemaker.sh and fencing.sh.
#
#	failover_setup mask           fence_lunmask alone, VirtualMachine
#	failover_setup power          the lab's power switch, VirtualMachine
#	failover_setup virtualdomain  the power switch and ocf:heartbeat:VirtualDomain, every LUN
#	                              granted to every node for good
#	failover_series mask hung 20
#	failover_teardown
#
# Faults: corosync (SIGSTOP), isolated (from the nodes, not from the array), hung (SIGSTOP to all that
# runs in the node), cut (power). FAILOVER_TSV is a file for a line each run, FAILOVER_EVIDENCE a
# directory for the logs of runs that failed.
#
# The moments are those of the machines' logs, which share this machine's clock (4 ms): the survivors'
# corosync has a membership without the node; Pacemaker asks for the fencing; it is done; QEMU is
# started on another node; the first counter is on the console there (10 ms). The loss is the moment
# before the command that makes it. "old" is when the domain of the lost node, if that lives, was gone:
# since the loss, or since the node went on after it hung; "return" is from the end of the fault until all
# is in order. "dc" is said of a node that was the DC.

F_LIMIT_S=${FAILOVER_LIMIT_S:-90} # to the first counter elsewhere, and for the node's return
F_COLUMNS=(setup fault run node dc target detection decision fencing takeover boot total old return)
F_TIMES=(detection decision fencing takeover boot total old return)
declare -A F_LOGS F_MARK
F_ROWS=()
F_BOOTS=0
F_SETUP=

# Setups

failover_setup() {
	local node
	F_SETUP=$1
	F_BOOTS=1
	CRM_NODE=node1
	for node in $(lab nodes); do
		F_LOGS[$node]=$(lab path "$node")/var/log
	done
	ok "$F_SETUP: the VM runs" failover_make
}

failover_make() {
	local node
	vm_make web1 witness.rate=0 || return 1
	for node in $(lab nodes); do
		# Made in the node: it may have looked for it already.
		lab exec "$node" -- touch /var/log/libvirt/qemu/web1.console
	done
	"failover_fencing_${F_SETUP/virtualdomain/power}" && settled || return 1
	if [ "$F_SETUP" = virtualdomain ]; then
		failover_virtualdomain
	else
		web1_configure
	fi
	# Every other run takes this node: the lost one is to be the DC now and then, and to fence.
	crm configure location web1-node1 web1 50: node1
	settled && [ -n "$(located)" ]
}

failover_fencing_power() { :; }

failover_fencing_mask() {
	san_configure && crm -F configure delete fencing
}

# The same domain, whose disks are the same LUNs; a node's file has the node's initiator.
failover_virtualdomain() {
	local node allowed='' lun
	for node in $(lab nodes); do
		for lun in web1-root web1-data; do
			printf '{"luns":["%s"],"grant":"%s","allowed":[%s]}' "$lun" \
				"$(initiator "$node")" "${allowed%,}" | driver apply >/dev/null || return 1
		done
		allowed+="\"$(initiator "$node")\","
		lab exec "$node" -- cat /etc/lunmask/web1.xml | failover_static_xml "$node" |
			lab exec "$node" -- tee /etc/lunmask/web1-static.xml >/dev/null
	done
	crm configure primitive web1 ocf:heartbeat:VirtualDomain \
		params config=/etc/lunmask/web1-static.xml hypervisor=qemu:///system \
		op start timeout=120s op stop timeout=120s op monitor interval=10s timeout=30s
}

failover_static_xml() {
	local names=(root data) disk=0 line
	while IFS= read -r line; do
		case $line in
		*"<disk type='block'"*) line=${line/block/network} ;;
		*"<driver name='qemu'"*) line=${line/\/>/ error_policy=\'stop\' rerror_policy=\'stop\'\/>} ;;
		*"<source dev="*)
			line="<source protocol='iscsi' name='$(initiator "web1-${names[disk]}")/1'>"
			line+="<host name='10.77.0.100' port='3260'/><initiator>"
			line+="<iqn name='$(initiator "$1")'/></initiator></source>"
			disk=$((disk + 1))
			;;
		esac
		echo "$line"
	done
}

failover_teardown() {
	local node
	for node in $(lab nodes); do
		hurt "$node" CONT
		lab heal "$node"
		[ "$(lab power "$node")" = on ] || lab boot "$node"
	done
	wait_until "$F_LIMIT_S" failover_online
	crm -F resource stop web1
	crm_resource_wait
	crm -F configure delete web1
	if [ "$F_SETUP" = mask ]; then
		crm configure primitive fencing stonith:fence_lab \
			op monitor interval=120s timeout=20s
		san_remove
	fi
	for node in $(lab nodes); do
		lab exec "$node" -- rm -f /etc/lunmask/web1-static.xml
	done
	vm_unmake web1
} >/dev/null 2>&1

# Faults, and their end

fault_begin() {
	case $1 in
	corosync) hurt "$2" STOP corosync ;;
	isolated) lab isolate "$2" cluster ;;
	hung) hurt "$2" STOP ;;
	cut) lab cut "$2" ;;
	esac
} >/dev/null 2>&1

fault_end() {
	if [ "$(lab power "$2")" = off ]; then
		lab boot "$2"
		return
	fi
	case $1 in
	corosync) hurt "$2" CONT corosync ;;
	isolated) lab heal "$2" ;;
	hung) hurt "$2" CONT ;;
	esac
} >/dev/null 2>&1

# All nodes are members in good order, and nobody is cut off.
failover_online() {
	local xml
	xml=$(lab exec "$CRM_NODE" -- timeout 5 crm_mon -1 --output-as=xml) || return 1
	[ "$(grep -cE '<node .*online="true".* pending="false" unclean="false"' <<<"$xml")" = \
		"$(lab nodes | wc -l)" ] && fenced_are ""
}

domains() {
	local node
	for node in $(lab nodes); do
		[ "$(domain "$node" web1)" = absent ] || echo "$node"
	done | xargs
}

failover_whole() {
	failover_online && journal_all_active && [ "$(domains)" = "$1" ]
}

# The clocks

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# stamp_ms LINE: of corosync's, Pacemaker's or libvirt's log.
stamp_ms() {
	local first second third rest
	read -r first second third rest <<<"$1"
	case $first in
	[0-9]*) date -d "$first ${second%:}" +%s%3N ;;
	*) date -d "$first $second $third" +%s%3N ;;
	esac
}

logs_mark() {
	local node log
	for node in "${!F_LOGS[@]}"; do
		for log in corosync/corosync.log pacemaker/pacemaker.log libvirt/qemu/web1.log; do
			log=${F_LOGS[$node]}/$log
			F_MARK[$log]=$(stat -c %s "$log" 2>/dev/null || echo 0)
		done
	done
}

# log_ms LOG REGEX NODE...: when the first of these nodes wrote such a line since logs_mark.
log_ms() {
	local log=$1 regex=$2 node path line
	shift 2
	for node; do
		path=${F_LOGS[$node]}/$log
		# tail's fate, once grep has what it wants, does not matter.
		line=$(tail -c "+$((F_MARK[$path] + 1))" "$path" 2>/dev/null | grep -Em1 -- "$regex")
		[ -z "$line" ] || stamp_ms "$line"
	done | sort -n | head -n 1
}

# console_watch NODE...: prints "NODE MS" of the first counter on one of their consoles from now on.
# It looks a hundred times a second, and starts no process for that.
console_watch() {
	local node one pause line end=$((SECONDS + F_LIMIT_S))
	local -A fd part
	exec {pause}<> <(:)
	for node; do
		exec {one}<"${F_LOGS[$node]}/libvirt/qemu/web1.console"
		fd[$node]=$one
		cat <&"$one" >/dev/null
	done
	while [ "$SECONDS" -lt "$end" ]; do
		for node; do
			while IFS= read -ru "${fd[$node]}" line; do
				if [[ ${part[$node]:-}$line == *"witness boot="* ]]; then
					echo "$node $(now_ms)"
					return
				fi
				part[$node]=
			done
			part[$node]+=$line
		done
		read -rt 0.01 -u "$pause" line
	done
	return 1
}

# One run

# failover_times LOST_MS VICTIM TARGET COUNTER_MS: sets F_ROW's detection ... total.
failover_times() {
	local lost asked fenced qemu node survivors=()
	for node in $(lab nodes); do
		[ "$node" = "$2" ] || survivors+=("$node")
	done
	lost=$(log_ms corosync/corosync.log "new membership .*left:.* ${2#node}( |\$)" "${survivors[@]}")
	asked=$(log_ms pacemaker/pacemaker.log \
		"Requesting fencing \([a-z]+\) (of|targeting) node $2" "${survivors[@]}")
	fenced=$(log_ms pacemaker/pacemaker.log \
		"Operation '[a-z]+' targeting $2 by .*: OK" "${survivors[@]}")
	qemu=$(log_ms libvirt/qemu/web1.log 'starting up libvirt' "$3")
	F_ROW[dc]=$([ -z "$(log_ms pacemaker/pacemaker.log "Our (peer on the DC|DC node) \($2\) (is dead|left)" \
		"${survivors[@]}")" ] || echo dc)
	[ -n "$lost" ] && [ -n "$asked" ] && [ -n "$fenced" ] && [ -n "$qemu" ] || return 1
	F_ROW[detection]=$((lost - $1))
	F_ROW[decision]=$((asked - lost))
	F_ROW[fencing]=$((fenced - asked))
	F_ROW[takeover]=$((qemu - fenced))
	F_ROW[boot]=$(($4 - qemu))
	F_ROW[total]=$(($4 - $1))
}

failover_evidence() {
	local node to=${FAILOVER_EVIDENCE:-}
	[ -n "$to" ] || return 0
	for node in "${!F_LOGS[@]}"; do
		mkdir -p "$to/$T_WHAT/$node"
		cp -r "${F_LOGS[$node]}"/{corosync,pacemaker,libvirt,lunmaskd.log} \
			"${F_LOGS[$node]}/lunmask-cutoff.log" "$to/$T_WHAT/$node"
	done 2>/dev/null
}

# failover_run FAULT NUMBER: the node that has the VM is lost, the VM runs on another, the node is back.
failover_run() {
	local victim target counter lost back gone watch=() node failed=$T_FAILED
	declare -gA F_ROW=()
	T_WHAT="$F_SETUP, $1, run $2"
	victim=$(located)
	if [ -z "$victim" ]; then
		fail "$T_WHAT: it runs" "$(lab exec "$CRM_NODE" -- crm_mon -1rf 2>&1)"
		return 1
	fi
	CRM_NODE=$(other_node "$victim")
	for node in $(lab nodes); do
		[ "$node" = "$victim" ] || watch+=("$node")
	done
	ok "$T_WHAT: it counts on $victim" witness_wait web1 "$victim" "$(witness_counter web1)"
	logs_mark
	exec {F_SEEN}< <(console_watch "${watch[@]}")
	lost=$(now_ms)
	fault_begin "$1" "$victim"
	if ! read -r -u "$F_SEEN" target counter; then
		exec {F_SEEN}<&-
		fault_end "$1" "$victim"
		fail "$T_WHAT: it counts elsewhere within $F_LIMIT_S s" \
			"$(lab exec "$CRM_NODE" -- crm_mon -1rf 2>&1)"
		failover_evidence
		return 1
	fi
	exec {F_SEEN}<&-
	F_BOOTS=$((F_BOOTS + 1))
	pass "$T_WHAT: it counts on $target"
	ok "$T_WHAT: settles" settled
	is "$T_WHAT: Pacemaker has it there" "$(located)" "$target"
	failover_times "$lost" "$victim" "$target" "$counter"
	is "$T_WHAT: every moment is in the logs" "$?" 0
	failover_well "$T_WHAT" "$target"

	back=$(now_ms)
	fault_end "$1" "$victim"
	ok "$T_WHAT: $victim is back, with all in order" wait_until "$F_LIMIT_S" failover_whole "$target"
	F_ROW[return]=$(($(now_ms) - back))
	gone=$(log_ms libvirt/qemu/web1.log 'shutting down' "$victim")
	[ "$1" != hung ] || lost=$back
	[ -z "$gone" ] || F_ROW[old]=$((gone - lost))
	ok "$T_WHAT, back: settles" settled
	is "$T_WHAT, back: one domain" "$(domains)" "$target"
	is "$T_WHAT, back: Pacemaker has it there" "$(located)" "$target"
	[ "$F_SETUP" = virtualdomain ] ||
		ok "$T_WHAT, back: nothing stray" lab exec "$target" -- lunmask reconcile --dry-run
	failover_well "$T_WHAT, back" "$target"
	failover_row "$1" "$2" "$victim" "$target"
	if [ "$T_FAILED" != "$failed" ]; then
		failover_evidence
		# The next run is not to pay for this one.
		F_BOOTS=$(witness_boots)
		return 1
	fi
}

# failover_well NAME NODE: presented to that node alone, it counts on, and one wrote at any time.
failover_well() {
	[ "$F_SETUP" = virtualdomain ] || masks_are web1 "$1" "$2"
	ok "$1: it counts on" witness_wait web1 "$2" "$(witness_counter web1)"
	ok "$1: one writer at any time, boot $F_BOOTS" witness_check web1 --expect-boots "$F_BOOTS"
}

# Tables

failover_row() {
	local column line
	F_ROW[setup]=$F_SETUP F_ROW[fault]=$1 F_ROW[run]=$2 F_ROW[node]=$3 F_ROW[target]=$4
	line=$(for column in "${F_COLUMNS[@]}"; do printf '%s\t' "${F_ROW[$column]:--}"; done)
	F_ROWS+=("$line")
	echo "# ${line//$'\t'/ }"
	[ -z "${FAILOVER_TSV:-}" ] || echo "$line" >>"$FAILOVER_TSV"
}

# failover_summary SETUP FAULT: from the rows; least, median and most of each time, in milliseconds.
failover_summary() {
	local time column=6 values
	printf '# %-24s %8s %8s %8s\n' "$1, $2 (ms)" min median max
	for time in "${F_TIMES[@]}"; do
		column=$((column + 1))
		values=$(printf '%s\n' "${F_ROWS[@]}" | awk -F '\t' -v setup="$1" -v fault="$2" \
			-v column="$column" '$1 == setup && $2 == fault && $column != "-" { print $column }' |
			sort -n)
		awk -v name="$time" 'NF { v[++n] = $1 } END { if (n) printf "#   %-22s %8d %8d %8d\n",
			name, v[1], n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2, v[n] }' \
			<<<"$values"
	done
}

# failover_series FAULT RUNS
failover_series() {
	local run good=0
	for ((run = 1; run <= $2; run++)); do
		! failover_run "$1" "$run" || good=$((good + 1))
		# Who cannot go on has said why.
		[ -n "$(located)" ] || break
	done
	is "$F_SETUP, $1: runs without a fault" "$good of $2" "$2 of $2"
	failover_summary "$F_SETUP" "$1"
}
